// Which findings a guard met at run time. Remembered by fingerprint, so the mark survives edits elsewhere in the file.
import type { CheckedFinding } from '../engine/check.ts';
import type { SeenAtRuntimeParams } from '../protocol.ts';

export interface Seen {
  /** Marks the finding that a trip belongs to; false if there is none. */
  add(params: SeenAtRuntimeParams, path: string, findings: readonly CheckedFinding[]): boolean;
  /** Why a guard tripped at the finding; undefined if none did. */
  reason(finding: CheckedFinding): string | undefined;
}

/** Nothing seen yet. */
export function createSeen(): Seen {
  const reasons = new Map<string, string>();
  return {
    add(params, path, findings) {
      const line = params.line + 1;
      const candidates = findings.filter(found => params.rule === undefined || found.finding.rule === params.rule);
      const match =
        candidates.find(
          found => found.path === path && found.range.start.line <= line && line <= found.range.end.line,
        ) ?? candidates.find(found => found.related.some(hop => hop.path === path && hop.range.start.line === line));
      if (!match) return false;
      reasons.set(match.fingerprint, params.reason);
      return true;
    },
    reason: finding => reasons.get(finding.fingerprint),
  };
}
