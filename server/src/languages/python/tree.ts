// tree-sitter's Python tree as flat arrays in source order: one pass over the cursor, then no call into wasm any more.
// With load.ts the only code that touches web-tree-sitter. It must not know the neutral model beyond comments and problems.
import { Language, Parser, type TreeCursor } from 'web-tree-sitter';
import type { Comment, SyntaxProblem } from '../../program/model.ts';
import { type Kind, kindOf, named, token } from './kinds.ts';

/** Nodes by index, parents before children. A node's children are `i + 1` and on by `next`, up to `next[i]`. */
export interface Tree {
  readonly count: number;
  readonly kind: Uint16Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Index after the node's last descendant: its next sibling, if it has one. */
  readonly next: Int32Array;
  readonly comments: Comment[];
  readonly problems: SyntaxProblem[];
}

/** Bytes of the two wasm files: web-tree-sitter's own and the grammar. */
export interface Wasm {
  readonly runtime: Uint8Array;
  readonly grammar: Uint8Array;
}

/** Gives a tree that is good until the next call: the arrays are used again. Throws when the parser gives up. */
export type TreeReader = (text: string) => Tree;

const mostProblems = 50;
const errorType = 65535;
const leaves = new Set([
  'identifier',
  'integer',
  'float',
  'true',
  'false',
  'none',
  'ellipsis',
  'string_start',
  'string_content',
  'string_end',
  'pass_statement',
  'break_statement',
  'continue_statement',
  'import_prefix',
  'wildcard_import',
]);

export async function createTreeReader(wasm: Wasm): Promise<TreeReader> {
  await Parser.init({ wasmBinary: wasm.runtime });
  const language = await Language.load(wasm.grammar);
  const types = typesOf(language);
  let parser = newParser(language);
  let buffers = allocate(1 << 14);

  return text => {
    let tree: ReturnType<Parser['parse']>;
    try {
      tree = parser.parse(text);
    } catch (error) {
      // After a trap in wasm the parser's state is unknown.
      parser = newParser(language);
      throw error;
    }
    if (!tree) throw new Error('the parser gave no tree');
    try {
      const cursor = tree.walk();
      try {
        return flatten(cursor, text);
      } finally {
        cursor.delete();
      }
    } finally {
      tree.delete();
    }
  };

  function flatten(cursor: TreeCursor, text: string): Tree {
    const comments: Comment[] = [];
    const problems: SyntaxProblem[] = [];
    const open: number[] = [];
    let count = 0;
    for (;;) {
      const id = cursor.nodeTypeId;
      const start = cursor.startIndex;
      const type = types[id === errorType ? types.length - 1 : id]!;
      let descend = false;
      if (type.isSkipped) {
        if (type.isComment) {
          const end = cursor.endIndex;
          comments.push({ text: text.slice(start, end).replace(/^#+/, '').trim(), span: [start, end] });
        }
      } else {
        if (count === buffers.kind.length) buffers = grow(buffers);
        const end = type.isNamed ? cursor.endIndex : Math.min(start + type.name.length, text.length);
        buffers.kind[count] = type.kind;
        buffers.start[count] = start;
        buffers.end[count] = end;
        buffers.next[count] = count + 1;
        if (id === errorType) note(problems, 'Syntax error.', start, end);
        else if (!type.isNamed && !text.startsWith(type.name, start) && cursor.nodeIsMissing) {
          buffers.kind[count] = token.missing;
          buffers.end[count] = start;
          note(problems, `'${type.name}' expected.`, start, start);
        } else if (type.isNamed && start === end && cursor.nodeIsMissing) {
          note(problems, `${type.name} expected.`, start, start);
        }
        descend = !type.isLeaf && cursor.gotoFirstChild();
        if (descend) open.push(count);
        count++;
      }
      if (descend) continue;
      while (!cursor.gotoNextSibling()) {
        const parent = open.pop();
        if (parent === undefined || !cursor.gotoParent()) return { count, ...buffers, comments, problems };
        buffers.next[parent] = count;
      }
    }
  }
}

interface NodeType {
  readonly name: string;
  readonly kind: Kind;
  readonly isNamed: boolean;
  readonly isLeaf: boolean;
  readonly isComment: boolean;
  readonly isSkipped: boolean;
}

function typesOf(language: Language): NodeType[] {
  const types: NodeType[] = language.types.map((name, id) => {
    const isNamed = language.nodeTypeIsNamed(id);
    const isComment = isNamed && name === 'comment';
    return {
      name,
      kind: kindOf(name, isNamed),
      isNamed,
      isLeaf: !isNamed || leaves.has(name),
      isComment,
      isSkipped: isComment || name === 'line_continuation',
    };
  });
  types.push({ name: 'ERROR', kind: named.ERROR, isNamed: true, isLeaf: false, isComment: false, isSkipped: false });
  return types;
}

function newParser(language: Language): Parser {
  const parser = new Parser();
  parser.setLanguage(language);
  return parser;
}

function note(problems: SyntaxProblem[], message: string, start: number, end: number): void {
  if (problems.length < mostProblems) problems.push({ message, span: [start, end] });
}

type Buffers = Pick<Tree, 'kind' | 'start' | 'end' | 'next'>;

function allocate(size: number): Buffers {
  return {
    kind: new Uint16Array(size),
    start: new Int32Array(size),
    end: new Int32Array(size),
    next: new Int32Array(size),
  };
}

function grow(from: Buffers): Buffers {
  const to = allocate(from.kind.length * 2);
  to.kind.set(from.kind);
  to.start.set(from.start);
  to.end.set(from.end);
  to.next.set(from.next);
  return to;
}
