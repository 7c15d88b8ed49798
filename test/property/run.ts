// Runs generated programs against scripted models that answer as badly as they can, and counts the requests.

/** What a scripted model does with a request: agrees, refuses (and calls a tool, if it has one), ends with a wrong answer, or fails. */
export type Answer = 'yes' | 'no' | 'wrong' | 'fail';

/** What it does with each request, by its number from 0. */
export type Adversary = (call: number) => Answer;

/** What came of a run. */
export interface Outcome {
  readonly calls: number;
  /** Cut off: it asked more often than it was allowed, or went round without asking. */
  readonly cut: boolean;
  /** What the program threw, where it threw. */
  readonly error: unknown;
}

/**
 * Never settles: a run that was cut off stays where it is, and no `catch` in it can swallow that.
 * Each has its own, for one that all share would keep every run that waits for it.
 */
const never = (): Promise<never> => new Promise(() => undefined);

/** Counts requests and cuts a run off that makes more than `most` of them. */
export class Script {
  calls = 0;
  readonly cut: Promise<'cut'>;
  #cutOff: (value: 'cut') => void = () => undefined;
  #fuel: number;
  readonly #adversary: Adversary;
  readonly #most: number;

  constructor(adversary: Adversary, most: number) {
    this.#adversary = adversary;
    this.#most = most;
    this.#fuel = most * 10 + 1_000;
    this.cut = new Promise(resolve => {
      this.#cutOff = resolve;
    });
  }

  /** One request to the model. */
  async answer(): Promise<string> {
    if (this.calls > this.#most) return never();
    this.calls++;
    if (this.calls > this.#most) {
      this.#cutOff('cut');
      return never();
    }
    const answer = this.#adversary(this.calls - 1);
    if (answer === 'fail') throw new Error('the model is down');
    return answer;
  }

  /** One turn of anything. */
  async tick(): Promise<void> {
    if (this.#fuel-- > 0) return;
    this.#cutOff('cut');
    await never();
  }

  /** The outcome of a run that asks this script. */
  async outcome(run: Promise<unknown>): Promise<Outcome> {
    let error: unknown;
    const ended = run.then(
      () => 'ended' as const,
      (thrown: unknown) => {
        error = thrown;
        return 'ended' as const;
      },
    );
    const how = await Promise.race([ended, this.cut]);
    return { calls: this.calls, cut: how === 'cut', error };
  }
}

/** Adversaries that need no luck. */
const plain: readonly Adversary[] = [
  () => 'no',
  () => 'yes',
  () => 'wrong',
  () => 'fail',
  call => (call % 2 === 0 ? 'yes' : 'no'),
  call => (call % 2 === 0 ? 'no' : 'yes'),
  call => (call % 2 === 0 ? 'no' : 'fail'),
  call => (call % 2 === 0 ? 'fail' : 'yes'),
  call => (call % 2 === 0 ? 'no' : 'wrong'),
  call => (call % 3 === 2 ? 'yes' : 'no'),
  call => (call % 3 === 2 ? 'no' : 'yes'),
];

/** A small generator of random numbers, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const answers: readonly Answer[] = ['yes', 'no', 'wrong', 'fail'];

/**
 * The most requests that any adversary gets out of a program, and whether one went past `most`.
 * After the plain ones it climbs: a script of answers that made many calls is changed in one place and tried again.
 */
export async function worstOf(
  run: (adversary: Adversary, most: number) => Promise<Outcome>,
  options: { readonly most: number; readonly tries: number; readonly seed: number },
): Promise<{ readonly calls: number; readonly past: boolean }> {
  let best = { calls: 0, script: [] as Answer[] };
  const attempt = async (adversary: Adversary): Promise<boolean> => {
    const said: Answer[] = [];
    const outcome = await run(call => {
      const answer = adversary(call);
      said[call] = answer;
      return answer;
    }, options.most);
    if (isOwnFault(outcome.error)) throw outcome.error;
    if (outcome.calls >= best.calls) best = { calls: outcome.calls, script: said };
    return outcome.calls > options.most;
  };
  for (const adversary of plain) if (await attempt(adversary)) return { calls: best.calls, past: true };
  const random = randomFrom(options.seed);
  for (let i = 0; i < options.tries; i++) {
    const fresh = i % 3 === 0;
    const from = best.script;
    const change = Math.floor(random() * (from.length + 1));
    const weight = random();
    const rest = answers[Math.floor(random() * answers.length)]!;
    const adversary: Adversary = call => {
      if (!fresh && call < change) return from[call] ?? rest;
      if (!fresh && call > change && call < from.length && weight < 0.5) return from[call] ?? rest;
      const dice = random();
      if (dice < weight) return rest;
      return answers[Math.floor(random() * answers.length)]!;
    };
    if (await attempt(adversary)) return { calls: best.calls, past: true };
  }
  return { calls: best.calls, past: false };
}

/** A mistake of the generator's, not of the agent's. */
function isOwnFault(error: unknown): boolean {
  return error instanceof ReferenceError || error instanceof TypeError || error instanceof SyntaxError;
}

type Module = (OpenAI: unknown, tick: () => Promise<void>) => Promise<unknown>;

/** Makes a printed plain program ready to run; each run evaluates its module anew. */
export function loadPlain(text: string): (adversary: Adversary, most: number) => Promise<Outcome> {
  const code = text
    .replace("import OpenAI from 'openai';", '')
    .replaceAll('export async', 'async')
    .replaceAll('/*tick*/', 'await __tick();');
  const body = `return (async () => {${code}\nreturn await main();\n})();`;
  // The text is made by the generator beside this file, and nothing else.
  const module = new Function('OpenAI', '__tick', body) as Module;
  return (adversary, most) => {
    const script = new Script(adversary, most);
    class OpenAI {
      readonly chat = {
        completions: {
          create: async () => ({ choices: [{ message: { content: await script.answer() } }] }),
        },
      };
    }
    return script.outcome(module(OpenAI, () => script.tick()));
  };
}
