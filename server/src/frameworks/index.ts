// Every framework that the analyzer knows, and which imports make a file worth reading.
import { adk } from './adk.ts';
import { agentkit } from './agentkit.ts';
import { ai } from './ai.ts';
import { ax } from './ax.ts';
import { beeai } from './beeai.ts';
import { effect } from './effect.ts';
import { flows } from './flows.ts';
import type { Framework } from './framework.ts';
import { genkit } from './genkit.ts';
import { http } from './http.ts';
import { langchainAgents } from './langchain-agents.ts';
import { langgraph } from './langgraph.ts';
import { langgraphTeams } from './langgraph-teams.ts';
import { llamaindexAgents } from './llamaindex-agents.ts';
import { llamaindexWorkflow } from './llamaindex-workflow.ts';
import { mastra } from './mastra.ts';
import { middleware } from './middleware.ts';
import { openaiAgents } from './openai-agents.ts';
import { plain } from './plain/index.ts';
import { providers } from './providers.ts';
import { retries } from './retries.ts';
import { retryDecorators } from './retry-decorators.ts';
import { rxjs } from './rxjs.ts';
import { strands } from './strands.ts';
import { toolRunners } from './tool-runners.ts';
import { voltagent } from './voltagent.ts';
import { xstate } from './xstate.ts';

export const frameworks: readonly Framework[] = [
  plain,
  langgraph,
  agentkit,
  ai,
  openaiAgents,
  toolRunners,
  langchainAgents,
  langgraphTeams,
  mastra,
  llamaindexWorkflow,
  llamaindexAgents,
  ax,
  beeai,
  adk,
  voltagent,
  genkit,
  strands,
  xstate,
  flows,
  ...providers,
  http,
  retries,
  rxjs,
  effect,
  retryDecorators,
  middleware,
];

/** Import specifiers (a trailing `*` matches any ending) by language. */
export const frameworkPackages: { readonly typescript: readonly string[]; readonly python: readonly string[] } = {
  typescript: [...new Set(frameworks.flatMap(framework => framework.packages.typescript))],
  python: [...new Set(frameworks.flatMap(framework => framework.packages.python))],
};

/** Texts that make a file worth reading although it imports nothing known: model requests by shape. */
export const requestShapes: readonly string[] = [
  '.chat.completions.',
  '.generateContent(',
  '.generate_content(',
  'api.openai.com',
  'api.anthropic.com',
  'generativelanguage.googleapis',
  '/chat/completions',
  '/api/responses',
  // Whoever reads these handles a model's answers, through whatever client.
  'tool_calls',
  'tool_use',
  'finish_reason',
  'stop_reason',
  'toolCalls',
  'baml_client',
];
