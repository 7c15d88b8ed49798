// Which paths of packages mean what, over all frameworks: looked up for every call, so it is put together once.
// It must not know a program: what it imports is handed in.
import type { CallExpression } from '../program/model.ts';
import type { CallPattern, EffectOf, External, Framework } from './framework.ts';

/** Callees that the project's config names. */
export interface ExtraCallees {
  readonly modelCallees: readonly string[];
  readonly toolCallees: readonly string[];
  readonly guards: readonly string[];
  /** Specifiers, as imported, of modules whose `start`, `listen` and `router` decorate the steps of a flow. */
  readonly flowModules: readonly string[];
}

/** A pattern with the framework that it belongs to. */
export interface Known {
  readonly framework: string;
  readonly pattern: CallPattern;
}

interface Extra {
  readonly effect: EffectOf['effect'];
  readonly test: (path: string, text: string) => boolean;
}

export class Vocabulary {
  readonly extra: readonly Extra[];
  readonly flowModules: readonly string[];
  /** What the external paths of the program's imports begin with. */
  readonly heads: ReadonlySet<string>;
  private readonly exact = new Map<string, Known[]>();
  private readonly prefixes: { prefix: string; known: Known }[] = [];
  /** Clients that a tool generates into the project, by the name of their folder. */
  private readonly generated = new Map<string, Known>();
  private readonly named: ReadonlySet<string>;
  private readonly families: readonly string[];
  private readonly endings = new Map<EffectOf['effect'], readonly (RegExp | 'any')[]>();
  private readonly names = new Map<string, ReadonlySet<EffectOf['effect']>>();

  /** `specifiers`: what the program imports. */
  constructor(frameworks: readonly Framework[], extra: ExtraCallees, specifiers: ReadonlySet<string>) {
    this.flowModules = extra.flowModules;
    this.named = new Set([
      ...frameworks.flatMap(f => [...f.packages.typescript, ...f.packages.python]),
      ...extra.flowModules,
    ]);
    this.families = [...this.named].filter(name => name.endsWith('*')).map(name => name.slice(0, -1));
    const heads = new Set<string>();
    for (const specifier of specifiers) {
      // A path is no package, unless the config says so.
      if (specifier.startsWith('.') && !this.named.has(specifier)) continue;
      const colon = specifier.indexOf(':', specifier.startsWith('node:') ? 5 : 0);
      // As TypeScript spells it, and as Python does.
      heads.add(colon < 0 ? specifier : specifier.slice(0, colon)).add(specifier.split('.')[0]!);
    }
    this.heads = heads;
    const families = new Map<string, boolean>();
    const isImported = (name: string): boolean => {
      if (name === 'global' || !name.endsWith('*')) return name === 'global' || heads.has(name);
      let known = families.get(name);
      if (known === undefined) {
        const start = name.slice(0, -1);
        known = [...heads].some(head => head.startsWith(start));
        families.set(name, known);
      }
      return known;
    };
    for (const framework of frameworks) {
      for (const pattern of framework.calls) {
        const known = { framework: framework.id, pattern };
        for (const name of pattern.packages) {
          if (name.startsWith('*/')) this.generated.set(name.slice(2), known);
          else if (name.endsWith('*')) this.prefixes.push({ prefix: name.slice(0, -1), known });
          else this.exact.set(name, [...(this.exact.get(name) ?? []), known]);
        }
        const isGenerated = (name: string): boolean =>
          name.startsWith('*/') && [...specifiers].some(specifier => specifier.split('/').includes(name.slice(2)));
        if (!pattern.packages.some(name => isImported(name) || isGenerated(name))) continue;
        const endings = this.endings.get(pattern.effect) ?? [];
        this.endings.set(pattern.effect, [...endings, endingOf(pattern.path)]);
      }
    }
    this.extra = [
      ...extra.modelCallees.map(text => ({ effect: 'model' as const, test: calleeTest(text) })),
      ...extra.toolCallees.map(text => ({ effect: 'tool' as const, test: calleeTest(text) })),
      ...extra.guards.map(text => ({ effect: 'wrapper' as const, test: calleeTest(text) })),
    ];
  }

  /** Specifiers that mean a package even where the workspace holds its source: a framework's own repository. */
  isPackage(specifier: string): boolean {
    return (
      this.named.has(specifier) ||
      (this.generated.size > 0 && specifier.split('/').some(part => this.generated.has(part))) ||
      (!specifier.startsWith('.') && this.families.some(family => specifier.startsWith(family)))
    );
  }

  /** The pattern that an external path matches, if any. */
  match(value: External): Known | undefined {
    const colon = value.path.indexOf(':', value.path.startsWith('node:') ? 5 : 0);
    const head = value.path.slice(0, colon);
    const rest = value.path.slice(colon);
    for (const known of this.exact.get(head) ?? []) if (known.pattern.path.test(rest)) return known;
    for (const { prefix, known } of this.prefixes)
      if (head.startsWith(prefix) && known.pattern.path.test(rest)) return known;
    for (const part of head.includes('/') ? head.split('/') : []) {
      const known = this.generated.get(part);
      if (known?.pattern.path.test(rest)) return known;
    }
    return undefined;
  }

  /** False if the name of what is called excludes that a pattern gives it such an effect: most calls need not be understood. */
  mayBe(effect: EffectOf['effect'], call: CallExpression): boolean {
    if (call.callee.kind !== 'member' || this.extra.length > 0) return true;
    const name = call.callee.property;
    let known = this.names.get(name);
    if (!known) {
      const hits = (endings: readonly (RegExp | 'any')[]) =>
        endings.some(ending => ending === 'any' || ending.test(name));
      known = new Set([...this.endings].filter(([, endings]) => hits(endings)).map(([one]) => one));
      this.names.set(name, known);
    }
    return known.has(effect);
  }

  /** Equal keys answer alike. */
  get key(): string {
    const endings = [...this.endings].map(([effect, list]) => [effect, list.map(String)]);
    return JSON.stringify(endings);
  }
}

/** `package#export`, `package:path` or a chain such as `*.askModel`, `askModel`. */
function calleeTest(text: string): (path: string, what: string) => boolean {
  const hash = text.replace('#', ':');
  if (hash.includes(':')) return path => path === hash || path.startsWith(`${hash}().`);
  if (text.startsWith('*.')) {
    const tail = text.slice(1);
    return (_path, what) => what.endsWith(tail);
  }
  return (_path, what) => what === text || what.endsWith(`.${text}`);
}

/** The last member of every path that a pattern matches, as a pattern of its own; `any` where that cannot be told. */
function endingOf(path: RegExp): RegExp | 'any' {
  // `\.(create|stream\w*)$`, `(\.|:)(chat|complete)$`, `\.run$`
  const found = /(?:\\\.|:|\(\\\.\|:\))(?:\((?:\w+\\\.\|?)+\)\?)?(?:\(((?:\w|\||\\w[*+]?)+)\)|(\w+))\$$/.exec(
    path.source,
  );
  const names = path.flags === '' ? (found?.[1] ?? found?.[2]) : undefined;
  return names === undefined ? 'any' : new RegExp(`^(?:${names})$`);
}
