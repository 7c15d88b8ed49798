// Which folders and files nobody wants analysed unless they name them: dependencies, build output, tool state.
// Names only; it does not touch the disk.
import { isWithin } from './path.ts';

/** Never source, wherever they are. */
// biome-ignore format: a table
const always = new Set([
  'node_modules', 'bower_components', 'jspm_packages', '.git', '.hg', '.svn', '.jj', '.yarn', '.pnpm-store', '.venv', 'venv',
  'site-packages', 'dist-packages', '__pycache__', '.tox', '.nox', '.eggs', '.mypy_cache', '.pytest_cache', '.ruff_cache',
  '.ipynb_checkpoints', '.next', '.nuxt', '.output', '.svelte-kit', '.astro', '.turbo', '.nx', '.parcel-cache', '.cache',
  '.vercel', '.netlify', '.wrangler', '.serverless', '.aws-sam', '.terraform', '.vscode-test', '.idea', '.loopbound', '.mastra',
  'coverage', 'htmlcov', '.nyc_output', 'third_party', 'third-party', 'thirdparty', 'vendor', 'vendored', 'vendors',
]);
/** Build output by habit, but also names that people give to source folders below `src`. */
const output = new Set(['dist', 'build', 'out', '_build', 'target', 'storybook-static']);

const generatedFile = /(?:[.-]min|\.bundle|\.chunk|\.umd)\.[cm]?jsx?$|\.d\.[cm]?ts$|(?:^|\/)\.pnp\.[cm]?js$/;

/** Whether the walk passes by a folder. `start` is the folder that the user named. */
export function isSkippedFolder(path: string, name: string, start: string): boolean {
  if (always.has(name)) return true;
  if (!output.has(name)) return false;
  // Who names a package in node_modules wants its shipped code, and that lies in its build output.
  if (/(?:^|\/)(?:node_modules|site-packages)\//.test(`${start}/`)) return false;
  return !/(?:^|\/)src\//.test(path.slice(start === '' ? 0 : start.length));
}

/** Whether a file is generated or only declares types, by its name. */
export function isSkippedFile(path: string): boolean {
  return generatedFile.test(path);
}

/** Whether an open file lies in a folder that a walk from the root would not enter. */
export function isInSkippedFolder(path: string): boolean {
  if (!isWithin(path, '')) return true;
  const parts = path.split('/');
  return parts.slice(0, -1).some((name, at) => isSkippedFolder(parts.slice(0, at + 1).join('/'), name, ''));
}

/** Minified or generated text: hardly any line breaks in a lot of code. */
export function isMinified(text: string): boolean {
  if (text.length < 20_000) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return text.length / lines > 400;
}
