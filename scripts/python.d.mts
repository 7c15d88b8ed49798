// The types of python.mjs, for the tests.

export function python(): string;
export function pythonLacks(): string | undefined;
