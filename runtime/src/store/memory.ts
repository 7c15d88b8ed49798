// A store that lives as long as the process: for tests, and to share trips between guards.

import type { GuardStore, StoredGuard } from './store.ts';

/** See the file header. */
export const memoryStore = (): GuardStore => {
  const states = new Map<string, StoredGuard>();
  return {
    load: label => states.get(label),
    save: (label, state) => void states.set(label, state),
    clear: label => void states.delete(label),
  };
};
