// TypeScript and JavaScript: text to the neutral model, and edits as text. With the rest of this folder the only code that
// imports ts-morph, of which it uses the parser alone: no Project, no type checker. It must not know frameworks.
import type { Module, Statement } from '../../program/model.ts';
import type { LanguageFront } from '../language.ts';
import { lineStartsOf } from '../lines.ts';
import { commentsOf } from './comments.ts';
import { noteExports } from './modules.ts';
import { parse } from './parse.ts';
import { createReader } from './reader.ts';
import { statement } from './statements.ts';

export const typescript: Pick<LanguageFront, 'extensions' | 'read'> = {
  extensions: ['.ts', '.tsx', '.js', '.jsx', '.mts', '.cts', '.mjs', '.cjs'],
  read,
};

function read(path: string, text: string): Module {
  const { file, problems } = parse(path, text);
  const reader = createReader(file.text, file);
  const body: Statement[] = [];
  for (const node of file.statements) {
    const before = body.length;
    statement(reader, node, body);
    noteExports(reader, node, body.length === before + 1 ? [body[before]!] : body.slice(before));
  }
  return {
    path,
    language: 'typescript',
    lineStarts: lineStartsOf(text),
    imports: reader.imports,
    exports: reader.exports,
    body,
    comments: commentsOf(reader),
    problems,
  };
}
