// `loopbound mcp`: the questions of `report`, and recent trips, as tools of a Model Context Protocol server over stdio.
import { join } from 'node:path';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { openTripShelf } from '../../../runtime/src/hub/tripShelf.ts';
import type { Trip } from '../../../runtime/src/protocol/index.ts';
import { inBrief, latest } from '../../../runtime/src/tripBrief.ts';
import { readTrips } from '../../../runtime/src/tripReader.ts';
import { engine } from '../compose.ts';
import { openMemory } from '../engine/memory.ts';
import { Session } from '../engine/session.ts';
import { type Question, questions } from '../report/questions.ts';
import { diskFiles } from '../workspace/files.ts';
import { openStore } from '../workspace/store.ts';
import { describeError } from './failure.ts';
import { stderrLog } from './log.ts';

/** Environment variable with the file in which an editor keeps the trips that its hub was told. */
const tripsFile = 'LOOPBOUND_TRIPS';

const trips = {
  name: 'trips',
  title: 'Recent trips of guarded agents',
  description:
    'Lists the latest trips in which a guard stopped an agent of this workspace: why, what repeated, the limit and what was reached, and the place in the code.',
  inputSchema: {
    type: 'object',
    properties: { limit: { type: 'number', description: 'How many at most; 10 if absent.' } },
  },
} satisfies Omit<Question, 'answer' | 'name'> & { name: string };

/** Serves until the client goes away. */
export async function runMcp(): Promise<number> {
  const root = process.cwd();
  const server = new Server({ name: 'loopbound', version: engine.version }, { capabilities: { tools: {} } });
  const tools = [...questions, trips].map(({ name, title, description, inputSchema }) => ({
    name,
    title,
    description,
    inputSchema: { ...inputSchema, required: [...(('required' in inputSchema && inputSchema.required) || [])] },
    annotations: { readOnlyHint: true, openWorldHint: false },
  }));
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: input = {} } }) => {
    try {
      const answer = await ask(root, name, input);
      const failed = typeof answer === 'object' && answer !== null && 'error' in answer;
      return { content: [{ type: 'text', text: JSON.stringify(answer) }], ...(failed ? { isError: true } : {}) };
    } catch (error) {
      return { content: [{ type: 'text', text: describeError(error) }], isError: true };
    }
  });
  await server.connect(new StdioServerTransport());
  await new Promise<void>(resolve => {
    server.onclose = resolve;
    process.stdin.once('end', resolve);
  });
  return 0;
}

async function ask(root: string, name: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
  if (name === trips.name) return recentTrips(root, input.limit);
  const question = questions.find(one => one.name === name);
  if (!question) return { error: `There is no tool ${name}.` };
  // Files may have changed since the last question: the disk cache makes a new session cheap.
  const log = stderrLog(false);
  const memory = engine.build ? openMemory(openStore(log), root, engine.build) : undefined;
  const session = new Session(engine, { files: diskFiles(root), log, memory });
  const answer = await question.answer({ session, rules: engine.rules }, input);
  session.remember();
  return answer;
}

function recentTrips(root: string, limit: unknown) {
  const { warn } = stderrLog(false);
  const file = process.env[tripsFile];
  const all = new Map<string, Trip>();
  for (const trip of file ? openTripShelf([], file, warn).history() : []) all.set(trip.id, trip);
  for (const trip of readTrips(join(root, '.loopbound'), warn)) all.set(trip.id, trip);
  const inOrder = [...all.values()].sort((a, b) => a.time - b.time);
  return { trips: latest(inOrder, limit).map(trip => inBrief(trip)) };
}
