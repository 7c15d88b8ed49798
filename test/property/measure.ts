// Puts the analyzer's worst case beside what runs really do, and counts how the two compare.
import fc from 'fast-check';
import { analyzeFiles } from '../harness/analyze.ts';
import { type Adversary, type Outcome, worstOf } from './run.ts';

/** What was found of one program. */
export interface Verdict {
  /** The analyzer's answer: a number, an expression, `null` for no bound. */
  readonly said: number | string | null;
  /** The most calls that a run made. */
  readonly seen: number;
  /** Whether a run had to be cut off because it asked more often than the cut-off. */
  readonly past: boolean;
}

/** Calls after which a run counts as one without end. */
export const cutOff = 200;

/** The worst case of the entry `name`; 0 where the analyzer sees no entry. */
export async function saidOf(text: string, name: string | undefined): Promise<number | string | null> {
  const { entries } = await analyzeFiles({ 'agent.ts': text });
  const found = name === undefined ? entries[0] : entries.find(entry => entry.name === name);
  return found ? found.worstCase : 0;
}

/** Analyses a text and runs it. */
export async function measure(
  said: number | string | null,
  run: (adversary: Adversary, most: number) => Promise<Outcome>,
  options: { readonly seed: number; readonly tries: number },
): Promise<Verdict> {
  // A worst case beyond what is worth running is tried up to here.
  const most = typeof said === 'number' ? Math.min(said, 1_000) : cutOff;
  const { calls, past } = await worstOf(run, { ...options, most });
  return { said, seen: calls, past };
}

/** True if a run made more calls than the analyzer said is possible. */
export function isViolation({ said, seen }: Verdict): boolean {
  return typeof said === 'number' && seen > said;
}

/** Counts over many programs. */
export class Tally {
  readonly programs = { all: 0, finite: 0, expression: 0, endless: 0 };
  violations = 0;
  /** Of those without a bound: runs that went past the cut-off. */
  ranAway = 0;
  /** Of the finite ones: the worst case was reached exactly. */
  exact = 0;
  #share = 0;
  #costly = 0;

  add(verdict: Verdict): void {
    const { said, seen, past } = verdict;
    this.programs.all++;
    if (said === null) {
      this.programs.endless++;
      if (past) this.ranAway++;
    } else if (typeof said === 'string') this.programs.expression++;
    else {
      this.programs.finite++;
      if (isViolation(verdict)) this.violations++;
      if (seen === said) this.exact++;
      if (said > 0) {
        this.#costly++;
        this.#share += Math.min(1, seen / said);
      }
    }
  }

  toString(): string {
    const { all, finite, expression, endless } = this.programs;
    const percent = (part: number, whole: number): string =>
      whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
    return [
      `${all} programs: ${finite} with a number, ${expression} with an expression, ${endless} without a bound`,
      `violations: ${this.violations}`,
      `numbers reached exactly: ${this.exact} (${percent(this.exact, finite)}); calls seen / worst case: ${percent(this.#share, this.#costly)} on average`,
      `without a bound and past ${cutOff} calls: ${this.ranAway} (${percent(this.ranAway, endless)})`,
    ].join('\n  ');
  }
}

/** Programs in all, over every kind; `LOOPBOUND_PROGRAMS` sets it. */
const programs = Number(process.env.LOOPBOUND_PROGRAMS ?? 500);
/** Where the random choices begin; `LOOPBOUND_SEED` sets it. */
const seed = Number(process.env.LOOPBOUND_SEED ?? 20_261_121);

/** A program that can be read and run. */
export interface Sample {
  /** The text as the analyzer sees it. */
  readonly shown: string;
  /** Name of the entry; undefined for the only one. */
  readonly entry: string | undefined;
  run(adversary: Adversary, most: number): Promise<Outcome>;
}

/** Holds the property over random programs, prints the counts, and throws with the smallest program that breaks it. */
export async function holdsFor<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  share: number,
  sample: (value: T) => Sample,
): Promise<void> {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(arbitrary, async value => {
      const { shown, entry, run } = sample(value);
      const verdict = await measure(await saidOf(shown, entry), run, { seed, tries: 20 });
      if (tally.violations === 0) tally.add(verdict);
      if (isViolation(verdict))
        throw new Error(`said ${verdict.said}, but a run made ${verdict.seen} calls:\n${shown}`);
    }),
    { numRuns: Math.max(1, Math.round(programs * share)), seed },
  );
  console.log(`${name}: ${tally}`);
}
