// TypeScript and JavaScript: text to the neutral model, and edits as text. With the rest of this folder the only code that
// imports ts-morph, of which it uses the parser alone: no Project, no type checker. It must not know frameworks.
import type { ts } from 'ts-morph';
import type { Module, Statement } from '../../program/model.ts';
import type { LanguageFront } from '../language.ts';
import { lineStartsOf } from '../lines.ts';
import { commentsOf } from './comments.ts';
import { edit } from './edit.ts';
import { noteExports } from './modules.ts';
import { parse } from './parse.ts';
import { createReader, type Reader } from './reader.ts';
import { statement } from './statements.ts';

export const typescript: LanguageFront = {
  extensions: ['.ts', '.tsx', '.js', '.jsx', '.mts', '.cts', '.mjs', '.cjs'],
  read,
  edit,
};

function read(path: string, text: string): Module {
  const { file, problems } = parse(path, text);
  const lineStarts = lineStartsOf(text);
  try {
    const reader = createReader(file.text, file);
    const body = topLevel(reader, file.statements);
    const { imports, exports } = reader;
    return { path, language: 'typescript', lineStarts, imports, exports, body, comments: commentsOf(reader), problems };
  } catch (error) {
    // Called with hardly any stack left, or a bug of ours; either way the reader is told instead of losing the server.
    const reason = error instanceof Error ? error.message : String(error);
    problems.unshift({ message: `Not read: ${reason}.`, span: [0, 0] });
    return { path, language: 'typescript', lineStarts, imports: [], exports: [], body: [], comments: [], problems };
  }
}

function topLevel(reader: Reader, nodes: readonly ts.Statement[]): Statement[] {
  const body: Statement[] = [];
  for (const node of nodes) {
    const before = body.length;
    statement(reader, node, body);
    noteExports(reader, node, body.length === before + 1 ? [body[before]!] : body.slice(before));
  }
  return body;
}
