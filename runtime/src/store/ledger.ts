// Accounts that several processes spend from: what a ledger promises, whatever keeps it. Types and one error.
// Unlike a budget it is asynchronous, so it stands before calls that are asynchronous themselves.

import type { Shortage, Spend } from '../budget.ts';
import type { Amounts } from '../protocol/event.ts';

/** What is spent from: everybody who names the same key shares it. */
export type Account = {
  key: string;
  /** At least one limit; a unit that is absent has none. */
  limit: Amounts;
  /** Rolling window in milliseconds; without it the account is cumulative. */
  windowMs?: number;
};

/** What an account has spent and holds. */
export type Balance = { spent: Required<Amounts>; reserved: Required<Amounts> };

/** A place held in an account. Settle or release it exactly once; later calls change nothing. Neither ever rejects. */
export type Hold = {
  /** The call cost this much. Resolves when that is written, or kept until it can be. */
  settle(spend: Spend): Promise<void>;
  /** The call did not happen: nothing is counted. */
  release(): Promise<void>;
};

/** Keeps accounts. Admission and reservation are one step, whoever asks at the same time. */
export type Ledger = {
  /** Holds a place for a call, or says what is short. Rejects with `LedgerUnavailableError`. */
  reserve(account: Account, estimate?: Partial<Spend>): Promise<Hold | Shortage>;
  /** Counts a call that was not reserved; the balance after it, undefined if it could not be written yet. */
  charge(account: Account, spend: Spend): Promise<Balance | undefined>;
  /** Rejects with `LedgerUnavailableError`. */
  balance(account: Account): Promise<Balance>;
};

/** The ledger cannot be reached, so nobody knows whether the call may be made: it is not. `cause` says why. */
export class LedgerUnavailableError extends Error {
  override name = 'LedgerUnavailableError';
  /** Key of the account that was asked for. */
  readonly account: string;

  constructor(account: string, cause: unknown) {
    super(
      `The ledger of ${account} cannot be reached, so the call is not made: ${cause instanceof Error ? cause.message : String(cause)}. Bring it back, or let calls pass meanwhile with whenUnavailable: 'open'.`,
      { cause },
    );
    this.account = account;
  }
}
