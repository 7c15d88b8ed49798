// How far loops went in recorded runs: told by the client, matched with the graphs, asked for by hovers, lenses and fixes.
import type { CheckedEntry, CheckedFinding } from '../engine/check.ts';
import type { LocatedOutline } from '../engine/outline.ts';
import type { RecordedRun, RecordedRunsParams } from '../protocol.ts';
import { callsOn, turnsOn } from '../recorded.ts';
import type { Fix } from '../rules/finding.ts';
import type { Home } from './homes.ts';

/** What the runs on record say of a loop. */
export interface Ran {
  /** Turns at most, in the unit of the loop's bound. */
  readonly most: number;
  readonly runs: number;
  /** The bound's number, if it is one. */
  readonly of: number | undefined;
  /** Twice what 95 of 100 honest runs needed; undefined if none ended by itself. */
  readonly proposed: number | undefined;
}

export interface Recorded {
  set(params: RecordedRunsParams): void;
  /** undefined: no run on record entered the loop. */
  ofFinding(home: Home, found: CheckedFinding): Promise<Ran | undefined>;
  /** Of the entry's loop that came nearest to its bound. */
  ofEntry(home: Home, entry: CheckedEntry): Promise<Ran | undefined>;
}

type OutlineLoop = LocatedOutline['loops'][number];

/** Nothing on record. */
export function createRecorded(): Recorded {
  let runs: readonly RecordedRun[] = [];
  let known: { readonly of: readonly LocatedOutline[]; readonly ran: ReadonlyMap<OutlineLoop, Ran> } | undefined;

  const ranOf = async (
    home: Home,
  ): Promise<{ outlines: readonly LocatedOutline[]; ran: ReadonlyMap<OutlineLoop, Ran> }> => {
    if (runs.length === 0) return { outlines: [], ran: new Map() };
    const outlines = await home.session.outlines();
    if (known?.of !== outlines) known = { of: outlines, ran: match(outlines, runs) };
    return { outlines, ran: known.ran };
  };
  return {
    set(params) {
      runs = params.runs;
      known = undefined;
    },
    async ofFinding(home, { path, range }) {
      const { ran } = await ranOf(home);
      for (const [{ at }, answer] of ran) {
        const { start } = at.range;
        if (at.path === path && start.line === range.start.line && start.column === range.start.column) return answer;
      }
      return undefined;
    },
    async ofEntry(home, { path, range, entry }) {
      const { outlines, ran } = await ranOf(home);
      const outline = outlines.find(
        ({ at, worstCase, name }) =>
          at.path === path &&
          at.range.start.line === range.start.line &&
          at.range.start.column === range.start.column &&
          worstCase === entry.worstCase &&
          (name === entry.name || entry.name.startsWith('(')),
      );
      const all = outline?.loops.flatMap(loop => ran.get(loop) ?? []) ?? [];
      const share = ({ most, of }: Ran) => (of === undefined ? 0 : most / of);
      return all.sort((a, b) => share(b) - share(a) || b.most - a.most)[0];
    },
  };
}

function match(outlines: readonly LocatedOutline[], runs: readonly RecordedRun[]): Map<OutlineLoop, Ran> {
  const answers = new Map<OutlineLoop, Ran>();
  for (const outline of outlines) {
    const all = new Map<string, number[]>();
    const honest = new Map<string, number[]>();
    for (const { ok, calls } of runs) {
      const counts = callsOn(outline, calls);
      for (const [loop, turns] of Object.entries(counts ? turnsOn(outline, counts) : {})) {
        for (const into of ok ? [all, honest] : [all]) into.set(loop, [...(into.get(loop) ?? []), turns]);
      }
    }
    for (const loop of outline.loops) {
      const turns = all.get(loop.id);
      if (!turns) continue;
      const good = honest.get(loop.id)?.sort((a, b) => a - b);
      answers.set(loop, {
        most: Math.max(...turns),
        runs: turns.length,
        of: typeof loop.turns === 'number' ? loop.turns : undefined,
        proposed: good ? 2 * (good[Math.ceil(good.length * 0.95) - 1] as number) : undefined,
      });
    }
  }
  return answers;
}

/** `ran 4 of 25 turns at most in 31 runs`. */
export function ranInWords({ most, of, runs }: Ran): string {
  const turns = of === undefined ? `${most} ${most === 1 ? 'turn' : 'turns'}` : `${most} of ${of} turns`;
  return `ran ${turns} at most in ${runs} recorded ${runs === 1 ? 'run' : 'runs'}`;
}

/**
 * The best fix with its number replaced by the proposed one. A fix says its number in its title; where the steps of the
 * fix do not have it too, there is nothing to replace.
 */
export function scaledFix(fixes: readonly Fix[], ran: Ran): Fix | undefined {
  const { proposed } = ran;
  if (proposed === undefined) return undefined;
  for (const fix of fixes) {
    const number = /(?<![\w.])\d+(?![\w.])/.exec(fix.title)?.[0];
    if (number === undefined) continue;
    const whole = new RegExp(`(?<![\\w.])${number}(?![\\w.])`, 'g');
    let replaced = false;
    const scale = (text: string) =>
      text.replace(whole, () => {
        replaced = true;
        return String(proposed);
      });
    const operations = fix.operations.map(operation => {
      switch (operation.do) {
        case 'setOption':
        case 'addArgument':
          return { ...operation, value: scale(operation.value) };
        case 'insertBefore':
        case 'insertInLoop':
          return { ...operation, lines: operation.lines.map(scale) };
        case 'replace':
          return { ...operation, text: scale(operation.text) };
        default:
          return operation;
      }
    });
    if (!replaced) continue;
    const title = `Set the bound from recorded runs (P95 x 2): ${fix.title.replace(whole, String(proposed))}`;
    return { title, safe: false, operations };
  }
  return undefined;
}
