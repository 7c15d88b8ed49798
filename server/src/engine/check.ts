// The result of a check: findings with their places as lines and columns, entries, and what there is to tell beside them.
// Plain data; what `report` prints and `lsp` sends.
import type { EntryReport, Finding, Severity } from '../rules/finding.ts';
import type { Problem } from './config.ts';
import type { Range } from './position.ts';

export interface RelatedPlace {
  readonly path: string;
  readonly range: Range;
  readonly message: string;
}

/** A finding as it is shown: its severity is the configured one. */
export interface CheckedFinding {
  readonly finding: Finding;
  readonly severity: Severity;
  readonly path: string;
  readonly range: Range;
  /** The witness path. */
  readonly related: readonly RelatedPlace[];
  readonly fingerprint: string;
}

export interface CheckedEntry {
  readonly entry: EntryReport;
  readonly path: string;
  readonly range: Range;
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface Check {
  /** Sorted by path, place, rule. */
  readonly findings: readonly CheckedFinding[];
  readonly entries: readonly CheckedEntry[];
  /** Broken configuration and useless suppression comments. */
  readonly problems: readonly Problem[];
  /** Findings that a comment silences. */
  readonly suppressed: readonly CheckedFinding[];
  readonly skipped: readonly SkippedFile[];
  /** Names that the user gave and that do not exist. */
  readonly missing: readonly string[];
  readonly stats: CheckStats;
}

export interface CheckStats {
  /** Source files of the workspace. */
  readonly files: number;
  /** Modules that the analysis read. */
  readonly parsed: number;
  readonly milliseconds: number;
}

/** The part of a check that concerns some files. */
export function restrictCheck(check: Check, has: (path: string) => boolean): Check {
  return {
    ...check,
    findings: check.findings.filter(found => has(found.path)),
    entries: check.entries.filter(found => has(found.path)),
    problems: check.problems.filter(found => has(found.path)),
    suppressed: check.suppressed.filter(found => has(found.path)),
  };
}
