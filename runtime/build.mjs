// Builds dist/: ESM and CJS with esbuild, declarations with tsc. `ws` is bundled into the hub and the emit chunk.
// `--out DIR` builds elsewhere, `--no-types` leaves the declarations out.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const src = join(here, 'src');
const out = process.argv.indexOf('--out');
const dist = out < 0 ? join(here, 'dist') : resolve(process.argv[out + 1]);
const adapters = existsSync(join(src, 'adapters'))
  ? readdirSync(join(src, 'adapters')).filter(file => file.endsWith('.ts') && !file.startsWith('_'))
  : [];

const entries = Object.fromEntries(
  [
    ['index', 'index.ts'],
    ['protocol', 'protocol/index.ts'],
    ['hub', 'hub/index.ts'],
    ['viewer', 'viewer/index.ts'],
    ['meter', 'meter/index.ts'],
    ['records', 'records/index.ts'],
    ['store/redis', 'store/redis.ts'],
    ['prices', 'prices.ts'],
    ['otel', 'otel/index.ts'],
    ['alerts', 'alerts/index.ts'],
    ['emit', 'emit/socket.ts'],
    ...adapters.map(file => [`adapters/${file.slice(0, -3)}`, `adapters/${file}`]),
  ]
    .map(([name, file]) => [name, join(src, file)])
    .filter(([, file]) => existsSync(file)),
);

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

// The socket is loaded only when a hub is announced, so it stays out of the core in both formats.
const lazySocket = extension => ({
  name: 'lazy-socket',
  setup(b) {
    b.onResolve({ filter: /\/socket\.ts$/ }, args =>
      args.kind === 'dynamic-import' ? { path: `./emit${extension}`, external: true } : undefined,
    );
  },
});

// In CJS nothing is shared between files, so adapters and the hub take the core from the one index.cjs.
const oneCore = {
  name: 'one-core',
  setup(b) {
    b.onResolve({ filter: /^\.\.\/index\.ts$/ }, args =>
      ['adapters', 'store'].some(room => args.importer.includes(join('src', room)))
        ? { path: '../index.cjs', external: true }
        : ['meter', 'alerts', 'otel'].some(room => args.importer.includes(join('src', room)))
          ? { path: './index.cjs', external: true }
          : undefined,
    );
  },
};

const common = {
  entryPoints: entries,
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false,
  define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
  external: ['bufferutil', 'utf-8-validate'],
  logLevel: 'warning',
};
// Frameworks are the user's to bring.
const bare = {
  name: 'bare-external',
  setup(b) {
    b.onResolve({ filter: /^[^./]/ }, args => {
      if (args.kind === 'entry-point' || args.path.startsWith('node:') || args.path === 'ws') return undefined;
      return args.importer.includes(`${join('runtime', 'src')}`) ? { path: args.path, external: true } : undefined;
    });
  },
};
await build({
  ...common,
  format: 'esm',
  splitting: true,
  // Beside the entries, since './emit.js' is taken from where the core lands.
  chunkNames: '[name]-[hash]',
  plugins: [lazySocket('.js'), bare],
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([name]) => name !== 'hub' && name !== 'emit')),
});
// ws is CommonJS and requires node's modules.
const withSocket = Object.fromEntries(Object.entries(entries).filter(([name]) => name === 'hub' || name === 'emit'));
if (Object.keys(withSocket).length > 0) {
  await build({
    ...common,
    entryPoints: withSocket,
    format: 'esm',
    plugins: [bare],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
}
await build({
  ...common,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  plugins: [lazySocket('.cjs'), oneCore, bare],
});

if (process.argv.includes('--no-types')) process.exit(0);

writeFileSync(
  join(dist, 'tsconfig.json'),
  JSON.stringify({
    extends: join(here, '../tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      rootDir: src,
      outDir: 'types',
      typeRoots: [join(here, '../node_modules/@types')],
    },
    include: [src],
  }),
);
const tsc = spawnSync(process.execPath, [join(here, '../node_modules/typescript/bin/tsc'), '-p', dist], {
  stdio: 'inherit',
});
rmSync(join(dist, 'tsconfig.json'));
if (tsc.status !== 0) process.exit(1);

const declarations = readdirSync(join(dist, 'types'), { recursive: true }).filter(file => file.endsWith('.d.ts'));
const retarget = (text, extension) =>
  text.replace(/(from |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, `$1$2$3.${extension}$2`);
cpSync(join(dist, 'types'), join(dist, 'types-cjs'), { recursive: true });
for (const file of declarations) {
  const text = readFileSync(join(dist, 'types', file), 'utf8');
  writeFileSync(join(dist, 'types', file), retarget(text, 'js'));
  const cjs = join(dist, 'types-cjs', file);
  rmSync(cjs);
  writeFileSync(cjs.replace(/\.d\.ts$/, '.d.cts'), retarget(text, 'cjs'));
}
console.log(`built ${Object.keys(entries).length} entries into ${relative(process.cwd(), dist) || dist}`);
