// Retries inside retries: each layer is bounded, their product is what a failure costs.
import type { AgentGraph, Work } from '../graph/model.ts';
import { asNumber } from '../program/quantity.ts';
import type { Finding, Hop, Place } from './finding.ts';
import type { Rule, Subject } from './rule.ts';

/** Attempts for one request that are worth a note, and those that are worth a warning. */
const notable = 10;
const excessive = 30;

export const retryAmplification = {
  id: 'retry-amplification',
  what: 'Retries nested in retries around a model call, whose attempts multiply.',
  why: 'When the upstream is down, each layer repeats all attempts of the layers below: four, four and four are sixty-four requests.',
  do: 'Retry in one layer only, the one that knows the error, and set the others to no retries.',
  severity: 'warning',
  bad: {
    language: 'typescript',
    code: `import OpenAI from 'openai';
import pRetry from 'p-retry';

const client = new OpenAI({ maxRetries: 5 });

export function answer(text: string) {
  return pRetry(
    () => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] }),
    { retries: 5 },
  );
}
`,
  },
  good: {
    language: 'typescript',
    code: `import OpenAI from 'openai';
import pRetry from 'p-retry';

const client = new OpenAI({ maxRetries: 0 });

export function answer(text: string) {
  return pRetry(
    () => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] }),
    { retries: 5 },
  );
}
`,
  },
  check({ graph }: Subject): Finding[] {
    const found = new Map<string, Layers>();
    for (const step of graph.steps.values()) {
      for (const layers of nestedRetries(step.work, graph)) {
        const key = `${layers[0]!.place.path}@${layers[0]!.place.span[0]}`;
        const known = found.get(key);
        if (!known || product(known) < product(layers)) found.set(key, layers);
      }
    }
    // The outermost layer stands for those that it contains.
    const inner = new Set([...found.values()].flatMap(layers => layers.slice(1).map(keyOf)));
    return [...found.values()].filter(layers => !inner.has(keyOf(layers[0]!))).map(finding);
  },
} satisfies Rule;

interface Layer {
  readonly attempts: number;
  readonly what: string;
  readonly place: Place;
}

/** From the outside in; two or more. */
type Layers = readonly Layer[];

function keyOf({ place }: Layer): string {
  return `${place.path}@${place.span[0]}`;
}

function product(layers: Layers): number {
  return layers.reduce((all, layer) => all * layer.attempts, 1);
}

function finding(layers: Layers): Finding {
  const outer = layers[0]!;
  const total = product(layers);
  const sum = layers.map(layer => layer.attempts).join(' x ');
  return {
    rule: 'retry-amplification',
    severity: total >= excessive ? 'warning' : 'info',
    message: `Retries multiply: ${layers.map(layer => `${layer.attempts} ${layer.what}`).join(', times ')}. One request that keeps failing is made ${sum} = ${total} times. Retry in one layer only.`,
    place: outer.place,
    related: layers.map((layer): Hop => ({ ...layer.place, message: `${layer.attempts} ${layer.what}` })),
    controller: 'exception',
    coverage: 'weak',
    callsPerTurn: null,
    worstCase: total,
    framework: 'plain',
    subject: layers.map(layer => layer.what).join(' > '),
    fixes: [],
  };
}

/** Each way from work to a model call through two or more retries whose attempts are known. */
function nestedRetries(work: Work, graph: AgentGraph): Layers[] {
  const found: Layers[] = [];
  const seen = new Set<string>();
  // A function that calls itself below a retry would add the retry to itself for ever.
  const open = new Set<string>();
  const visit = (one: Work, layers: Layers): void => {
    switch (one.do) {
      case 'model':
        if (layers.length > 1 && product(layers) >= notable) found.push(layers);
        return;
      case 'all':
        for (const part of one.parts) visit(part, layers);
        return;
      case 'one':
        for (const option of one.options) visit(option, layers);
        return;
      case 'enter': {
        // Below a retry only: each step begins a search of its own.
        const key = `${one.step} ${layers.map(keyOf).join(' ')}`;
        const step = layers.length > 0 && !seen.has(key) && !open.has(one.step) ? graph.steps.get(one.step) : undefined;
        if (!step) return;
        seen.add(key);
        open.add(one.step);
        visit(step.work, layers);
        open.delete(one.step);
        return;
      }
      case 'repeat': {
        const loop = graph.loops.get(one.loop);
        const attempts = loop?.shape === 'retry' ? asNumber(loop.rounds) : undefined;
        const layer =
          loop && attempts !== undefined ? { attempts, what: `turns of ${loop.name}`, place: loop.place } : undefined;
        visit(one.body, layer && attempts! > 1 ? [...layers, layer] : layers);
        return;
      }
      case 'times': {
        const attempts = one.retry ? asNumber(one.count) : undefined;
        visit(
          one.body,
          attempts !== undefined && attempts > 1 ? [...layers, { attempts, what: one.what, place: one.place }] : layers,
        );
        return;
      }
      default:
        return;
    }
  };
  visit(work, []);
  return found;
}
