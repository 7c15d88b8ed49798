// What a run does on a graph: whose run it is, its counts, what tripped, and how far loops went over all runs.
import { expect, it } from 'vitest';
import { liveOn } from '../../client/src/live.ts';
import { emptyModel, type Model, type RunView, type Trip } from '../../runtime/src/protocol/index.ts';
import type { Graph } from '../../server/src/protocol.ts';

const place = (line: number) => ({ uri: 'file:///w/a.ts', line, character: 0 });
const step = (id: string, kind: Graph['steps'][number]['kind'], name: string, line: number) => ({
  id,
  kind,
  name,
  calls: 1,
  human: false,
  place: place(line),
});
const graph: Graph = {
  id: 'g',
  name: 'research',
  framework: 'plain',
  worstCase: null,
  boundedBy: [],
  cut: false,
  place: place(6),
  mermaid: '',
  steps: [
    step('s1', 'entry', 'research', 6),
    step('s2', 'loop', 'loop in research', 8),
    step('s3', 'model', 'client.ask', 9),
    step('s4', 'tool', 'search_web', 12),
  ],
  transitions: [
    { from: 's2', to: 's3', kind: 'next', label: '', place: place(9) },
    { from: 's3', to: 's2', kind: 'repeat', label: '', place: place(8) },
  ],
  loops: [
    {
      id: 'l',
      kind: 'loop',
      name: 'loop in research',
      steps: ['s2', 's3', 's4'],
      coverage: 'missing',
      covered: false,
      bound: 'nothing',
      turns: null,
      callsPerTurn: 1,
      controller: 'model',
      place: place(8),
    },
  ],
};
const run = (id: string, status: RunView['status'], steps: [string, 'model' | 'tool', number, number?][]): RunView => ({
  runId: id,
  agentId: 'a',
  app: 'app',
  name: id,
  status,
  startedAt: Number(id.slice(1)),
  calls: 0,
  tokens: 0,
  usd: 0,
  errors: 0,
  blocked: 0,
  trips: [],
  steps: steps.map(([name, op, calls, blocked = 0]) => ({
    name,
    op,
    calls,
    tokens: 0,
    usd: 0,
    errors: 0,
    blocked,
    durationMs: 0,
  })),
  breakers: [],
  budgets: [],
  routes: [],
  warnings: [],
  points: [],
  pointEvery: 1,
  states: [],
});
const model = (runs: RunView[], trips: Trip[] = []): Model => ({ ...emptyModel(), runs, trips });
const trip = (line: number): Trip => ({
  id: 'trip-0001',
  runId: 'r1',
  run: 'r1',
  app: 'app',
  pid: 1,
  time: 1,
  reason: 'loop',
  guard: 'g',
  message: '',
  evidence: {},
  place: { file: '/w/a.ts', line, column: 1 },
});
const places = ({ place: at }: Trip) => (at ? [at] : []);

it('takes the run that goes on before the last one, and leaves out those of other agents', () => {
  const runs = [
    run('r1', 'running', [
      ['search_web', 'tool', 2],
      ['gpt', 'model', 3],
    ]),
    run('r2', 'ok', [['search_web', 'tool', 7, 1]]),
    run('r3', 'running', [['other', 'tool', 9]]),
  ];
  expect(liveOn(graph, model(runs), places)).toEqual({
    run: 'r1',
    status: 'running',
    calls: { s3: 3, s4: 2 },
    stopped: [],
    tripped: [],
    turns: { l: { most: 7, runs: 2 } },
  });
  expect(liveOn(graph, model(runs.slice(1, 2)), places)).toMatchObject({ run: 'r2', stopped: ['s4'] });
  expect(liveOn(graph, model(runs.slice(2)), places)).toBeNull();
});

it('knows a run by its trip at a line of the graph, and lights the loop there', () => {
  const tripped = { ...run('r1', 'tripped', [['gpt', 'model', 6]]), trips: ['trip-0001'] };
  expect(liveOn(graph, model([tripped], [trip(9)]), places)).toMatchObject({ calls: { s3: 6 }, tripped: ['l'] });
  expect(liveOn(graph, model([tripped], [trip(10)]), places)).toMatchObject({ tripped: ['l'] });
  expect(liveOn(graph, model([tripped], [trip(40)]), places)).toBeNull();
});
