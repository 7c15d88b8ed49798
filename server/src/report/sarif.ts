// A check as SARIF 2.1.0: rules, levels, fingerprints, and the way round each loop as a code flow.
import type { Check } from '../engine/check.ts';
import type { RuleInfo } from '../engine/engine.ts';
import { rulePage } from '../engine/page.ts';
import type { Range } from '../engine/position.ts';
import { type RuleId, ruleIds, type Severity } from '../rules/finding.ts';

const levels: { readonly [severity in Severity]: string } = {
  error: 'error',
  warning: 'warning',
  info: 'note',
  hint: 'note',
};

/** The log as a value. */
export function toSarif(check: Check, version: string, rules: readonly RuleInfo[]): unknown {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Loopbound',
            version,
            informationUri: 'https://github.com/loopbound/loopbound',
            rules: ruleIds.map(id =>
              describeRule(
                id,
                rules.find(rule => rule.id === id),
              ),
            ),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: [
          ...check.findings.map(found => result(found, [])),
          ...check.suppressed.map(found => result(found, [{ kind: 'inSource' }])),
        ],
        invocations: [
          {
            executionSuccessful: true,
            toolConfigurationNotifications: check.problems.map(({ path, range, severity, message }) => ({
              level: levels[severity],
              message: { text: message },
              locations: [location(path, range)],
            })),
          },
        ],
      },
    ],
  };
}

function describeRule(id: RuleId, rule: RuleInfo | undefined): unknown {
  if (!rule) return { id, helpUri: rulePage(id) };
  return {
    id,
    shortDescription: { text: rule.what },
    fullDescription: { text: `${rule.what} ${rule.why}` },
    help: { text: rule.do },
    helpUri: rulePage(id),
    defaultConfiguration: { level: levels[rule.severity] },
  };
}

function result(found: Check['findings'][number], suppressions: readonly unknown[]): unknown {
  const { finding, severity, path, range, related, fingerprint } = found;
  return {
    ruleId: finding.rule,
    ruleIndex: ruleIds.indexOf(finding.rule),
    level: levels[severity],
    message: { text: finding.message },
    locations: [location(path, range)],
    partialFingerprints: { 'loopbound/v1': fingerprint },
    ...(related.length > 0
      ? {
          codeFlows: [
            {
              threadFlows: [
                {
                  locations: related.map(hop => ({
                    location: { ...location(hop.path, hop.range), message: { text: hop.message } },
                  })),
                },
              ],
            },
          ],
        }
      : {}),
    ...(suppressions.length > 0 ? { suppressions } : {}),
    properties: {
      controller: finding.controller,
      coverage: finding.coverage,
      callsPerTurn: finding.callsPerTurn,
      worstCase: finding.worstCase,
      framework: finding.framework,
    },
  };
}

function location(path: string, { start, end }: Range) {
  return {
    physicalLocation: {
      artifactLocation: { uri: path.split('/').map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' },
      region: { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column },
    },
  };
}
