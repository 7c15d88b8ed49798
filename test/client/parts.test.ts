// The small pure parts of the extension: crash budget, place to finding, launch configurations, words.

import { describe, expect, it } from 'vitest';
import { crashBudget, RESTARTS, WINDOW_MS } from '../../client/src/crashBudget.ts';
import { enclosing } from '../../client/src/enclosing.ts';
import { interpreterOf } from '../../client/src/interpreter.ts';
import { withHub } from '../../client/src/launch.ts';
import { session } from '../../client/src/stops.ts';
import { compact, duration, fileName, money, setLanguage, t } from '../../client/src/webview/view/text.ts';

describe('the crash budget', () => {
  it('restarts five times in three minutes', () => {
    let now = 0;
    const budget = crashBudget(() => now);
    for (let i = 0; i < RESTARTS; i++) expect(budget.spend()).toBe(true);
    expect(budget.spend()).toBe(false);
    now += WINDOW_MS;
    expect(budget.spend()).toBe(true);
  });
});

describe('the finding at a place', () => {
  const code = [
    'async function run() {', // 0
    '  for (const x of xs) {', // 1
    '    while (true) {', // 2
    '      const a = await ask();', // 3
    '', // 4
    '      if (a) {', // 5
    '        await tool(a);', // 6
    '      }', // 7
    '    }', // 8
    '  }', // 9
    '}', // 10
    'async function other() {', // 11
    '  await tool();', // 12
    '}', // 13
  ];
  const outer = { name: 'outer', heads: [1] };
  const inner = { name: 'inner', heads: [2] };

  it('is the innermost whose construct holds the place', () => {
    expect(enclosing(code, 6, [outer, inner])).toBe(inner);
    expect(enclosing(code, 3, [inner, outer])).toBe(inner);
    expect(enclosing(code, 6, [outer])).toBe(outer);
  });

  it('may be found by a hop of its witness path', () => {
    const cycle = { heads: [40, 11] };
    expect(enclosing(code, 12, [outer, cycle])).toBe(cycle);
  });

  it('is none outside of every construct', () => {
    expect(enclosing(code, 12, [outer, inner])).toBeUndefined();
    expect(enclosing(code, 99, [outer])).toBeUndefined();
  });

  it('follows indentation in Python too', () => {
    const python = ['def run():', '    while True:', '        reply = ask()', '        tool(reply)', '    return 1'];
    const loop = { heads: [1] };
    expect(enclosing(python, 3, [loop])).toBe(loop);
    expect(enclosing(python, 4, [loop])).toBeUndefined();
  });
});

describe('a launch configuration', () => {
  const hub = { LOOPBOUND_HUB: 'ws://127.0.0.1:1', LOOPBOUND_TOKEN: 'secret' };

  it('gets the hub, and keeps what the user set', () => {
    expect(withHub({ env: { A: '1', LOOPBOUND_HUB: 'mine' } }, hub)).toEqual({
      env: { A: '1', LOOPBOUND_HUB: 'mine', LOOPBOUND_TOKEN: 'secret' },
    });
    expect(withHub({}, hub)).toEqual({ env: hub });
  });

  it('stays as it is for attaching and without a hub', () => {
    const attach = { request: 'attach' };
    expect(withHub(attach, hub)).toBe(attach);
    const launch = { request: 'launch', env: { A: '1' } };
    expect(withHub(launch, undefined)).toBe(launch);
  });
});

describe('the interpreter of a file', () => {
  const none = () => false;

  it('is Node, with tsx where the project has it', () => {
    expect(interpreterOf('javascript', 'a.mjs', none)).toEqual({ command: 'node', args: [] });
    const tsx = (path: string) => path === 'node_modules/tsx/package.json';
    expect(interpreterOf('typescript', 'a.ts', tsx)).toEqual({ command: 'node', args: ['--import', 'tsx'] });
    expect(interpreterOf('javascript', 'a.js', tsx)).toEqual({ command: 'node', args: [] });
  });

  it("is the project's own Python where there is one", () => {
    expect(interpreterOf('python', 'a.py', path => path === '.venv/bin/python').command).toBe('.venv/bin/python');
    expect(interpreterOf('python', 'a.py', none).command).toMatch(/^python3?$/);
  });
});

describe('words', () => {
  it('are short and exact', () => {
    setLanguage({}, 'en');
    expect(money(0)).toBe('$0.00');
    expect(money(0.0042)).toBe('$0.0042');
    expect(money(12.5)).toBe('$12.50');
    expect(compact(999)).toBe('999');
    expect(compact(48_700)).toBe('48.7K');
    expect(duration(340)).toBe('340 ms');
    expect(duration(125_000)).toBe('2 min 5 s');
    expect(fileName('/a/b/c.ts')).toBe('c.ts');
    expect(fileName('C:\\a\\c.ts')).toBe('c.ts');
  });

  it('are translated, with holes filled, and survive a strange locale', () => {
    setLanguage({ '{0} calls': '{0} Aufrufe' }, '??');
    expect(t('{0} calls', 3)).toBe('3 Aufrufe');
    expect(t('{0} of {1}', 1)).toBe('1 of {1}');
    setLanguage({}, 'en');
  });
});

describe('a stop in the debugger', () => {
  const stopped = (body: Record<string, unknown>) => ({ type: 'event', event: 'stopped', body: { ...body } });

  it('says the trip that the pause was asked for, once', () => {
    const known = session(reason => `trip: ${reason}`);
    known.observe({ type: 'event', event: 'process', body: { systemProcessId: 7 } });
    known.observe({ type: 'event', event: 'thread', body: { reason: 'started', threadId: 3 } });
    expect([known.debugs(7), known.debugs(8), known.thread()]).toEqual([true, false, 3]);
    known.expect({ reason: 'loop', message: 'three times the same' });
    const first = stopped({ reason: 'pause', threadId: 3 });
    known.observe(first);
    expect(first.body).toMatchObject({ description: 'trip: loop', text: 'three times the same' });
    const second = stopped({ reason: 'pause', threadId: 3, description: 'Paused' });
    known.observe(second);
    expect(second.body.description).toBe('Paused');
  });

  it('says so on the error of a guard, and leaves other errors alone', () => {
    const known = session(reason => `trip: ${reason}`);
    const guard = stopped({ reason: 'exception', text: 'LoopDetectedError: again' });
    const other = stopped({ reason: 'exception', text: 'RangeError: no', description: 'Paused on exception' });
    for (const message of [guard, other]) known.observe(message);
    expect(guard.body.description).toBe('trip: LoopDetectedError');
    expect(other.body.description).toBe('Paused on exception');
    expect(known.debugs(1)).toBeUndefined();
  });
});
