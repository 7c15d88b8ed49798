// Text to raw syntax tree. Never throws: what the parser cannot take is blanked out or given up, and said in `problems`.
// It must not know the neutral model beyond its problems.
import { ts } from 'ts-morph';
import type { SyntaxProblem } from '../../program/model.ts';

export interface Parsed {
  readonly file: ts.SourceFile;
  readonly problems: SyntaxProblem[];
}

/** A binary file gives thousands of errors; nobody reads more than these. */
const mostProblems = 50;

/** Brackets nested deeper than this are blanked out when the parser, which recurses, has run out of stack. */
const deepestBrackets = 200;

/** `withParents` also sets every node's `parent`. */
export function parse(path: string, text: string, withParents = false): Parsed {
  try {
    return create(path, text, [], withParents);
  } catch (error) {
    const shallow = blankDeepBrackets(text);
    const problem: SyntaxProblem = { message: givenUp(error, shallow !== text), span: [0, 0] };
    if (shallow === text) return { file: emptyFile(path), problems: [problem] };
    try {
      return create(path, shallow, [problem], withParents);
    } catch (again) {
      return { file: emptyFile(path), problems: [{ message: givenUp(again, false), span: [0, 0] }] };
    }
  }
}

function create(path: string, text: string, problems: SyntaxProblem[], withParents: boolean): Parsed {
  const file = ts.createSourceFile(
    path,
    text,
    {
      languageVersion: ts.ScriptTarget.Latest,
      jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
      // Every file is a module to us: that is what makes `await` at the top level an await.
      setExternalModuleIndicator,
    },
    withParents,
    scriptKind(path),
  );
  // The public way to these needs a Program.
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly ts.DiagnosticWithLocation[] };
  for (const diagnostic of parseDiagnostics) {
    if (problems.length >= mostProblems) break;
    const start = Math.min(diagnostic.start, text.length);
    const end = Math.min(start + diagnostic.length, text.length);
    problems.push({ message: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'), span: [start, end] });
  }
  return { file, problems };
}

function setExternalModuleIndicator(file: ts.SourceFile): void {
  (file as unknown as { externalModuleIndicator: true }).externalModuleIndicator = true;
}

function emptyFile(path: string): ts.SourceFile {
  return create(path, '', [], false).file;
}

function scriptKind(path: string): ts.ScriptKind {
  const ending = path.slice(path.lastIndexOf('.')).toLowerCase();
  switch (ending) {
    case '.tsx':
      return ts.ScriptKind.TSX;
    case '.ts':
    case '.mts':
    case '.cts':
      return ts.ScriptKind.TS;
    default:
      return ts.ScriptKind.JSX;
  }
}

function givenUp(error: unknown, inPart: boolean): string {
  const reason =
    error instanceof RangeError ? 'nested too deeply' : error instanceof Error ? error.message : String(error);
  return inPart ? `Read in part: ${reason}.` : `Not read: ${reason}.`;
}

/** Spaces for everything inside the brackets that are nested too deeply; the text's length and lines stay. */
function blankDeepBrackets(text: string): string {
  const parts: string[] = [];
  let depth = 0;
  let kept = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '(' || char === '[' || char === '{') {
      depth++;
      if (depth === deepestBrackets) from = at + 1;
    } else if (char === ')' || char === ']' || char === '}') {
      if (depth === deepestBrackets) {
        parts.push(text.slice(kept, from), text.slice(from, at).replace(/[^\r\n]/g, ' '));
        kept = at;
      }
      if (depth > 0) depth--;
    }
  }
  if (depth >= deepestBrackets) {
    parts.push(text.slice(kept, from), text.slice(from).replace(/[^\r\n]/g, ' '));
    kept = text.length;
  }
  parts.push(text.slice(kept));
  return parts.join('');
}
