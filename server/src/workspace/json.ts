// Reads the JSON files that tools write (package.json, tsconfig.json, lock files), with comments and trailing commas.
// Broken ones are undefined: whoever owns such a file has a tool that says so.
import { type ParseError, parse } from 'jsonc-parser';
import type { Files } from './files.ts';

export type Json = { readonly [key: string]: unknown };

/** The object in a file; undefined if there is none. */
export function readJson(files: Files, path: string): Json | undefined {
  const read = files.read(path, 64 * 1024 * 1024);
  if (read.kind !== 'text') return undefined;
  try {
    // Most are plain JSON, and the engine's parser is many times faster.
    return asObject(JSON.parse(read.text));
  } catch {
    const errors: ParseError[] = [];
    return asObject(parse(read.text, errors, { allowTrailingComma: true }));
  }
}

/** The value if it is an object. */
export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** The value if it is a text. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a list; empty if it is none. */
export function asTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}
