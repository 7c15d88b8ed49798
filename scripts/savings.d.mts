export type Saving = {
  mode: string;
  stoppedAt: number;
  unit: string;
  reason: string | undefined;
  without: { calls: number; usd: number };
  with: { calls: number; usd: number };
  /** Part of the cost, 0 to 1. */
  saved: number;
};
export function savings(): Promise<Saving[]>;
