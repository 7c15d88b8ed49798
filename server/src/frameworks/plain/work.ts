// Lowers a function's body to work: which model and tool calls it makes, in which loops and branches.
// It must not judge loops: it names them, `loops.ts` says how often they go round.
import { nothing, type Work } from '../../graph/model.ts';
import type { CallExpression, Expression, LoopStatement, Module, Statement } from '../../program/model.ts';
import { calleeName, limitOf, nameOf, number, one, type Quantity, symbol } from '../../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import { eachChild } from '../../program/walk.ts';
import type { Place } from '../../rules/finding.ts';
import { headOf } from '../literals.ts';
import type { Reader } from '../reading.ts';
import { transportAttempts } from '../transport.ts';

export function loopId(loop: LoopStatement, module: Module): string {
  return `${module.path}@${loop.span[0]}`;
}

/** The work of a function's body. */
export function workOf(info: FunctionInfo, reader: Reader): Work {
  return new Lowering(info.module, reader).block(info.node?.body ?? info.module.body);
}

/** The work of some statements, a loop's body for one. */
export function workOfStatements(body: readonly Statement[], module: Module, reader: Reader): Work {
  return new Lowering(module, reader).block(body);
}

/** The work of one expression. */
export function workOfExpression(node: Expression, module: Module, reader: Reader): Work {
  return new Lowering(module, reader).expression(node);
}

/** The work of calling a function value that an adapter found in an option: `execute`, a node, a router. */
export function workOfCallable(node: Expression, module: Module, reader: Reader): Work {
  const place: Place = { path: module.path, span: node.span };
  const options: Work[] = [];
  for (const value of reader.resolver.values(node, module)) {
    if (value.kind === 'function') {
      if (reader.reaches(value.info)) options.push(reader.enter(value.info, place));
    } else for (const info of reader.unwrap(value)) if (reader.reaches(info)) options.push(reader.enter(info, place));
  }
  return oneOf(options);
}

export function allOf(parts: readonly Work[]): Work {
  const kept = parts.filter(part => !isNothing(part));
  return kept.length === 1 ? kept[0]! : { do: 'all', parts: kept };
}

export function oneOf(options: readonly Work[]): Work {
  const kept = options.filter(option => !isNothing(option));
  if (kept.length === 0) return nothing;
  return kept.length === 1 ? kept[0]! : { do: 'one', options: kept };
}

export function isNothing(work: Work): boolean {
  return work.do === 'all' && work.parts.length === 0;
}

const eachMethod = /^(map|forEach|flatMap|filter|reduce|some|every|find|findIndex|mapAsync|forEachAsync|allSettled)$/;

class Lowering {
  private readonly module: Module;
  private readonly reader: Reader;

  constructor(module: Module, reader: Reader) {
    this.module = module;
    this.reader = reader;
  }

  block(statements: readonly Statement[]): Work {
    const parts: Work[] = [];
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i]!;
      // `if (c) return x; rest`: either, not both.
      if (statement.kind === 'if' && statement.otherwise.length === 0 && leaves(statement.then)) {
        parts.push(
          this.expression(statement.test),
          oneOf([this.block(statement.then), this.block(statements.slice(i + 1))]),
        );
        return allOf(parts);
      }
      parts.push(this.statement(statement));
      if (statement.kind === 'return' || statement.kind === 'raise') break;
    }
    return allOf(parts);
  }

  private statement(node: Statement): Work {
    switch (node.kind) {
      case 'expression':
        return this.expression(node.expression);
      case 'declare':
      case 'return':
      case 'raise':
        return node.value ? this.expression(node.value) : nothing;
      case 'if':
        return allOf([this.expression(node.test), oneOf([this.block(node.then), this.block(node.otherwise)])]);
      case 'loop': {
        const inside = allOf([
          ...(node.test ? [this.expression(node.test)] : []),
          this.block(node.body),
          ...node.update.map(update => this.expression(update)),
        ]);
        const before = allOf([
          ...node.init.map(one => this.statement(one)),
          ...(node.iterable ? [this.expression(node.iterable)] : []),
        ]);
        const repeat: Work = isNothing(inside)
          ? nothing
          : { do: 'repeat', loop: loopId(node, this.module), body: inside };
        return allOf([before, repeat, this.block(node.otherwise)]);
      }
      case 'switch':
        return allOf([this.expression(node.subject), oneOf(switchWays(node.cases).map(body => this.block(body)))]);
      case 'try':
        // At worst the body fails at its end, and the longest handler runs too.
        return allOf([
          this.block(node.body),
          oneOf([this.block(node.otherwise), ...node.handlers.map(handler => this.block(handler.body))]),
          this.block(node.finalizer),
        ]);
      case 'block':
        return allOf([...node.header.map(one => this.expression(one)), this.block(node.body)]);
      case 'opaque':
        return allOf(
          node.children.map(child =>
            !isExpression(child) ? this.statement(child as Statement) : this.expression(child as Expression),
          ),
        );
      default:
        return nothing;
    }
  }

  expression(node: Expression): Work {
    switch (node.kind) {
      case 'literal':
      case 'name':
      case 'functionExpression':
      case 'classExpression':
        return nothing;
      case 'conditional':
        return allOf([
          this.expression(node.test),
          oneOf([this.expression(node.then), this.expression(node.otherwise)]),
        ]);
      case 'comprehension': {
        const inside = allOf(node.elements.map(element => this.expression(element)));
        const clauses = allOf(node.clauses.map(clause => this.expression(clause.iterable)));
        if (isNothing(inside)) return clauses;
        const first = node.clauses[0]!;
        return allOf([
          clauses,
          {
            do: 'times',
            count: this.length(first.iterable),
            body: inside,
            place: this.place(node),
            what: `each of ${nameOf(first.iterable)}`,
          },
        ]);
      }
      case 'call':
        return this.call(node);
      default: {
        const parts: Work[] = [];
        eachChild(
          node,
          child => {
            parts.push(this.expression(child as Expression));
          },
          () => undefined,
        );
        return allOf(parts);
      }
    }
  }

  private call(node: CallExpression): Work {
    const place = this.place(node);
    const parts: Work[] = [];
    if (node.callee.kind === 'member' || node.callee.kind === 'index') parts.push(this.expression(node.callee.object));
    else if (node.callee.kind === 'call') parts.push(this.expression(node.callee));
    for (const argument of node.arguments) parts.push(this.expression(argument.value));
    const effect = this.reader.effect(node, this.module);
    if (effect) {
      if (effect.pattern?.work && effect.value) {
        const call = { node, module: this.module };
        const own = effect.pattern.work(call, effect.value, this.reader);
        const others = (effect.others ?? []).flatMap(one => one.pattern.work?.(call, one.value, this.reader) ?? []);
        parts.push(others.length > 0 ? oneOf([own, ...others]) : own);
        return allOf(parts);
      }
      if (effect.effect === 'model') {
        const request: Work = { do: 'model', count: one, place, what: effect.what };
        const attempts = transportAttempts({ node, module: this.module }, effect.value, this.reader);
        const what = `attempts of ${effect.what}`;
        const head: Place = { path: this.module.path, span: headOf(node) };
        parts.push(
          attempts ? { do: 'times', count: attempts, body: request, place: head, what, retry: true } : request,
        );
        return allOf(parts);
      }
      if (effect.effect === 'tool') {
        parts.push({ do: 'tool', place, what: effect.what });
        return allOf(parts);
      }
      if (effect.effect === 'agent') {
        parts.push({
          do: 'model',
          count: effect.sure ? one : symbol(`calls of ${effect.what}`),
          place,
          what: effect.what,
        });
        return allOf(parts);
      }
      if (effect.effect === 'keeps') return allOf(parts);
      // Making a wrapper runs nothing; calling it is resolved below.
      if (effect.effect === 'wrapper') return allOf(parts);
      // What is done with a person's answer is done too.
      if (effect.effect !== 'guard' && effect.effect !== 'human') return allOf(parts);
    }
    // Of what only other callers give a helper to run, nothing runs here.
    const targets = this.reader.costs(node, this.module) ? this.reader.runs(node, this.module) : [];
    const entered = oneOf(
      targets.filter(target => this.reader.reaches(target)).map(target => this.reader.enter(target, place)),
    );
    const callbacks = oneOf(
      node.arguments.flatMap(argument => {
        const value = argument.value;
        if (value.kind === 'functionExpression') {
          const info = indexOf(this.module).info(value.function);
          return this.reader.reaches(info) ? [this.reader.enter(info, place)] : [];
        }
        if (value.kind !== 'name' && value.kind !== 'member') return [];
        return this.reader.resolver
          .values(value, this.module)
          .flatMap(v => (v.kind === 'function' ? [v.info] : this.reader.unwrap(v)))
          .filter(info => this.reader.reaches(info))
          .map(info => this.reader.enter(info, place));
      }),
    );
    if (!isNothing(callbacks)) {
      // A workspace function that calls its parameter has the callback in its own work already.
      if (targets.length > 0) return allOf([...parts, isNothing(entered) ? callbacks : entered]);
      if (node.callee.kind === 'member' && eachMethod.test(node.callee.property)) {
        const list = node.callee.object;
        return allOf([
          ...parts,
          { do: 'times', count: this.length(list), body: callbacks, place, what: `each of ${nameOf(list)}` },
        ]);
      }
      return allOf([...parts, callbacks]);
    }
    return allOf([...parts, entered]);
  }

  /** How many elements a list has: known, or a name. */
  length(node: Expression): Quantity {
    return lengthOf(node, this.module, this.reader);
  }

  private place(node: { readonly span: readonly [number, number] }): Place {
    return { path: this.module.path, span: node.span };
  }
}

/** How many elements an iterable has: a literal's length, `range(n)`, `slice(0, n)`, or a name for what is not known. */
export function lengthOf(node: Expression, module: Module, reader: Reader, depth = 0): Quantity {
  if (depth < 6) {
    if (node.kind === 'list' && !node.items.some(item => item.kind === 'spread')) return number(node.items.length);
    if (node.kind === 'await') return lengthOf(node.value, module, reader, depth + 1);
    if (node.kind === 'call') {
      const callee = node.callee;
      const name = calleeName(callee);
      const first = node.arguments[0]?.value;
      const limit = (e: Expression): Quantity => {
        const found = limitOf({ node: e, module, env: undefined }, reader.resolver);
        if (found.kind === 'number') return number(Math.max(0, Math.ceil(found.value)));
        return symbol(found.name);
      };
      if (name === 'range' && first) {
        const second = node.arguments[1]?.value;
        if (!second) return limit(first);
        const from = limitOf({ node: first, module, env: undefined }, reader.resolver);
        const to = limitOf({ node: second, module, env: undefined }, reader.resolver);
        if (from.kind === 'number' && to.kind === 'number')
          return number(Math.max(0, Math.ceil(to.value - from.value)));
        return limit(second);
      }
      if (callee.kind === 'name' && /^(enumerate|reversed|sorted|list|tuple|set|zip|tqdm)$/.test(name) && first) {
        return lengthOf(first, module, reader, depth + 1);
      }
      if (callee.kind === 'member') {
        if ((name === 'slice' || name === 'take') && node.arguments.length > 0) {
          const last = node.arguments.at(-1)!.value;
          const begin =
            node.arguments.length === 2
              ? limitOf({ node: node.arguments[0]!.value, module, env: undefined }, reader.resolver)
              : undefined;
          if (name === 'take' || (begin?.kind === 'number' && begin.value === 0)) return limit(last);
        }
        if (/^(entries|keys|values|map|filter|sort|reverse|toSorted|items|concat|flat)$/.test(name)) {
          if (
            /^(entries|keys|values)$/.test(name) &&
            callee.object.kind === 'name' &&
            callee.object.name === 'Object' &&
            first
          ) {
            return lengthOf(first, module, reader, depth + 1);
          }
          return lengthOf(callee.object, module, reader, depth + 1);
        }
        if (name === 'from' && first?.kind === 'object') {
          const entry = first.entries.find(e => e.kind === 'entry' && e.key === 'length');
          if (entry) return limit(entry.value);
        }
        if (/^(all|allSettled|race|any|from|gather)$/.test(name) && first)
          return lengthOf(first, module, reader, depth + 1);
      }
      if (name === 'Array' && first && node.arguments.length === 1) return limit(first);
    }
    const values = reader.resolver.values(node, module);
    const only = values.length === 1 ? values[0] : undefined;
    if (only?.kind === 'list' && only.node !== node) {
      // A list that is pushed to elsewhere has more than its literal.
      if (!grows(node, module)) return lengthOf(only.node, only.module, reader, depth + 1);
    }
    if (only?.kind === 'object') return number(only.node.entries.length);
    if (node.kind === 'name') {
      const binding = indexOf(module).lookup(node.name, node);
      const write = binding?.writes.length === 1 ? binding.writes[0] : undefined;
      if (write?.value && write.keys.length === 0 && write.how !== 'each' && write.value.kind === 'call') {
        const inner = lengthOf(write.value, module, reader, depth + 1);
        if (inner !== 'endless') return inner;
      }
    }
  }
  return symbol(`${nameOf(node)}.length`);
}

function grows(node: Expression, module: Module): boolean {
  if (node.kind !== 'name') return true;
  const index = indexOf(module);
  const binding = index.lookup(node.name, node);
  if (binding?.writes.length !== 1) return true;
  return index.functions.some(info =>
    info.calls.some(
      call =>
        call.callee.kind === 'member' &&
        /^(push|append|unshift|extend|insert|splice)$/.test(call.callee.property) &&
        call.callee.object.kind === 'name' &&
        index.lookup(call.callee.object.name, call.callee.object) === binding,
    ),
  );
}

function switchWays(
  cases: readonly { readonly body: readonly Statement[]; readonly fallsThrough: boolean }[],
): Statement[][] {
  return cases.map((one, i) => {
    const body = [...one.body];
    for (let j = i; cases[j]?.fallsThrough && cases[j + 1]; j++) body.push(...cases[j + 1]!.body);
    return body;
  });
}

/** True if control never runs past the statements' end. */
export function leaves(statements: readonly Statement[]): boolean {
  const last = statements.at(-1);
  if (!last) return false;
  switch (last.kind) {
    case 'return':
    case 'raise':
    case 'break':
    case 'continue':
      return true;
    case 'block':
      return leaves(last.body);
    case 'if':
      return leaves(last.then) && leaves(last.otherwise);
    default:
      return false;
  }
}

const statementKinds = new Set([
  'expression',
  'declare',
  'if',
  'loop',
  'switch',
  'try',
  'block',
  'return',
  'raise',
  'break',
  'continue',
  'function',
  'class',
  'scope',
]);

function isExpression(node: { readonly kind: string; readonly role?: string }): boolean {
  return node.kind === 'opaque' ? node.role === 'expression' : !statementKinds.has(node.kind);
}
