// A worst case in words.

/** `at most 24 model calls`, `no bound`. */
export function worstCase(value: number | string | null): string {
  if (value === null) return 'no bound';
  return value === 1 ? 'at most 1 model call' : `at most ${value} model calls`;
}
