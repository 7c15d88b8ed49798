// The types of complete-lock.mjs, for the tests.

export function missingFrom(lock: { packages: Record<string, object> }): { name: string; version: string }[];
