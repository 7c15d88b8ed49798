// What a project says in loopbound.config.json or package.json#loopbound, checked value by value with the place of each
// error. A broken config is reported on its file and the defaults apply. It reads texts, never the disk.
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { lineStartsOf } from '../languages/lines.ts';
import { type RuleId, ruleIds, type Severity } from '../rules/finding.ts';
import { type Range, rangeOf } from './position.ts';

export type RuleLevel = 'off' | Severity;

export interface Config {
  readonly rules: ReadonlyMap<RuleId, RuleLevel>;
  /** Only files that match are analysed; empty for all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** `package#export`, or a method chain such as `*.askModel`. */
  readonly modelCallees: readonly string[];
  readonly toolCallees: readonly string[];
  /** Wrappers that bound what they wrap. */
  readonly guards: readonly string[];
  /** Specifiers, as imported, of modules whose `start`, `listen` and `router` make flows. */
  readonly flowModules: readonly string[];
  /** The highest cap, in turns, that the team takes without a note. */
  readonly acceptedCap: number;
  /** Bytes; larger files are skipped. */
  readonly maxFileSize: number;
}

/** Something to tell about a file that is no finding of a rule. */
export interface Problem {
  readonly path: string;
  readonly range: Range;
  readonly severity: Severity;
  /** `config`, `suppression`. */
  readonly kind: string;
  readonly message: string;
}

/** The user's configuration cannot be used. Shown with the place and the way out. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export const defaultConfig: Config = {
  rules: new Map(),
  include: [],
  exclude: [],
  modelCallees: [],
  toolCallees: [],
  guards: [],
  flowModules: [],
  acceptedCap: 499,
  maxFileSize: 5 * 1024 * 1024,
};

/** Names of the files that may hold a config, in the order in which they are looked for. */
export const configNames = ['loopbound.config.json', 'loopbound.config.jsonc', 'package.json'] as const;

const levels: readonly string[] = ['off', 'hint', 'info', 'warning', 'error'] satisfies RuleLevel[];

/**
 * Reads a config. For package.json it is the value of `loopbound`; undefined if that is absent.
 * With problems, the config is the default one.
 */
export function parseConfig(path: string, text: string): { config: Config; problems: readonly Problem[] } | undefined {
  const isManifest = path.endsWith('package.json');
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const root = isManifest ? tree && findNodeAtLocation(tree, ['loopbound']) : tree;
  // A broken package.json without our key is npm's to report.
  if (isManifest && !root) return undefined;
  const lineStarts = lineStartsOf(text);
  const problems: Problem[] = [];
  const complain = (at: { offset: number; length: number }, message: string) =>
    problems.push({
      path,
      range: rangeOf(lineStarts, [at.offset, at.offset + at.length]),
      severity: 'error',
      kind: 'config',
      message: `${message} The defaults apply until this is mended.`,
    });
  const first = errors[0];
  if (text.trim() === '') complain({ offset: 0, length: 0 }, 'The config is empty; write {} for the defaults.');
  else if (first || !root)
    complain(
      first ?? { offset: 0, length: 0 },
      `This is no valid JSON: ${first ? printParseErrorCode(first.error) : 'nothing in it'}.`,
    );
  else {
    const config = readRoot(root, complain);
    if (problems.length === 0) return { config, problems };
  }
  return { config: defaultConfig, problems };
}

type Complain = (at: { offset: number; length: number }, message: string) => void;

function readRoot(root: Node, complain: Complain): Config {
  if (root.type !== 'object') {
    complain(root, `The config must be an object, not ${describe(root)}.`);
    return defaultConfig;
  }
  const config: { -readonly [Key in keyof Config]: Config[Key] } = { ...defaultConfig };
  for (const { key, value, keyNode } of properties(root)) {
    switch (key) {
      case '$schema':
        break;
      case 'rules':
        config.rules = readRules(value, complain);
        break;
      case 'include':
      case 'exclude':
      case 'modelCallees':
      case 'toolCallees':
      case 'guards':
      case 'flowModules':
        config[key] = readTexts(key, value, complain);
        break;
      case 'acceptedCap':
        if (Number.isInteger(value.value) && (value.value as number) >= 0) config.acceptedCap = value.value as number;
        else complain(value, `"acceptedCap" must be a whole number of turns, not ${describe(value)}.`);
        break;
      case 'maxFileSize':
        if (typeof value.value === 'number' && value.value > 0) config.maxFileSize = value.value;
        else complain(value, `"maxFileSize" must be a number of bytes above 0, not ${describe(value)}.`);
        break;
      default:
        complain(
          keyNode,
          unknown('option', key, [
            'rules',
            'include',
            'exclude',
            'modelCallees',
            'toolCallees',
            'guards',
            'flowModules',
            'acceptedCap',
            'maxFileSize',
          ]),
        );
    }
  }
  return config;
}

function readRules(node: Node, complain: Complain): ReadonlyMap<RuleId, RuleLevel> {
  const rules = new Map<RuleId, RuleLevel>();
  if (node.type !== 'object') {
    complain(node, `"rules" must be an object from rule to severity, not ${describe(node)}.`);
    return rules;
  }
  for (const { key, value, keyNode } of properties(node)) {
    if (!isRuleId(key)) complain(keyNode, unknown('rule', key, ruleIds));
    else if (!levels.includes(value.value as string)) {
      complain(value, `The severity of "${key}" must be one of ${levels.join(', ')}, not ${describe(value)}.`);
    } else rules.set(key, value.value as RuleLevel);
  }
  return rules;
}

function readTexts(key: string, node: Node, complain: Complain): readonly string[] {
  if (node.type !== 'array') {
    complain(node, `"${key}" must be a list of texts, not ${describe(node)}.`);
    return [];
  }
  const texts: string[] = [];
  for (const item of node.children ?? []) {
    if (typeof item.value === 'string' && item.value !== '') texts.push(item.value);
    else complain(item, `Each item of "${key}" must be a text, not ${describe(item)}.`);
  }
  return texts;
}

function properties(node: Node): { key: string; keyNode: Node; value: Node }[] {
  const found = [];
  for (const property of node.children ?? []) {
    const [keyNode, value] = property.children ?? [];
    if (keyNode && value) found.push({ key: String(keyNode.value), keyNode, value });
  }
  return found;
}

function describe(node: Node): string {
  if (node.type === 'object') return 'an object';
  if (node.type === 'array') return 'a list';
  return JSON.stringify(node.value);
}

/** Whether a text names a rule. */
export function isRuleId(text: string): text is RuleId {
  return (ruleIds as readonly string[]).includes(text);
}

/** "There is no rule …; did you mean …?" */
export function unknown(what: string, name: string, known: readonly string[]): string {
  const ranked = known
    .map(candidate => ({ candidate, far: distance(candidate.toLowerCase(), name.toLowerCase()) }))
    .sort((one, other) => one.far - other.far);
  const near = ranked[0] && ranked[0].far <= 3 ? ranked[0].candidate : undefined;
  return `There is no ${what} "${name}"; ${near ? `did you mean "${near}"?` : `there are ${known.join(', ')}.`}`;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, swap));
    }
    row = next;
  }
  return row[b.length] as number;
}

const ranks: readonly Severity[] = ['hint', 'info', 'warning', 'error'];

/**
 * Severity of a finding under a config: the configured one for what the rule usually reports; what it reports
 * more quietly (weak evidence, a large cap) stays quiet.
 */
export function severityOf(config: Config, rule: RuleId, own: Severity, usual: Severity): RuleLevel {
  const level = config.rules.get(rule);
  if (level === undefined || level === 'off') return level ?? own;
  const rank = ranks.indexOf(own);
  if (rank >= ranks.indexOf(usual)) return level;
  return ranks[Math.min(rank, ranks.indexOf(level))] as Severity;
}
