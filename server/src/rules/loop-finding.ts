// A finding about a loop of plain code: shared by the loop and the retry rule, which differ in what they are about.
import type { Loop } from '../graph/model.ts';
import { asNumber, report } from '../program/quantity.ts';
import type { Finding, RuleId, Severity } from './finding.ts';
import { calls, callsOf, fixesFor, type Subject } from './rule.ts';

const controllers: Readonly<Record<Loop['controller'], string>> = {
  model: 'the model decides whether it goes on',
  tool: 'a tool’s answer decides whether it goes on',
  exception: 'it goes on for as long as the call fails',
  external: 'something outside of this code decides whether it goes on',
  human: 'a person decides whether it goes on',
  deterministic: 'it goes on until the process ends',
};

/** Uncovered, weak or very high: what the loop is reported as, if it is. */
export function loopSeverity(loop: Loop, highCap: number): Severity | undefined {
  switch (loop.coverage) {
    case 'missing':
    case 'ineffective':
    case 'bypassed':
    case 'disabled':
      if (loop.sure) return 'warning';
      return loop.controller === 'deterministic' ? undefined : 'info';
    case 'verified':
      return loop.bounds.some(bound => bound.kind === 'counter' && (asNumber(bound.limit) ?? 0) >= highCap)
        ? 'info'
        : undefined;
    default:
      return undefined;
  }
}

export function loopFinding(rule: RuleId, loop: Loop, severity: Severity, advice: string, { worst }: Subject): Finding {
  const turn = worst.turn(loop);
  const what =
    loop.shape === 'recursion'
      ? `${loop.name} calls itself`
      : loop.shape === 'retry'
        ? `The retry in ${loop.name}`
        : `The loop in ${loop.name}`;
  const verb = loop.shape === 'recursion' ? 'without a bound' : 'has no bound';
  const perTurn = report(turn);
  const each = perTurn === 0 ? 'Each turn calls a tool or an agent again' : `Each turn costs ${calls(perTurn)}`;
  const covered = loop.coverage === 'verified';
  const message = covered
    ? `${what} may take ${report(loop.rounds)} turns (${loop.reason}). ${each}. Lower the cap to what an honest run needs.`
    : `${what} ${verb}: ${loop.reason}; ${loop.coverage === 'disabled' ? 'then nothing ends it but the model' : controllers[loop.controller]}. ${each}${perTurn === null ? '' : ', and nothing stops the next one'}. ${advice}`;
  return {
    rule,
    severity,
    message,
    place: loop.place,
    related: loop.witness,
    controller: loop.controller,
    coverage: covered ? 'weak' : loop.coverage,
    callsPerTurn: callsOf(turn),
    worstCase: covered ? report(worst.work({ do: 'repeat', loop: loop.id, body: loop.body })) : null,
    framework: loop.framework,
    subject: `${loop.name} ${loop.shape}`,
    fixes: fixesFor(rule, loop.fixes),
  };
}
