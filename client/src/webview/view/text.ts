// Words and numbers as people read them: translation, amounts, durations, file names.
// Pure but for the language, which is set once at the start.

let strings: Record<string, string> = {};
let locale = 'en';

/** Sets the translations (English sentence to translated one) and the locale of numbers. */
export const setLanguage = (translations: Record<string, string>, language: string): void => {
  strings = translations;
  try {
    [locale = 'en'] = Intl.getCanonicalLocales(language);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    locale = 'en';
  }
};

/** The sentence in the user's language, with `{0}`, `{1}` replaced. Same keys as `vscode.l10n.t`. */
export const t = (sentence: string, ...values: (string | number)[]): string =>
  (strings[sentence] ?? sentence).replace(/\{(\d+)\}/g, (hole, index) => String(values[Number(index)] ?? hole));

/** A count in full: 12,345. */
export const count = (value: number): string => new Intl.NumberFormat(locale).format(Math.round(value));

/** A count in few characters: 999, 12.3K, 1.2M. */
export const compact = (value: number): string =>
  value < 1000
    ? count(value)
    : new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value);

/** US dollars, with as many places as small amounts need. */
export const money = (usd: number): string => {
  const places = usd === 0 || usd >= 1 ? 2 : usd >= 0.01 ? 3 : 4;
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  }).format(usd);
};

/** Milliseconds as 340 ms, 4.2 s, 2 min 5 s, 3 h 10 min. */
export const duration = (ms: number): string => {
  if (ms < 1000) return t('{0} ms', Math.max(0, Math.round(ms)));
  const seconds = ms / 1000;
  if (seconds < 10) return t('{0} s', seconds.toFixed(1));
  if (seconds < 60) return t('{0} s', Math.round(seconds));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t('{0} min {1} s', minutes, Math.floor(seconds % 60));
  return t('{0} h {1} min', Math.floor(minutes / 60), minutes % 60);
};

/** Time of day with seconds. */
export const clock = (time: number): string =>
  new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit', second: '2-digit' }).format(time);

/** The last part of a path. */
export const fileName = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/** A digest short enough to compare by eye. */
export const shortDigest = (digest: string): string => digest.slice(0, 6);
