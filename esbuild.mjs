// Bundles what is shipped into dist/: the extension, the language server, the CLI and the webviews, beside them the
// TypeScript parser (once, for server and CLI) and Python's grammar. `--watch` rebuilds, `--dev` keeps names and maps.
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const watch = process.argv.includes('--watch');
const dev = watch || process.argv.includes('--dev');
const require = createRequire(join(root, 'server', 'package.json'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: !dev,
  sourcemap: dev,
  legalComments: 'none',
  logLevel: 'warning',
  define: {
    LOOPBOUND_VERSION: JSON.stringify(version),
    // While the sources change, nothing may be kept between runs.
    ...(dev ? {} : { LOOPBOUND_BUILD: JSON.stringify(sourceHash()) }),
    // ws takes its native helpers only if they are there; they never are.
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
};
// Some dependencies ask where they are in the ESM way, which CommonJS has no word for.
const importMetaUrl = {
  define: { ...common.define, 'import.meta.url': '__importMetaUrl' },
  banner: "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
};
const node = {
  ...common,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  // The ESM builds of some packages (vscode-languageserver) are UMD behind `module`; main works in both.
  mainFields: ['module', 'main'],
  define: importMetaUrl.define,
  banner: { js: importMetaUrl.banner },
  external: ['vscode', 'bufferutil', 'utf-8-validate'],
};

/** The parser is large: server and CLI share one file of it. */
const sharedParser = {
  name: 'shared-parser',
  setup(b) {
    b.onResolve({ filter: /^ts-morph$/ }, () => ({ path: './ts-morph.js', external: true }));
  },
};
/** The ESM entry of web-tree-sitter cannot be bundled into CommonJS. */
const treeSitter = {
  name: 'tree-sitter',
  setup(b) {
    b.onResolve({ filter: /^web-tree-sitter$/ }, () => ({ path: require.resolve('web-tree-sitter') }));
  },
};

/**
 * Parts of the language client that can never run here: VS Code checks its own version, no notebook is opened, and the
 * server offers only what is left. A new capability of the server takes its file out of this list.
 */
const absent = [
  ...[
    'colorProvider',
    'completion',
    'declaration',
    'definition',
    'documentHighlight',
    'documentLink',
    'documentSymbol',
  ],
  ...['fileOperations', 'foldingRange', 'formatting', 'implementation', 'inlineCompletion', 'inlineValue'],
  ...['linkedEditingRange', 'notebook', 'reference', 'rename', 'selectionRange', 'semanticTokens', 'signatureHelp'],
  ...['textDocumentContent', 'typeDefinition', 'typeHierarchy', 'workspaceSymbol'],
];
const leanClient = {
  name: 'lean-client',
  setup(b) {
    b.onResolve({ filter: /^semver\// }, ({ path }) => ({ path, namespace: 'lean' }));
    b.onResolve({ filter: new RegExp(`^\\./(${absent.join('|')})$`) }, ({ path, resolveDir }) =>
      resolveDir.endsWith(join('vscode-languageclient', 'lib', 'common')) ? { path, namespace: 'lean' } : undefined,
    );
    b.onLoad({ filter: /^semver\//, namespace: 'lean' }, () => ({ contents: 'module.exports = () => true;' }));
    // Whatever class is asked for is a feature that announces nothing and registers nothing.
    b.onLoad({ filter: /^\.\//, namespace: 'lean' }, () => ({
      contents: `class Absent {
        fillClientCapabilities() {}
        initialize() {}
        getState() { return { kind: 'static' }; }
        clear() {}
      }
      const never = () => ({ dispose() {} });
      // Diagnostics ask for this one by its method.
      class Notebooks extends Absent {
        static method = 'notebookDocument/sync';
        static CellScheme = 'vscode-notebook-cell';
        registrationType = { method: 'notebookDocument/sync' };
        register() {}
        unregister() {}
        getState() { return { kind: 'document', id: this.registrationType.method, registrations: false, matches: false }; }
        getProvider() {}
        handles() { return false; }
        onOpenNotificationSent = never;
        onChangeNotificationSent = never;
        onCloseNotificationSent = never;
        onSaveNotificationSent = never;
      }
      module.exports = new Proxy(
        { __esModule: true, NotebookDocumentSyncFeature: Notebooks },
        { get: (own, name) => own[name] ?? Absent },
      );`,
    }));
  },
};

// Files right in this folder are entries or are served as they are; what they share is in its folders.
const webview = join(root, 'client/src/webview');
const webviewFiles = existsSync(webview) ? readdirSync(webview) : [];
const webviews = webviewFiles.filter(file => /^[a-z]\w*\.tsx?$/.test(file));

const bundles = [
  { ...node, in: 'client/src/extension.ts', out: 'extension.js', plugins: [leanClient] },
  { ...node, in: 'server/src/server.ts', out: 'server.js', plugins: [sharedParser, treeSitter] },
  {
    ...node,
    in: 'server/src/cli.ts',
    out: 'cli.js',
    plugins: [sharedParser, treeSitter],
    banner: { js: `#!/usr/bin/env node\n${importMetaUrl.banner}` },
  },
  ...webviews.map(file => ({
    ...common,
    in: `client/src/webview/${file}`,
    out: `webview/${file.replace(/\.tsx?$/, '.js')}`,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
  })),
  ...webviewFiles
    .filter(file => file.endsWith('.css'))
    .map(file => ({ ...common, in: `client/src/webview/${file}`, out: `webview/${file}` })),
];

mkdirSync(dist, { recursive: true });
const present = bundles.filter(bundle => {
  if (existsSync(join(root, bundle.in))) return true;
  console.log(`no ${bundle.in} yet: dist/${bundle.out} is left out`);
  rmSync(join(dist, bundle.out), { force: true });
  return false;
});
const jobs = present.map(({ in: entry, out, ...options }) => ({
  ...options,
  entryPoints: [entry],
  outfile: join(dist, out),
}));

await buildParser();
copyData();
copyPages();
if (watch) {
  for (const job of jobs) await (await context(job)).watch();
  console.log(`watching ${present.map(bundle => bundle.in).join(', ')}`);
} else {
  const results = await Promise.allSettled(jobs.map(job => build(job)));
  results.forEach((result, at) => {
    if (result.status === 'rejected') {
      process.exitCode = 1;
      console.error(`dist/${present[at].out} was not built`);
    }
  });
  if (existsSync(join(dist, 'cli.js'))) chmodSync(join(dist, 'cli.js'), 0o755);
}

/**
 * The parser that ts-morph carries, and of it only what our reader uses: a sixth of the whole, which loads in a sixth of
 * the time. The file is one script; its sections become a module, from which the bundler can leave out what nobody calls.
 */
async function buildParser() {
  const { version: parser } = require('ts-morph/package.json');
  const outfile = join(dist, 'ts-morph.js');
  const script = join(dirname(createRequire(require.resolve('ts-morph')).resolve('@ts-morph/common')), 'typescript.js');
  const reader = join(root, 'server/src/languages/typescript');
  const asked = readdirSync(reader).flatMap(file =>
    [...readFileSync(join(reader, file), 'utf8').matchAll(/\bts\.(\w+)/g)].map(([, name]) => name),
  );
  const names = [...new Set(asked)].sort();
  const wanted = createHash('sha1').update(names.join()).update(buildParser.toString()).digest('hex').slice(0, 12);
  const mark = `/*ts-morph ${parser} ${wanted}${dev ? ' dev' : ''}*/`;
  if (existsSync(outfile) && readFileSync(outfile, 'utf8').startsWith(mark)) return;
  const text = readFileSync(script, 'utf8');
  const body = text.indexOf('// src/compiler/');
  const end = text.indexOf('0 && (module.exports = {');
  if (body < 0 || end < body)
    throw new Error(`${script} is not laid out as expected: adapt buildParser in esbuild.mjs`);
  const exported = new Map(
    [...text.slice(0, body).matchAll(/^ {2}(\w+): \(\) => (\w+),?$/gm)].map(([, a, b]) => [a, b]),
  );
  const before = text.slice(text.indexOf('var __defProp'), text.indexOf('var __toCommonJS'));
  // Editor services and the build server are no part of the parser, and register themselves where they are loaded.
  const sections = text.slice(body, end).split(/^(?=\/\/ src\/)/m);
  const compiler = sections.filter(section => section.startsWith('// src/compiler/'));
  const given = names.filter(name => exported.has(name)).map(name => `${exported.get(name)} as ${name}`);
  // The editor services give names their text, and nodes their start: without them the reader would see every name empty.
  const nodeMembers = `
objectAllocator.getPrivateIdentifierConstructor = objectAllocator.getIdentifierConstructor;
Object.defineProperty(objectAllocator.getIdentifierConstructor().prototype, 'text', { get() { return idText(this); } });
for (const name of ['Node', 'Token', 'Identifier', 'SourceFile'])
  objectAllocator['get' + name + 'Constructor']().prototype.getStart = function (file, withComments) {
    return getTokenPosOfNode(this, file, withComments);
  };
`;
  await build({
    ...common,
    stdin: { contents: "export * as ts from 'parser';" },
    outfile,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    sourcemap: false,
    banner: { js: mark },
    external: ['source-map-support'],
    plugins: [
      {
        name: 'parser',
        setup(b) {
          b.onResolve({ filter: /^parser$/ }, () => ({ path: script, namespace: 'parser' }));
          b.onLoad({ filter: /./, namespace: 'parser' }, () => ({
            contents: `${before}${compiler.join('')}\n${nodeMembers}\nexport { ${given.join(', ')} };\n`,
            resolveDir: dirname(script),
          }));
        },
      },
    ],
  });
}

function copyData() {
  const files = [
    [dirname(require.resolve('web-tree-sitter')), 'web-tree-sitter.wasm'],
    [dirname(require.resolve('tree-sitter-python/package.json')), 'tree-sitter-python.wasm'],
    [join(root, 'server/schema'), 'config.schema.json'],
  ];
  for (const [folder, name] of files) {
    const source = join(folder, name);
    if (existsSync(source)) copyFileSync(source, join(dist, name));
    else console.log(`no ${name} in ${folder}`);
  }
}

function copyPages() {
  mkdirSync(join(dist, 'webview'), { recursive: true });
  for (const file of webviewFiles) {
    if (file.endsWith('.html')) copyFileSync(join(webview, file), join(dist, 'webview', file));
  }
}

/** What the analyzer's answers depend on: its code, and the versions of the parsers. */
function sourceHash() {
  const hash = createHash('sha1').update(readFileSync(join(root, 'package-lock.json')));
  const sources = readdirSync(join(root, 'server/src'), { recursive: true }).filter(file => file.endsWith('.ts'));
  for (const file of sources.sort()) hash.update(readFileSync(join(root, 'server/src', file)));
  return hash.digest('hex').slice(0, 12);
}
