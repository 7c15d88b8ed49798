// Estimates tokens of what was not sent yet: honest for JSON, code and CJK, and calibrated on the provider's own counts.
// An estimate, never a tokenizer; costs microseconds. Knows nothing of budgets.

/** Characters looked at in one text; longer ones are sampled. */
const SAMPLE = 4_096;

/** Estimated tokens of a text. Counts words, digits, punctuation and wide characters each at their own rate. */
export const estimateText = (text: string): number => {
  const { length } = text;
  if (length <= SAMPLE) return Math.ceil(weigh(text, 0, length));
  // Four windows over the whole, so that a long prefix of one kind does not speak for the rest.
  const part = SAMPLE / 4;
  const stride = (length - part) / 3;
  let sum = 0;
  for (let index = 0; index < 4; index++) {
    const from = Math.floor(index * stride);
    sum += weigh(text, from, from + part);
  }
  return Math.ceil((sum / SAMPLE) * length);
};

const weigh = (text: string, from: number, to: number): number => {
  let tokens = 0;
  let word = 0;
  let digits = 0;
  let spaces = 0;
  for (let index = from; index < to; index++) {
    const code = text.charCodeAt(index);
    const letter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
    const digit = code >= 48 && code <= 57;
    if (!letter && word > 0) {
      tokens += wordTokens(word);
      word = 0;
    }
    if (!digit && digits > 0) {
      tokens += Math.ceil(digits / 3);
      digits = 0;
    }
    if (code !== 32 && code !== 10 && code !== 9 && spaces > 0) {
      // One space belongs to the word after it; a run of them is a token.
      if (spaces > 1) tokens += 0.6;
      spaces = 0;
    }
    if (letter) word++;
    else if (digit) digits++;
    else if (code <= 32) {
      spaces++;
      if (code === 10) tokens += 0.3;
    } else if (code < 128) tokens += 0.55;
    else if (code >= 0x2e80 && code <= 0xd7ff) tokens += 0.85;
    else if (code >= 0xd800 && code <= 0xdfff) tokens += 1.2;
    else tokens += 0.6;
  }
  if (word > 0) tokens += wordTokens(word);
  if (digits > 0) tokens += Math.ceil(digits / 3);
  return tokens;
};

const wordTokens = (length: number): number => (length <= 7 ? 1 : length <= 11 ? 1.4 : 1.4 + (length - 11) / 5);

/** Estimated tokens of any input: texts in it, its structure as JSON. Binary data counts by its length in base64. */
export const estimateTokens = (value: unknown): number => {
  if (typeof value === 'string') return estimateText(value);
  if (value === undefined || value === null) return 0;
  return Math.ceil(estimateValue(value, 0));
};

const estimateValue = (value: unknown, depth: number): number => {
  switch (typeof value) {
    case 'string':
      return estimateText(value) + 1;
    case 'number':
      return Math.ceil(String(value).length / 3);
    case 'boolean':
      return 1;
    case 'bigint':
      return 4;
    case 'object':
      break;
    default:
      return 0;
  }
  if (value === null) return 1;
  if (depth > 32) return 0;
  if (ArrayBuffer.isView(value)) return Math.ceil(value.byteLength / 2);
  let sum = 1;
  if (Array.isArray(value)) {
    for (const item of value) sum += estimateValue(item, depth + 1) + 0.5;
    return sum;
  }
  for (const key of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[key];
    if (field === undefined || typeof field === 'function') continue;
    sum += estimateText(key) + 1.5 + estimateValue(field, depth + 1);
  }
  return sum;
};

/** Corrects estimates by what the provider counted for the same inputs. */
export class Calibration {
  #ratio = 1;
  #seen = 0;

  /** The estimate, corrected. */
  correct(estimate: number): number {
    return Math.ceil(estimate * this.#ratio);
  }

  /** The provider counted `actual` tokens where `estimate` (uncorrected) was estimated. */
  learn(estimate: number, actual: number): void {
    if (estimate < 16 || actual < 16) return;
    // Bounded, so that one odd report (a cached or truncated input) cannot blind the guard.
    const ratio = Math.min(4, Math.max(0.5, actual / estimate));
    this.#seen++;
    const weight = Math.max(0.2, 1 / this.#seen);
    this.#ratio += (ratio - this.#ratio) * weight;
  }

  /** Actual over estimated, as learned. */
  get ratio(): number {
    return this.#ratio;
  }
}
