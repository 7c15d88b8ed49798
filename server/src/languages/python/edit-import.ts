// Makes a name of another module available in a Python file, by an import that is there or a new one.
// It must not know what the name is for.
import type { ImportBinding, Module, Statement } from '../../program/model.ts';
import type { EditWriter } from '../language.ts';
import { boundNames } from '../names.ts';
import { beginsLine, type Change, freeName, indentAt, insertion, lineBreakOf, lineEnd } from '../text.ts';

export const addImport: EditWriter['addImport'] = (module, text, specifier, imported) => {
  const own = module.imports.filter(
    one => one.specifier === specifier && one.local !== '' && !one.typeOnly && topLevel(module, one),
  );
  const same = own.find(one => one.imported === imported);
  if (same) return { local: same.local, edits: [] };
  const whole = own.find(one => one.imported === '*');
  if (whole) return { local: `${whole.local}.${imported}`, edits: [] };
  const taken = boundNames(module);
  const wanted = imported === '*' ? specifier.replace(/^\.+/, '').split('.')[0]! : imported;
  const local = freeName(wanted, taken);
  const item = local === imported ? imported : `${imported} as ${local}`;
  const [beside] = imported === '*' ? [] : own;
  const changes = beside
    ? widened(module, text, own, item)
    : added(module, text, imported === '*' ? plainImport(specifier, local) : `from ${specifier} import ${item}`);
  return { local, edits: changes.map(change => ({ path: module.path, ...change })) };
};

function plainImport(specifier: string, local: string): string {
  return specifier === local ? `import ${specifier}` : `import ${specifier} as ${local}`;
}

function topLevel(module: Module, binding: ImportBinding): Statement | undefined {
  return module.body.find(
    one => one.kind === 'opaque' && one.span[0] <= binding.span[0] && one.span[1] >= binding.span[1],
  );
}

/** Behind the last name of an import of the same module. */
function widened(module: Module, text: string, own: readonly ImportBinding[], item: string): Change[] {
  const statement = topLevel(module, own[0]!)!;
  const last = own.findLast(one => one.span[1] <= statement.span[1])!;
  const isListed = beginsLine(text, last.span[0]);
  if (!isListed) return [insertion(last.span[1], `, ${item}`)];
  return [insertion(last.span[1], `,${lineBreakOf(text)}${indentAt(text, last.span[0])}${item}`)];
}

function added(module: Module, text: string, statement: string): Change[] {
  const lineBreak = lineBreakOf(text);
  const last = lastAtTop(module, text);
  if (last) {
    const end = lineEnd(text, last.span[1]);
    // `import a; f()`
    const isAlone = /^\s*(?:#.*)?$/.test(text.slice(last.span[1], end));
    if (!isAlone) return [insertion(last.span[1], `; ${statement}`)];
    const isDocstring = last.kind === 'expression';
    return [insertion(end, `${isDocstring ? lineBreak : ''}${lineBreak}${statement}`)];
  }
  const at = top(text);
  const isBlankBelow = /^\s*?(?:\r?\n|$)/.test(text.slice(at));
  return [insertion(at, `${statement}${lineBreak}${isBlankBelow ? '' : lineBreak}`)];
}

/** The last import before the first definition, or the docstring. */
function lastAtTop(module: Module, text: string): Statement | undefined {
  let last: Statement | undefined;
  for (const [index, one] of module.body.entries()) {
    if (one.kind === 'function' || one.kind === 'class' || one.kind === 'loop') break;
    const isDocstring = index === 0 && one.kind === 'expression' && one.expression.kind === 'literal';
    if (isDocstring || /^(import|from)\b/.test(text.slice(one.span[0], one.span[0] + 7))) last = one;
  }
  return last;
}

/** Behind a byte order mark, a shebang and an encoding line. */
function top(text: string): number {
  const head = /^\uFEFF?(?:#!.*\r?\n)?(?:#.*coding[:=].*\r?\n)?/.exec(text)!;
  return head[0].length;
}
