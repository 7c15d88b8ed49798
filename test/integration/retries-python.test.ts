// Retry decorators of Python: how often each calls a function that always fails. Run against the installed packages.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { python, pythonLacks } from '../../scripts/python.mjs';

test.skipIf(pythonLacks())('without a limit each of them tries for ever, and so with some limits', () => {
  const script = join(import.meta.dirname, 'retry_decorators.py');
  const { stdout, stderr } = spawnSync(python(), [script], { encoding: 'utf8' });
  expect(stdout, stderr).not.toBe('');
  expect(JSON.parse(stdout)).toEqual({
    tenacity: {
      nothing: 'no end',
      '()': 'no end',
      'stop_after_attempt(3)': 3,
      'stop_after_attempt(0)': 1,
      'stop_after_attempt(inf)': 'no end',
      stop_never: 'no end',
      None: 'raises TypeError',
      stop_any: 3,
      stop_all: 'no end',
    },
    backoff: {
      nothing: 'no end',
      'max_tries=3': 3,
      'max_tries=1': 1,
      'max_tries=0': 'no end',
      'max_tries=-1': 'no end',
      'max_tries=None': 'no end',
      'max_tries=inf': 'no end',
    },
    retrying: {
      nothing: 'no end',
      '()': 'no end',
      'stop_max_attempt_number=3': 3,
      'stop_max_attempt_number=0': 1,
      'stop_max_attempt_number=None': 'no end',
      'stop_max_attempt_number=inf': 'no end',
    },
    retry: {
      '()': 'no end',
      'tries=3': 3,
      'tries=1': 1,
      'tries=0': 0,
      'tries=-1': 'no end',
      'tries=-2': 'no end',
      'tries=inf': 'no end',
    },
  });
});
