// Runs the example agents one after another, the unguarded ones cut off, and prints what both twins cost.
// Expects to run under `loopbound watch`, which puts the hub into the environment; works without it too.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CUT_OFF_CALLS, examples, PRICE, runTwin } from './examples.mjs';
import { savings } from './savings.mjs';
import { table } from './table.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'loopbound-demo-'));
try {
  const rows = [];
  let skipped = '';
  for (const example of examples()) {
    if (example.missing) {
      skipped += `${example.name} is not run here: ${example.missing}\n`;
      continue;
    }
    const unguarded = runTwin(example, 'unguarded', scratch);
    const guarded = runTwin(example, 'guarded', scratch);
    for (const run of [unguarded, guarded]) if (run.failure) process.exitCode = 1;
    rows.push([example.name, calls(unguarded), usd(unguarded), calls(guarded), usd(guarded), guarded.ended]);
    console.log(`ran ${example.name}`);
  }
  console.log();
  console.log(
    table(['agent', 'calls without', 'cost', 'calls with guard', 'cost', 'ended by'], rows, new Set([1, 2, 3, 4])),
  );
  console.log(`
"${CUT_OFF_CALLS}+": would go on for ever and was cut off by this script after ${CUT_OFF_CALLS} calls.
Cost: an estimate at $${PRICE.input.toFixed(2)} per million input tokens and $${PRICE.output.toFixed(2)} per million output tokens, four characters a token.
${skipped}`);

  console.log('What a crew\u2019s breaker saves, by what goes wrong:\n');
  const saved = (await savings()).map(({ mode, stoppedAt, unit, without, with: guarded, saved }) => [
    mode,
    `${unit} ${stoppedAt}`,
    String(without.calls),
    usd(without),
    String(guarded.calls),
    usd(guarded),
    `${(saved * 100).toFixed(1)} %`,
  ]);
  console.log(
    table(
      ['failure', 'stopped at', 'calls without', 'cost', 'calls with breaker', 'cost', 'saved'],
      saved,
      new Set([2, 3, 4, 5, 6]),
    ),
  );
  console.log('\nCounted by running scripted crews; without the breaker each ends at its limit of turns.\n');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function calls(run) {
  return run.cutOff ? `${run.calls}+` : String(run.calls);
}

function usd(run) {
  return `$${run.usd.toFixed(4)}`;
}
