// Plain code as a framework: loops, recursion and retry, people, timers and the guard library.
import type { FanOut, Growth, Loop, Step, Swallow } from '../../graph/model.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import type { Place } from '../../rules/finding.ts';
import type { CallPattern, Framework } from '../framework.ts';
import type { Reader } from '../reading.ts';
import { fanOutsOf } from './fan-outs.ts';
import { readLoops } from './loops.ts';
import { readRecursions } from './recursion.ts';
import { workOf } from './work.ts';

const human: readonly CallPattern[] = [
  {
    packages: ['readline', 'node:readline', 'readline/promises', 'node:readline/promises'],
    path: /\(\)\.(question|prompt)$/,
    effect: 'human',
  },
  {
    packages: ['inquirer', '@inquirer/*', 'prompts', 'enquirer', '@clack/prompts', 'readline-sync', 'prompt-sync'],
    path: /./,
    effect: 'human',
  },
  { packages: ['global'], path: /^:(prompt|confirm|input|raw_input)$/, effect: 'human' },
  {
    packages: ['rich', 'questionary', 'click', 'typer', 'prompt_toolkit'],
    path: /(ask|prompt|confirm)(\(\))?$/i,
    effect: 'human',
  },
  { packages: ['@langchain/langgraph', 'langgraph'], path: /(:|\.)interrupt$/, effect: 'human' },
];

const waits: readonly CallPattern[] = [
  { packages: ['node:timers/promises', 'timers/promises'], path: /./, effect: 'wait' },
  { packages: ['time', 'asyncio'], path: /:sleep$/, effect: 'wait' },
  { packages: ['asyncio', 'queue', 'multiprocessing'], path: /Queue\(\)\.get$/, effect: 'wait' },
];

const guards: readonly CallPattern[] = [
  {
    packages: ['loopbound', 'loopbound/*'],
    path: /^:(loopBudget|loop_budget)\(\)\.(next|check|tick)$/,
    effect: 'guard',
  },
  {
    packages: ['loopbound', 'loopbound/*'],
    path: /^:(guard|guardedStep|guarded_step|flowGuard|flow_guard)(\(\))*$/,
    effect: 'wrapper',
  },
  { packages: ['loopbound', 'loopbound/*'], path: /\(\)\.(check|step|before|acquire|reserve)$/, effect: 'guard' },
];

export const plain = {
  id: 'plain',
  title: 'Plain code',
  docs: 'https://github.com/loopbound/loopbound',
  packages: { typescript: ['loopbound', 'loopbound/*'], python: ['loopbound'] },
  defaults: [],
  calls: [...human, ...waits, ...guards],
} satisfies Framework;

/** Steps, loops and growth of all plain code that can reach a model, tool or agent. */
export function readPlain(reader: Reader): {
  steps: Step[];
  loops: Loop[];
  growths: Growth[];
  swallows: Swallow[];
  fanOuts: FanOut[];
  entries: string[];
} {
  const steps: Step[] = [];
  const loops: Loop[] = [];
  const growths: Growth[] = [];
  const swallows: Swallow[] = [];
  const fanOuts: FanOut[] = [];
  const reaching: FunctionInfo[] = [];
  const called = new Set<FunctionInfo>();
  for (const module of reader.modules) {
    for (const info of indexOf(module).functions) {
      if (reader.reaches(info)) reaching.push(info);
      // What is handed on by code that reaches nothing itself is called as well: a step given to a builder.
      for (const call of info.calls)
        for (const target of reader.callees(call, module)) if (target !== info) called.add(target);
    }
  }
  for (const info of reaching) {
    steps.push({
      id: reader.stepId(info),
      kind: info.node ? 'function' : 'topLevel',
      name: info.name || '(anonymous)',
      place: placeOf(info),
      framework: 'plain',
      work: workOf(info, reader),
    });
    const found = readLoops(info, reader);
    loops.push(...found.loops);
    growths.push(...found.growths);
    swallows.push(...found.swallows);
    fanOuts.push(...fanOutsOf(info, reader));
  }
  loops.push(...readRecursions(reaching, reader));
  // A run begins where nothing else in the program calls.
  const entries = reaching
    .filter(info => !called.has(info) && (!info.outer || !isNested(info)))
    .map(info => reader.stepId(info));
  return { steps, loops, growths, swallows, fanOuts, entries };
}

/** A function inside a function that is no entry of its own: callbacks and helpers. */
function isNested(info: FunctionInfo): boolean {
  return info.outer?.node !== undefined && info.owner === undefined;
}

function placeOf(info: FunctionInfo): Place {
  return { path: info.module.path, span: info.node?.head ?? [0, 0] };
}
