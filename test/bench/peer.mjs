// What others do with the same folder, each in a process of its own: `parse FOLDER` reads every file with the parser that we
// use, `eslint FOLDER` runs one rule of typescript-eslint that needs types. Prints how much there was to see.
import { readdirSync, readFileSync } from 'node:fs';
import nodeModule, { createRequire } from 'node:module';
import { join } from 'node:path';

const [what, folder] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true })
  .filter(file => /\.tsx?$/.test(file))
  .map(file => join(folder, file));

if (what === 'parse') {
  const { ts } = await import('ts-morph');
  let nodes = 0;
  for (const file of files) {
    nodes += ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, false).statements.length;
  }
  console.log(`${nodes} statements`);
} else {
  // The workspace builds with a TypeScript that has no programming interface; the peer gets the one that it knows.
  const typescript = createRequire(import.meta.url).resolve('typescript');
  const resolve = nodeModule._resolveFilename;
  nodeModule._resolveFilename = (request, ...rest) =>
    request === 'typescript' ? typescript : resolve.call(nodeModule, request, ...rest);
  const { ESLint } = await import('eslint');
  const { plugin, parser } = (await import('typescript-eslint')).default;
  const eslint = new ESLint({
    cwd: folder,
    overrideConfigFile: true,
    overrideConfig: [
      {
        files: ['**/*.ts', '**/*.tsx'],
        languageOptions: { parser, parserOptions: { project: './tsconfig.json', tsconfigRootDir: folder } },
        plugins: { '@typescript-eslint': plugin },
        rules: { '@typescript-eslint/no-floating-promises': 'error' },
      },
    ],
  });
  const results = await eslint.lintFiles(['src']);
  const broken = results.flatMap(result => result.messages.filter(message => message.fatal));
  if (results.length !== files.length || broken.length > 0)
    throw new Error(`eslint read ${results.length} files: ${broken[0]?.message}`);
  console.log(`${results.reduce((sum, result) => sum + result.messages.length, 0)} findings`);
}
