// Python's functions, lambdas and classes. It must not know who calls them.
import type {
  ClassMember,
  ClassNode,
  Decorator,
  Expression,
  FunctionNode,
  Parameter,
  Span,
  Statement,
} from '../../program/model.ts';
import { argumentsOf, expression, opaque } from './expressions.ts';
import { named, token } from './kinds.ts';
import { patternOf } from './patterns.ts';
import {
  childOf,
  firstNamed,
  headTo,
  namedChildren,
  nextNamed,
  type Reader,
  spanOf,
  textOf,
  unknown,
} from './reader.ts';
import { bodyOf } from './statements.ts';

/** `outer` is the whole with its decorators; `decorators` are read already. */
export function functionNode(
  reader: Reader,
  node: number,
  decorators: readonly Decorator[],
  outer: Span,
): FunctionNode {
  const { tree } = reader;
  const span = outer;
  let name = '';
  let nameStart = tree.start[node]!;
  let parameters: readonly Parameter[] = [];
  let headEnd = nameStart;
  let returns: Expression | undefined;
  let block = -1;
  for (const child of namedChildren(reader, node)) {
    switch (tree.kind[child]) {
      case named.identifier:
        name = textOf(reader, child);
        nameStart = tree.start[child]!;
        headEnd = tree.end[child]!;
        break;
      case named.parameters:
        parameters = parametersOf(reader, child);
        headEnd = tree.end[child]!;
        break;
      case named.type:
        returns = expression(reader, child);
        break;
      case named.block:
        block = child;
        break;
      default:
    }
  }
  const yields = reader.yields;
  reader.yields = false;
  reader.functions++;
  const body = bodyOf(reader, node);
  reader.functions--;
  const isGenerator = reader.yields;
  reader.yields = yields;
  return {
    name,
    parameters,
    body,
    isAsync: childOf(reader, node, token.async) >= 0,
    isGenerator,
    isArrow: false,
    decorators,
    returns,
    head: headTo(reader, nameStart, headEnd),
    bodySpan: bodySpanOf(reader, block, body, span),
    bodiless: false,
    span,
  };
}

/** The block, with what broken code has left in front of it. */
function bodySpanOf(reader: Reader, block: number, body: readonly Statement[], whole: Span): Span {
  const end = block < 0 ? whole[1] : reader.tree.end[block]!;
  const start = block < 0 ? whole[1] : reader.tree.start[block]!;
  const first = body[0] ? body[0].span[0] : start;
  const last = body.length > 0 ? body[body.length - 1]!.span[1] : end;
  return [Math.min(start, first), Math.max(end, last)];
}

export function lambda(reader: Reader, node: number, name: string): FunctionNode {
  const span = spanOf(reader, node);
  const list = childOf(reader, node, named.lambda_parameters);
  const parameters = list < 0 ? [] : parametersOf(reader, list);
  let last = -1;
  for (const child of namedChildren(reader, node)) if (child !== list) last = child;
  const bodySpan: Span = last < 0 ? [span[1], span[1]] : spanOf(reader, last);
  const yields = reader.yields;
  reader.yields = false;
  reader.functions++;
  const value = last < 0 ? unknown(bodySpan) : expression(reader, last);
  reader.functions--;
  const isGenerator = reader.yields;
  reader.yields = yields;
  const colon = childOf(reader, node, token[':']);
  return {
    name,
    parameters,
    body: [{ kind: 'return', value, span: bodySpan }],
    isAsync: false,
    isGenerator,
    isArrow: true,
    decorators: [],
    returns: undefined,
    head: headTo(reader, span[0], colon < 0 ? span[0] : reader.tree.end[colon]!),
    bodySpan,
    bodiless: false,
    span,
  };
}

export function classNode(reader: Reader, node: number, decorators: readonly Decorator[], outer: Span): ClassNode {
  const { tree } = reader;
  const start = tree.start[node]!;
  let name = '';
  let headEnd = start;
  const bases: Expression[] = [];
  for (const child of namedChildren(reader, node)) {
    switch (tree.kind[child]) {
      case named.identifier:
        name = textOf(reader, child);
        headEnd = tree.end[child]!;
        break;
      case named.argument_list:
        headEnd = tree.end[child]!;
        for (const argument of argumentsOf(reader, child)) {
          // `metaclass=M`, `total=False`, `*bases` are no bases, but they may hold calls.
          if (argument.name === undefined && argument.spread === 'none') bases.push(argument.value);
          else bases.push({ kind: 'opaque', role: 'expression', children: [argument.value], span: argument.span });
        }
        break;
      default:
    }
  }
  const functions = reader.functions;
  reader.functions++;
  const body = bodyOf(reader, node);
  reader.functions = functions;
  return {
    name,
    bases,
    decorators,
    members: body.map(member),
    head: headTo(reader, start, headEnd),
    span: outer,
  };
}

export function decoratorsOf(reader: Reader, node: number): Decorator[] {
  const found: Decorator[] = [];
  for (const child of namedChildren(reader, node)) {
    if (reader.tree.kind[child] !== named.decorator) continue;
    const inner = firstNamed(reader, child);
    // The grammar lets a decorator run to the next line; its expression does not.
    const span: Span = inner < 0 ? spanOf(reader, child) : [reader.tree.start[child]!, reader.tree.end[inner]!];
    found.push({ expression: inner < 0 ? unknown(span) : expression(reader, inner), span });
  }
  return found;
}

function parametersOf(reader: Reader, node: number): readonly Parameter[] {
  const found: Parameter[] = [];
  for (const child of namedChildren(reader, node)) {
    const lowered = parameter(reader, child);
    if (lowered) found.push(lowered);
  }
  return found;
}

function parameter(reader: Reader, node: number): Parameter | undefined {
  const { tree } = reader;
  const end = tree.next[node]!;
  const first = firstNamed(reader, node);
  switch (tree.kind[node]) {
    case named.identifier:
    case named.tuple_pattern:
      return plain(reader, node, node, undefined, undefined);
    case named.default_parameter:
      return plain(reader, node, first, undefined, nextNamed(reader, first, end));
    case named.typed_parameter:
      return plain(reader, node, first, nextNamed(reader, first, end), undefined);
    case named.typed_default_parameter: {
      const type = nextNamed(reader, first, end);
      return plain(reader, node, first, type, type < 0 ? undefined : nextNamed(reader, type, end));
    }
    case named.list_splat_pattern:
    case named.dictionary_splat_pattern:
      return plain(reader, node, node, undefined, undefined);
    case named.other:
      // `*` and `/`.
      return undefined;
    default:
      return {
        target: opaque(reader, node),
        rest: 'none',
        isField: false,
        span: spanOf(reader, node),
      };
  }
}

function plain(
  reader: Reader,
  node: number,
  name: number,
  type: number | undefined,
  value: number | undefined,
): Parameter | undefined {
  if (name < 0) return undefined;
  const kind = reader.tree.kind[name];
  const isList = kind === named.list_splat_pattern;
  const isDictionary = kind === named.dictionary_splat_pattern;
  const inner = isList || isDictionary ? firstNamed(reader, name) : name;
  if (inner < 0) return undefined;
  const target = patternOf(reader, inner);
  const annotation = type === undefined || type < 0 ? undefined : expression(reader, type);
  return {
    target,
    defaultValue:
      value === undefined || value < 0
        ? undefined
        : expression(reader, value, target.kind === 'name' ? target.name : ''),
    rest: isList ? 'positional' : isDictionary ? 'keyword' : 'none',
    annotation,
    decorators: undefined,
    isField: false,
    span: spanOf(reader, node),
  };
}

function member(statement: Statement): ClassMember {
  const { span } = statement;
  if (statement.kind === 'function') {
    const { function: fn } = statement;
    return {
      kind: 'method',
      name: fn.name,
      computed: undefined,
      isStatic: fn.decorators.some(one => isNamed(one, 'staticmethod')),
      accessor: accessorOf(fn.decorators),
      function: fn,
      span,
    };
  }
  if (statement.kind === 'expression' && statement.expression.kind === 'assign') {
    const { target, operator, value, annotation } = statement.expression;
    if (target.kind === 'name' && operator === '=' && value.kind !== 'assign') {
      return {
        kind: 'field',
        name: target.name,
        computed: undefined,
        decorators: undefined,
        isStatic: false,
        annotation,
        value: isNothing(value) ? undefined : value,
        span,
      };
    }
  }
  return { kind: 'statement', statement, span };
}

/** `x: Foo` alone. */
function isNothing(value: Expression): boolean {
  return value.kind === 'name' && value.name === 'undefined' && value.span[0] === value.span[1];
}

function accessorOf(decorators: readonly Decorator[]): 'none' | 'get' | 'set' {
  for (const { expression: one } of decorators) {
    if (one.kind === 'name' && (one.name === 'property' || one.name === 'cached_property')) return 'get';
    if (one.kind !== 'member') continue;
    if (one.property === 'cached_property' || one.property === 'getter') return 'get';
    if (one.property === 'setter' || one.property === 'deleter') return 'set';
  }
  return 'none';
}

function isNamed(decorator: Decorator, name: string): boolean {
  return decorator.expression.kind === 'name' && decorator.expression.name === name;
}
