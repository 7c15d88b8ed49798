// Every call of something that a package made, found once per program: where adapters begin to read.
// It must not know what the calls mean.
import type { CallExpression, Expression, Module, ObjectExpression } from '../program/model.ts';
import { indexOf } from '../program/scope.ts';
import type { In } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import type { External } from './framework.ts';
import type { Reader } from './reading.ts';

export interface PackageCall {
  readonly call: In<CallExpression>;
  /** What is called: `ai:ToolLoopAgent().generate`. */
  readonly value: External;
  /** The package's specifier. */
  readonly head: string;
  /** The path after the package, from the colon on. */
  readonly path: string;
}

/** All calls whose callee comes from a package that `belongs` accepts, in program order. */
export function packageCalls(reader: Reader, belongs: (head: string) => boolean): PackageCall[] {
  if (!reader.resolver.importsPackage(belongs)) return [];
  const verdicts = new Map<string, boolean>();
  return reader.packageCalls.filter(({ head }) => {
    let verdict = verdicts.get(head);
    if (verdict === undefined) {
      verdict = belongs(head);
      verdicts.set(head, verdict);
    }
    return verdict;
  });
}

/** The calls of one module whose callee comes from a package. */
export function packageCallsIn(module: Module, reader: Reader): PackageCall[] {
  const found: PackageCall[] = [];
  for (const info of indexOf(module).functions) {
    for (const node of info.calls) {
      for (const value of reader.resolver.values(node.callee, module)) {
        if (value.kind !== 'external' || value.path.startsWith('global:')) continue;
        found.push({ call: { node, module }, value, ...splitPath(value.path) });
      }
    }
  }
  return found;
}

/** `ai:generateText` is the package `ai` and the path `:generateText`. */
export function splitPath(path: string): { head: string; path: string } {
  const colon = path.indexOf(':', path.startsWith('node:') ? 5 : 0);
  return { head: path.slice(0, colon), path: path.slice(colon) };
}

/** Identity of what a call makes. */
export function madeAt(framework: string, call: In<CallExpression>): string {
  return `${framework}:${call.module.path}@${call.node.span[0]}`;
}

/** The whole call, as the place of work. */
export function placeOfCall(call: In<CallExpression>): Place {
  return { path: call.module.path, span: call.node.span };
}

/** Options of a call, at one position or as keyword arguments. */
export interface Options {
  /** Object literals that the options can be. */
  readonly objects: readonly In<ObjectExpression>[];
  /** Something of them cannot be seen: an option that is not found may still be set. */
  readonly open: boolean;
  get(key: string): In<Expression> | undefined;
}

/** Reads the options at an argument's position; for Python, keyword arguments. */
export function optionsAt(call: In<CallExpression>, position: number, reader: Reader): Options {
  const { resolver } = reader;
  if (call.module.language === 'python') {
    return {
      objects: [],
      open: call.node.arguments.some(argument => argument.spread === 'keyword'),
      get: key => resolver.option(call, key),
    };
  }
  if (call.node.arguments.some(argument => argument.spread !== 'none')) {
    return { objects: [], open: true, get: () => undefined };
  }
  const argument = call.node.arguments[position];
  if (!argument) return { objects: [], open: false, get: () => undefined };
  const values = resolver.values(argument.value, call.module);
  const objects = values.filter(value => value.kind === 'object');
  const known = values.filter(
    value => value.kind === 'object' || (value.kind === 'constant' && typeof value.value !== 'object'),
  );
  return {
    objects,
    open: values.length === 0 || known.length < values.length || objects.some(object => resolver.isOpen(object)),
    get: key => resolver.option(call, key, position),
  };
}
