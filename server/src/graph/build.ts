// Puts a program's agent graph together: plain code and every framework's contribution, linked by step ids.
import { frameworks } from '../frameworks/index.ts';
import { readPlain } from '../frameworks/plain/index.ts';
import type { ExtraCallees } from '../frameworks/vocabulary.ts';
import { worldOf } from '../frameworks/world.ts';
import type { Program } from '../program/program.ts';
import type { AgentGraph, DeadCycle, Growth, IdleBound, Loop, Machine, Run, Step, StepId, Work } from './model.ts';

export function buildGraph(program: Program, extra: ExtraCallees): AgentGraph {
  const world = worldOf(program, frameworks, extra);
  const plain = readPlain(world);
  const steps = new Map<string, Step>(plain.steps.map(step => [step.id, step]));
  const machines = new Map<string, Machine>();
  const loops = new Map<string, Loop>(plain.loops.map(loop => [loop.id, loop]));
  const runs: Run[] = [];
  const idle: IdleBound[] = [];
  const dead: DeadCycle[] = [];
  const growths: Growth[] = [...plain.growths];
  for (const framework of frameworks) {
    const found = framework.read?.(world.reader());
    for (const step of found?.steps ?? []) steps.set(step.id, step);
    for (const machine of found?.machines ?? []) machines.set(machine.id, machine);
    runs.push(...(found?.runs ?? []));
    idle.push(...(found?.idle ?? []));
    dead.push(...(found?.dead ?? []));
    growths.push(...(found?.growths ?? []));
    for (const loop of found?.loops ?? []) loops.set(loop.id, loop);
  }
  // What a machine runs begins with the machine.
  const run = new Set([...machines.values()].flatMap(machine => machine.states.flatMap(state => entered(state.work))));
  world.settle();
  return {
    steps,
    machines,
    loops,
    runs,
    growths,
    idle,
    dead,
    swallows: plain.swallows,
    fanOuts: plain.fanOuts,
    entries: plain.entries.filter(id => !run.has(id)),
  };
}

/** Steps that a piece of work runs itself. */
function entered(work: Work): StepId[] {
  switch (work.do) {
    case 'enter':
      return [work.step];
    case 'all':
      return work.parts.flatMap(entered);
    case 'one':
      return work.options.flatMap(entered);
    case 'repeat':
    case 'times':
      return entered(work.body);
    default:
      return [];
  }
}
