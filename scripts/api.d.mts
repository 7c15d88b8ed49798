export function entries(): { specifier: string; file: string }[];
export function apiReference(): { pages: Map<string, string>; undocumented: string[] };
