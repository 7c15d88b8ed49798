// Retries inside a model's client, where the code sets them: each request may be made that often.
// It must not count a client's default: those are the same for every agent and end soon.

import type { CallExpression } from '../program/model.ts';
import { limitOf, number, type Quantity } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import type { External } from './framework.ts';
import type { Reader } from './reading.ts';

const options = ['maxRetries', 'max_retries'] as const;

/** Attempts per request, if the request's or the client's options say how many retries follow the first. */
export function transportAttempts(
  call: In<CallExpression>,
  client: External | undefined,
  reader: Reader,
): Quantity | undefined {
  // The request's own options win over those of the client.
  for (const made of [call, ...[...(client?.chain ?? [])].reverse()]) {
    for (const key of options) {
      const at = reader.resolver.option(made, key);
      if (!at) continue;
      const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
      return limit.kind === 'number' && Number.isFinite(limit.value) && limit.value > 0
        ? number(limit.value + 1)
        : undefined;
    }
  }
  return undefined;
}
