// A ledger that lives in this process: one budget per account.

import { Budget, isShort, type Reservation, type Spend } from '../budget.ts';
import type { Clock } from '../clock.ts';
import type { Account, Balance, Hold, Ledger } from './ledger.ts';

/** See the file header. Accounts of `keep` keys at most are kept, the latest used ones. */
export const localLedger = (clock: Clock, keep = 100_000): Ledger => {
  const budgets = new Map<string, Budget>();
  const budgetOf = ({ key, limit, windowMs }: Account): Budget => {
    const before = budgets.get(key);
    const same = before && (['usd', 'tokens', 'calls'] as const).every(unit => before.limit[unit] === limit[unit]);
    const budget = same ? before : budgetWith(limit, windowMs, clock);
    if (before && !same) {
      // Who changes plans takes along what was spent.
      const { usd, tokens, calls } = before.spent;
      budget.add({ usd, tokens }, calls);
    }
    budgets.delete(key);
    budgets.set(key, budget);
    if (budgets.size > keep) budgets.delete(budgets.keys().next().value!);
    return budget;
  };
  return {
    async reserve(account, estimate) {
      const budget = budgetOf(account);
      const held = budget.reserve(estimate);
      return isShort(held) ? held : holdOf(held, spend => forward(account.key, budget, spend));
    },
    async charge(account, spend) {
      const budget = budgetOf(account);
      budget.add(spend, 1);
      return balanceOf(budget);
    },
    async balance({ key }) {
      const budget = budgets.get(key);
      return budget ? balanceOf(budget) : { spent: { ...NOTHING }, reserved: { ...NOTHING } };
    },
  };

  /** A call that began before a change of plans counts after it. */
  function forward(key: string, own: Budget, spend: Spend): void {
    const current = budgets.get(key);
    if (current && current !== own) current.add(spend, 1);
  }
};

const budgetWith = (limit: Account['limit'], windowMs: number | undefined, clock: Clock): Budget =>
  new Budget(
    {
      ...(limit.usd === undefined ? {} : { maxUsd: limit.usd }),
      ...(limit.tokens === undefined ? {} : { maxTokens: limit.tokens }),
      ...(limit.calls === undefined ? {} : { maxCalls: limit.calls }),
      ...(windowMs === undefined ? {} : { windowMs }),
    },
    clock,
  );

const holdOf = (held: Reservation, told: (spend: Spend) => void): Hold => {
  let open = true;
  return {
    async settle(spend) {
      if (!open) return;
      open = false;
      held.settle(spend);
      told(spend);
    },
    async release() {
      open = false;
      held.release();
    },
  };
};

const NOTHING = { usd: 0, tokens: 0, calls: 0 };

const balanceOf = (budget: Budget): Balance => ({ spent: budget.spent, reserved: budget.reserved });
