// What a crew's breaker saves per failure mode: four scripted crews, each run with and without it, counted by what they did.
// Nothing here is a figure that was written down: the breaker is the library's, the costs are those of the calls made.

import { crewBreaker, estimateTokens, tripOf, withRun } from '../runtime/dist/index.js';
import { PRICE } from './examples.mjs';

/** Where a run without the breaker ends: at the turns that its framework allows, with nothing to show. */
const TURNS = { delegation: 40, others: 12 };

const REPLY = 'Understood. I will look into it and come back to you with what I find. ';
const BRIEF = 'Write the quarterly report on agent costs, with sources. ';

/** A model that answers the same, and counts. `grow` makes what it is asked longer each time. */
function scripted({ grow = 0 } = {}) {
  const total = { calls: 0, usd: 0 };
  const messages = [{ role: 'user', content: BRIEF.repeat(grow > 0 ? 6 : 40) }];
  const ask = async () => {
    const usage = { inputTokens: estimateTokens(messages), outputTokens: estimateTokens(REPLY) };
    const usd = (usage.inputTokens * PRICE.input + usage.outputTokens * PRICE.output) / 1e6;
    total.calls++;
    total.usd += usd;
    if (grow > 0) messages.push({ role: 'tool', content: BRIEF.repeat(grow) });
    return { usd, tokens: usage.inputTokens + usage.outputTokens };
  };
  return { ask, total };
}

/** Each: what goes wrong, and one turn of it. `crew` is told as the adapters' hooks tell it. */
const MODES = [
  {
    name: 'delegation loop',
    unit: 'cycle',
    turns: TURNS.delegation,
    // Two agents hand one task to and fro: two calls are a cycle.
    turnsPerUnit: 2,
    async turn(crew, model, nth) {
      await model.ask();
      const [from, to] = nth % 2 === 1 ? ['writer', 'researcher'] : ['researcher', 'writer'];
      crew?.delegate(from, to, 'find the sources');
    },
  },
  {
    name: 'tool storm',
    unit: 'call',
    turns: TURNS.others,
    async turn(crew, model) {
      await model.ask();
      crew?.tool('searchArchive', false, 'find the sources');
    },
  },
  {
    name: 'manager reassignment',
    unit: 'reassignment',
    turns: TURNS.others,
    async turn(crew, model) {
      await model.ask();
      crew?.reassign('quarterly report');
    },
  },
  {
    name: 'context drift',
    unit: 'iteration',
    turns: TURNS.others,
    grow: 28,
    async turn(crew, model) {
      const cost = await model.ask();
      crew?.step(cost);
    },
  },
];

/** Runs every mode without and with the breaker. `saved` is the part of the cost that was not spent. */
export async function savings() {
  const rows = [];
  for (const mode of MODES) {
    const without = await play(mode, undefined);
    const guarded = await play(mode, crewBreaker({ name: mode.name }));
    rows.push({
      mode: mode.name,
      stoppedAt: Math.ceil(guarded.turns / (mode.turnsPerUnit ?? 1)),
      unit: mode.unit,
      reason: guarded.reason,
      without: without.total,
      with: guarded.total,
      saved: 1 - guarded.total.usd / without.total.usd,
    });
  }
  return rows;
}

async function play(mode, crew) {
  const model = scripted({ grow: mode.grow });
  let turns = 0;
  let reason;
  await withRun(`${mode.name}, ${crew ? 'guarded' : 'unguarded'}`, async () => {
    while (turns < mode.turns) {
      turns++;
      await mode.turn(crew, model, turns);
    }
  }).catch(error => {
    const trip = tripOf(error);
    if (!trip) throw error;
    reason = trip.reason;
  });
  return { total: model.total, turns, reason };
}
