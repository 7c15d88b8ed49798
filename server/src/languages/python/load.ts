// Finds the two wasm files that the Python front needs: beside the bundle, where the build puts them, or in node_modules.
// It must not know what they are for.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Wasm } from './tree.ts';

/** Names of the files that a bundle must have beside it, and where to copy them from. */
export const wasmFiles = [
  { name: 'web-tree-sitter.wasm', from: 'web-tree-sitter/web-tree-sitter.wasm' },
  { name: 'tree-sitter-python.wasm', from: 'tree-sitter-python/tree-sitter-python.wasm' },
] as const;

/** Rejects with both places that were tried when a file is in neither. */
export async function findWasm(): Promise<Wasm> {
  const [runtime, grammar] = await Promise.all(wasmFiles.map(find));
  return { runtime: runtime!, grammar: grammar! };
}

async function find({ name, from }: (typeof wasmFiles)[number]): Promise<Uint8Array> {
  const here = typeof __dirname === 'string' ? __dirname : dirname(fileURLToPath(import.meta.url));
  const beside = join(here, name);
  try {
    return await readFile(beside);
  } catch (error) {
    try {
      return await readFile(createRequire(join(here, 'load.js')).resolve(from));
    } catch {
      throw new Error(`${name} is neither beside the bundle (${beside}) nor in node_modules`, { cause: error });
    }
  }
}
