// An outline as text for people and tests, and as Mermaid for documents. It knows only words: places are given in words.
import type { Calls, Outline, OutlineLoop, OutlineStep, OutlineTransition } from './outline.ts';

/** An outline whose places, if it has any, are of no matter here. */
export type Printable = Omit<Outline, 'place' | 'steps' | 'transitions' | 'loops'> & {
  readonly steps: readonly Omit<OutlineStep, 'place'>[];
  readonly transitions: readonly Omit<OutlineTransition, 'place'>[];
  readonly loops: readonly Omit<OutlineLoop, 'place'>[];
};

/** `5 model calls`, `no bound`. */
export function callsInWords(calls: Calls): string {
  if (calls === null) return 'no bound';
  // An expression may say by itself what it counts.
  if (typeof calls === 'string' && /\bcalls\b/.test(calls)) return calls;
  return `${calls} model ${calls === 1 ? 'call' : 'calls'}`;
}

/** `bounded by recursionLimit 25 (default)`, `no bound: nothing limits a run`. */
export function boundInWords({ covered, bound }: Pick<OutlineLoop, 'covered' | 'bound'>): string {
  return covered ? `bounded by ${bound}` : `no bound: ${bound}`;
}

/** A tree of the steps with their loops below it. `where` says where something stands, or nothing. */
export function outlineToText<O extends Printable>(
  outline: O,
  where: (item: O | O['steps'][number] | O['loops'][number]) => string = () => '',
): string {
  const at = (item: O | O['steps'][number] | O['loops'][number]) => {
    const text = where(item);
    return text === '' ? '' : `  ${text}`;
  };
  const worst = outline.worstCase === null ? 'no bound' : `at most ${callsInWords(outline.worstCase)}`;
  const bounds = outline.boundedBy.length > 0 ? ` (${outline.boundedBy.join(', ')})` : '';
  const lines = [`${outline.name}: ${worst}${bounds}${at(outline)}`];
  const ids = new Map(outline.steps.map(step => [step.id, step]));
  for (const step of outline.steps) {
    const ways = outline.transitions
      .filter(t => t.from === step.id)
      .map(t => `${t.kind}${t.label === '' ? '' : ` ${t.label}`} -> ${ids.get(t.to)?.name ?? t.to}`);
    const calls = step.calls === 0 ? '' : `, ${callsInWords(step.calls)}`;
    lines.push(
      `  ${step.kind === 'loop' ? '' : `${step.kind} `}${step.name}${calls}${step.human ? ', asks a person' : ''}${at(step)}`,
    );
    for (const way of ways) lines.push(`    ${way}`);
  }
  for (const loop of outline.loops) {
    const turn = loop.callsPerTurn === 0 ? '' : `, ${callsInWords(loop.callsPerTurn)} per turn`;
    lines.push(
      `  ${loop.kind === 'cycle' ? 'cycle ' : ''}${loop.name}: ${boundInWords(loop)}${turn}; decided by: ${loop.controller}${at(loop)}`,
    );
  }
  if (outline.cut) lines.push('  (more steps than are drawn)');
  return `${lines.join('\n')}\n`;
}

/** A Mermaid flowchart: loops without a bound are red, bounded ones green. */
export function outlineToMermaid(outline: Printable): string {
  const lines = ['flowchart TD'];
  for (const { id, kind, name, calls } of outline.steps) {
    const label = quoted(calls === 0 ? name : `${name}<br/>${callsInWords(calls)}`);
    const [open, close] = shapes[kind];
    lines.push(`  ${id}${open}${label}${close}`);
  }
  const onLoop = (t: Omit<OutlineTransition, 'place'>) =>
    outline.loops.find(loop => loop.steps.includes(t.from) && loop.steps.includes(t.to) && isBack(t, loop, outline));
  const marked: { readonly at: number; readonly covered: boolean }[] = [];
  outline.transitions.forEach((t, at) => {
    const loop = onLoop(t);
    const words = [t.label || (t.kind === 'next' || t.kind === 'call' || t.kind === 'repeat' ? '' : t.kind)];
    if (loop) {
      words.push(loop.covered ? loop.bound : 'no bound');
      marked.push({ at, covered: loop.covered });
    }
    const label = words.filter(Boolean).join(': ');
    lines.push(`  ${t.from} ${t.kind === 'call' ? '-.->' : '-->'}${label === '' ? '' : `|${quoted(label)}|`} ${t.to}`);
  });
  for (const [covered, colour] of [
    [false, '#c0392b'],
    [true, '#1e8449'],
  ] as const) {
    const which = marked.filter(mark => mark.covered === covered).map(mark => mark.at);
    if (which.length > 0) lines.push(`  linkStyle ${which.join(',')} stroke:${colour},stroke-width:2px`);
  }
  return `${lines.join('\n')}\n`;
}

const shapes: { readonly [kind in OutlineStep['kind']]: readonly [string, string] } = {
  entry: ['([', '])'],
  function: ['[', ']'],
  agent: ['(', ')'],
  node: ['[', ']'],
  machine: ['[[', ']]'],
  loop: ['{{', '}}'],
  model: ['[/', '/]'],
  tool: ['[\\', '\\]'],
};

/** A way that leads back: to a step that comes no later in the outline's order. */
function isBack(t: Omit<OutlineTransition, 'place'>, loop: Omit<OutlineLoop, 'place'>, outline: Printable): boolean {
  if (loop.kind === 'loop' || loop.kind === 'retry') return t.kind === 'repeat' || t.kind === 'retry';
  const order = (id: string) => outline.steps.findIndex(step => step.id === id);
  return order(t.to) <= order(t.from);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '#quot;').replaceAll('\n', ' ')}"`;
}
