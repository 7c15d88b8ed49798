// What language models may ask: findings, explanations and graphs of the analysis, and the trips of guarded runs. Read
// only. The answers are those of `loopbound mcp`, which is offered too, for agents that speak that protocol.

import {
  type CancellationToken,
  type Disposable,
  EventEmitter,
  type ExtensionContext,
  LanguageModelTextPart,
  LanguageModelToolResult,
  lm,
  McpStdioServerDefinition,
  Uri,
  workspace,
} from 'vscode';
import { inBrief, latest } from '../../runtime/src/tripBrief.ts';
import { type AskParams, askRequest } from '../../server/src/protocol.ts';
import type { Analysis } from './analysis.ts';
import { type HubHost, tripsFile } from './hub.ts';
import { setting } from './settings.ts';

/** Registers the tools and the server; their descriptions and schemas are in package.json. */
export const registerTools = (context: ExtensionContext, analysis: Analysis, hub: HubHost): Disposable[] => [
  ...(['check', 'explain', 'graph'] as const).map(question =>
    lm.registerTool<Record<string, unknown>>(TOOLS[question], {
      async invoke({ input }, token) {
        return answer(await ask(analysis, { question, input }, token));
      },
    }),
  ),
  lm.registerTool<{ limit?: number }>('loopbound_trips', {
    invoke({ input }) {
      const { trips, runs } = hub.model();
      return answer({
        runs: latest(runs, input.limit).map(({ name, app, status, calls, tokens, usd }) => ({
          name,
          app,
          status,
          calls,
          tokens,
          usd,
        })),
        trips: latest(trips, input.limit).map(trip => inBrief(trip, file => workspace.asRelativePath(file))),
      });
    },
  }),
  offerServer(context),
];

const TOOLS = {
  check: 'loopbound_findings',
  explain: 'loopbound_explain',
  graph: 'loopbound_graph',
} satisfies Record<AskParams['question'], string>;

const ask = async (analysis: Analysis, params: AskParams, token: CancellationToken): Promise<unknown> => {
  await analysis.start();
  const client = analysis.client();
  if (!client) return { error: 'The analysis is not running; Output > Loopbound says why.' };
  return client.sendRequest(askRequest, params, token);
};

const answer = (value: unknown): LanguageModelToolResult =>
  new LanguageModelToolResult([new LanguageModelTextPart(JSON.stringify(value))]);

// One server for each folder; none where code must not be run.
const offerServer = (context: ExtensionContext): Disposable => {
  const changes = new EventEmitter<void>();
  return {
    dispose: combine([
      changes,
      workspace.onDidGrantWorkspaceTrust(() => changes.fire()),
      workspace.onDidChangeWorkspaceFolders(() => changes.fire()),
      lm.registerMcpServerDefinitionProvider('loopbound', {
        onDidChangeMcpServerDefinitions: changes.event,
        provideMcpServerDefinitions() {
          if (!workspace.isTrusted || !setting('enable')) return [];
          const folders = (workspace.workspaceFolders ?? []).filter(folder => folder.uri.scheme === 'file');
          const { version } = context.extension.packageJSON as { version: string };
          const trips = tripsFile(context);
          return folders.map(({ name, uri }) => {
            const label = folders.length === 1 ? 'Loopbound' : `Loopbound: ${name}`;
            const args = [context.asAbsolutePath('dist/cli.js'), 'mcp'];
            // On the desktop this process is Electron, which is Node when told so.
            const env = { ELECTRON_RUN_AS_NODE: '1', ...(trips ? { LOOPBOUND_TRIPS: trips } : {}) };
            const definition = new McpStdioServerDefinition(label, process.execPath, args, env, version);
            definition.cwd = Uri.file(uri.fsPath);
            return definition;
          });
        },
      }),
    ]),
  };
};

const combine = (all: readonly Disposable[]) => (): void => {
  for (const one of all) one.dispose();
};
