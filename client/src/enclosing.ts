// Which finding a place in code belongs to: the nearest one whose construct holds the place. Works by indentation,
// so that it is the same for every language. Pure; lines count from 0.

/** A finding as far as it matters here: the lines at which its construct and the hops of its witness path begin. */
export type Heads = { heads: readonly number[] };

/** The finding with the innermost head around `line`; undefined if none holds it. */
export const enclosing = <F extends Heads>(
  lines: readonly string[],
  line: number,
  findings: readonly F[],
): F | undefined => {
  const around = new Set(headsAround(lines, line));
  let best: F | undefined;
  let bestHead = -1;
  for (const finding of findings) {
    for (const head of finding.heads) {
      if (around.has(head) && head > bestHead) {
        best = finding;
        bestHead = head;
      }
    }
  }
  return best;
};

/** The line itself and each line above that opens a block in which it lies. */
const headsAround = (lines: readonly string[], line: number): number[] => {
  const heads = [line];
  let indent = indentOf(lines[line]);
  if (indent === undefined) return heads;
  for (let above = line - 1; above >= 0 && indent > 0; above--) {
    const own = indentOf(lines[above]);
    if (own === undefined || own >= indent) continue;
    heads.push(above);
    indent = own;
  }
  return heads;
};

// Blank lines and lone closing brackets open nothing.
const indentOf = (text: string | undefined): number | undefined => {
  if (text === undefined || /^[\s)}\];,]*$/.test(text)) return undefined;
  let indent = 0;
  for (const character of text) {
    if (character === ' ') indent++;
    else if (character === '\t') indent += 4;
    else break;
  }
  return indent;
};
