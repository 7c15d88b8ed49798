// Prints the neutral model as compact s-expressions, for snapshots. Spans are left out; see invariants.ts for those.
import type {
  AnyNode,
  ClassNode,
  Decorator,
  Expression,
  FunctionNode,
  Module,
  Statement,
} from '../../server/src/program/model.ts';

/** The whole module: imports, exports, body, comments, problems; empty parts are left out. */
export function printModule(module: Module): string {
  const lines: string[] = [];
  for (const one of module.imports) {
    const type = one.typeOnly ? ' type' : '';
    lines.push(`import ${one.local || '-'} = ${one.specifier}#${one.imported}${type}`);
  }
  for (const one of module.exports) {
    const from = one.specifier === undefined ? '' : ` from ${one.specifier}`;
    const what = one.value ? print(one.value) : one.local;
    lines.push(`export ${one.exported} = ${what}${from}`);
  }
  for (const one of module.body) lines.push(print(one));
  for (const one of module.comments) lines.push(`; ${one.text}`);
  for (const one of module.problems) lines.push(`! ${one.message} @${one.span[0]}-${one.span[1]}`);
  return lines.join('\n');
}

export function printBody(module: Module): string {
  return module.body.map(one => print(one)).join('\n');
}

export function print(node: AnyNode): string {
  switch (node.kind) {
    case 'literal':
      return JSON.stringify(node.value);
    case 'name':
      return node.name;
    case 'template':
      return list('template', interleave(node.texts, node.values));
    case 'member':
      return `(${node.optional ? '?.' : '.'} ${print(node.object)} ${node.property})`;
    case 'index':
      return list('[]', [node.object, node.index].map(print));
    case 'call': {
      const types = node.typeArguments.length > 0 ? [`<${node.typeArguments.map(print).join(' ')}>`] : [];
      const args = node.arguments.map(arg => {
        const stars = arg.spread === 'none' ? '' : arg.spread === 'positional' ? '*' : '**';
        return `${arg.name === undefined ? '' : `${arg.name}=`}${stars}${print(arg.value)}`;
      });
      return list(`${node.isNew ? 'new' : 'call'}${node.optional ? '?' : ''}`, [print(node.callee), ...types, ...args]);
    }
    case 'functionExpression':
      return printFunction(node.function);
    case 'classExpression':
      return printClass(node.class);
    case 'object':
      return list(
        'object',
        node.entries.map(entry => {
          if (entry.kind === 'spread') return `...${print(entry.value)}`;
          return `${entry.computed ? `[${print(entry.computed)}]` : entry.key}:${print(entry.value)}`;
        }),
      );
    case 'list':
      return list(node.shape, node.items.map(print));
    case 'binary':
      return list(node.operator, [node.left, node.right].map(print));
    case 'logical':
      return list(node.operator, [node.left, node.right].map(print));
    case 'unary':
      return list(node.operator === '-' || node.operator === '+' ? `${node.operator}1` : node.operator, [
        print(node.operand),
      ]);
    case 'conditional':
      return list('?', [node.test, node.then, node.otherwise].map(print));
    case 'assign': {
      const type = node.annotation ? [`:${print(node.annotation)}`] : [];
      const sign = node.operator === '=' ? '=' : `${node.operator}=`;
      const old = node.result === 'old' ? ['old'] : [];
      return list(sign, [print(node.target), ...type, print(node.value), ...old]);
    }
    case 'await':
      return list('await', [print(node.value)]);
    case 'yield':
      return list(node.delegate ? 'yield*' : 'yield', node.value ? [print(node.value)] : []);
    case 'comprehension':
      return list(`for-${node.shape}`, [
        ...node.elements.map(print),
        ...node.clauses.map(clause => {
          const head = `${clause.isAsync ? 'async ' : ''}${print(clause.target)} in ${print(clause.iterable)}`;
          return `{${[head, ...clause.conditions.map(one => `if ${print(one)}`)].join(' ')}}`;
        }),
      ]);
    case 'spread':
      return `...${print(node.value)}`;
    case 'objectPattern': {
      const entries = node.entries.map(entry => {
        const key = entry.computed ? `[${print(entry.computed)}]` : entry.key;
        return `${key}:${print(entry.target)}${entry.defaultValue ? `=${print(entry.defaultValue)}` : ''}`;
      });
      if (node.rest) entries.push(`...${print(node.rest)}`);
      return `{${entries.join(' ')}}`;
    }
    case 'listPattern':
      return `[${node.items
        .map(item => {
          if (!item) return '_';
          const value = item.defaultValue ? `=${print(item.defaultValue)}` : '';
          return `${item.rest ? '...' : ''}${print(item.target)}${value}`;
        })
        .join(' ')}]`;
    case 'opaque':
      return list(node.role === 'statement' ? 'opaque!' : 'opaque', node.children.map(print));
    case 'expression':
      return print(node.expression);
    case 'declare':
      return list(node.constant ? 'const' : 'let', [
        print(node.target),
        ...(node.annotation ? [`:${print(node.annotation)}`] : []),
        ...(node.value ? [print(node.value)] : []),
      ]);
    case 'if':
      return list('if', [print(node.test), block(node.then), ...tail('else', node.otherwise)]);
    case 'loop': {
      const parts: string[] = [];
      if (node.label !== undefined) parts.push(`${node.label}:`);
      if (node.isAsync) parts.push('async');
      if (node.keys) parts.push('keys');
      if (node.init.length > 0) parts.push(`init ${block(node.init)}`);
      if (node.target) parts.push(print(node.target));
      if (node.iterable) parts.push(`of ${print(node.iterable)}`);
      if (node.test) parts.push(print(node.test));
      if (node.update.length > 0) parts.push(`update ${node.update.map(print).join(' ')}`);
      return list(node.form, [...parts, block(node.body), ...tail('else', node.otherwise)]);
    }
    case 'switch':
      return list('switch', [
        print(node.subject),
        ...node.cases.map(one => {
          const tests = one.tests.length > 0 ? one.tests.map(print).join(' | ') : 'default';
          return `(${tests} ${block(one.body)}${one.fallsThrough ? ' falls' : ''})`;
        }),
      ]);
    case 'try':
      return list('try', [
        block(node.body),
        ...node.handlers.map(handler =>
          list('catch', [
            ...handler.types.map(print),
            ...(handler.parameter ? [`as ${print(handler.parameter)}`] : []),
            block(handler.body),
          ]),
        ),
        ...tail('else', node.otherwise),
        ...tail('finally', node.finalizer),
      ]);
    case 'block':
      return list('block', [
        ...(node.label === undefined ? [] : [`${node.label}:`]),
        ...(node.header.length > 0 ? [`with ${node.header.map(print).join(' ')}`] : []),
        block(node.body),
      ]);
    case 'return':
    case 'raise':
      return list(node.kind, node.value ? [print(node.value)] : []);
    case 'break':
    case 'continue':
      return list(node.kind, node.label === undefined ? [] : [node.label]);
    case 'function':
      return printFunction(node.function);
    case 'class':
      return printClass(node.class);
    case 'scope':
      return list(node.form, [...node.names]);
  }
}

function printFunction(fn: FunctionNode): string {
  const words = [fn.isAsync ? 'async ' : '', fn.isArrow ? 'arrow' : 'function', fn.isGenerator ? '*' : ''].join('');
  const parameters = fn.parameters.map(one => {
    const stars = one.rest === 'none' ? '' : one.rest === 'positional' ? '*' : '**';
    const marks = `${(one.decorators ?? []).map(decorator).join('')}${one.isField ? 'field ' : ''}`;
    const type = one.annotation ? `:${print(one.annotation)}` : '';
    const value = one.defaultValue ? `=${print(one.defaultValue)}` : '';
    return `${marks}${stars}${print(one.target)}${type}${value}`;
  });
  const returns = fn.returns ? [`:${print(fn.returns)}`] : [];
  const body = fn.bodiless ? [] : [block(fn.body)];
  return list(`${fn.decorators.map(decorator).join('')}${words}`, [
    fn.name || '-',
    `(${parameters.join(' ')})`,
    ...returns,
    ...body,
  ]);
}

function printClass(node: ClassNode): string {
  const bases = node.bases.length > 0 ? [`< ${node.bases.map(print).join(' ')}`] : [];
  const members = node.members.map(member => {
    if (member.kind === 'statement') return print(member.statement);
    const words = `${member.isStatic ? 'static ' : ''}${member.computed ? `[${print(member.computed)}] ` : ''}`;
    if (member.kind === 'method') {
      return `${words}${member.accessor === 'none' ? '' : `${member.accessor} `}${printFunction(member.function)}`;
    }
    const type = member.annotation ? [`:${print(member.annotation)}`] : [];
    const value = member.value ? [print(member.value)] : [];
    return `${(member.decorators ?? []).map(decorator).join('')}${words}${list('field', [member.name || '-', ...type, ...value])}`;
  });
  return list(`${node.decorators.map(decorator).join('')}class`, [node.name || '-', ...bases, ...members]);
}

function decorator(one: Decorator): string {
  return `@${print(one.expression)} `;
}

function list(head: string, parts: readonly string[]): string {
  return `(${[head, ...parts].join(' ')})`;
}

function block(body: readonly Statement[]): string {
  return `{${body.map(one => print(one)).join('; ')}}`;
}

function tail(word: string, body: readonly Statement[]): string[] {
  return body.length > 0 ? [`${word} ${block(body)}`] : [];
}

function interleave(texts: readonly string[], values: readonly Expression[]): string[] {
  return texts.flatMap((text, index) => {
    const value = values[index];
    return value ? [JSON.stringify(text), print(value)] : [JSON.stringify(text)];
  });
}
