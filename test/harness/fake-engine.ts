// An engine whose analysis is a few lines: it reports each `while (true)` and depends on everything that a real one does
// (imported modules, versions), so that what the engine forgets to redo is seen. Parsing is the real one.

import { languages } from '../../server/src/compose.ts';
import type { Engine } from '../../server/src/engine/engine.ts';
import { Cancelled } from '../../server/src/program/cancelled.ts';
import type { Module, Span } from '../../server/src/program/model.ts';
import type { Program } from '../../server/src/program/program.ts';
import type { Analysis, AnalyzeOptions } from '../../server/src/rules/analyze.ts';
import type { EntryReport, Finding, Hop } from '../../server/src/rules/finding.ts';

/** Reports loops without a condition; `broken` makes it throw. */
export function fakeEngine(options: { broken?: () => boolean; onAnalyze?: (program: Program) => void } = {}): Engine {
  return {
    version: 'fake',
    build: 'fake',
    languages,
    signals: {
      typescript: ['openai', '@langchain/*'],
      python: ['openai', 'langgraph'],
      shapes: ['.chat.completions.create('],
    },
    rules: [{ id: 'unbounded-loop', what: 'A loop.', why: 'It costs.', do: 'Bound it.', severity: 'warning' }],
    outline: () => [],
    analyze(program, analyzeOptions) {
      options.onAnalyze?.(program);
      if (options.broken?.()) throw new Error('a rule fell over');
      return analyze(program, analyzeOptions);
    },
  };
}

function analyze(program: Program, options: AnalyzeOptions): Analysis {
  if (options.cancelled()) throw new Cancelled();
  const findings: Finding[] = [];
  const entries: EntryReport[] = [];
  for (const path of program.paths) {
    const module = program.module(path);
    if (!module) continue;
    const related: Hop[] = module.imports.flatMap(({ specifier, span }) => {
      const target = program.resolve(path, specifier);
      const version = target.kind === 'package' ? program.version(path, target.name) : undefined;
      const imported = target.kind === 'module' ? program.module(target.path) : undefined;
      const size = imported ? ` of ${imported.body.length} statements` : '';
      const hop = { path, span, message: `${specifier} is ${target.kind}${size}${version ? ` at ${version}` : ''}` };
      return imported ? [hop, { path: imported.path, span: [0, 0], message: 'there' }] : [hop];
    });
    for (const loop of loopsOf(module)) {
      if (!options.off.has('unbounded-loop')) findings.push(findingOf(path, loop, related));
    }
    for (const statement of module.body) {
      if (statement.kind !== 'function') continue;
      const { name, head } = statement.function;
      const loops = loopsOf(statement).length;
      const place = { path, span: head };
      entries.push({ place, name, framework: 'plain', worstCase: loops > 0 ? null : 1, boundedBy: [], loops });
    }
  }
  return { findings, entries };
}

interface FoundLoop {
  readonly head: Span;
  readonly test: Span;
}

function findingOf(path: string, { head, test }: FoundLoop, related: readonly Hop[]): Finding {
  return {
    rule: 'unbounded-loop',
    severity: 'warning',
    message: 'Nothing ends this loop.',
    place: { path, span: head },
    related,
    controller: 'model',
    coverage: 'missing',
    callsPerTurn: 1,
    worstCase: null,
    framework: 'plain',
    subject: 'while',
    fixes: [
      { title: 'Count the turns', safe: true, operations: [{ do: 'replace', path, at: test, text: 'turns-- > 0' }] },
      { title: 'Stop at once', safe: false, operations: [{ do: 'replace', path, at: test, text: 'false' }] },
    ],
  };
}

function loopsOf(root: unknown): FoundLoop[] {
  const found: FoundLoop[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const node = value as {
      kind?: string;
      form?: string;
      head?: Span;
      test?: { kind: string; value?: unknown; span: Span };
    };
    if (
      node.kind === 'loop' &&
      node.form === 'while' &&
      node.head &&
      node.test?.kind === 'literal' &&
      node.test.value === true
    ) {
      found.push({ head: node.head, test: node.test.span });
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit((root as Module).body ?? root);
  return found;
}
