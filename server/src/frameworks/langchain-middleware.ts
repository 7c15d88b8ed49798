// What LangChain middleware adds to an agent: steps of its own, requests, attempts, tools, a limit of requests.
// Each kind is proven in test/integration/langchain-middleware.test.ts. It must not know the agent around it.
import { type Bound, nothing, type Work } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { limitOf, nameOf, number, one, plus, type Quantity, symbol } from '../program/quantity.ts';
import type { In, Value } from '../program/values.ts';
import { type Options, placeOfCall } from './calls.ts';
import { limitOption } from './literals.ts';
import { allOf, isNothing, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';

/** What some middleware does to every turn of an agent. */
export interface Added {
  /** Work before and after each request, a node of the graph each: the work may be nothing. */
  readonly before: readonly Work[];
  readonly after: readonly Work[];
  /** Work before the first and after the last turn. */
  readonly once: Work;
  /** The request with what is wrapped around it, and the tools' work likewise. */
  readonly request: (request: Work) => Work;
  readonly tools: (tools: Work) => Work;
  /** It has tools of its own. */
  readonly hasTools: boolean;
  /** Counts requests; undefined: nothing does. */
  readonly limit: Bound | undefined;
  /** All steps are known: none jumps, none is missing. */
  readonly exact: boolean;
}

interface Parts {
  before?: readonly Work[];
  after?: readonly Work[];
  once?: Work;
  request?: Added['request'];
  tools?: Added['tools'];
  hasTools?: boolean;
  limit?: Bound | undefined;
  exact?: boolean;
}

type Kind = (call: In<CallExpression>, reader: Reader) => Parts;

const retries = (call: In<CallExpression>, reader: Reader): ((work: Work) => Work) => {
  const given = reader.resolver.option(call, 'maxRetries', 0);
  const limit = given && limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
  const count: Quantity = limit
    ? limit.kind === 'number'
      ? Number.isFinite(limit.value)
        ? number(Math.max(1, Math.ceil(limit.value) + 1))
        : 'endless'
      : plus(symbol(limit.name), one)
    : number(3);
  const what = `attempts of ${nameOf(call.node.callee)}`;
  return body => (isNothing(body) ? body : { do: 'times', count, body, place: placeOfCall(call), what, retry: true });
};

const oneMore = (call: In<CallExpression>): Work => ({
  do: 'model',
  count: one,
  place: placeOfCall(call),
  what: nameOf(call.node.callee),
});

const kinds: Readonly<Record<string, Kind>> = {
  modelCallLimitMiddleware: (call, reader) => {
    const limit = reader.resolver.option(call, 'runLimit', 0) ?? reader.resolver.option(call, 'threadLimit', 0);
    return {
      before: [nothing],
      after: [nothing],
      limit: limit && limitOption('runLimit', limit, reader.resolver, () => false).bound,
    };
  },
  toolCallLimitMiddleware: () => ({ after: [nothing] }),
  summarizationMiddleware: call => ({ before: [oneMore(call)] }),
  todoListMiddleware: () => ({ after: [nothing], hasTools: true }),
  humanInTheLoopMiddleware: () => ({ after: [nothing] }),
  llmToolSelectorMiddleware: call => ({ request: request => allOf([oneMore(call), request]) }),
  modelRetryMiddleware: (call, reader) => ({ request: retries(call, reader) }),
  toolRetryMiddleware: (call, reader) => ({ tools: retries(call, reader) }),
  toolEmulatorMiddleware: call => ({ tools: tools => allOf([oneMore(call), tools]) }),
  modelFallbackMiddleware: call => {
    const given = call.node.arguments;
    const others = given.some(argument => argument.spread !== 'none') ? symbol('fallbacks') : number(given.length);
    const what = 'models that stand in';
    return {
      request: body => ({ do: 'times', count: plus(others, one), body, place: placeOfCall(call), what }),
    };
  },
  contextEditingMiddleware: () => ({}),
  dynamicSystemPromptMiddleware: () => ({}),
  anthropicPromptCachingMiddleware: () => ({}),
  createMiddleware: ownHooks,
};

/** `createMiddleware({ beforeModel, afterModel, wrapModelCall, tools … })`. */
function ownHooks(call: In<CallExpression>, reader: Reader): Parts {
  let jumps = false;
  const hook = (key: string): Work | undefined => {
    const given = reader.resolver.option(call, key, 0);
    if (!given) return undefined;
    const object = reader.resolver.values(given.node, given.module).find(value => value.kind === 'object');
    if (!object) return workOfCallable(given.node, given.module, reader);
    jumps ||= reader.resolver.entry(object, 'canJumpTo') !== undefined;
    const code = reader.resolver.entry(object, 'hook');
    return code ? workOfCallable(code.node, code.module, reader) : nothing;
  };
  const [before, after] = [hook('beforeModel'), hook('afterModel')];
  const once = allOf([hook('beforeAgent') ?? nothing, hook('afterAgent') ?? nothing]);
  const parts: Parts = {
    before: before ? [before] : [],
    after: after ? [after] : [],
    once,
    hasTools: reader.resolver.option(call, 'tools', 0) !== undefined,
    exact: !jumps,
  };
  const request = reader.resolver.option(call, 'wrapModelCall', 0);
  if (request) parts.request = wrapped(request, reader);
  const tools = reader.resolver.option(call, 'wrapToolCall', 0);
  if (tools) parts.tools = wrapped(tools, reader);
  return parts;
}

/** A wrapper with its own work, which calls its handler as often as that stands in it. */
function wrapped(given: In<Expression>, reader: Reader): (work: Work) => Work {
  const own = workOfCallable(given.node, given.module, reader);
  const count = handled(reader.resolver.values(given.node, given.module));
  const place = { path: given.module.path, span: given.node.span };
  return body => allOf([own, { do: 'times', count, body, place, what: 'calls of the handler' }]);
}

function handled(values: readonly Value[]): Quantity {
  const [value] = values;
  if (values.length !== 1 || value?.kind !== 'function' || !value.info.node) return symbol('calls of the handler');
  const handler = value.info.node.parameters[1]?.target;
  if (handler?.kind !== 'name') return one;
  const calls = value.info.calls.filter(call => call.callee.kind === 'name' && call.callee.name === handler.name);
  // In a loop, or handed on: how often is the wrapper's own affair.
  if (value.info.loops.length > 0 || calls.length === 0) return symbol('calls of the handler');
  return number(calls.length);
}

/** Reads `middleware: [...]`; what is not understood adds nothing that is known, and leaves `exact` false. */
export function addedBy(options: Options, reader: Reader): Added {
  const given = options.get('middleware');
  const parts: Parts[] = [];
  let exact = !options.open;
  for (const value of given ? reader.resolver.values(given.node, given.module) : []) {
    if (value.kind !== 'list') {
      exact = false;
      continue;
    }
    for (const item of value.node.items) {
      const found = item.kind === 'spread' ? [] : reader.resolver.externals(item, value.module);
      const [external] = found;
      const name = /:(\w+)\(\)$/.exec(external?.path ?? '')?.[1] ?? '';
      const call = external?.chain.at(-1);
      const kind = found.length === 1 && call ? kinds[name] : undefined;
      if (kind && call) parts.push(kind(call, reader));
      else {
        parts.push({ hasTools: /^create\w*(Filesystem|SubAgent|Skills)\w*$/.test(name) });
        exact = false;
      }
    }
  }
  if (given && parts.length === 0 && reader.resolver.values(given.node, given.module).length === 0) exact = false;
  const limits = parts.flatMap(part => (part.limit ? [part.limit] : []));
  return {
    before: parts.flatMap(part => part.before ?? []),
    after: parts.flatMap(part => part.after ?? []),
    once: allOf(parts.map(part => part.once ?? nothing)),
    request: request => parts.reduce((work, part) => part.request?.(work) ?? work, request),
    tools: tools => parts.reduce((work, part) => part.tools?.(work) ?? work, tools),
    hasTools: parts.some(part => part.hasTools),
    limit: limits[0],
    exact: exact && parts.every(part => part.exact !== false),
  };
}
