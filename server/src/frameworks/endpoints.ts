// Addresses of models' HTTP endpoints: what a request over plain HTTP must name to be one.
// It must not know who sends it.
import type { CallExpression, Expression, Module } from '../program/model.ts';
import type { Resolver } from '../program/values.ts';
import { walk } from '../program/walk.ts';

const modelHosts =
  /api\.openai\.com|^\/api\/(responses|completions?|llm)$|api\.anthropic\.com|generativelanguage\.googleapis|openrouter\.ai|api\.groq\.com|api\.mistral\.ai|\/chat\/completions|\/v1\/messages|\/api\/(generate|chat)$|\/v1\/responses/;

/** True if an argument's text names a model's endpoint; with a resolver, also what names in the first one stand for. */
export function namesModel(call: CallExpression, module: Module, resolver?: Resolver): boolean {
  return call.arguments.some((argument, at) => isEndpoint(argument.value, module, at === 0 ? resolver : undefined));
}

function isEndpoint(root: Expression, module: Module, resolver: Resolver | undefined): boolean {
  let found = false;
  walk(root, {
    enter(node) {
      if (found) return 'skip';
      if (node.kind === 'literal' && typeof node.value === 'string') found = modelHosts.test(node.value);
      else if (node.kind === 'template') found = node.texts.some(text => modelHosts.test(text));
      else if (resolver && (node.kind === 'name' || node.kind === 'member')) {
        found = resolver
          .values(node, module)
          .some(value => value.kind === 'constant' && typeof value.value === 'string' && modelHosts.test(value.value));
      }
      return undefined;
    },
    // What a request is given to do with its answer is no address.
    enterFunction: () => 'skip',
  });
  return found;
}
