// The types of bootstrap.mjs, for the tests.

export const root: string;
export const node: string;
