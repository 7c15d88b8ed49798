// Python: text to the neutral model, and edits as text. With the rest of this folder the only code that imports web-tree-sitter.
// It must not know frameworks.
import type { Module } from '../../program/model.ts';
import type { LanguageFront } from '../language.ts';
import { lineStartsOf } from '../lines.ts';
import { edit } from './edit.ts';
import { findWasm } from './load.ts';
import { noteExports } from './modules.ts';
import { createReader } from './reader.ts';
import { statements } from './statements.ts';
import { createTreeReader, type TreeReader, type Wasm } from './tree.ts';

export type { Wasm } from './tree.ts';

/** The Python front from the bytes of its two wasm files. Rejects when they cannot be compiled. */
export async function createPythonFront(wasm: Wasm): Promise<LanguageFront> {
  const readTree = await createTreeReader(wasm);
  return { extensions: ['.py'], read: (path, text) => read(readTree, path, text), edit };
}

let loading: Promise<LanguageFront> | undefined;

/** The Python front with the wasm files beside the bundle, or in node_modules when run from source. */
export function loadPython(): Promise<LanguageFront> {
  // web-tree-sitter has one runtime per process: two that start at the same time break each other.
  loading ??= findWasm().then(createPythonFront);
  return loading;
}

function read(readTree: TreeReader, path: string, text: string): Module {
  const lineStarts = lineStartsOf(text);
  try {
    const tree = readTree(text);
    const reader = createReader(text, tree);
    const body = tree.count === 0 ? [] : statements(reader, 0);
    noteExports(reader, body);
    const { imports, exports } = reader;
    const { comments, problems } = tree;
    return { path, language: 'python', lineStarts, imports, exports, body, comments, problems };
  } catch (error) {
    // A trap in wasm, or a bug of ours; either way the reader is told instead of losing the server.
    const reason = error instanceof Error ? error.message : String(error);
    const problems = [{ message: `Not read: ${reason}.`, span: [0, 0] as const }];
    return { path, language: 'python', lineStarts, imports: [], exports: [], body: [], comments: [], problems };
  }
}
