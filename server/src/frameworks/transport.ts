// Attempts of one request that the code asks for: retries of a model's client, LangChain's withRetry and withFallbacks.
// It must not count a client's default: those are the same for every agent and end soon.

import type { CallExpression } from '../program/model.ts';
import { limitOf, number, type Quantity, symbol, times } from '../program/quantity.ts';
import type { ChainStep, In } from '../program/values.ts';
import type { External } from './framework.ts';
import type { Reader } from './reading.ts';

const options = ['maxRetries', 'max_retries'] as const;

/** Attempts per request, if the request's or the client's options or what is wrapped around it say how many. */
export function transportAttempts(
  call: In<CallExpression>,
  client: External | undefined,
  reader: Reader,
): Quantity | undefined {
  const own = clientAttempts(call, client, reader);
  const wrapped = (client?.chain ?? []).map(step => wrapperAttempts(step, reader)).filter(one => one !== undefined);
  return wrapped.reduce<Quantity | undefined>((all, one) => (all === undefined ? one : times(all, one)), own);
}

/** `.withRetry({ stopAfterAttempt })`: 3 if it does not say; `.withFallbacks([...])`: each once. */
function wrapperAttempts(step: ChainStep, reader: Reader): Quantity | undefined {
  if (step.name === 'withRetry') {
    const given = reader.resolver.option(step, 'stopAfterAttempt', 0);
    if (!given)
      return step.node.arguments.length > 0 && step.node.arguments[0]!.value.kind !== 'object'
        ? symbol('attempts of withRetry')
        : number(3);
    const limit = limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
    if (limit.kind !== 'number') return symbol(limit.name);
    return Number.isFinite(limit.value) ? number(Math.max(1, limit.value)) : 'endless';
  }
  if (step.name === 'withFallbacks') {
    const given = step.node.arguments[0]?.value;
    const list = given && reader.resolver.values(given, step.module).find(value => value.kind === 'list');
    return list && !list.node.items.some(item => item.kind === 'spread')
      ? number(list.node.items.length + 1)
      : symbol('fallbacks');
  }
  return undefined;
}

function clientAttempts(call: In<CallExpression>, client: External | undefined, reader: Reader): Quantity | undefined {
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
