// What language models may ask of the analysis: findings, an explanation, a graph. Answers are plain data, small enough for
// a prompt. The MCP server and the editor's tools share them; it knows neither.
import type { CheckedFinding } from '../engine/check.ts';
import type { RuleInfo } from '../engine/engine.ts';
import { outlinesAt } from '../engine/outline.ts';
import type { Session } from '../engine/session.ts';
import { outlineToMermaid, outlineToText } from '../graph/print.ts';

/** What an answer is worked out from. */
export interface Asked {
  readonly session: Session;
  readonly rules: readonly RuleInfo[];
}

export interface Question {
  readonly name: 'check' | 'explain' | 'graph';
  readonly title: string;
  /** For the model. */
  readonly description: string;
  /** JSON schema of an object. */
  readonly inputSchema: {
    readonly type: 'object';
    readonly properties: { readonly [name: string]: { readonly type: string; readonly description: string } };
    readonly required?: readonly string[];
  };
  answer(asked: Asked, input: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** Findings and entries in one answer at most. */
const most = 50;

const file = { type: 'string', description: 'A file by its path, or by the end of it.' };
const line = { type: 'number', description: 'A line of the file, from 1.' };

export const questions: readonly Question[] = [
  {
    name: 'check',
    title: 'Check agent loops',
    description:
      'Lists loops of AI agent code in this workspace that have no effective bound, and the worst case of each agent entry in model calls. Use it before and after changing agent loops, retries, graphs or budgets.',
    inputSchema: { type: 'object', properties: { file } },
    async answer({ session }, input) {
      const check = await session.check();
      const wanted = text(input.file);
      const here = (path: string) => wanted === undefined || isFile(path, wanted);
      const findings = check.findings.filter(found => here(found.path));
      const entries = check.entries.filter(entry => here(entry.path));
      return {
        findings: findings.slice(0, most).map(brief),
        entries: entries.slice(0, most).map(({ entry, path, range }) => ({
          name: entry.name,
          place: `${path}:${range.start.line}`,
          worstCase: entry.worstCase ?? 'no bound',
          boundedBy: entry.boundedBy,
        })),
        ...(findings.length > most ? { more: findings.length - most } : {}),
      };
    },
  },
  {
    name: 'explain',
    title: 'Explain a finding or a rule',
    description:
      'Explains a rule of Loopbound, or the finding at a line: what is wrong, why it costs, the whole way round the loop, who decides another turn, the worst case, and the fixes that exist.',
    inputSchema: {
      type: 'object',
      properties: { rule: { type: 'string', description: 'A rule, such as unbounded-loop.' }, file, line },
    },
    async answer({ session, rules }, input) {
      const id = text(input.rule);
      const wanted = text(input.file);
      const about = (rule: string) => {
        const found = rules.find(one => one.id === rule);
        return found && { rule: found.id, what: found.what, why: found.why, do: found.do };
      };
      if (wanted === undefined) {
        const rule = id === undefined ? undefined : about(id);
        return rule ?? { error: `Name a rule (${rules.map(one => one.id).join(', ')}), or a file and a line.` };
      }
      const { findings } = await session.check();
      const at = number(input.line);
      const near = findings
        .filter(found => isFile(found.path, wanted) && (id === undefined || found.finding.rule === id))
        .filter(found => at === undefined || touchesLine(found, at));
      if (near.length === 0) return { error: `There is no finding at ${wanted}${at === undefined ? '' : `:${at}`}.` };
      return {
        findings: near.slice(0, 5).map(found => ({
          ...brief(found),
          ...about(found.finding.rule),
          controller: found.finding.controller,
          coverage: found.finding.coverage,
          callsPerTurn: found.finding.callsPerTurn,
          fixes: found.finding.fixes.map(({ title, safe }) => ({ title, safe })),
        })),
      };
    },
  },
  {
    name: 'graph',
    title: 'Draw the graph of an agent',
    description:
      'Gives the graph of an agent entry: steps, the ways between them, loops with their bound or its absence, model calls per turn and the worst case, as text and as Mermaid.',
    inputSchema: { type: 'object', properties: { file, line }, required: ['file'] },
    async answer({ session }, input) {
      const wanted = text(input.file) ?? '';
      const outlines = await session.outlines();
      const path = outlines.flatMap(outline => [outline, ...outline.steps]).find(({ at }) => isFile(at.path, wanted))
        ?.at.path;
      const found = path === undefined ? [] : outlinesAt(outlines, path, number(input.line) ?? 1);
      const shown = number(input.line) === undefined ? found.slice(0, 3) : found.slice(0, 1);
      if (shown.length === 0) return { error: `No agent entry in ${wanted}: nothing there leads to a model call.` };
      return {
        graphs: shown.map(outline => ({
          name: outline.name,
          text: outlineToText(outline, ({ at }) => `${at.path}:${at.range.start.line}`),
          mermaid: outlineToMermaid(outline),
        })),
        ...(found.length > shown.length ? { others: found.slice(shown.length).map(({ name }) => name) } : {}),
      };
    },
  },
];

function brief({ finding, severity, path, range, related }: CheckedFinding) {
  return {
    rule: finding.rule,
    severity,
    place: `${path}:${range.start.line}`,
    message: finding.message,
    worstCase: finding.worstCase ?? 'no bound',
    path: related.map(hop => `${hop.path}:${hop.range.start.line} ${hop.message}`),
  };
}

function touchesLine({ range, related, path }: CheckedFinding, at: number): boolean {
  if (range.start.line <= at && at <= range.end.line) return true;
  return related.some(hop => hop.path === path && hop.range.start.line === at);
}

function isFile(path: string, wanted: string): boolean {
  const end = wanted.replaceAll('\\', '/').replace(/^\.\//, '');
  return path === end || path.endsWith(`/${end}`) || end.endsWith(`/${path}`);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
