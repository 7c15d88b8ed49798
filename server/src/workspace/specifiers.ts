// What a file imports, read from its text without parsing it: quick, and generous rather than exact. A specifier in a
// comment or a string counts; a file may then be parsed for nothing, but none is missed.
// It knows how imports are spelled, not what they mean.

/** How a file gives itself away as agent code; handed in by the composition, from `frameworks`. */
export interface Signals {
  /** Package names; `*` at the end matches any rest: `@langchain/*`. */
  readonly typescript: readonly string[];
  /** Dotted module names; `*` at the end matches any rest: `langchain_*`. */
  readonly python: readonly string[];
  /** Text of calls that reach a model wherever they stand: `.chat.completions.create(`. */
  readonly shapes: readonly string[];
}

export interface Scan {
  /** Specifiers in order of first appearance, without repeats. Python's are dotted; `from a import b` also gives `a.b`. */
  readonly specifiers: readonly string[];
  /** It imports a package of the signals or has one of their shapes. */
  readonly seed: boolean;
  /** It has a suppression comment. */
  readonly suppresses: boolean;
}

/** Scans a text; `path` says how imports are spelled. */
export function createScanner(signals: Signals): (path: string, text: string) => Scan {
  const isJsSeed = packageMatcher(signals.typescript, '/');
  const isPySeed = packageMatcher(signals.python, '.');
  const shapes = signals.shapes;
  return (path, text) => {
    const python = isPython(path);
    const specifiers = python ? pythonSpecifiers(text) : scriptSpecifiers(text);
    const isSeed = python ? isPySeed : isJsSeed;
    let seed = false;
    for (const specifier of specifiers) if (isSeed(specifier)) seed = true;
    seed ||= shapes.some(shape => text.includes(shape));
    return { specifiers, seed, suppresses: text.includes('loopbound-ignore') };
  };
}

/** Whether imports in this file are spelled the Python way. */
export function isPython(path: string): boolean {
  return path.endsWith('.py') || path.endsWith('.pyi') || path.endsWith('.PY');
}

const scriptImport =
  /\b(?:from|import|require|require\.resolve)\s*\(?\s*(?:\/\*[^*]*\*\/\s*)?(["'`])([^"'`\n\r$]{1,200})\1/g;

function scriptSpecifiers(text: string): string[] {
  const found = new Set<string>();
  for (const match of text.matchAll(scriptImport)) found.add(match[2] as string);
  return [...found];
}

const pythonFrom = /^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n\r;#]*)/gm;
const pythonImport = /^[ \t]*import[ \t]+([\w][^\n\r;#]*)/gm;
const pythonDynamic = /\b(?:import_module|__import__)\(\s*["']([.\w]+)["']/g;

function pythonSpecifiers(text: string): string[] {
  const found = new Set<string>();
  for (const [, module, names] of text.matchAll(pythonFrom)) {
    const base = module as string;
    found.add(base);
    // `from . import state` and `from pkg import state` may name a module.
    for (const name of (names as string).replace(/#[^\n]*|[()\\]/g, ' ').split(',')) {
      const word = name.trim().split(/\s+/)[0];
      if (word && /^\w+$/.test(word)) found.add(base.endsWith('.') ? base + word : `${base}.${word}`);
    }
  }
  for (const [, names] of text.matchAll(pythonImport)) {
    for (const name of (names as string).split(',')) {
      const word = name.trim().split(/\s+/)[0];
      if (word && /^[\w.]+$/.test(word)) found.add(word);
    }
  }
  for (const [, name] of text.matchAll(pythonDynamic)) found.add(name as string);
  return [...found];
}

/** Matches a specifier against names: itself, or a sub-path of it after `separator`. */
function packageMatcher(names: readonly string[], separator: '/' | '.'): (specifier: string) => boolean {
  const exact = new Set(names.filter(name => !name.endsWith('*')));
  const prefixes = names.filter(name => name.endsWith('*')).map(name => name.slice(0, -1));
  const known = new Map<string, boolean>();
  return specifier => {
    let verdict = known.get(specifier);
    if (verdict === undefined) {
      const bare = bareSpecifier(specifier);
      verdict = prefixes.some(prefix => bare.startsWith(prefix));
      for (let end = bare.length; !verdict && end > 0; end = bare.lastIndexOf(separator, end - 1)) {
        verdict = exact.has(bare.slice(0, end));
      }
      known.set(specifier, verdict);
    }
    return verdict;
  };
}

/** `npm:openai@4/x` and `https://esm.sh/openai@4` are `openai/x` and `openai`; others stay as they are. */
export function bareSpecifier(specifier: string): string {
  const match =
    /^(?:npm:\/?|jsr:\/?|https?:\/\/(?:esm\.sh|cdn\.skypack\.dev|esm\.run|cdn\.jsdelivr\.net\/npm|unpkg\.com)\/)((?:@[^/@]+\/)?[^/@?]+)(?:@[^/?]*)?(\/[^?]*)?/.exec(
      specifier,
    );
  return match ? `${match[1]}${match[2] ?? ''}` : specifier;
}
