// Random agents on the real AI SDK, OpenAI Agents, AgentKit and Mastra: no run makes more model calls than its worst case.
import * as agentkit from '@inngest/agent-kit';
import * as mastra from '@mastra/core/workflows';
import * as agents from '@openai/agents';
import * as ai from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { afterEach, beforeAll, test, vi } from 'vitest';
import { z } from 'zod';
import { agentsProgram, printAgentkit, printAi, printMastra, printOpenaiAgents } from '../property/agents.ts';
import { holdsFor } from '../property/measure.ts';
import { type Adversary, type Outcome, Script } from '../property/run.ts';

const hour = 3_600_000;

beforeAll(() => agents.setTracingDisabled(true));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Makes a printed text ready to run: `names` are the package's exports, `given` what else it sees. */
function load(
  text: string,
  packages: object,
  given: (script: Script) => object,
): (adversary: Adversary, most: number) => Promise<Outcome> {
  const code = text.replaceAll(/^import .*$/gm, '').replace('export async', 'async');
  return (adversary, most) => {
    const script = new Script(adversary, most);
    const seen = { ...packages, z, OpenAI: clientOf(script), console: { log: () => undefined }, ...given(script) };
    const body = `return (async () => {\n${code}\nreturn await main();\n})();`;
    // The text is made by the generator beside this file, and nothing else.
    const module = new Function(...Object.keys(seen), body) as (...values: unknown[]) => Promise<unknown>;
    return script.outcome(module(...Object.values(seen)));
  };
}

function clientOf(script: Script): unknown {
  return class OpenAI {
    readonly chat = {
      completions: { create: async () => ({ choices: [{ message: { content: await script.answer() } }] }) },
    };
  };
}

/** The tool that a scripted model calls when it does not say yes: each in its turn. */
function inTurn(names: readonly string[], script: Script): string | undefined {
  return names.length > 0 ? names[script.calls % names.length] : undefined;
}

test('AI SDK: a run never makes more calls than its worst case', { timeout: hour }, async () => {
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  };
  await holdsFor('AI SDK', agentsProgram, 0.2, program => {
    const text = printAi(program);
    const run = load(text.replace("const model = 'openai/gpt-4o';", ''), ai, script => ({
      model: new MockLanguageModelV3({
        doGenerate: async ({ tools }) => {
          const answer = await script.answer();
          const names = (tools ?? []).map(one => one.name);
          // A tool that does not exist is a step like any other.
          const tool = answer === 'no' ? (inTurn(names, script) ?? 'none') : undefined;
          return {
            content: tool
              ? [{ type: 'tool-call', toolCallId: `call-${script.calls}`, toolName: tool, input: '{}' }]
              : [{ type: 'text', text: answer }],
            finishReason: tool ? { unified: 'tool-calls', raw: undefined } : { unified: 'stop', raw: undefined },
            usage,
            warnings: [],
          };
        },
      }),
    }));
    return { shown: text, entry: 'main', run };
  });
});

test('OpenAI Agents: a run never makes more calls than its worst case', { timeout: hour }, async () => {
  await holdsFor('OpenAI Agents', agentsProgram, 0.2, program => {
    const text = printOpenaiAgents(program);
    const run = load(text, agents, script => {
      const model: agents.Model = {
        async getResponse({ tools, handoffs }) {
          const answer = await script.answer();
          const names = [...tools.map(one => one.name), ...handoffs.map(one => one.toolName)];
          const name = answer === 'no' ? inTurn(names, script) : undefined;
          // An empty answer costs a turn and ends nothing.
          if (answer === 'no' && !name) return { usage: new agents.Usage(), output: [] };
          return {
            usage: new agents.Usage(),
            output: name
              ? [
                  {
                    type: 'function_call',
                    callId: `call-${script.calls}`,
                    name,
                    status: 'completed',
                    arguments: name.startsWith('ask') ? '{"input":"go"}' : '{}',
                  },
                ]
              : [
                  {
                    type: 'message',
                    role: 'assistant',
                    status: 'completed',
                    content: [{ type: 'output_text', text: answer }],
                  },
                ],
          };
        },
        async *getStreamedResponse() {
          yield* [];
          throw new Error('not scripted');
        },
      };
      class Agent extends agents.Agent {
        constructor(config: { name: string }) {
          super({ ...config, model });
        }
      }
      return { Agent };
    });
    return { shown: text, entry: 'main', run };
  });
});

test('AgentKit: a run never makes more calls than its worst case', { timeout: hour }, async () => {
  const scripts: Script[] = [];
  vi.stubGlobal('fetch', async (url: string | URL, init: { body: string }) => {
    const script = scripts[Number(/run-(\d+)/.exec(String(url))?.[1]) - 1]!;
    const answer = await script.answer();
    const tools = (JSON.parse(init.body).tools ?? []) as { function: { name: string } }[];
    const names = tools.map(one => one.function.name);
    const name = answer === 'no' ? inTurn(names, script) : undefined;
    const call = { id: `call-${script.calls}`, type: 'function', function: { name, arguments: '{}' } };
    return Response.json({
      id: `answer-${script.calls}`,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          finish_reason: name ? 'tool_calls' : 'stop',
          message: { role: 'assistant', content: name ? null : answer, ...(name && { tool_calls: [call] }) },
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  });
  await holdsFor('AgentKit', agentsProgram, 0.15, program => {
    const text = printAgentkit(program);
    const made = "const model = openai({ model: 'm', apiKey: 'k' });";
    const run = load(text.replace(made, ''), agentkit, script => {
      // What an earlier run left behind still asks its own script.
      const baseUrl = `https://run-${scripts.push(script)}.invalid`;
      return { model: agentkit.openai({ model: 'm', apiKey: 'k', baseUrl }) };
    });
    return { shown: text, entry: 'main', run };
  });
});

test('Mastra: a run never makes more calls than its worst case', { timeout: hour }, async () => {
  // A step that fails is logged by the framework, each time.
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  await holdsFor('Mastra', agentsProgram, 0.15, program => {
    const text = printMastra(program);
    return { shown: text, entry: 'main', run: load(text, mastra, () => ({})) };
  });
});
