// Plain code as a framework: loops, recursion and retry, people, timers and the guard library.
import type { FanOut, Growth, Loop, Step, Swallow } from '../../graph/model.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import type { Place } from '../../rules/finding.ts';
import type { CallPattern, Framework } from '../framework.ts';
import { type Reader, stepIdOf } from '../reading.ts';
import type { World } from '../world.ts';
import { fanOutsOf } from './fan-outs.ts';
import { readLoops } from './loops.ts';
import { readEventRings, readReemissions } from './re-emission.ts';
import { type Calls, callsOf, readRecursions } from './recursion.ts';
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
  {
    packages: ['asyncio', 'threading', 'multiprocessing', 'anyio', 'async-mutex'],
    path: /(Semaphore|Condition|Event)\(\)\.(acquire|wait)$/,
    effect: 'wait',
  },
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

/** What plain code adds to the graph. */
export interface PlainCode {
  readonly steps: readonly Step[];
  readonly loops: readonly Loop[];
  readonly growths: readonly Growth[];
  readonly swallows: readonly Swallow[];
  readonly fanOuts: readonly FanOut[];
  readonly entries: readonly string[];
}

/** Steps, loops and growth of all plain code that can reach a model, tool or agent. */
export function readPlain(world: World): PlainCode {
  const parts: ModulePart[] = [];
  const reaching: FunctionInfo[] = [];
  for (const module of world.modules) {
    const own = indexOf(module).functions.filter(info => world.reaches(info));
    if (own.length === 0) continue;
    reaching.push(...own);
    // Which functions reach is settled for the whole program, so the list is part of the question.
    parts.push(world.keep('plain', module.path, module, reader => readModule(own, reader), own));
  }
  // A run begins where nothing else in the program calls.
  const starts = reaching.filter(info => !world.isCalled(info) && (!info.outer || !isNested(info)));
  return {
    steps: parts.flatMap(part => part.steps),
    loops: [...parts.flatMap(part => part.loops), ...readRecursions(reaching, parts, world)],
    growths: parts.flatMap(part => part.growths),
    swallows: parts.flatMap(part => part.swallows),
    fanOuts: parts.flatMap(part => part.fanOuts),
    entries: starts.map(stepIdOf),
  };
}

type ModulePart = Omit<PlainCode, 'entries'> & Calls;

function readModule(reaching: readonly FunctionInfo[], reader: Reader): ModulePart {
  const steps: Step[] = [];
  const loops: Loop[] = [];
  const growths: Growth[] = [];
  const swallows: Swallow[] = [];
  const fanOuts: FanOut[] = [];
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
    loops.push(...readReemissions(info, reader), ...readEventRings(info, reader));
  }
  return { steps, loops, growths, swallows, fanOuts, calls: callsOf(reaching, reader) };
}

/** A function inside a function that is no entry of its own: callbacks and helpers. */
function isNested(info: FunctionInfo): boolean {
  return info.outer?.node !== undefined && info.owner === undefined;
}

function placeOf(info: FunctionInfo): Place {
  return { path: info.module.path, span: info.node?.head ?? [0, 0] };
}
