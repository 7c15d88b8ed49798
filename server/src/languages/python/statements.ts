// Python's statements, from the flat tree to the neutral model. It must not know modules: exports are read where the top level
// is walked.
import type {
  Expression,
  Handler,
  IfStatement,
  LoopStatement,
  Pattern,
  Span,
  Statement,
  SwitchStatement,
} from '../../program/model.ts';
import { across, expression, flatten, gather, tupleOf } from './expressions.ts';
import { classNode, decoratorsOf, functionNode } from './functions.ts';
import { type Kind, named, token } from './kinds.ts';
import { noteFromImport, noteImport } from './modules.ts';
import { caseTest, irrefutable, patternOf } from './patterns.ts';
import { childOf, deepest, firstNamed, headTo, namedChildren, type Reader, spanOf, textOf, unknown } from './reader.ts';

const none: never[] = [];

/** The statements of a block or module. */
export function statements(reader: Reader, node: number): Statement[] {
  const { tree } = reader;
  const lowered: Statement[] = [];
  for (let child = node + 1; child < tree.next[node]!; child = tree.next[child]!) {
    if (tree.kind[child]! < token.other) statement(reader, child, lowered);
  }
  return lowered;
}

/** Appends what the statement becomes: nothing (`pass`), one, or several (`del a, b`). */
export function statement(reader: Reader, node: number, into: Statement[]): void {
  const strays = reader.strays.length;
  if (reader.depth >= deepest) {
    const { children, span } = flatten(reader, node);
    into.push({ kind: 'opaque', role: 'statement', children, span });
  } else {
    reader.depth++;
    const lower = lowerers[reader.tree.kind[node]!];
    if (lower) lower(reader, node, into);
    else into.push(opaqueStatement(reader, node));
    reader.depth--;
  }
  // Errors that were stepped over while this statement was read are not lost.
  while (reader.strays.length > strays) {
    const stray = reader.strays.pop()!;
    if (reader.tree.next[stray]! > stray + 1) into.push(opaqueStatement(reader, stray));
  }
}

export function isStatement(kind: Kind): boolean {
  return lowerers[kind] !== undefined;
}

type Lowerer = (reader: Reader, node: number, into: Statement[]) => void;

const lowerers: (Lowerer | undefined)[] = [];

lowerers[named.expression_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const parts = namedChildren(reader, node);
  if (parts.length === 0) return;
  const isTuple = parts.length > 1 || childOf(reader, node, token[',']) >= 0;
  const lowered: Expression = isTuple
    ? { kind: 'list', shape: 'tuple', items: parts.map(part => expression(reader, part)), span }
    : expression(reader, parts[0]!);
  into.push({ kind: 'expression', expression: lowered, span });
};
lowerers[named.return_statement] = (reader, node, into) => {
  const value = firstNamed(reader, node);
  into.push({ kind: 'return', value: value < 0 ? undefined : expression(reader, value), span: spanOf(reader, node) });
};
lowerers[named.raise_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const [value, ...cause] = namedChildren(reader, node);
  const lowered = value === undefined ? undefined : expression(reader, value);
  // The cause of `raise a from b` is evaluated, too.
  for (const one of cause) {
    const at = spanOf(reader, one);
    into.push({ kind: 'expression', expression: expression(reader, one), span: at });
  }
  into.push({ kind: 'raise', value: lowered, span });
};
lowerers[named.assert_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const [condition, message] = namedChildren(reader, node);
  if (condition === undefined) return;
  const operand = expression(reader, condition);
  const value = message === undefined ? undefined : expression(reader, message);
  const at: Span = message === undefined ? [span[1], span[1]] : spanOf(reader, message);
  const then: Statement[] = [{ kind: 'raise', value, span: at }];
  into.push({
    kind: 'if',
    test: { kind: 'unary', operator: 'not', operand, span: operand.span },
    then,
    otherwise: none,
    head: headTo(reader, span[0], operand.span[1]),
    span,
  });
};
lowerers[named.delete_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const only = firstNamed(reader, node);
  if (only < 0) return;
  const isList = reader.tree.kind[only] === named.expression_list;
  for (const part of isList ? namedChildren(reader, only) : [only]) {
    const operand = expression(reader, part);
    const at: Span = isList ? operand.span : span;
    into.push({ kind: 'expression', expression: { kind: 'unary', operator: 'delete', operand, span: at }, span: at });
  }
};
lowerers[named.pass_statement] = () => undefined;
lowerers[named.break_statement] = (reader, node, into) => {
  into.push({ kind: 'break', label: undefined, span: spanOf(reader, node) });
};
lowerers[named.continue_statement] = (reader, node, into) => {
  into.push({ kind: 'continue', label: undefined, span: spanOf(reader, node) });
};
lowerers[named.global_statement] = (reader, node, into) => scope(reader, node, into, 'global');
lowerers[named.nonlocal_statement] = (reader, node, into) => scope(reader, node, into, 'nonlocal');
lowerers[named.print_statement] = (reader, node, into) => into.push(opaqueStatement(reader, node));
lowerers[named.exec_statement] = (reader, node, into) => into.push(opaqueStatement(reader, node));
lowerers[named.type_alias_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const [left, right] = namedChildren(reader, node);
  if (left === undefined || right === undefined) {
    into.push(opaqueStatement(reader, node));
    return;
  }
  const alias = patternOf(reader, left);
  // Of `type A[T] = …` the name.
  const target = alias.kind === 'index' && alias.object.kind === 'name' ? alias.object : alias;
  const value = expression(reader, right);
  into.push({
    kind: 'expression',
    expression: { kind: 'assign', target, operator: '=', value, result: 'new', annotation: undefined, span },
    span,
  });
};
lowerers[named.import_statement] = (reader, node, into) => {
  noteImport(reader, node);
  into.push(empty(reader, node));
};
lowerers[named.import_from_statement] = (reader, node, into) => {
  noteFromImport(reader, node);
  into.push(empty(reader, node));
};
lowerers[named.future_import_statement] = (reader, node, into) => {
  noteFromImport(reader, node);
  into.push(empty(reader, node));
};

lowerers[named.if_statement] = (reader, node, into) => {
  const parts = namedChildren(reader, node);
  const [condition = -1] = parts;
  const block = parts.findIndex(part => reader.tree.kind[part] === named.block);
  const rest = parts.slice(Math.max(block, 0) + 1);
  into.push(branch(reader, node, condition, rest, reader.tree.end[node]!));
};

lowerers[named.while_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const condition = firstNamed(reader, node);
  const head = colonHead(reader, node);
  const test = condition < 0 ? unknown([head[1], head[1]]) : expression(reader, condition);
  into.push(loop(reader, node, { form: 'while', test, isAsync: false, head, span }));
};
lowerers[named.for_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const [left = -1, right = -1] = namedChildren(reader, node);
  const head = colonHead(reader, node);
  const target: Pattern | undefined = left < 0 ? undefined : patternOf(reader, left);
  const iterable = right < 0 ? unknown([head[1], head[1]]) : expression(reader, right);
  const isAsync = childOf(reader, node, token.async) >= 0;
  into.push(loop(reader, node, { form: 'each', target, iterable, isAsync, head, span }));
};

lowerers[named.try_statement] = (reader, node, into) => {
  const { kind } = reader.tree;
  const span = spanOf(reader, node);
  let body: readonly Statement[] = none;
  let otherwise: readonly Statement[] = none;
  let finalizer: readonly Statement[] = none;
  const handlers: Handler[] = [];
  for (const child of namedChildren(reader, node)) {
    if (kind[child] === named.block) body = statements(reader, child);
    else if (kind[child] === named.except_clause) handlers.push(handler(reader, child));
    else if (kind[child] === named.else_clause) otherwise = bodyOf(reader, child);
    else if (kind[child] === named.finally_clause) finalizer = bodyOf(reader, child);
  }
  into.push({ kind: 'try', body, handlers, otherwise, finalizer, span });
};

lowerers[named.with_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const header: Expression[] = [];
  const clauseOfWith = childOf(reader, node, named.with_clause);
  if (clauseOfWith >= 0) {
    for (const item of namedChildren(reader, clauseOfWith)) {
      const value = firstNamed(reader, item);
      if (value < 0) continue;
      // `with (a as b, c as d):` can be read as a tuple.
      const isTuple = reader.tree.kind[value] === named.tuple && hasAs(reader, value);
      for (const one of isTuple ? namedChildren(reader, value) : [value]) header.push(expression(reader, one));
    }
  }
  into.push({ kind: 'block', label: undefined, header, body: bodyOf(reader, node), span });
};

lowerers[named.match_statement] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const block = childOf(reader, node, named.block);
  const subjects = namedChildren(reader, node).filter(child => child !== block);
  const head = colonHead(reader, node);
  const subject =
    subjects.length > 0 ? tupleOf(reader, subjects, across(reader, subjects)) : unknown([head[1], head[1]]);
  const cases: SwitchStatement['cases'][number][] = [];
  for (const child of block < 0 ? none : namedChildren(reader, block)) {
    if (reader.tree.kind[child] === named.case_clause) cases.push(caseOf(reader, child));
  }
  into.push({ kind: 'switch', subject, cases, head, span });
};

lowerers[named.function_definition] = (reader, node, into) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'function', function: functionNode(reader, node, none, span), span });
};
lowerers[named.class_definition] = (reader, node, into) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'class', class: classNode(reader, node, none, span), span });
};
lowerers[named.decorated_definition] = (reader, node, into) => {
  const span = spanOf(reader, node);
  const decorators = decoratorsOf(reader, node);
  const fn = childOf(reader, node, named.function_definition);
  const type = childOf(reader, node, named.class_definition);
  if (fn >= 0) into.push({ kind: 'function', function: functionNode(reader, fn, decorators, span), span });
  else if (type >= 0) into.push({ kind: 'class', class: classNode(reader, type, decorators, span), span });
  else into.push({ kind: 'opaque', role: 'statement', children: decorators.map(one => one.expression), span });
};
lowerers[named.ERROR] = (reader, node, into) => into.push(opaqueStatement(reader, node));

/** `if` and `elif`: what follows is nested in `otherwise`, so every one of them reaches to the end of the whole. */
function branch(reader: Reader, node: number, condition: number, rest: readonly number[], end: number): IfStatement {
  const { tree } = reader;
  const span: Span = [tree.start[node]!, end];
  const head = colonHead(reader, node);
  const test = condition < 0 ? unknown([head[1], head[1]]) : expression(reader, condition);
  const typeOnly = reader.typeOnly;
  reader.typeOnly ||= isTypeChecking(test);
  const then = bodyOf(reader, node);
  reader.typeOnly = typeOnly;
  return { kind: 'if', test, then, otherwise: alternatives(reader, rest, end), head, span };
}

function alternatives(reader: Reader, rest: readonly number[], end: number): readonly Statement[] {
  const [next, ...others] = rest;
  if (next === undefined) return none;
  if (reader.tree.kind[next] !== named.elif_clause) {
    return reader.tree.kind[next] === named.else_clause ? bodyOf(reader, next) : [opaqueStatement(reader, next)];
  }
  if (reader.depth >= deepest) {
    return rest.map(one => ({
      kind: 'opaque',
      role: 'statement',
      children: flatten(reader, one).children,
      span: spanOf(reader, one),
    }));
  }
  const parts = namedChildren(reader, next);
  const block = parts.find(part => reader.tree.kind[part] === named.block) ?? -1;
  const [condition = -1] = parts;
  reader.depth++;
  const lowered = branch(reader, next, condition === block ? -1 : condition, others, end);
  reader.depth--;
  return [lowered];
}

function isTypeChecking(test: Expression): boolean {
  return (
    (test.kind === 'name' && test.name === 'TYPE_CHECKING') ||
    (test.kind === 'member' && test.property === 'TYPE_CHECKING')
  );
}

function loop(
  reader: Reader,
  node: number,
  parts: Pick<LoopStatement, 'form' | 'isAsync' | 'head' | 'span'> & Partial<LoopStatement>,
): LoopStatement {
  const last = childOf(reader, node, named.else_clause);
  return {
    kind: 'loop',
    form: parts.form,
    label: undefined,
    init: none,
    test: parts.test,
    update: none,
    target: parts.target,
    iterable: parts.iterable,
    keys: undefined,
    isAsync: parts.isAsync,
    body: bodyOf(reader, node),
    otherwise: last < 0 ? none : bodyOf(reader, last),
    head: parts.head,
    span: parts.span,
  };
}

function handler(reader: Reader, node: number): Handler {
  const { tree } = reader;
  const types: Expression[] = [];
  let parameter: Pattern | undefined;
  let body: readonly Statement[] = none;
  for (const child of namedChildren(reader, node)) {
    if (tree.kind[child] === named.block) {
      body = statements(reader, child);
    } else if (tree.kind[child] === named.as_pattern) {
      const [value = -1, target = -1] = namedChildren(reader, child);
      if (value >= 0) addTypes(reader, value, types);
      if (target >= 0) parameter = patternOf(reader, target);
    } else {
      addTypes(reader, child, types);
    }
  }
  return { parameter, types, body, span: spanOf(reader, node), head: colonHead(reader, node) };
}

function addTypes(reader: Reader, node: number, into: Expression[]): void {
  const isTuple = reader.tree.kind[node] === named.tuple || reader.tree.kind[node] === named.expression_list;
  for (const one of isTuple ? namedChildren(reader, node) : [node]) into.push(expression(reader, one));
}

function caseOf(reader: Reader, node: number): SwitchStatement['cases'][number] {
  const { tree } = reader;
  const span = spanOf(reader, node);
  const patterns: number[] = [];
  let guard: Expression | undefined;
  for (const child of namedChildren(reader, node)) {
    if (tree.kind[child] === named.case_pattern) patterns.push(child);
    else if (tree.kind[child] === named.if_clause) guard = expression(reader, firstNamed(reader, child));
  }
  const always = patterns.length === 1 && !guard ? irrefutable(reader, patterns[0]!) : undefined;
  const body = bodyOf(reader, node);
  if (always) {
    const { binds } = always;
    if (!binds) return { tests: none, body, fallsThrough: false, span };
    return {
      tests: none,
      body: [{ kind: 'expression', expression: binds, span: binds.span }, ...body],
      fallsThrough: false,
      span,
    };
  }
  const tests: Expression[] =
    patterns.length > 1
      ? [
          {
            kind: 'list',
            shape: 'tuple',
            items: patterns.map(one => caseTest(reader, one)),
            span: across(reader, patterns),
          },
        ]
      : patterns.map(one => caseTest(reader, one));
  const [first] = tests;
  if (guard && first) {
    return {
      tests: [{ kind: 'logical', operator: 'and', left: first, right: guard, span: [first.span[0], guard.span[1]] }],
      body,
      fallsThrough: false,
      span,
    };
  }
  return { tests: first ? tests : guard ? [guard] : none, body, fallsThrough: false, span };
}

function scope(reader: Reader, node: number, into: Statement[], form: 'global' | 'nonlocal'): void {
  const names = namedChildren(reader, node).map(child => textOf(reader, child));
  into.push({ kind: 'scope', form, names, span: spanOf(reader, node) });
}

/** From the start to the colon. */
function colonHead(reader: Reader, node: number): Span {
  const colon = childOf(reader, node, token[':']);
  const first = firstNamed(reader, node);
  const end = colon >= 0 ? colon : first;
  const start = reader.tree.start[node]!;
  return headTo(reader, start, end < 0 ? start : reader.tree.end[end]!);
}

/** The statements of a compound statement's block; errors between its colon and the block belong there, too. */
export function bodyOf(reader: Reader, node: number): readonly Statement[] {
  const { tree, strays } = reader;
  let lowered: Statement[] | undefined;
  let isBody = false;
  for (let child = node + 1; child < tree.next[node]!; child = tree.next[child]!) {
    const kind = tree.kind[child]!;
    if (kind === token[':']) isBody = true;
    else if (kind === named.block) {
      const inner = statements(reader, child);
      lowered = lowered ? [...lowered, ...inner] : inner;
      isBody = false;
    } else if (kind === named.ERROR) {
      const known = strays.indexOf(child);
      if (isBody) {
        if (known >= 0) strays.splice(known, 1);
        lowered ??= [];
        if (tree.next[child]! > child + 1) lowered.push(opaqueStatement(reader, child));
      } else if (known < 0) {
        strays.push(child);
      }
    }
  }
  return lowered ?? none;
}

function hasAs(reader: Reader, node: number): boolean {
  return childOf(reader, node, named.as_pattern) >= 0;
}

function opaqueStatement(reader: Reader, node: number): Statement {
  const children: (Expression | Statement)[] = [];
  gather(reader, node, children);
  return { kind: 'opaque', role: 'statement', children, span: spanOf(reader, node) };
}

function empty(reader: Reader, node: number): Statement {
  return { kind: 'opaque', role: 'statement', children: none, span: spanOf(reader, node) };
}
