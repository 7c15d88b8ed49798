// Where a text's lines begin, as editors and the LSP count them: after \n, \r\n or a lone \r. It must not know a language.

/** Offset of each line's first character; the first is 0. */
export function lineStartsOf(text: string): number[] {
  const starts = [0];
  if (text.indexOf('\r') < 0) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    return starts;
  }
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1);
  }
  return starts;
}

/** The part of `[start, end)` that stands on one or two lines; where there are more, what stands on the first. */
export function headOf(text: string, start: number, end: number): [start: number, end: number] {
  const first = lineEnd(text, start, end);
  if (first === end) return [start, end];
  const second = lineEnd(text, first + (text.startsWith('\r\n', first) ? 2 : 1), end);
  if (second === end) return [start, end];
  let stop = first;
  while (stop > start && isBlank(text.charCodeAt(stop - 1))) stop--;
  return [start, stop];
}

/** Never looks beyond `limit`: a minified file is one line. */
function lineEnd(text: string, from: number, limit: number): number {
  for (let at = from; at < limit; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) return at;
  }
  return limit;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
