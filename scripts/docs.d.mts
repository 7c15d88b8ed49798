// The types of docs.mjs, for the tests.

export function loadRules(): Promise<readonly { readonly id: string }[]>;
export function generated(): Promise<Map<string, string>>;
