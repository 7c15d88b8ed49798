// Which version of a package a project uses: the lock file, then what is installed, then the manifest's range.
// Lock files are read, never resolved anew; an unknown format has no answer.
import type { Files } from './files.ts';
import { asObject, asText, type Json, readJson } from './json.ts';
import { dirname, isWithin, join, relativeTo } from './path.ts';
import { isPython } from './specifiers.ts';

/** Answers for one state of the workspace's lock files and manifests. */
export function createVersions(files: Files): (from: string, packageName: string) => string | undefined {
  const answers = new Map<string, string | undefined>();
  const locks = new Map<string, Lock | undefined>();
  const jsons = new Map<string, Json | undefined>();

  return (from, name) => {
    const python = isPython(from);
    const key = `${python ? 'py' : 'js'}\0${dirname(from)}\0${name}`;
    if (!answers.has(key)) answers.set(key, (python ? pythonVersion : scriptVersion)(dirname(from), name));
    return answers.get(key);
  };

  function scriptVersion(folder: string, name: string): string | undefined {
    const folders = upwards(files, folder);
    for (const at of folders) {
      const version = lockIn(at, readScriptLock)?.(relativeTo(folder, at), name);
      if (version) return version;
    }
    for (const at of folders) {
      const version = asText(json(join(at, 'node_modules', name, 'package.json'))?.version);
      if (version) return version;
    }
    for (const at of folders) {
      const manifest = json(join(at, 'package.json'));
      for (const field of ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']) {
        const range = asText(asObject(manifest?.[field])?.[name]);
        const version = range && lowerBound(range);
        if (version) return version;
      }
    }
    return undefined;
  }

  function pythonVersion(folder: string, name: string): string | undefined {
    const wanted = normalizePython(name);
    for (const at of upwards(files, folder)) {
      const version = lockIn(at, readPythonLock)?.('', wanted);
      if (version) return version;
    }
    return undefined;
  }

  function lockIn(folder: string, read: (files: Files, folder: string) => Lock | undefined): Lock | undefined {
    const key = `${read.name}\0${folder}`;
    if (!locks.has(key)) locks.set(key, read(files, folder));
    return locks.get(key);
  }

  function json(path: string): Json | undefined {
    if (!jsons.has(path)) jsons.set(path, readJson(files, path));
    return jsons.get(path);
  }
}

/** Version of a package as seen from a folder below the lock file. */
type Lock = (folder: string, name: string) => string | undefined;

function upwards(files: Files, folder: string): string[] {
  const found: string[] = [];
  for (let at = folder; isWithin(at, ''); at = dirname(at)) {
    found.push(at);
    if (at === '') break;
  }
  return [...found, ...files.above];
}

function readScriptLock(files: Files, folder: string): Lock | undefined {
  return npmLock(files, folder) ?? pnpmLock(files, folder) ?? yarnLock(files, folder) ?? bunLock(files, folder);
}

function text(files: Files, path: string): string | undefined {
  const read = files.read(path, 64 * 1024 * 1024);
  return read.kind === 'text' ? read.text : undefined;
}

function npmLock(files: Files, folder: string): Lock | undefined {
  const lock =
    readJson(files, join(folder, 'package-lock.json')) ?? readJson(files, join(folder, 'npm-shrinkwrap.json'));
  if (!lock) return undefined;
  const packages = asObject(lock.packages);
  const dependencies = asObject(lock.dependencies);
  return (from, name) => {
    for (let at = from; ; at = dirname(at)) {
      const version = asText(asObject(packages?.[join(at, 'node_modules', name)])?.version);
      if (version) return version;
      if (at === '') break;
    }
    return asText(asObject(dependencies?.[name])?.version);
  };
}

function pnpmLock(files: Files, folder: string): Lock | undefined {
  const lock = text(files, join(folder, 'pnpm-lock.yaml'));
  if (lock === undefined) return undefined;
  // importers: <folder>: dependencies: <name>: version: 1.2.3(peers)
  const importers = new Map<string, Map<string, string>>();
  let importer: Map<string, string> | undefined;
  let inImporters = false;
  let name: string | undefined;
  for (const line of lock.split('\n')) {
    const match = /^( *)(['"]?)([^'":\s][^'"]*?)\2:(?:\s+(.*))?$/.exec(line.trimEnd());
    if (!match) continue;
    const [, indent, , key, value] = match as unknown as [string, string, string, string, string | undefined];
    const depth = indent.length;
    if (depth === 0) {
      inImporters = key === 'importers';
      // Locks of a single project have no importers.
      if (/ependencies$/.test(key)) {
        importer = importers.get('.') ?? new Map();
        importers.set('.', importer);
      } else if (!inImporters) importer = undefined;
    } else if (inImporters && depth === 2) {
      importer = new Map();
      importers.set(key, importer);
    } else if (importer && key === 'version' && name && value) importer.set(name, pnpmVersion(value));
    else if (importer && key !== 'specifier' && depth === (inImporters ? 6 : 2)) {
      name = key;
      if (value) importer.set(name, pnpmVersion(value));
    }
  }
  return (from, wanted) => {
    for (let at = from; ; at = dirname(at)) {
      const version = importers.get(at === '' ? '.' : at)?.get(wanted);
      if (version && /^\d/.test(version)) return version;
      if (at === '') break;
    }
    return new RegExp(`^ {2}['"]?/?${escapePattern(wanted)}@(\\d[^(:'"]*)`, 'm').exec(lock)?.[1];
  };
}

function pnpmVersion(value: string): string {
  return value
    .replace(/^['"]|['"]$/g, '')
    .replace(/\(.*$/, '')
    .replace(/_.*$/, '');
}

function yarnLock(files: Files, folder: string): Lock | undefined {
  const lock = text(files, join(folder, 'yarn.lock'));
  if (lock === undefined) return undefined;
  return (_from, name) =>
    new RegExp(
      `^"?(?:[^\\n]*, )?"?${escapePattern(name)}@[^\\n]*:\\n(?: +[^\\n]*\\n)*? +version:? "?([^"\\n]+)`,
      'm',
    ).exec(lock)?.[1];
}

function bunLock(files: Files, folder: string): Lock | undefined {
  const packages = asObject(readJson(files, join(folder, 'bun.lock'))?.packages);
  if (!packages) return undefined;
  return (_from, name) => {
    const entry = packages[name];
    const id = Array.isArray(entry) ? asText(entry[0]) : undefined;
    return id?.slice(id.lastIndexOf('@') + 1);
  };
}

function readPythonLock(files: Files, folder: string): Lock | undefined {
  const tables = ['uv.lock', 'poetry.lock', 'pdm.lock']
    .map(name => text(files, join(folder, name)))
    .filter(found => found !== undefined);
  const locked = new Map<string, string>();
  for (const table of tables) {
    for (const match of table.matchAll(/^\[\[package\]\]\s*\nname = "([^"]+)"\s*\nversion = "([^"]+)"/gm)) {
      locked.set(normalizePython(match[1] as string), match[2] as string);
    }
  }
  const pipfile = readJson(files, join(folder, 'Pipfile.lock'));
  for (const section of ['default', 'develop']) {
    for (const [name, entry] of Object.entries(asObject(pipfile?.[section]) ?? {})) {
      const version = asText(asObject(entry)?.version)?.replace(/^==/, '');
      if (version) locked.set(normalizePython(name), version);
    }
  }
  const ranges = new Map<string, string>();
  const lists = (files.entries(folder) ?? [])
    .map(entry => entry.name)
    .filter(name =>
      /^(?:requirements.*\.(?:txt|in)|constraints\.txt|pyproject\.toml|setup\.(?:py|cfg)|environment\.ya?ml)$/.test(
        name,
      ),
    );
  for (const name of lists) {
    const found = text(files, join(folder, name)) ?? '';
    // `langgraph[extra]>=1.0,<2`, also inside quotes; and poetry's `langgraph = "^1.0"`.
    for (const match of found.matchAll(
      /(?:^|["'\s-])([A-Za-z][\w.-]*)(?:\[[^\]]*\])?\s*((?:===?|>=|~=|>|\^)\s*v?\d[\w.]*)/gm,
    )) {
      const key = normalizePython(match[1] as string);
      if (!ranges.has(key)) ranges.set(key, match[2] as string);
    }
    for (const match of found.matchAll(
      /^([A-Za-z][\w.-]*)\s*=\s*(?:\{[^}\n]*version\s*=\s*)?"([\^~>=]*\s*\d[\w.]*)/gm,
    )) {
      const key = normalizePython(match[1] as string);
      if (!ranges.has(key)) ranges.set(key, match[2] as string);
    }
  }
  if (locked.size === 0 && ranges.size === 0) return undefined;
  return (_from, name) => locked.get(name) ?? lowerBound(ranges.get(name) ?? '');
}

/** Smallest version of a range, filled up to three parts: `^6.1` is 6.1.0; undefined for `*`, `latest`, links. */
function lowerBound(range: string): string | undefined {
  const match =
    /(?:^|npm:[^\s]*@|\s)(?:===?|>=|~=|[\^~>=v]*)\s*v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?([-.]?[A-Za-z][\w.-]*)?/.exec(
      range.trim(),
    );
  if (!match || /^(?:file|link|git|https?|workspace):/.test(range)) return workspaceBound(range);
  const part = (value: string | undefined) => (value === undefined || value === 'x' || value === '*' ? '0' : value);
  return `${match[1]}.${part(match[2])}.${part(match[3])}${match[4] ?? ''}`;
}

function workspaceBound(range: string): string | undefined {
  return range.startsWith('workspace:') ? lowerBound(range.slice('workspace:'.length)) : undefined;
}

function normalizePython(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function escapePattern(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
