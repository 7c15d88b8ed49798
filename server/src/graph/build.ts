// Puts a program's agent graph together: plain code and every framework's contribution, linked by step ids.
import { frameworks } from '../frameworks/index.ts';
import { readPlain } from '../frameworks/plain/index.ts';
import { type ExtraCallees, Reader } from '../frameworks/reading.ts';
import type { Program } from '../program/program.ts';
import type { AgentGraph, Growth, IdleBound, Loop, Machine, Run, Step } from './model.ts';

export function buildGraph(program: Program, extra: ExtraCallees): AgentGraph {
  const reader = new Reader(program, frameworks, extra);
  const plain = readPlain(reader);
  const steps = new Map<string, Step>(plain.steps.map(step => [step.id, step]));
  const machines = new Map<string, Machine>();
  const loops = new Map<string, Loop>(plain.loops.map(loop => [loop.id, loop]));
  const runs: Run[] = [];
  const idle: IdleBound[] = [];
  const growths: Growth[] = [...plain.growths];
  for (const framework of frameworks) {
    const found = framework.read?.(reader);
    for (const step of found?.steps ?? []) steps.set(step.id, step);
    for (const machine of found?.machines ?? []) machines.set(machine.id, machine);
    runs.push(...(found?.runs ?? []));
    idle.push(...(found?.idle ?? []));
    growths.push(...(found?.growths ?? []));
    for (const loop of found?.loops ?? []) loops.set(loop.id, loop);
  }
  return {
    steps,
    machines,
    loops,
    runs,
    growths,
    idle,
    swallows: plain.swallows,
    fanOuts: plain.fanOuts,
    entries: plain.entries,
  };
}
