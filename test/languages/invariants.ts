// What holds for every module that a language front reads, whatever the text: spans are in bounds and nested, every node is
// reachable once. Returns what is broken instead of asserting, so that a property test can print it.
import type { AnyNode, FunctionNode, Module, Span } from '../../server/src/program/model.ts';
import { eachChild, eachChildOfClass, eachChildOfFunction } from '../../server/src/program/walk.ts';

export interface Census {
  readonly broken: string[];
  readonly calls: number;
  readonly nodes: number;
  readonly depth: number;
}

/** Walks the whole module and counts; `broken` is empty when all invariants hold. */
export function census(module: Module, text: string): Census {
  const broken: string[] = [];
  const seen = new Set<object>();
  let calls = 0;
  let nodes = 0;
  let deepest = 0;
  let depth = 0;

  const fail = (what: string, span: Span | undefined): void => {
    if (broken.length < 5)
      broken.push(`${what} at ${span?.join('-')}: ${span ? text.slice(span[0], span[0] + 60) : ''}`);
  };
  const inside = (what: string, span: Span, outer: Span): void => {
    if (!(span[0] >= 0 && span[0] <= span[1] && span[1] <= text.length)) fail(`${what} out of bounds`, span);
    if (span[0] < outer[0] || span[1] > outer[1]) fail(`${what} [${span}] outside its parent [${outer}]`, span);
  };
  const once = (node: object, span: Span): void => {
    if (seen.has(node)) fail('reached twice', span);
    seen.add(node);
    nodes++;
  };

  const visit = (node: AnyNode, outer: Span): void => {
    inside(node.kind, node.span, outer);
    once(node, node.span);
    depth++;
    deepest = Math.max(deepest, depth);
    if (node.kind === 'call') {
      calls++;
      for (const argument of node.arguments) inside('argument', argument.span, node.span);
    }
    if (node.kind === 'member') inside('nameSpan', node.nameSpan, node.span);
    if (node.kind === 'object') for (const entry of node.entries) inside('entry', entry.span, node.span);
    if ('head' in node) inside('head', node.head, node.span);
    if (node.kind === 'switch') for (const one of node.cases) inside('case', one.span, node.span);
    if (node.kind === 'try') {
      for (const handler of node.handlers) {
        inside('handler', handler.span, node.span);
        inside('handler head', handler.head, handler.span);
      }
    }
    if (node.kind === 'class' || node.kind === 'classExpression') {
      inside('class', node.class.span, node.span);
      inside('class head', node.class.head, node.class.span);
      for (const member of node.class.members) inside('member', member.span, node.class.span);
      const children: AnyNode[] = [];
      eachChildOfClass(
        node.class,
        node,
        child => void children.push(child),
        (fn, _parent, member) => visitFunction(fn, member!.span),
      );
      for (const child of children) visit(child, node.class.span);
    } else {
      eachChild(
        node,
        child => visit(child, node.span),
        fn => visitFunction(fn, node.span),
      );
    }
    depth--;
  };
  const visitFunction = (fn: FunctionNode, outer: Span): void => {
    inside('function', fn.span, outer);
    once(fn, fn.span);
    inside('function head', fn.head, fn.span);
    inside('function body', fn.bodySpan, fn.span);
    for (const decorator of fn.decorators) inside('decorator', decorator.span, fn.span);
    for (const parameter of fn.parameters) inside('parameter', parameter.span, fn.span);
    for (const statement of fn.body) inside('body statement', statement.span, fn.bodySpan);
    eachChildOfFunction(fn, fn.body[0]!, child => visit(child, fn.span));
  };

  const whole: Span = [0, text.length];
  for (const node of module.body) visit(node, whole);
  for (const one of module.imports) inside(`import ${one.local}`, one.span, whole);
  for (const one of module.problems) inside('problem', one.span, whole);
  let last = 0;
  for (const one of module.comments) {
    inside('comment', one.span, whole);
    if (one.span[0] < last) fail('comments out of order', one.span);
    last = one.span[1];
  }
  for (const start of module.lineStarts) if (start > text.length) fail('line start out of bounds', [start, start]);
  return { broken, calls, nodes, depth: deepest };
}
