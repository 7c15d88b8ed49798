// Every file below test/fixtures is analysed, and what is found is compared with the marks in it. UPDATE=1 rewrites them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { describeMarks, runFixture } from './harness/fixture.ts';

const folder = fileURLToPath(new URL('fixtures', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(file => /\.(?:[cm]?[jt]sx?|py)$/.test(file))
  .sort();

describe('fixtures', () => {
  test.each(files)('%s', async file => {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    const result = await runFixture(basename(file), text);
    if (process.env.UPDATE) {
      if (result.updated !== text) writeFileSync(path, result.updated);
      return;
    }
    const report = describeMarks('missed', result.missed) + describeMarks('unexpected', result.unexpected);
    expect(report, `${report}UPDATE=1 npx vitest run test/fixtures.test.ts rewrites the marks`).toBe('');
  });
});
