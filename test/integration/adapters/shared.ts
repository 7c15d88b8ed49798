// What the adapters' tests share: the error of a rejection, and a run that is stopped from outside while it works.

import { expect } from 'vitest';

/** What a promise rejected with; fails if it did not. */
export const rejected = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
};

/** Ids of calls that no result answers. */
export const unanswered = (calls: readonly string[], results: readonly string[]): string[] =>
  calls.filter(id => !results.includes(id));
