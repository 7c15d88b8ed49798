// Answers adapters' questions about a program: what a call does, whether a function can reach a model, tool or agent.
// It must not know any one framework: their tables are handed in.
import type { Work } from '../graph/model.ts';
import type { CallExpression, Expression, Module } from '../program/model.ts';
import type { Program } from '../program/program.ts';
import { calleeName, nameOf } from '../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import { Resolver, type Value } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { Place } from '../rules/finding.ts';
import type { CallPattern, EffectOf, External, Framework } from './framework.ts';

/** Callees that the project's config names. */
export interface ExtraCallees {
  readonly modelCallees: readonly string[];
  readonly toolCallees: readonly string[];
  readonly guards: readonly string[];
  /** Specifiers, as imported, of modules whose `start`, `listen` and `router` decorate the steps of a flow. */
  readonly flowModules: readonly string[];
}

interface Known {
  readonly framework: string;
  readonly pattern: CallPattern;
}

const costly: ReadonlySet<string> = new Set(['model', 'tool', 'agent']);

const nobody: readonly FunctionInfo[] = [];
const fewMethods = 4;

export class Reader {
  readonly resolver: Resolver;
  readonly modules: readonly Module[];
  readonly flowModules: readonly string[];
  private readonly exact = new Map<string, Known[]>();
  private readonly prefixes: { prefix: string; known: Known }[] = [];
  private readonly effects = new Map<CallExpression, EffectOf | null>();
  private reaching: Set<FunctionInfo> | undefined;
  private asking: Set<FunctionInfo> | undefined;
  private methods: Map<string, FunctionInfo[]> | undefined;
  private readonly called = new Map<CallExpression, readonly FunctionInfo[]>();
  private readonly patterns: readonly CallPattern[];
  private readonly mayCost = this.nameTest(effect => costly.has(effect) || effect === 'keeps');
  private readonly mayAsk = this.nameTest(effect => effect === 'human');
  private readonly extra: { effect: EffectOf['effect']; test: (path: string, text: string) => boolean }[];

  constructor(program: Program, frameworks: readonly Framework[], extra: ExtraCallees) {
    this.flowModules = extra.flowModules;
    const named = new Set([
      ...frameworks.flatMap(f => [...f.packages.typescript, ...f.packages.python]),
      ...extra.flowModules,
    ]);
    const families = [...named].filter(name => name.endsWith('*')).map(name => name.slice(0, -1));
    this.resolver = new Resolver(
      program,
      specifier =>
        named.has(specifier) || (!specifier.startsWith('.') && families.some(family => specifier.startsWith(family))),
    );
    this.modules = program.paths.map(path => program.module(path)).filter(module => module !== undefined);
    this.patterns = frameworks.flatMap(framework => framework.calls);
    for (const framework of frameworks) {
      for (const pattern of framework.calls) {
        const known = { framework: framework.id, pattern };
        for (const name of pattern.packages) {
          if (name.endsWith('*')) this.prefixes.push({ prefix: name.slice(0, -1), known });
          else this.exact.set(name, [...(this.exact.get(name) ?? []), known]);
        }
      }
    }
    this.extra = [
      ...extra.modelCallees.map(text => ({ effect: 'model' as const, test: calleeTest(text) })),
      ...extra.toolCallees.map(text => ({ effect: 'tool' as const, test: calleeTest(text) })),
      ...extra.guards.map(text => ({ effect: 'wrapper' as const, test: calleeTest(text) })),
    ];
  }

  effect(call: CallExpression, module: Module): EffectOf | undefined {
    const kept = this.effects.get(call);
    if (kept !== undefined) return kept ?? undefined;
    this.effects.set(call, null);
    const found = this.findEffect(call, module);
    this.effects.set(call, found ?? null);
    return found;
  }

  /** The pattern that an external path matches, if any. */
  match(value: External): Known | undefined {
    const colon = value.path.indexOf(':', value.path.startsWith('node:') ? 5 : 0);
    const head = value.path.slice(0, colon);
    const rest = value.path.slice(colon);
    for (const known of this.exact.get(head) ?? []) if (known.pattern.path.test(rest)) return known;
    for (const { prefix, known } of this.prefixes)
      if (head.startsWith(prefix) && known.pattern.path.test(rest)) return known;
    return undefined;
  }

  private findEffect(call: CallExpression, module: Module): EffectOf | undefined {
    const values = this.resolver.values(call.callee, module);
    const what = nameOf(call.callee);
    for (const extra of this.extra) {
      const paths = values.filter(v => v.kind === 'external').map(v => v.path);
      if (paths.some(path => extra.test(path, what)) || (paths.length === 0 && extra.test('', what))) {
        return { effect: extra.effect, framework: 'plain', what, sure: true, pattern: undefined, value: undefined };
      }
    }
    for (const value of values) {
      if (value.kind !== 'external') continue;
      const known = this.match(value);
      // Calling what a wrapper gave back runs what it wraps.
      if (known?.pattern.effect === 'wrapper' && value.path.endsWith('()') && !this.givesFunction(call, module))
        continue;
      if (known) {
        const { pattern, framework } = known;
        return { effect: pattern.effect, framework, what, sure: true, pattern, value };
      }
    }
    // Only where nothing is known of the callee may its shape speak.
    if (values.some(value => value.kind !== 'external' || !/^global:/.test(value.path))) {
      if (values.some(v => v.kind === 'function' || v.kind === 'class')) return undefined;
      if (values.some(v => v.kind === 'external' && !isOpaqueWrapper(v))) return undefined;
    }
    return shapeOf(call, module);
  }

  private givesFunction(call: CallExpression, module: Module): boolean {
    return call.arguments.some(
      argument =>
        argument.value.kind === 'functionExpression' ||
        this.resolver.values(argument.value, module).some(value => value.kind === 'function'),
    );
  }

  /** Tells of a call whether its own name and shape exclude such an effect: most calls need not be understood. */
  private nameTest(is: (effect: EffectOf['effect']) => boolean): (call: CallExpression, module: Module) => boolean {
    let endings: (RegExp | 'any')[] | undefined;
    const names = new Map<string, boolean>();
    return (call, module) => {
      if (call.callee.kind !== 'member' || this.extra.length > 0) return true;
      const name = call.callee.property;
      let known = names.get(name);
      if (known === undefined) {
        endings ??= this.patterns
          .filter(pattern => is(pattern.effect) && this.isImported(pattern))
          .map(pattern => endingOf(pattern.path));
        known = endings.some(ending => ending === 'any' || ending.test(name));
        names.set(name, known);
      }
      return known || shapeOf(call, module) !== undefined;
    };
  }

  private isImported(pattern: CallPattern): boolean {
    return pattern.packages.some(
      name =>
        name === 'global' ||
        this.resolver.importsPackage(head => (name.endsWith('*') ? head.startsWith(name.slice(0, -1)) : head === name)),
    );
  }

  reaches(info: FunctionInfo): boolean {
    this.reaching ??= this.computeReach();
    return this.reaching.has(info);
  }

  costs(call: CallExpression, module: Module): boolean {
    const effect = this.effect(call, module);
    if (effect) {
      if (costly.has(effect.effect)) return true;
      if (effect.effect !== 'wrapper' && effect.effect !== 'retry') return false;
    }
    for (const target of this.callees(call, module)) if (this.reaches(target)) return true;
    return false;
  }

  /** Functions that run when the call does: the callee, what a wrapper wraps, and functions given as arguments. */
  callees(call: CallExpression, module: Module): readonly FunctionInfo[] {
    let known = this.called.get(call);
    if (!known) {
      known = this.findCallees(call, module);
      if (known.length === 0) known = nobody;
      this.called.set(call, known);
    }
    return known;
  }

  private findCallees(call: CallExpression, module: Module): FunctionInfo[] {
    const found: FunctionInfo[] = [];
    // What a wrapper wrapped has a name of the workspace's as well.
    if (this.resolver.mayBeCallable(call.callee)) {
      found.push(...this.resolver.targets(call, module));
      for (const value of this.resolver.values(call.callee, module)) found.push(...this.unwrap(value));
    }
    if (keepsArguments(call)) return found;
    for (const argument of call.arguments) {
      const node = argument.value;
      if (node.kind === 'functionExpression') found.push(indexOf(module).info(node.function));
      else if (
        node.kind === 'name' ||
        (node.kind === 'member' && this.resolver.mayBeCallable(node)) ||
        (node.kind === 'call' && calleeName(node.callee) === 'bind')
      ) {
        for (const value of this.resolver.values(node, module)) {
          if (value.kind === 'function' && value.info.accessor === 'none') found.push(value.info);
          else found.push(...this.unwrap(value));
        }
      }
    }
    return found;
  }

  /** The functions behind `wrapper(fn)`: a guard, a tracer. */
  unwrap(value: Value, depth = 0): FunctionInfo[] {
    if (value.kind !== 'external' || depth > 3) return [];
    const last = value.chain.at(-1);
    if (!last || !value.path.endsWith('()')) return [];
    const effect = this.effect(last.node, last.module);
    if (effect?.effect !== 'wrapper') return [];
    const found: FunctionInfo[] = [];
    for (const argument of last.node.arguments) {
      for (const inner of this.resolver.values(argument.value, last.module)) {
        if (inner.kind === 'function') found.push(inner.info);
        else found.push(...this.unwrap(inner, depth + 1));
      }
    }
    return found;
  }

  private computeReach(): Set<FunctionInfo> {
    const reaching = new Set<FunctionInfo>();
    const users = new Map<FunctionInfo, FunctionInfo[]>();
    const queue: FunctionInfo[] = [];
    const add = (info: FunctionInfo): void => {
      if (reaching.has(info)) return;
      reaching.add(info);
      queue.push(info);
    };
    const seen = new Set<FunctionInfo>();
    const visit = (info: FunctionInfo): void => {
      if (seen.has(info)) return;
      seen.add(info);
      for (const call of info.calls) {
        const effect = this.mayCost(call, info.module) ? this.effect(call, info.module) : undefined;
        if (effect && costly.has(effect.effect)) {
          add(info);
          if (effect.effect === 'model') continue;
        }
        if (effect?.effect === 'keeps') {
          for (const target of this.callees(call, info.module)) visit(target);
          continue;
        }
        for (const target of this.callees(call, info.module)) {
          const list = users.get(target);
          if (list) list.push(info);
          else users.set(target, [info]);
          visit(target);
        }
      }
    };
    for (const module of this.modules) for (const info of indexOf(module).functions) visit(info);
    for (let info = queue.pop(); info; info = queue.pop()) for (const user of users.get(info) ?? []) add(user);
    return reaching;
  }

  /** True if the function waits for a person, itself or through what it calls, and reaches no model. */
  asks(info: FunctionInfo): boolean {
    this.asking ??= this.computeAsking();
    return this.asking.has(info) && !this.reaches(info);
  }

  private computeAsking(): Set<FunctionInfo> {
    const asking = new Set<FunctionInfo>();
    // Few levels: `prompt()` around `new Promise(resolve => rl.question(text, resolve))`.
    for (let level = 0; level < 3; level++) {
      if (level > 0 && asking.size === 0) break;
      for (const module of this.modules) {
        for (const info of indexOf(module).functions) {
          if (!info.node || asking.has(info)) continue;
          const asks = info.calls.some(
            call =>
              (this.mayAsk(call, module) && this.effect(call, module)?.effect === 'human') ||
              (level > 0 && this.callees(call, module).some(target => asking.has(target))) ||
              (call.isNew && asking.size > 0 && this.callees(call, module).some(target => asking.has(target))),
          );
          if (asks) asking.add(info);
        }
      }
    }
    return asking;
  }

  /** Methods of the program's classes by a name that few of them have. */
  methodsNamed(name: string): readonly FunctionInfo[] {
    if (!this.methods) {
      this.methods = new Map();
      for (const module of this.modules) {
        for (const info of indexOf(module).functions) {
          if (!info.owner || !info.node) continue;
          const own = info.name.slice(info.name.lastIndexOf('.') + 1);
          const list = this.methods.get(own);
          if (list) list.push(info);
          else this.methods.set(own, [info]);
        }
      }
    }
    const found = this.methods.get(name) ?? nobody;
    return found.length <= fewMethods ? found : nobody;
  }

  stepId(info: FunctionInfo): string {
    return `${info.module.path}#${info.node ? info.node.span[0] : 'top'}`;
  }

  enter(info: FunctionInfo, place: Place): Work {
    return { do: 'enter', step: this.stepId(info), place };
  }
}

const registers =
  /^(on|once|off|addListener|addEventListener|removeEventListener|subscribe|register\w*|use|handle|define\w*|createServer|setHandler|set\w*(Handler|Listener|Callback)|command|action|route)$/;

/** True for calls that keep a function for later: event handlers, routes, constructors. Those are runs of their own. */
export function keepsArguments(call: CallExpression): boolean {
  const callee = call.callee;
  const name = calleeName(callee);
  return call.isNew ? name !== 'Promise' : registers.test(name);
}

/** `package#export`, `package:path` or a chain such as `*.askModel`, `askModel`. */
function calleeTest(text: string): (path: string, what: string) => boolean {
  const hash = text.replace('#', ':');
  if (hash.includes(':')) return path => path === hash || path.startsWith(`${hash}().`);
  if (text.startsWith('*.')) {
    const tail = text.slice(1);
    return (_path, what) => what.endsWith(tail);
  }
  return (_path, what) => what === text || what.endsWith(`.${text}`);
}

function isOpaqueWrapper(value: External): boolean {
  return /^(react|next|@nestjs|class-validator|effect|fp-ts)/.test(value.path);
}

/** Takes what somebody else sends: a frame of a socket, a message of a broker. */
export const inbound =
  /^(receive(_\w+)?|recv(_\w+)?|take|dequeue|nextJob|nextMessage|nextTask|brpop|blpop|bzpopmin|xread(Group|group)?|waitForMessage|wait_for_message)$/;

const chatShapes: readonly RegExp[] = [
  /(^|\.)chat\.completions\.(create|parse|stream|withStructuredOutput)$/,
  /(^|\.)beta\.(chat\.completions|messages)\.\w+$/,
  /(^|\.)(generateContent|generateContentStream|generate_content|generate_content_async|createChatCompletion)$/,
];
const modelReceiver =
  /^(llm|model|chatModel|chat_model|languageModel|language_model|chatLLM|baseLlm|\w*(Llm|LLM|_llm|ChatModel|_model|LanguageModel))$/;
const modelMethod =
  /^(invoke|ainvoke|stream|astream|generate|agenerate|chat|achat|complete|acomplete|call|acall|predict|apredict|exec|ask|sendMessage|send_message)$/;
/** What LangChain names its own `invoke`: `chain.invoke(…)`, `llmWithTools.invoke(…)`, `structured_llm.ainvoke(…)`. */
const runnableReceiver =
  /^(chain|runnable)$|(^|_)(llm|model|chain|runnable)(_|$)|^(llm|model|chain|runnable|agent)With[A-Z]|(Llm|LLM|Model|Chain|Runnable)(With[A-Z]\w*)?$/;
const runnableMethod = /^(invoke|ainvoke|astream|stream|astream_events|streamEvents)$/;
const langchainFamily = /^(langchain|@langchain\/|langgraph|langsmith)/;
const agentReceiver =
  /^(agent|subAgent|sub_agent|agentExecutor|agent_executor|crew|\w*(Agent|_agent|AgentExecutor|Crew))$/;
const agentMethod = /^(invoke|ainvoke|stream|run|arun|generate|execute|kickoff|kickoff_async|chat|step)$/;
const toolReceiver = /^(tool|\w*(Tool|_tool)|mcpClient|mcp)$/;
const toolMethod = /^(invoke|ainvoke|execute|call|run|callTool|call_tool)$/;

/** The last member of every path that a pattern matches, as a pattern of its own; `any` where that cannot be told. */
function endingOf(path: RegExp): RegExp | 'any' {
  // `\.(create|stream\w*)$`, `(\.|:)(chat|complete)$`, `\.run$`
  const found = /(?:\\\.|:|\(\\\.\|:\))(?:\((?:\w+\\\.\|?)+\)\?)?(?:\(((?:\w|\||\\w[*+]?)+)\)|(\w+))\$$/.exec(
    path.source,
  );
  const names = path.flags === '' ? (found?.[1] ?? found?.[2]) : undefined;
  return names === undefined ? 'any' : new RegExp(`^(?:${names})$`);
}

const shapes = new WeakMap<CallExpression, EffectOf | 'none'>();

function shapeOf(call: CallExpression, module: Module): EffectOf | undefined {
  let known = shapes.get(call);
  if (known === undefined) {
    known = byShape(call, nameOf(call.callee), module) ?? 'none';
    shapes.set(call, known);
  }
  return known === 'none' ? undefined : known;
}

/** What a call must be by its looks, where its callee cannot be resolved. */
function byShape(call: CallExpression, what: string, module: Module): EffectOf | undefined {
  const sure = (effect: EffectOf['effect']): EffectOf => ({
    effect,
    framework: 'plain',
    what,
    sure: true,
    pattern: undefined,
    value: undefined,
  });
  const likely = (effect: EffectOf['effect']): EffectOf => ({
    effect,
    framework: 'plain',
    what,
    sure: false,
    pattern: undefined,
    value: undefined,
  });
  if (chatShapes.some(shape => shape.test(what))) return sure('model');
  if (
    /(^|\.)(messages|responses)\.(create|stream|parse)$/.test(what) &&
    hasOption(call, /^(model|max_tokens|messages|input)$/)
  )
    return sure('model');
  if (call.callee.kind === 'member') {
    const method = call.callee.property;
    const receiver = lastName(call.callee.object);
    if (method === 'callTool' || method === 'call_tool') return sure('tool');
    if (receiver === undefined) return undefined;
    if (runnableMethod.test(method) && (runnableReceiver.test(receiver) || modelReceiver.test(receiver)))
      return module.imports.some(one => langchainFamily.test(one.specifier)) ? sure('model') : likely('model');
    if (modelReceiver.test(receiver) && modelMethod.test(method)) return likely('model');
    if (agentReceiver.test(receiver) && agentMethod.test(method)) return likely('agent');
    if (toolReceiver.test(receiver) && toolMethod.test(method)) return likely('tool');
    if (
      /^(question|prompt|ask|confirm)$/.test(method) &&
      /^(rl|readline|reader|interface|prompts?|inquirer|cli|terminal|ui|user)$/i.test(receiver)
    )
      return likely('human');
  }
  if (call.callee.kind === 'name') {
    const name = call.callee.name;
    if (name === 'fetch' && fetchesModel(call)) return sure('model');
    if (module.language === 'python' ? name === 'input' : name === 'prompt' || name === 'confirm') return sure('human');
  }
  if (/^(requests|httpx|axios|client|session)\.(post|request|stream)$/.test(what) && fetchesModel(call))
    return sure('model');
  if (/(^|\.)(sleep|delay|wait|setTimeout)$/.test(what) || inbound.test(calleeName(call.callee))) return likely('wait');
  return undefined;
}

function lastName(node: Expression): string | undefined {
  if (node.kind === 'name') return node.name === 'this' || node.name === 'self' ? undefined : node.name;
  if (node.kind === 'member') return node.property;
  if (node.kind === 'call') return node.callee.kind === 'member' ? node.callee.property : lastName(node.callee);
  if (node.kind === 'await') return lastName(node.value);
  return undefined;
}

function hasOption(call: CallExpression, key: RegExp): boolean {
  return call.arguments.some(
    argument =>
      (argument.name !== undefined && key.test(argument.name)) ||
      (argument.value.kind === 'object' &&
        argument.value.entries.some(entry => entry.kind === 'entry' && key.test(entry.key))),
  );
}

const modelHosts =
  /api\.openai\.com|^\/api\/(responses|completions?|llm)$|api\.anthropic\.com|generativelanguage\.googleapis|openrouter\.ai|api\.groq\.com|api\.mistral\.ai|\/chat\/completions|\/v1\/messages|\/api\/(generate|chat)$|\/v1\/responses/;

/** True if an argument's text names a model's HTTP endpoint. */
function fetchesModel(call: CallExpression): boolean {
  let found = false;
  for (const argument of call.arguments) {
    walk(argument.value, {
      enter(node) {
        if (node.kind === 'literal' && typeof node.value === 'string' && modelHosts.test(node.value)) found = true;
        if (node.kind === 'template' && node.texts.some(text => modelHosts.test(text))) found = true;
        return undefined;
      },
    });
  }
  return found;
}
