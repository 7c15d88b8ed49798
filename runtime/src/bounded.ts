// State that cannot grow for ever: lists, message histories and texts with a limit. Pure; nothing here knows of guards.

import { estimateText } from './tokens.ts';

const whole = (name: string, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a whole number, not ${value}`);
  return value;
};

/** The last `count` items, as a new list. */
export const keepLast = <T>(list: readonly T[], count: number): T[] =>
  whole('count', count) === 0 ? [] : list.slice(-count);

const isSystem = (message: unknown): boolean => {
  if (typeof message !== 'object' || message === null) return false;
  const { role, type, _getType, getType } = message as Record<string, unknown>;
  if (role === 'system' || role === 'developer' || type === 'system') return true;
  const kind = typeof getType === 'function' ? getType : _getType;
  return typeof kind === 'function' && kind.call(message) === 'system';
};

/** Whether a message answers a tool call: its question must be kept with it. */
const isToolAnswer = (message: unknown): boolean => {
  if (typeof message !== 'object' || message === null) return false;
  const { role, type, tool_call_id, content } = message as Record<string, unknown>;
  return (
    role === 'tool' ||
    type === 'tool' ||
    type === 'function_call_output' ||
    tool_call_id !== undefined ||
    (Array.isArray(content) && content.some(part => part?.type === 'tool_result' || part?.type === 'tool-result'))
  );
};

/**
 * The first message (all leading system messages, else the first one) and the last ones, `count` in all. Tool answers
 * whose question would be cut off go with it, so the history stays valid and may be shorter than `count`.
 */
export const keepFirstAndLast = <T>(messages: readonly T[], count: number): T[] => {
  whole('count', count);
  if (messages.length <= count) return messages.slice();
  let head = 0;
  while (head < messages.length && isSystem(messages[head])) head++;
  if (head === 0) head = 1;
  head = Math.min(head, count);
  let from = messages.length - (count - head);
  while (from < messages.length && isToolAnswer(messages[from])) from++;
  return [...messages.slice(0, head), ...messages.slice(from)];
};

/** The text, cut at its end to about `limit` tokens. Never cuts a surrogate pair in two. */
export const truncateTokens = (
  text: string,
  limit: number,
  tokens: (text: string) => number = estimateText,
): string => {
  whole('limit', limit);
  if (tokens(text) <= limit) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tokens(text.slice(0, middle)) <= limit) low = middle;
    else high = middle - 1;
  }
  const last = text.charCodeAt(low - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? low - 1 : low);
};

/** An array that keeps its newest `capacity` items: whatever is added at its end pushes the oldest out. */
export class BoundedArray<T> extends Array<T> {
  readonly #capacity: number;
  #dropped = 0;

  constructor(capacity: number, items: Iterable<T> = []) {
    super();
    this.#capacity = whole('capacity', capacity);
    for (const item of items) this.push(item);
  }

  /** Items that fit. */
  get capacity(): number {
    return this.#capacity;
  }

  /** What `map`, `filter` and their like give is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** Items that were pushed out. */
  get dropped(): number {
    return this.#dropped;
  }

  override push(...items: T[]): number {
    super.push(...items);
    return this.#trim();
  }

  /** Adds at the front; the newest at the end stay, so a full array keeps as it is. */
  override unshift(...items: T[]): number {
    super.unshift(...items);
    return this.#trim();
  }

  override splice(start: number, deleteCount?: number, ...items: T[]): T[] {
    const removed = deleteCount === undefined ? super.splice(start) : super.splice(start, deleteCount, ...items);
    this.#trim();
    return [...removed];
  }

  #trim(): number {
    const over = this.length - this.#capacity;
    if (over > 0) {
      super.splice(0, over);
      this.#dropped += over;
    }
    return this.length;
  }
}
