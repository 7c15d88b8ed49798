// A name for a finding that survives edits elsewhere in the file: no line numbers in it. Pure.
import { createHash } from 'node:crypto';
import type { Finding } from '../rules/finding.ts';

/** Names findings in order: rule, file, subject, framework, and which one of its kind it is. */
export function fingerprints(findings: readonly Finding[]): string[] {
  const seen = new Map<string, number>();
  return findings.map(finding => {
    const key = [finding.rule, finding.place.path, finding.subject, finding.framework].join('\0');
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    return createHash('sha256').update(`${key}\0${ordinal}`).digest('hex').slice(0, 16);
  });
}
