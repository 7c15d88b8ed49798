// Python's expressions and type annotations, from the flat tree to the neutral model. What has no word stays opaque with its
// children. It must not know what an expression is used for.
import type {
  Argument,
  AssignExpression,
  BinaryOperator,
  CallExpression,
  ComprehensionExpression,
  Expression,
  ListExpression,
  ObjectEntry,
  OpaqueExpression,
  Span,
  Statement,
} from '../../program/model.ts';
import { lambda } from './functions.ts';
import { firstToken, type Kind, named, token } from './kinds.ts';
import { patternOf } from './patterns.ts';
import {
  childOf,
  deepest,
  firstNamed,
  isToken,
  namedChildren,
  nextNamed,
  type Reader,
  spanOf,
  textOf,
  unknown,
} from './reader.ts';
import { isStatement, statement } from './statements.ts';
import { concatenated, number, string } from './strings.ts';

/** `name` is what a lambda is bound to. A negative node is one that is missing. */
export function expression(reader: Reader, node: number, name = ''): Expression {
  if (node < 0) return unknown([0, 0]);
  if (reader.depth >= deepest) return flatten(reader, node);
  reader.depth++;
  const lower = lowerers[reader.tree.kind[node]!];
  const lowered = lower ? lower(reader, node, name) : opaque(reader, node);
  reader.depth--;
  return lowered;
}

/** Anything without a word of its own: its statements and expressions, however far below, are kept. */
export function opaque(reader: Reader, node: number): OpaqueExpression {
  const children: (Expression | Statement)[] = [];
  gather(reader, node, children);
  return { kind: 'opaque', role: 'expression', children, span: spanOf(reader, node) };
}

export function gather(reader: Reader, node: number, into: (Expression | Statement)[]): void {
  const { tree } = reader;
  for (let child = node + 1; child < tree.next[node]!; child = tree.next[child]!) {
    if (isToken(reader, child)) continue;
    const kind = tree.kind[child]!;
    if (reader.depth >= deepest) into.push(flatten(reader, child));
    else if (lowerers[kind]) into.push(expression(reader, child));
    else if (isStatement(kind)) statement(reader, child, into as Statement[]);
    else {
      reader.depth++;
      gather(reader, child, into);
      reader.depth--;
    }
  }
}

/** Nested too deeply: every call below is kept, with no more than its name. */
export function flatten(reader: Reader, node: number): OpaqueExpression {
  const { tree } = reader;
  const children: CallExpression[] = [];
  for (let at = node; at < tree.next[node]!; at++) {
    if (tree.kind[at] !== named.call) continue;
    const callee = at + 1;
    const isName = tree.kind[callee] === named.identifier;
    const span = spanOf(reader, callee);
    children.push({
      kind: 'call',
      callee: isName ? { kind: 'name', name: textOf(reader, callee), span } : unknown(span),
      arguments: [],
      isNew: false,
      optional: false,
      typeArguments: [],
      span: spanOf(reader, at),
    });
  }
  return { kind: 'opaque', role: 'expression', children, span: spanOf(reader, node) };
}

/** Several expressions without brackets (`return a, b`) are a tuple. */
export function tupleOf(reader: Reader, nodes: readonly number[], span: Span): Expression {
  if (nodes.length === 1) return expression(reader, nodes[0]!);
  return { kind: 'list', shape: 'tuple', items: nodes.map(node => expression(reader, node)), span };
}

/** The span from the first of these nodes to the last. */
export function across(reader: Reader, nodes: readonly number[]): Span {
  return [reader.tree.start[nodes[0]!]!, reader.tree.end[nodes[nodes.length - 1]!]!];
}

/** `a = b`, `a: T = b`, `a: T`, `a += b`; also as the right side of another. */
export function assignment(reader: Reader, node: number): AssignExpression {
  const span = spanOf(reader, node);
  const [left = -1, ...others] = namedChildren(reader, node);
  const target = left < 0 ? unknownPattern(span) : patternOf(reader, left);
  if (reader.tree.kind[node] === named.augmented_assignment) {
    const operator = operatorOf(reader, node, compound) ?? '=';
    const value = others.length > 0 ? expression(reader, others[0]!) : unknown([span[1], span[1]]);
    return { kind: 'assign', target, operator, value, result: 'new', annotation: undefined, span };
  }
  const bound = target.kind === 'name' ? target.name : target.kind === 'member' ? target.property : '';
  let annotation: Expression | undefined;
  if (others.length > 0 && reader.tree.kind[others[0]!] === named.type) {
    annotation = expression(reader, others.shift()!);
  }
  const nothing = annotation && childOf(reader, node, token['=']) < 0;
  const value: Expression = nothing
    ? { kind: 'name', name: 'undefined', span: [span[1], span[1]] }
    : others.length > 0
      ? expression(reader, others[0]!, bound)
      : unknown([span[1], span[1]]);
  return { kind: 'assign', target, operator: '=', value, result: 'new', annotation, span };
}

function unknownPattern(span: Span): OpaqueExpression {
  return { kind: 'opaque', role: 'expression', children: [], span: [span[0], span[0]] };
}

type Lowerer = (reader: Reader, node: number, name: string) => Expression;

const lowerers: (Lowerer | undefined)[] = [];

lowerers[named.identifier] = (reader, node) =>
  reader.tree.start[node] === reader.tree.end[node]
    ? unknown(spanOf(reader, node))
    : { kind: 'name', name: textOf(reader, node), span: spanOf(reader, node) };
lowerers[named.true] = (reader, node) => ({ kind: 'literal', value: true, span: spanOf(reader, node) });
lowerers[named.false] = (reader, node) => ({ kind: 'literal', value: false, span: spanOf(reader, node) });
lowerers[named.none] = (reader, node) => ({ kind: 'literal', value: null, span: spanOf(reader, node) });
lowerers[named.integer] = number;
lowerers[named.float] = number;
lowerers[named.ellipsis] = (reader, node) => unknown(spanOf(reader, node));
lowerers[named.string] = string;
lowerers[named.concatenated_string] = concatenated;

lowerers[named.parenthesized_expression] = inner;
lowerers[named.as_pattern_target] = inner;
lowerers[named.type] = inner;
lowerers[named.expression_list] = tuple;
lowerers[named.pattern_list] = tuple;
lowerers[named.tuple] = tuple;
lowerers[named.tuple_pattern] = tuple;
lowerers[named.list] = (reader, node) => list(reader, node, 'list');
lowerers[named.list_pattern] = (reader, node) => list(reader, node, 'list');
lowerers[named.set] = (reader, node) => list(reader, node, 'set');
lowerers[named.list_splat] = spread;
lowerers[named.list_splat_pattern] = spread;

lowerers[named.attribute] = (reader, node) => {
  const span = spanOf(reader, node);
  const object = firstNamed(reader, node);
  const property = object < 0 ? -1 : nextNamed(reader, object, reader.tree.next[node]!);
  if (property < 0) return opaque(reader, node);
  return {
    kind: 'member',
    object: expression(reader, object),
    property: textOf(reader, property),
    optional: false,
    nameSpan: spanOf(reader, property),
    span,
  };
};

lowerers[named.call] = (reader, node) => {
  const span = spanOf(reader, node);
  const callee = firstNamed(reader, node);
  const list = callee < 0 ? -1 : nextNamed(reader, callee, reader.tree.next[node]!);
  return {
    kind: 'call',
    callee: callee < 0 ? unknown([span[0], span[0]]) : expression(reader, callee),
    arguments: list < 0 ? [] : argumentsOf(reader, list),
    isNew: false,
    optional: false,
    typeArguments: none,
    span,
  };
};

lowerers[named.subscript] = (reader, node) => {
  const span = spanOf(reader, node);
  const [value = -1, ...subscripts] = namedChildren(reader, node);
  const object = value < 0 ? unknown([span[0], span[0]]) : expression(reader, value);
  if (subscripts.length === 0) return { kind: 'index', object, index: unknown([span[1], span[1]]), span };
  return { kind: 'index', object, index: tupleOf(reader, subscripts, across(reader, subscripts)), span };
};
/** `list[str]` in an annotation. */
lowerers[named.generic_type] = (reader, node) => {
  const span = spanOf(reader, node);
  const [name = -1, parameters = -1] = namedChildren(reader, node);
  if (name < 0 || parameters < 0) return opaque(reader, node);
  const types = namedChildren(reader, parameters);
  const object = expression(reader, name);
  if (types.length === 0) return { kind: 'index', object, index: unknown([span[1], span[1]]), span };
  return { kind: 'index', object, index: tupleOf(reader, types, across(reader, types)), span };
};
lowerers[named.union_type] = (reader, node) => {
  const [left = -1, right = -1] = namedChildren(reader, node);
  if (left < 0 || right < 0) return opaque(reader, node);
  const lowered = expression(reader, left);
  return { kind: 'binary', operator: '|', left: lowered, right: expression(reader, right), span: spanOf(reader, node) };
};
lowerers[named.member_type] = (reader, node) => {
  const [object = -1, property = -1] = namedChildren(reader, node);
  if (object < 0 || property < 0) return opaque(reader, node);
  return {
    kind: 'member',
    object: expression(reader, object),
    property: textOf(reader, property),
    optional: false,
    nameSpan: spanOf(reader, property),
    span: spanOf(reader, node),
  };
};

lowerers[named.dictionary] = (reader, node) => {
  const span = spanOf(reader, node);
  const entries: ObjectEntry[] = [];
  for (const child of namedChildren(reader, node)) entries.push(entry(reader, child));
  return { kind: 'object', entries, span };
};

lowerers[named.list_comprehension] = (reader, node) => comprehension(reader, node, 'list');
lowerers[named.set_comprehension] = (reader, node) => comprehension(reader, node, 'set');
lowerers[named.dictionary_comprehension] = (reader, node) => comprehension(reader, node, 'dict');
lowerers[named.generator_expression] = (reader, node) => comprehension(reader, node, 'generator');

lowerers[named.binary_operator] = (reader, node) => {
  const span = spanOf(reader, node);
  const [left = -1, right = -1] = namedChildren(reader, node);
  const operator = operatorOf(reader, node, binary);
  if (!operator || right < 0) return opaque(reader, node);
  const lowered = expression(reader, left);
  return { kind: 'binary', operator, left: lowered, right: expression(reader, right), span };
};
lowerers[named.boolean_operator] = (reader, node) => {
  const span = spanOf(reader, node);
  const [left = -1, right = -1] = namedChildren(reader, node);
  if (right < 0) return opaque(reader, node);
  const operator = childOf(reader, node, token.and) >= 0 ? 'and' : 'or';
  const lowered = expression(reader, left);
  return { kind: 'logical', operator, left: lowered, right: expression(reader, right), span };
};
lowerers[named.comparison_operator] = comparison;
lowerers[named.not_operator] = (reader, node) => {
  const operand = expression(reader, firstNamed(reader, node));
  return { kind: 'unary', operator: 'not', operand, span: spanOf(reader, node) };
};
lowerers[named.unary_operator] = (reader, node) => {
  const first = reader.tree.kind[node + 1];
  const operator = first === token['+'] ? '+' : first === token['~'] ? '~' : '-';
  return { kind: 'unary', operator, operand: expression(reader, firstNamed(reader, node)), span: spanOf(reader, node) };
};
lowerers[named.conditional_expression] = (reader, node, name) => {
  const span = spanOf(reader, node);
  const [first = -1, second = -1, third = -1] = namedChildren(reader, node);
  if (third < 0) return opaque(reader, node);
  const then = expression(reader, first, name);
  const test = expression(reader, second);
  return { kind: 'conditional', test, then, otherwise: expression(reader, third, name), span };
};
lowerers[named.named_expression] = (reader, node) => assignment(reader, node);
lowerers[named.assignment] = (reader, node) => assignment(reader, node);
lowerers[named.augmented_assignment] = (reader, node) => assignment(reader, node);
/** `open(x) as f`: f is assigned what the expression gives. */
lowerers[named.as_pattern] = (reader, node) => {
  const span = spanOf(reader, node);
  const [value = -1, target = -1] = namedChildren(reader, node);
  if (target < 0) return opaque(reader, node);
  const pattern = patternOf(reader, target);
  const lowered = expression(reader, value);
  return { kind: 'assign', target: pattern, operator: '=', value: lowered, result: 'new', annotation: undefined, span };
};
lowerers[named.lambda] = (reader, node, name) => ({
  kind: 'functionExpression',
  function: lambda(reader, node, name),
  span: spanOf(reader, node),
});
lowerers[named.await] = (reader, node) => {
  const value = firstNamed(reader, node);
  return { kind: 'await', value: expressionOr(reader, value, reader.tree.end[node]!), span: spanOf(reader, node) };
};
lowerers[named.yield] = (reader, node) => {
  reader.yields = true;
  const value = firstNamed(reader, node);
  return {
    kind: 'yield',
    value: value < 0 ? undefined : expression(reader, value),
    delegate: childOf(reader, node, token.from) >= 0,
    span: spanOf(reader, node),
  };
};
lowerers[named.slice] = opaque;
lowerers[named.keyword_argument] = (reader, node) => {
  const value = nextNamed(reader, firstNamed(reader, node), reader.tree.next[node]!);
  return {
    kind: 'opaque',
    role: 'expression',
    children: value < 0 ? [] : [expression(reader, value)],
    span: spanOf(reader, node),
  };
};

const none: never[] = [];

function expressionOr(reader: Reader, node: number, at: number): Expression {
  return node < 0 ? unknown([at, at]) : expression(reader, node);
}

function inner(reader: Reader, node: number, name: string): Expression {
  const child = firstNamed(reader, node);
  return child < 0 ? opaque(reader, node) : expression(reader, child, name);
}

function tuple(reader: Reader, node: number): ListExpression {
  return list(reader, node, 'tuple');
}

function list(reader: Reader, node: number, shape: ListExpression['shape']): ListExpression {
  const span = spanOf(reader, node);
  const items: Expression[] = [];
  for (const child of namedChildren(reader, node)) items.push(expression(reader, child));
  return { kind: 'list', shape, items, span };
}

function spread(reader: Reader, node: number): Expression {
  const value = expressionOr(reader, firstNamed(reader, node), reader.tree.end[node]!);
  return { kind: 'spread', value, span: spanOf(reader, node) };
}

/** The arguments of a call or of a class's head; also the lone generator of `f(x for x in y)`. */
export function argumentsOf(reader: Reader, node: number): readonly Argument[] {
  const { tree } = reader;
  if (tree.kind[node] === named.generator_expression) {
    return [{ value: expression(reader, node), name: undefined, spread: 'none', span: spanOf(reader, node) }];
  }
  const lowered: Argument[] = [];
  const end = tree.next[node]!;
  for (let child = firstNamed(reader, node); child >= 0; child = nextNamed(reader, child, end)) {
    const span = spanOf(reader, child);
    switch (tree.kind[child]) {
      case named.keyword_argument: {
        const name = firstNamed(reader, child);
        const value = nextNamed(reader, name, tree.next[child]!);
        const bound = textOf(reader, name);
        const what = value < 0 ? unknown([span[1], span[1]]) : expression(reader, value, bound);
        lowered.push({ value: what, name: bound, spread: 'none', span });
        break;
      }
      case named.list_splat:
      case named.list_splat_pattern:
        lowered.push({ value: inner(reader, child, ''), name: undefined, spread: 'positional', span });
        break;
      case named.dictionary_splat:
        lowered.push({ value: inner(reader, child, ''), name: undefined, spread: 'keyword', span });
        break;
      default:
        lowered.push({ value: expression(reader, child), name: undefined, spread: 'none', span });
    }
  }
  return lowered;
}

function entry(reader: Reader, node: number): ObjectEntry {
  const span = spanOf(reader, node);
  const [first = -1, second = -1] = namedChildren(reader, node);
  if (reader.tree.kind[node] !== named.pair || second < 0) {
    return {
      kind: 'spread',
      value: reader.tree.kind[node] === named.pair ? opaque(reader, node) : inner(reader, node, ''),
      span,
    };
  }
  const key = expression(reader, first);
  if (key.kind === 'literal' && typeof key.value === 'string') {
    return { kind: 'entry', key: key.value, computed: undefined, value: expression(reader, second, key.value), span };
  }
  return { kind: 'entry', key: '', computed: key, value: expression(reader, second), span };
}

function comprehension(reader: Reader, node: number, shape: ComprehensionExpression['shape']): Expression {
  const span = spanOf(reader, node);
  const { kind } = reader.tree;
  const elements: Expression[] = [];
  const clauses: {
    target: ReturnType<typeof patternOf>;
    iterable: Expression;
    conditions: Expression[];
    isAsync: boolean;
  }[] = [];
  for (const child of namedChildren(reader, node)) {
    if (kind[child] === named.for_in_clause) {
      const [left = -1, ...right] = namedChildren(reader, child);
      const end = reader.tree.end[child]!;
      clauses.push({
        target: left < 0 ? unknownPattern(spanOf(reader, child)) : patternOf(reader, left),
        iterable: right.length > 0 ? tupleOf(reader, right, across(reader, right)) : unknown([end, end]),
        conditions: [],
        isAsync: childOf(reader, child, token.async) >= 0,
      });
    } else if (kind[child] === named.if_clause) {
      clauses[clauses.length - 1]?.conditions.push(inner(reader, child, ''));
    } else if (kind[child] === named.pair) {
      for (const part of namedChildren(reader, child)) elements.push(expression(reader, part));
    } else {
      elements.push(expression(reader, child));
    }
  }
  return { kind: 'comprehension', shape, elements, clauses, span };
}

/** `a < b < c` is `a < b and b < c`; what stands in the middle is evaluated once, so a second time it holds no call. */
function comparison(reader: Reader, node: number): Expression {
  const { tree } = reader;
  const operands: number[] = [];
  const operators: (BinaryOperator | undefined)[] = [];
  for (let child = node + 1; child < tree.next[node]!; child = tree.next[child]!) {
    const kind = tree.kind[child]!;
    if (kind >= firstToken) operators.push(compare.get(kind));
    else if (kind !== named.ERROR) operands.push(child);
  }
  const isWhole = operands.length >= 2 && operators.length === operands.length - 1 && !operators.includes(undefined);
  if (!isWhole || reader.depth + operators.length > deepest) return opaque(reader, node);
  let whole: Expression | undefined;
  for (let index = 0; index < operators.length; index++) {
    const left = operands[index]!;
    const right = operands[index + 1]!;
    const again = index > 0 && hasCall(reader, left);
    const lowered = again ? unknown(spanOf(reader, left)) : expression(reader, left);
    const pair: Expression = {
      kind: 'binary',
      operator: operators[index]!,
      left: lowered,
      right: expression(reader, right),
      span: [tree.start[left]!, tree.end[right]!],
    };
    const span: Span = [tree.start[node]!, tree.end[right]!];
    whole = whole ? { kind: 'logical', operator: 'and', left: whole, right: pair, span } : pair;
  }
  return whole!;
}

function hasCall(reader: Reader, node: number): boolean {
  const { tree } = reader;
  for (let at = node; at < tree.next[node]!; at++) if (tree.kind[at] === named.call) return true;
  return false;
}

function operatorOf<T>(reader: Reader, node: number, table: ReadonlyMap<Kind, T>): T | undefined {
  const { tree } = reader;
  for (let child = node + 1; child < tree.next[node]!; child = tree.next[child]!) {
    const found = table.get(tree.kind[child]!);
    if (found !== undefined) return found;
  }
  return undefined;
}

const binary: ReadonlyMap<Kind, BinaryOperator> = new Map(
  (['+', '-', '*', '**', '/', '//', '%', '@', '|', '&', '^', '<<', '>>'] as const).map(sign => [token[sign], sign]),
);

const compound: ReadonlyMap<Kind, BinaryOperator> = new Map(
  (['+', '-', '*', '**', '/', '//', '%', '@', '|', '&', '^', '<<', '>>'] as const).map(sign => [
    token[`${sign}=`],
    sign,
  ]),
);

const compare: ReadonlyMap<Kind, BinaryOperator> = new Map<Kind, BinaryOperator>([
  [token['<'], '<'],
  [token['<='], '<='],
  [token['>'], '>'],
  [token['>='], '>='],
  [token['=='], '=='],
  [token['!='], '!='],
  [token['<>'], '!='],
  [token.in, 'in'],
  [token['not in'], 'notIn'],
  [token.is, '=='],
  [token['is not'], '!='],
]);
