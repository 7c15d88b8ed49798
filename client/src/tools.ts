// What language models may ask: the findings of the analysis and the trips of guarded runs. Read only, and small
// enough for a prompt. The same facts as in Problems and in the panel.

import {
  type Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  LanguageModelTextPart,
  LanguageModelToolResult,
  languages,
  lm,
  type Uri,
  workspace,
} from 'vscode';
import type { Analysis } from './analysis.ts';
import type { HubHost } from './hub.ts';

const MOST = 50;

/** Registers the tools; their descriptions and schemas are in package.json. */
export const registerTools = (analysis: Analysis, hub: HubHost): Disposable[] => [
  lm.registerTool<{ file?: string }>('loopbound_findings', {
    async invoke({ input }) {
      await analysis.start();
      return answer({ findings: findings(input.file).slice(0, MOST) });
    },
  }),
  lm.registerTool<{ limit?: number }>('loopbound_trips', {
    invoke({ input }) {
      const { trips, runs } = hub.model();
      const limit = Math.max(1, Math.min(MOST, input.limit ?? 10));
      return answer({
        runs: runs
          .slice(-limit)
          .map(({ name, app, status, calls, tokens, usd }) => ({ name, app, status, calls, tokens, usd })),
        trips: trips.slice(-limit).map(({ run, reason, guard, message, evidence, place }) => ({
          run,
          reason,
          guard,
          message,
          pattern: evidence.pattern,
          limit: evidence.limit,
          observed: evidence.observed,
          place: place && `${workspace.asRelativePath(place.file)}:${place.line}`,
        })),
      });
    },
  }),
];

const answer = (value: unknown): LanguageModelToolResult =>
  new LanguageModelToolResult([new LanguageModelTextPart(JSON.stringify(value))]);

const findings = (file: string | undefined) =>
  languages
    .getDiagnostics()
    .flatMap(([uri, diagnostics]) => diagnostics.map(diagnostic => ({ uri, diagnostic })))
    .filter(({ diagnostic }) => diagnostic.source === 'loopbound')
    .map(({ uri, diagnostic }) => describe(uri, diagnostic))
    .filter(finding => file === undefined || finding.file.endsWith(file));

const describe = (uri: Uri, diagnostic: Diagnostic) => ({
  file: workspace.asRelativePath(uri),
  line: diagnostic.range.start.line + 1,
  rule: String(typeof diagnostic.code === 'object' ? diagnostic.code.value : diagnostic.code),
  severity: DiagnosticSeverity[diagnostic.severity].toLowerCase(),
  message: diagnostic.message,
  path: (diagnostic.relatedInformation ?? []).map(
    hop => `${workspace.asRelativePath(hop.location.uri)}:${hop.location.range.start.line + 1} ${hop.message}`,
  ),
});
