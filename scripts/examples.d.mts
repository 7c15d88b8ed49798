// The types of examples.mjs, for the tests.

export type Example = { name: string; extension: 'ts' | 'py'; missing: string | undefined };
export type TwinRun = {
  calls: number;
  usd: number;
  cutOff: boolean;
  ended: string;
  status: number | null;
  failure: boolean;
  stdout: string;
  stderr: string;
};
export const CUT_OFF_CALLS: number;
export const PRICE: { input: number; output: number };
export function examples(): Example[];
export function runTwin(example: Example, twin: 'guarded' | 'unguarded', scratch: string, cutOff?: number): TwinRun;
