// What a language must offer to the rooms above it: text to the neutral model, and edits as text.
// It must not know frameworks.
import type { Expression, LoopStatement, Module, Span } from '../program/model.ts';

/** Replaces `span` of the module's text by `text`. An empty span inserts. */
export interface TextEdit {
  readonly path: string;
  readonly span: Span;
  readonly text: string;
}

export interface LanguageFront {
  /** File name endings with the dot, in lower case. */
  readonly extensions: readonly string[];
  /** Never throws: broken text gives a partial module with `problems`. */
  read(path: string, text: string): Module;
  readonly edit: EditWriter;
}

/**
 * Writes code in one language. Every function returns edits against the module's current text, keeping indentation, quotes,
 * semicolons and trailing commas in the file's style; `undefined` when the construct cannot take the edit.
 */
export interface EditWriter {
  /** Makes `imported` of `specifier` available; reuses an existing import. Gives the local name to use. */
  addImport(module: Module, text: string, specifier: string, imported: string): { local: string; edits: TextEdit[] };
  /** Sets `key: value` in an object literal or a keyword in a call's arguments; replaces an existing entry's value. */
  setOption(module: Module, text: string, target: Expression, key: string, value: string): TextEdit[] | undefined;
  /** Adds a last argument to a call; with `key` an options object `{ key: value }` (TypeScript) or a keyword (Python). */
  addArgument(module: Module, text: string, call: Expression, value: string, key?: string): TextEdit[] | undefined;
  /** Puts statements before the statement that holds `at` (same indentation). */
  insertBefore(module: Module, text: string, at: Span, lines: readonly string[]): TextEdit[] | undefined;
  /** Puts statements at the start of the loop's body, adding braces where there are none. */
  insertInLoop(module: Module, text: string, loop: LoopStatement, lines: readonly string[]): TextEdit[] | undefined;
  /** Replaces an expression's text. */
  replace(module: Module, span: Span, text: string): TextEdit[];
  /** `// text` or `# text` on the line above `line` (0-based), with that line's indentation. */
  commentAbove(module: Module, text: string, line: number, comment: string): TextEdit[];
  /** An object literal or dict expression with these entries, as text. */
  objectLiteral(entries: readonly { key: string; value: string }[]): string;
  /** A statement that creates a constant: `const x = v` / `x = v`. */
  constant(name: string, value: string): string;
  /** A statement from an expression: with the file's semicolon style. */
  statement(text: string, expression: string): string;
}
