// Which room may import which. Breaking a row fails with the import that does it; a new room needs a row.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ts } from 'ts-morph';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Room {
  /** Folder or file; the longest match is a file's room. */
  readonly at: string;
  /** Rooms or single files that it may import, beside itself. */
  readonly may: readonly string[];
  /** Packages; `*` for any. */
  readonly packages?: readonly string[];
  /** Node's modules; `*` for any. Absent: those that touch nothing outside the process. */
  readonly node?: readonly string[];
}

const server = 'server/src';
const harmless = ['node:crypto', 'node:path', 'node:url', 'node:util', 'node:module'];

const rooms: readonly Room[] = [
  // The only room that touches the file system. Of `program` it knows what an import resolves to.
  {
    at: `${server}/workspace`,
    may: [`${server}/program/program.ts`],
    packages: ['ignore', 'jsonc-parser'],
    node: ['node:fs', 'node:os', ...harmless],
  },
  { at: `${server}/languages`, may: [`${server}/program`], node: [] },
  {
    at: `${server}/languages/typescript`,
    may: [`${server}/languages`, `${server}/program`],
    packages: ['ts-morph'],
    node: [],
  },
  {
    at: `${server}/languages/python`,
    may: [`${server}/languages`, `${server}/program`],
    packages: ['web-tree-sitter'],
    node: [],
  },
  // The bytes of the grammar lie beside the bundle.
  {
    at: `${server}/languages/python/load.ts`,
    may: [`${server}/languages/python`],
    node: ['node:fs/promises', 'node:module', 'node:path', 'node:url'],
  },
  { at: `${server}/program`, may: [], node: [] },
  // Frameworks give graphs, so they know what a graph is made of, and no parser.
  {
    at: `${server}/frameworks`,
    may: [
      `${server}/program`,
      `${server}/graph/model.ts`,
      `${server}/graph/components.ts`,
      `${server}/rules/finding.ts`,
    ],
    node: [],
  },
  { at: `${server}/graph`, may: [`${server}/program`, `${server}/frameworks`, `${server}/rules`], node: [] },
  { at: `${server}/rules`, may: [`${server}/program`, `${server}/graph`, `${server}/frameworks`], node: [] },
  {
    at: `${server}/engine`,
    may: [
      `${server}/workspace`,
      `${server}/languages/language.ts`,
      `${server}/languages/lines.ts`,
      `${server}/program`,
      `${server}/rules`,
    ],
    packages: ['jsonc-parser'],
    node: ['node:crypto'],
  },
  {
    at: `${server}/report`,
    may: [`${server}/engine`, `${server}/graph/print.ts`, `${server}/rules/finding.ts`],
    node: [],
  },
  // The only room that imports vscode-languageserver. It never touches the file system: it is handed one.
  {
    at: `${server}/lsp`,
    may: [
      `${server}/engine`,
      `${server}/workspace`,
      `${server}/languages/language.ts`,
      `${server}/languages/lines.ts`,
      `${server}/program/cancelled.ts`,
      `${server}/graph/print.ts`,
      `${server}/report/questions.ts`,
      `${server}/rules/finding.ts`,
      `${server}/protocol.ts`,
      `${server}/recorded.ts`,
    ],
    packages: ['vscode-languageserver', 'vscode-languageserver-textdocument', 'vscode-uri'],
    node: ['node:crypto'],
  },
  { at: `${server}/protocol.ts`, may: [], node: [] },
  { at: `${server}/recorded.ts`, may: [`${server}/protocol.ts`], node: [] },
  {
    at: `${server}/commands`,
    may: [
      `${server}/compose.ts`,
      `${server}/engine`,
      `${server}/graph`,
      `${server}/report`,
      `${server}/rules/finding.ts`,
      `${server}/workspace`,
      'runtime/src/hub',
      'runtime/src/protocol',
      'runtime/src/tripReader.ts',
      'runtime/src/tripBrief.ts',
      'runtime/src/records',
    ],
    packages: ['@modelcontextprotocol/sdk'],
    node: ['node:child_process', 'node:os', ...harmless],
  },
  // Entry points and the place where rooms are put together.
  { at: server, may: [server], packages: ['vscode-languageserver'], node: ['node:module'] },

  // What the client shares with others: the requests of the server and the wire of the hub.
  {
    at: 'client/src',
    may: [
      `${server}/protocol.ts`,
      `${server}/recorded.ts`,
      'runtime/src/protocol',
      'runtime/src/hub',
      'runtime/src/tripBrief.ts',
      'runtime/src/viewer',
      // What the extension host and the panel say to each other.
      'client/src/webview/view/messages.ts',
      'client/src/webview/view/patch.ts',
      'client/src/webview/graph/messages.ts',
    ],
    packages: ['vscode', 'vscode-languageclient'],
    node: ['*'],
  },
  // Runs in a browser, with no editor and no node.
  {
    at: 'client/src/webview',
    may: ['client/src/webview/graph', 'runtime/src/protocol', 'runtime/src/viewer'],
    node: [],
  },
  {
    at: 'client/src/webview/graph',
    may: ['client/src/webview/view', 'client/src/webview/graph/layout.ts', `${server}/protocol.ts`],
    node: [],
  },
  // The layout of the graph, and nothing else of it.
  {
    at: 'client/src/webview/graph/layout.ts',
    may: ['client/src/webview/graph', `${server}/protocol.ts`],
    packages: ['@dagrejs/dagre'],
    node: [],
  },

  // The guard takes no package; what it needs of node it has everywhere.
  { at: 'runtime/src', may: ['runtime/src'], node: ['*'] },
  { at: 'runtime/src/protocol', may: [], node: [] },
  { at: 'runtime/src/viewer', may: ['runtime/src/protocol'], node: [] },
  { at: 'runtime/src/emit', may: ['runtime/src'], packages: ['ws'], node: ['*'] },
  { at: 'runtime/src/hub', may: ['runtime/src'], packages: ['ws'], node: ['*'] },
  // Frameworks are the user's to bring.
  { at: 'runtime/src/adapters', may: ['runtime/src'], packages: ['*'], node: ['*'] },
  { at: 'runtime/src/store', may: ['runtime/src'], node: ['*'] },
  // Optional peers, each in one room: nobody has to install them.
  { at: 'runtime/src/alerts', may: ['runtime/src'], packages: ['nodemailer'], node: ['*'] },
  { at: 'runtime/src/otel', may: ['runtime/src'], packages: ['@opentelemetry/api'], node: ['*'] },
  { at: 'runtime/src/prices.ts', may: ['runtime/src'], packages: ['@pydantic/genai-prices'], node: ['*'] },
];

const files = ['server/src', 'client/src', 'runtime/src'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.tsx?$/.test(file))
    .map(file => join(folder, file).split(sep).join('/')),
);

function isIn(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

function roomOf(path: string): Room | undefined {
  return rooms.filter(room => isIn(path, room.at)).sort((a, b) => b.at.length - a.at.length)[0];
}

function wrongImports(path: string, text: string): string[] {
  const room = roomOf(path);
  if (!room) return [`${path} is in no room of the table`];
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return imports
    .filter(specifier => !isAllowed(room, path, specifier))
    .map(specifier => `${path} imports ${specifier}`);
}

function isAllowed(room: Room, path: string, specifier: string): boolean {
  if (specifier.startsWith('.')) {
    const target = relative(root, join(root, dirname(path), specifier))
      .split(sep)
      .join('/');
    return roomOf(target) === room || room.may.some(place => isIn(target, place));
  }
  if (specifier.startsWith('node:')) return (room.node ?? harmless).some(name => name === '*' || name === specifier);
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return (room.packages ?? []).some(known => known === '*' || known === name);
}

test('rooms import what the table allows', () => {
  expect(files.flatMap(file => wrongImports(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

test('every row has a place', () => {
  const empty = rooms.filter(room => !files.some(file => isIn(file, room.at))).map(room => room.at);
  // Rows that wait for their first file.
  expect(empty.filter(at => !['runtime/src/adapters', 'runtime/src/store'].includes(at))).toEqual([]);
});

test.each([
  [`${server}/workspace/x.ts`, "import { typescript } from '../languages/typescript/index.ts';"],
  [`${server}/workspace/x.ts`, "import type { Connection } from 'vscode-languageserver/node';"],
  [`${server}/rules/x.ts`, "import { typescript } from '../languages/typescript/index.ts';"],
  [`${server}/graph/x.ts`, "const front = await import('../languages/python/index.ts');"],
  [`${server}/frameworks/x.ts`, "import { ts } from 'ts-morph';"],
  [`${server}/engine/x.ts`, "import { readFileSync } from 'node:fs';"],
  [`${server}/engine/x.ts`, "import { langgraph } from '../frameworks/langgraph.ts';"],
  [`${server}/report/x.ts`, "import { serve } from '../lsp/serve.ts';"],
  [`${server}/lsp/x.ts`, "import { readFileSync } from 'node:fs';"],
  [`${server}/lsp/x.ts`, "import { setting } from '../../../client/src/settings.ts';"],
  [`${server}/languages/python/x.ts`, "import { ts } from 'ts-morph';"],
  [`${server}/languages/typescript/x.ts`, "import * as ts from 'typescript';"],
  ['runtime/src/x.ts', "import { WebSocket } from 'ws';"],
  ['runtime/src/protocol/x.ts', "export * from '../guard.ts';"],
  ['client/src/webview/x.ts', "import { window } from 'vscode';"],
  ['client/src/x.ts', "import { engine } from '../../server/src/compose.ts';"],
])('the table forbids: %s %s', (path, text) => {
  expect(wrongImports(path, text)).toEqual([
    expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')} imports `)),
  ]);
});
