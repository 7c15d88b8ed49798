// Diagnostics: pulled per document and per workspace with `unchanged` answers, pushed to clients that cannot pull.
import { createHash } from 'node:crypto';
import {
  type CancellationToken,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentDiagnosticReport,
  DocumentDiagnosticReportKind,
  LSPErrorCodes,
  ResponseError,
  type WorkspaceDocumentDiagnosticReport,
} from 'vscode-languageserver/node';
import type { Check, CheckedFinding } from '../engine/check.ts';
import { rulePage } from '../engine/page.ts';
import { Cancelled } from '../program/cancelled.ts';
import { type Context, canRefresh, checkHome, glanceAt } from './context.ts';
import { lspSeverity, toLspRange } from './convert.ts';
import type { Home } from './homes.ts';

/** What the server promises to the client. */
export const diagnosticProvider = {
  identifier: 'loopbound',
  // A loop may lead through several files.
  interFileDependencies: true,
  workspaceDiagnostics: true,
};

const source = 'loopbound';
/** Time without a change before a push, in milliseconds. */
const quietTime = 150;
/** Time without a change after which typing counts as over, in milliseconds. */
const settledTime = 1_000;

export interface Diagnostics {
  /** Something changed: clients that cannot pull get a push soon. */
  changed(): void;
  /** Something changed that the client does not know of: it is asked to pull again. */
  refresh(): void;
  /** The connection ends: nothing is sent any more. */
  stop(): void;
}

/** Installs the feature. */
export function serveDiagnostics(context: Context): Diagnostics {
  const { connection, homes, client, log } = context;
  const canPull = client.textDocument?.diagnostic !== undefined;
  const asksAgain = canRefresh(client);

  connection.languages.diagnostics.on(async ({ textDocument, previousResultId }, token) =>
    settle<DocumentDiagnosticReport>(
      context,
      'textDocument/diagnostic',
      { kind: DocumentDiagnosticReportKind.Full, items: [] },
      async () => {
        const home = homes.of(textDocument.uri);
        if (!home) return full([]);
        const [settings, early] = await Promise.all([
          context.settings.of(textDocument.uri),
          glance(home, textDocument.uri),
        ]);
        if (!settings.enable) return full([]);
        if (early) return early;
        const check = await checkHome(context, home, token);
        const report = full(diagnosticsOf(context, home, check, textDocument.uri));
        return report.resultId === previousResultId ? unchanged(report.resultId) : report;
      },
    ),
  );

  // A large folder takes a while the first time. What an open file shows need not wait for it: the file is looked at by
  // itself first, and pulled again if the folder has more to say of it.
  const glance = async (home: Home, uri: string) => {
    const early = await glanceAt(context, home, uri);
    if (!early) return undefined;
    const report = full(diagnosticsOf(context, home, early, uri));
    void checkHome(context, home).then(
      check => {
        if (full(diagnosticsOf(context, home, check, uri)).resultId !== report.resultId) askAgain();
      },
      (error: unknown) => log.error(`The first check failed: ${String(error)}`),
    );
    return report;
  };
  const askAgain = () => {
    connection.languages.diagnostics.refresh().catch((error: unknown) => log.warn(`refresh: ${String(error)}`));
  };

  connection.languages.diagnostics.onWorkspace(async ({ previousResultIds }, token) =>
    settle(context, 'workspace/diagnostic', { items: [] }, async () => {
      const previous = new Map(previousResultIds.map(({ uri, value }) => [uri, value]));
      const items: WorkspaceDocumentDiagnosticReport[] = [];
      const reports = await workspaceReports(context, token);
      for (const [uri, diagnostics] of reports) {
        const report = full(diagnostics);
        const known = previous.get(uri);
        const version = context.versionOf(uri);
        items.push(
          report.resultId === known ? { ...unchanged(report.resultId), uri, version } : { ...report, uri, version },
        );
      }
      for (const [uri, value] of previous) {
        if (reports.has(uri)) continue;
        const report = full([]);
        const version = context.versionOf(uri);
        items.push(report.resultId === value ? { ...unchanged(value), uri, version } : { ...report, uri, version });
      }
      return { items };
    }),
  );

  let timer: NodeJS.Timeout | undefined;
  const pushed = new Set<string>();
  const push = async () => {
    try {
      const reports = await workspaceReports(context);
      for (const [uri, diagnostics] of reports) {
        pushed.add(uri);
        await connection.sendDiagnostics({ uri, diagnostics, ...versionProperty(context, uri) });
      }
      for (const uri of pushed) {
        if (reports.has(uri)) continue;
        pushed.delete(uri);
        await connection.sendDiagnostics({ uri, diagnostics: [] });
      }
    } catch (error) {
      if (!(error instanceof Cancelled)) log.error(`Pushing diagnostics failed: ${String(error)}`);
    }
  };
  let stopped = false;
  // A client that cancels its pull while the answer is under way can be left with findings of an older text. So once an
  // edit has changed what there is to show, it is asked to pull again when the typing is over.
  let shown = new Map<string, string>();
  const verify = async () => {
    try {
      const now = new Map<string, string>();
      for (const [uri, diagnostics] of await workspaceReports(context)) now.set(uri, full(diagnostics).resultId);
      const same = now.size === shown.size && [...now].every(([uri, id]) => shown.get(uri) === id);
      shown = now;
      if (!same) askAgain();
    } catch (error) {
      if (!stopped && !(error instanceof Cancelled)) log.error(`Checking what is shown failed: ${String(error)}`);
    }
  };
  const changed = () => {
    if (stopped || (canPull && !asksAgain)) return;
    clearTimeout(timer);
    timer = setTimeout(() => void (canPull ? verify() : push()), canPull ? settledTime : quietTime);
    timer.unref();
  };
  return {
    changed,
    refresh() {
      changed();
      if (asksAgain) askAgain();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Diagnostics of all files that have some, and of all open ones, by URI. */
async function workspaceReports(context: Context, token?: CancellationToken): Promise<Map<string, Diagnostic[]>> {
  const reports = new Map<string, Diagnostic[]>();
  for (const home of context.homes.all()) {
    const check = await checkHome(context, home, token);
    const paths = new Set([...check.findings, ...check.problems].map(found => found.path));
    for (const path of paths) {
      const uri = home.uriOf(path);
      // A folder within a folder answers for its own files.
      if (context.homes.of(uri) !== home || !(await context.settings.of(uri)).enable) continue;
      reports.set(uri, diagnosticsOf(context, home, check, uri));
    }
  }
  return reports;
}

function diagnosticsOf(context: Context, home: Home, check: Check, uri: string): Diagnostic[] {
  const path = home.pathOf(uri);
  if (path === undefined) return [];
  const findings = check.findings.filter(found => found.path === path).map(found => diagnosticOf(context, home, found));
  const problems = check.problems
    .filter(problem => problem.path === path)
    .map(
      ({ range, severity, kind, message }): Diagnostic => ({
        range: toLspRange(range),
        severity: lspSeverity[severity],
        code: kind,
        source,
        message,
      }),
    );
  return [...findings, ...problems];
}

/** One finding as a diagnostic; `data.fingerprint` leads back to it. */
export function diagnosticOf(context: Context, home: Home, found: CheckedFinding): Diagnostic {
  const seen = context.seen.reason(found);
  const { finding } = found;
  return {
    range: toLspRange(found.range),
    // What happened is no hint any more.
    severity:
      seen === undefined
        ? lspSeverity[found.severity]
        : (Math.min(lspSeverity[found.severity], DiagnosticSeverity.Warning) as DiagnosticSeverity),
    code: finding.rule,
    codeDescription: { href: rulePage(finding.rule) },
    source,
    message: seen === undefined ? finding.message : `${finding.message} Seen at run time: the guard tripped (${seen}).`,
    relatedInformation: found.related.map(hop => ({
      location: { uri: home.uriOf(hop.path), range: toLspRange(hop.range) },
      message: hop.message,
    })),
    data: { fingerprint: found.fingerprint, seenAtRuntime: seen !== undefined },
  };
}

function full(items: Diagnostic[]): DocumentDiagnosticReport & { kind: 'full'; resultId: string } {
  const resultId = createHash('sha1').update(JSON.stringify(items)).digest('base64url');
  return { kind: DocumentDiagnosticReportKind.Full, resultId, items };
}

function unchanged(resultId: string): { kind: 'unchanged'; resultId: string } {
  return { kind: DocumentDiagnosticReportKind.Unchanged, resultId };
}

function versionProperty(context: Context, uri: string): { version?: number } {
  const version = context.versionOf(uri);
  return version === null ? {} : { version };
}

/** A cancelled pull is worth asking again: the client may have cancelled it for its own reasons. */
async function settle<T>(
  context: Context,
  request: string,
  empty: T,
  work: () => Promise<T>,
): Promise<T | ResponseError<{ retriggerRequest: boolean }>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Cancelled) {
      return new ResponseError(LSPErrorCodes.ServerCancelled, 'cancelled', { retriggerRequest: true });
    }
    context.log.error(`${request} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return empty;
  }
}
