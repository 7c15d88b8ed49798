// Random plain agents: no run makes more model calls than the analyzer's worst case says.
import { test } from 'vitest';
import { holdsFor } from './measure.ts';
import { plainProgram, printPlain, tick } from './plain.ts';
import { loadPlain } from './run.ts';

test('plain code: a run never makes more calls than its worst case', { timeout: 1_200_000 }, async () => {
  await holdsFor('plain code', plainProgram, 1, program => {
    const text = printPlain(program);
    return { shown: text.replaceAll(tick, ''), entry: 'main', run: loadPlain(text) };
  });
});
