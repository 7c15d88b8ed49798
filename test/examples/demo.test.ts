// What `npm start -- --once` runs after the build: the agents under `loopbound watch`, with the live page up.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { node, root } from '../../scripts/bootstrap.mjs';

test('the agents run under the hub, their trips arrive, and it ends by itself', () => {
  const { stdout, stderr, status } = spawnSync(
    node,
    [join('dist', 'cli.js'), 'watch', '--', node, join('scripts', 'agents.mjs')],
    { cwd: root, encoding: 'utf8', env: { ...process.env, LOOPBOUND_DEMO_LATENCY: '0', LOOPBOUND_PYTHON: 'none' } },
  );
  const output = stdout + stderr;
  expect(output).toMatch(/live page: http:\/\/127\.0\.0\.1:\d+\//);
  for (const agent of ['agent-network', 'document-flow', 'failing-tool', 'growing-history', 'research-flow']) {
    expect(stdout).toMatch(new RegExp(`^${agent} +60\\+ +\\$\\d\\.\\d{4} +\\d+ +\\$\\d\\.\\d{4}  \\S`, 'm'));
  }
  expect(stdout).toMatch(/^python-flow is not run here: none lacks one of langgraph/m);
  for (const [failure, stopped] of [
    ['delegation loop', 'cycle 3'],
    ['tool storm', 'call 3'],
    ['manager reassignment', 'reassignment 3'],
    ['context drift', 'iteration 6'],
  ]) {
    expect(stdout).toMatch(
      new RegExp(`^${failure} +${stopped} +\\d+ +\\$[\\d.]+ +\\d+ +\\$[\\d.]+ +[78]\\d\\.\\d %$`, 'm'),
    );
  }
  expect(output.match(/trip: /g)).toHaveLength(3 + 4);
  expect(status).toBe(0);
}, 240_000);
