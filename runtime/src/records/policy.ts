// A policy: limits by signal, as calibration proposes them, replay holds recorded runs against them, and guards take them.
// A file of plain JSON. Bad ones are told with the place.

import type { CrewOptions } from '../crew.ts';
import type { LoopOptions } from '../detector.ts';
import type { FlowOptions } from '../flow.ts';
import type { GuardOptions } from '../options.ts';

/** Every signal that a policy may limit. `least`: the limit of the guard's defaults, below which none is proposed. */
export const SIGNALS = {
  modelCalls: { trips: 'beyond', what: 'requests to models in a run' },
  tokens: { trips: 'beyond', what: 'tokens of a run' },
  usd: { trips: 'beyond', what: 'dollars of a run' },
  elapsedSeconds: { trips: 'beyond', what: 'seconds of a run (told by replay; no guard ends a run by time)' },
  step: { trips: 'beyond', least: 5, what: 'how often one step runs' },
  route: { trips: 'beyond', least: 4, what: 'the same route in a row' },
  state: { trips: 'beyond', least: 8_000, what: 'tokens of the state before a step' },
  delegation: { trips: 'at', least: 3, what: 'the same delegation among the last ten' },
  toolStorm: { trips: 'at', least: 3, what: 'the same tool failing in a row' },
  reassignment: { trips: 'at', least: 3, what: 'reassignments of one task' },
  drift: { trips: 'at', least: 3, what: 'cost of the later steps over that of the earlier ones' },
} as const satisfies Record<string, { trips: 'at' | 'beyond'; least?: number; what: string }>;

/** What a policy may limit. */
export type Signal = keyof typeof SIGNALS;

/** Limits, and how loops are detected. */
export type Policy = {
  version: 1;
  limits: Partial<Record<Signal, number>>;
  /** The detector's options; false for none. */
  loop?: boolean | Pick<LoopOptions, 'mode' | 'repeats' | 'interleaved' | 'sameError' | 'stagnation'>;
};

/** A policy that cannot be used; the message names the place. */
export class PolicyError extends Error {
  override name = 'PolicyError';
}

const LOOP_COUNTS = ['repeats', 'interleaved', 'sameError', 'stagnation'] as const;

/** Whether what was observed reaches a limit. */
export const reaches = (signal: Signal, observed: number, limit: number): boolean =>
  SIGNALS[signal].trips === 'at' ? observed >= limit : observed > limit;

/** Reads a policy from its text. Throws `PolicyError` with `name` and the place. */
export const readPolicy = (text: string, name: string): Policy => {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new PolicyError(`${name}${placeIn(text, (error as Error).message)}: ${(error as Error).message}`);
  }
  const fail = (path: string, why: string): never => {
    throw new PolicyError(`${name}${lineOf(text, path)}: ${path} ${why}`);
  };
  const objectAt = (value: unknown, path: string): Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : fail(path, 'must be an object');
  const policy = objectAt(read, 'the policy');
  for (const key of Object.keys(policy)) {
    if (!['version', 'limits', 'loop', '$schema'].includes(key))
      fail(key, 'is unknown; there are version, limits and loop');
  }
  if (policy.version !== 1) fail('version', `must be 1, not ${JSON.stringify(policy.version)}`);
  const limits = objectAt(policy.limits ?? {}, 'limits');
  for (const [signal, limit] of Object.entries(limits)) {
    if (!Object.hasOwn(SIGNALS, signal)) {
      fail(`limits.${signal}`, `is no signal; there are ${Object.keys(SIGNALS).join(', ')}`);
    }
    if (!(typeof limit === 'number' && Number.isFinite(limit) && limit > 0)) {
      fail(`limits.${signal}`, `must be a number above 0, not ${JSON.stringify(limit)}`);
    }
  }
  if (policy.loop !== undefined && typeof policy.loop !== 'boolean') {
    const loop = objectAt(policy.loop, 'loop');
    for (const [key, value] of Object.entries(loop)) {
      if (key === 'mode') {
        if (value !== 'progress' && value !== 'strict') fail('loop.mode', 'must be "progress" or "strict"');
      } else if (!(LOOP_COUNTS as readonly string[]).includes(key)) {
        fail(`loop.${key}`, `is unknown; there are mode, ${LOOP_COUNTS.join(', ')}`);
      } else if (!(Number.isSafeInteger(value) && (value as number) >= (key === 'repeats' ? 2 : 0))) {
        fail(`loop.${key}`, `must be a whole number, not ${JSON.stringify(value)}`);
      }
    }
  }
  if (Object.keys(limits).length === 0 && policy.loop === undefined) fail('limits', 'has none, and there is no loop');
  return policy as Policy;
};

/** The options that guards, crews and flows take for a policy. */
export const policyOptions = (
  policy: Policy,
): { guard: Pick<GuardOptions, 'budget' | 'loop'>; crew: CrewOptions; flow: FlowOptions } => {
  const { limits, loop } = policy;
  const { modelCalls, tokens, usd, step, route, state, delegation, toolStorm, reassignment, drift } = limits;
  const budget = {
    ...(modelCalls === undefined ? {} : { maxCalls: modelCalls }),
    ...(tokens === undefined ? {} : { maxTokens: tokens }),
    ...(usd === undefined ? {} : { maxUsd: usd }),
  };
  return {
    guard: { ...(Object.keys(budget).length === 0 ? {} : { budget }), ...(loop === undefined ? {} : { loop }) },
    crew: {
      ...(delegation === undefined ? {} : { delegation: { limit: delegation } }),
      ...(toolStorm === undefined ? {} : { toolStorm: { limit: toolStorm } }),
      ...(reassignment === undefined ? {} : { reassignment: { limit: reassignment } }),
      ...(drift === undefined ? {} : { drift: { ratio: drift } }),
      ...(usd === undefined ? {} : { maxUsd: usd }),
    },
    flow: {
      ...(step === undefined ? {} : { maxInvocations: step }),
      ...(route === undefined ? {} : { maxSameRoute: route }),
      ...(state === undefined ? {} : { maxStateTokens: state }),
    },
  };
};

/** `:line:column` of a syntax error, where the engine says where it is. */
const placeIn = (text: string, message: string): string => {
  const at = /position (\d+)/.exec(message)?.[1];
  // At the end of the text the engine gives no position.
  const before = text.slice(0, at === undefined ? text.length : Number(at)).split('\n');
  return `:${before.length}:${before.at(-1)!.length + 1}`;
};

/** `:line` of a key: the last part of its path. */
const lineOf = (text: string, path: string): string => {
  const index = text.indexOf(JSON.stringify(path.split('.').at(-1)));
  return index < 0 ? '' : `:${text.slice(0, index).split('\n').length}`;
};
