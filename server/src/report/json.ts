// A check as JSON, version 1: the machine-readable output. Lines and columns from 1, paths relative with forward slashes.
import type { Check } from '../engine/check.ts';
import type { Range } from '../engine/position.ts';
import { ruleIds, type Severity } from '../rules/finding.ts';

/** The whole report as a value; its shape is a promise to other programs. */
export interface JsonReport {
  readonly version: 1;
  readonly findings: readonly JsonFinding[];
  readonly entries: readonly {
    readonly file: string;
    readonly range: Range;
    readonly name: string;
    readonly framework: string;
    readonly worstCase: number | string | null;
    readonly boundedBy: readonly string[];
  }[];
  readonly summary: {
    readonly files: number;
    readonly parsed: number;
    readonly milliseconds: number;
    readonly byRule: { readonly [rule: string]: number };
    readonly bySeverity: { readonly [severity in Severity]: number };
  };
}

export interface JsonFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string;
  readonly range: Range;
  readonly related: readonly { readonly file: string; readonly range: Range; readonly message: string }[];
  readonly controller: string;
  readonly coverage: string;
  readonly callsPerTurn: number | null;
  readonly worstCase: number | string | null;
  readonly framework: string;
  readonly fingerprint: string;
  readonly fixes: readonly { readonly title: string; readonly safe: boolean }[];
}

/** Builds the report. */
export function toJson(check: Check): JsonReport {
  const byRule: { [rule: string]: number } = {};
  const bySeverity = { error: 0, warning: 0, info: 0, hint: 0 };
  for (const rule of ruleIds) {
    const count = check.findings.filter(found => found.finding.rule === rule).length;
    if (count > 0) byRule[rule] = count;
  }
  for (const found of check.findings) bySeverity[found.severity]++;
  return {
    version: 1,
    findings: check.findings.map(({ finding, severity, path, range, related, fingerprint }) => ({
      rule: finding.rule,
      severity,
      message: finding.message,
      file: path,
      range,
      related: related.map(hop => ({ file: hop.path, range: hop.range, message: hop.message })),
      controller: finding.controller,
      coverage: finding.coverage,
      callsPerTurn: finding.callsPerTurn,
      worstCase: finding.worstCase,
      framework: finding.framework,
      fingerprint,
      fixes: finding.fixes.map(({ title, safe }) => ({ title, safe })),
    })),
    entries: check.entries.map(({ entry, path, range }) => ({
      file: path,
      range,
      name: entry.name,
      framework: entry.framework,
      worstCase: entry.worstCase,
      boundedBy: entry.boundedBy,
    })),
    summary: {
      files: check.stats.files,
      parsed: check.stats.parsed,
      milliseconds: Math.round(check.stats.milliseconds),
      byRule,
      bySeverity,
    },
  };
}
