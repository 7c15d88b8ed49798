// All modules of a workspace as one value, and where an import leads. It knows no file system: the host answers.
import type { Module } from './model.ts';

/** Where an import specifier leads. */
export type Resolution =
  /** A file of the workspace. */
  | { readonly kind: 'module'; readonly path: string }
  /** A package: its name without the sub-path (`@langchain/langgraph`), and the specifier as written. */
  | { readonly kind: 'package'; readonly name: string; readonly specifier: string }
  | { readonly kind: 'unknown' };

/**
 * An immutable snapshot of a workspace. Two calls with the same argument give the same object, so that facts
 * can be kept per module in a WeakMap.
 */
export interface Program {
  /** Paths worth analysing, sorted: modules that import an agent framework, and modules that import those. */
  readonly paths: readonly string[];
  /** Reads a module on demand; undefined if there is no such file or it cannot be read. */
  module(path: string): Module | undefined;
  /** Whether `module(path)` would give this very object. It does not count as reading it. */
  isSame(path: string, module: Module | undefined): boolean;
  /** Every specifier that a file of the workspace imports, as a scan of the text sees it; may hold more, never less. */
  readonly specifiers: ReadonlySet<string>;
  /** Where `specifier`, written in `from`, leads. */
  resolve(from: string, specifier: string): Resolution;
  /** Version of a package that the project of `from` resolves to (lock file, then manifest), e.g. `6.0.326`; undefined if unknown. */
  version(from: string, packageName: string): string | undefined;
}
