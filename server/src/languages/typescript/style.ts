// How a TypeScript or JavaScript file is written: quotes, semicolons, ESM or CommonJS. It must not know what is edited.
import type { Module } from '../../program/model.ts';

/** The quote that the file's imports, else its strings, use more often. */
export function quoteOf(module: Module, text: string): '"' | "'" {
  let double = 0;
  let single = 0;
  for (const one of module.imports) {
    const after = text.slice(one.span[0]).indexOf(`"${one.specifier}"`);
    const other = text.slice(one.span[0]).indexOf(`'${one.specifier}'`);
    if (after >= 0 && (other < 0 || after < other)) double++;
    else if (other >= 0) single++;
  }
  if (double === 0 && single === 0) {
    double = text.split('"').length;
    single = text.split("'").length;
  }
  return double > single ? '"' : "'";
}

/** Whether statements end with a semicolon; a file without any statement to judge by does. */
export function endsStatements(text: string): boolean {
  const endings = text.match(/[\w)\]'"`;][ \t]*(?:\/\/[^\n\r]*)?$/gm) ?? [];
  const withIt = endings.filter(ending => ending.startsWith(';')).length;
  return withIt * 3 >= endings.length;
}

/** Whether a new import must be a `require`. */
export function isCommonJs(module: Module, text: string): boolean {
  if (/\.cjs$/i.test(module.path)) return true;
  if (!/\.jsx?$/i.test(module.path)) return false;
  const hasEsm = module.body.some(one => /^(import|export)\b(?!\s*\()/.test(text.slice(one.span[0], one.span[0] + 12)));
  return !hasEsm && /\brequire\(|\bmodule\.exports\b|\bexports\./.test(text);
}
