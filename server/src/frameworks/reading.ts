// Answers adapters' questions about a program: what a call does, whether a function can reach a model, tool or agent.
// It must not know any one framework: their tables are handed in.
import type { Work } from '../graph/model.ts';
import type { CallExpression, Expression, Module } from '../program/model.ts';
import type { Program } from '../program/program.ts';
import { calleeName, nameOf } from '../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import { Resolver, type Surroundings, type Value } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { Place } from '../rules/finding.ts';
import { isAnswered } from './answers.ts';
import type { PackageCall } from './calls.ts';
import { namesModel } from './endpoints.ts';
import type { CallPattern, EffectOf, External } from './framework.ts';
import type { Known, Vocabulary } from './vocabulary.ts';

export const costly: ReadonlySet<string> = new Set(['model', 'tool', 'agent']);

const nobody: readonly FunctionInfo[] = [];
const fewMethods = 4;
/** Names that say nothing of what a method does. */
const everyday =
  /^(get|set|add|has|delete|remove|clear|push|pop|call|apply|bind|on|off|once|emit|send|start|stop|close|open|init|update|create|build|next|parse|format|log|info|warn|error|map|filter|find|forEach|then|catch|finally|toString|toJSON|load|save|read|write|reset|dispose|register)$/;

/** What a reader sees of the program beside the module that it reads; whoever answers may note what was asked. */
export interface Scene extends Surroundings {
  readonly program: Program;
  readonly vocabulary: Vocabulary;
  /** The modules to analyse, in the program's order. */
  modules(): readonly Module[];
  reaches(info: FunctionInfo): boolean;
  reachesAlone(info: FunctionInfo): boolean;
  asks(info: FunctionInfo): boolean;
  packageCalls(): readonly PackageCall[];
  /** Methods of the program's classes. */
  methodsNamed(name: string): readonly FunctionInfo[];
}

/** One piece of reading: what it has found out is kept for its own life. */
export class Reader {
  readonly resolver: Resolver;
  private readonly scene: Scene;
  private readonly vocabulary: Vocabulary;
  private readonly effects = new Map<CallExpression, EffectOf | null>();
  private readonly called = new Map<CallExpression, readonly FunctionInfo[]>();

  constructor(scene: Scene) {
    this.scene = scene;
    this.vocabulary = scene.vocabulary;
    this.resolver = new Resolver(scene.program, scene, specifier => scene.vocabulary.isPackage(specifier));
  }

  /** Specifiers, as imported, of modules whose `start`, `listen` and `router` decorate the steps of a flow. */
  get flowModules(): readonly string[] {
    return this.vocabulary.flowModules;
  }

  get modules(): readonly Module[] {
    return this.scene.modules();
  }

  /** Every call of something that a package made, in program order. */
  get packageCalls(): readonly PackageCall[] {
    return this.scene.packageCalls();
  }

  effect(call: CallExpression, module: Module): EffectOf | undefined {
    const kept = this.effects.get(call);
    if (kept !== undefined) return kept ?? undefined;
    this.effects.set(call, null);
    const found = this.findEffect(call, module);
    this.effects.set(call, found ?? null);
    return found;
  }

  /** Another module of the program. */
  module(path: string): Module | undefined {
    return this.scene.module(path);
  }

  /** The pattern that an external path matches, if any. */
  match(value: External): Known | undefined {
    return this.vocabulary.match(value);
  }

  private findEffect(call: CallExpression, module: Module): EffectOf | undefined {
    const values = this.resolver.values(call.callee, module);
    const what = nameOf(call.callee);
    for (const extra of this.vocabulary.extra) {
      const paths = values.filter(v => v.kind === 'external').map(v => v.path);
      if (paths.some(path => extra.test(path, what)) || (paths.length === 0 && extra.test('', what))) {
        return { effect: extra.effect, framework: 'plain', what, sure: true, pattern: undefined, value: undefined };
      }
    }
    const matched: { framework: string; pattern: CallPattern; value: External }[] = [];
    for (const value of values) {
      if (value.kind !== 'external') continue;
      const found = this.match(value);
      const known = found?.pattern.when?.({ node: call, module }, value, this) === false ? undefined : found;
      // Calling what a wrapper gave back runs what it wraps.
      if (known?.pattern.effect === 'wrapper' && value.path.endsWith('()') && !this.givesFunction(call, module))
        continue;
      if (known) matched.push({ ...known, value });
    }
    const [first, ...rest] = matched;
    if (first) {
      const { pattern, framework, value } = first;
      const others = rest.filter(other => other.pattern.effect === pattern.effect);
      return { effect: pattern.effect, framework, what, sure: true, pattern, value, others };
    }
    const handed = this.handedOn(call, module, values);
    if (handed) return handed;
    // Only where nothing is known of the callee may its shape speak.
    if (values.some(value => value.kind !== 'external' || !/^global:/.test(value.path))) {
      if (values.some(v => v.kind === 'class' || (v.kind === 'function' && !v.info.node?.bodiless))) return undefined;
      if (isRequest(call) && isAnswered(call, module)) return requestOf(what);
      if (values.some(v => v.kind === 'external' && !isOpaqueWrapper(v))) return undefined;
    }
    return shapeOf(call, module);
  }

  /** What a call does that hands its work to a thread: `asyncio.to_thread(client.messages.create, model=…)`. */
  private handedOn(call: CallExpression, module: Module, values: readonly Value[]): EffectOf | undefined {
    if (!values.some(value => value.kind === 'external' && handsOn.test(value.path))) return undefined;
    for (const { value: node, name } of call.arguments.slice(0, 2)) {
      if (name !== undefined || (node.kind !== 'member' && node.kind !== 'name')) continue;
      for (const value of this.resolver.externals(node, module)) {
        const known = this.match(value);
        if (!known || !costly.has(known.pattern.effect)) continue;
        const { pattern, framework } = known;
        return { effect: pattern.effect, framework, what: nameOf(node), sure: true, pattern, value };
      }
      const shaped = byShape({ ...call, callee: node }, nameOf(node), module);
      if (shaped && costly.has(shaped.effect)) return shaped;
    }
    return undefined;
  }

  private givesFunction(call: CallExpression, module: Module): boolean {
    return call.arguments.some(
      argument =>
        argument.value.kind === 'functionExpression' ||
        this.resolver.values(argument.value, module).some(value => value.kind === 'function'),
    );
  }

  /** False if a call's own name and shape exclude that it has one of the effects. */
  mayBe(effects: readonly EffectOf['effect'][], call: CallExpression, module: Module): boolean {
    return (
      effects.some(effect => this.vocabulary.mayBe(effect, call)) ||
      shapeOf(call, module) !== undefined ||
      handers.test(calleeName(call.callee)) ||
      (isRequest(call) && isAnswered(call, module))
    );
  }

  /** Methods of the program's classes by a name that few of them have. */
  methodsNamed(name: string): readonly FunctionInfo[] {
    const found = this.scene.methodsNamed(name);
    return found.length <= fewMethods ? found : nobody;
  }

  /** True if the function can reach a model, tool or agent call, also through what some caller gives it to run. */
  reaches(info: FunctionInfo): boolean {
    return this.scene.reaches(info);
  }

  /** True if the function waits for a person, itself or through what it calls, and reaches no model. */
  asks(info: FunctionInfo): boolean {
    return this.scene.asks(info);
  }

  costs(call: CallExpression, module: Module): boolean {
    const effect = this.effect(call, module);
    if (effect) {
      if (costly.has(effect.effect)) return true;
      if (effect.effect !== 'wrapper' && effect.effect !== 'retry') return false;
    }
    // What other callers give the callee to run, this call does not.
    for (const target of this.callees(call, module)) if (this.scene.reachesAlone(target)) return true;
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

  /** Functions that a call runs by name: the callee, what a wrapper wraps; never callbacks. */
  runs(call: CallExpression, module: Module): FunctionInfo[] {
    const found = [...this.resolver.targets(call, module)];
    const values = this.resolver.values(call.callee, module);
    for (const value of values) found.push(...this.unwrap(value));
    // What comes out of a `Map` is not known either.
    if (values.every(value => value.kind === 'external' && value.path.startsWith('global:')))
      found.push(...this.likeNamed(call));
    return found;
  }

  private findCallees(call: CallExpression, module: Module): FunctionInfo[] {
    const found = this.runs(call, module);
    if (keepsArguments(call)) return found;
    const run = new Set(found.flatMap(target => ranParameters(target)));
    call.arguments.forEach(({ value }, at) => {
      if (value.kind === 'functionExpression') found.push(indexOf(module).info(value.function));
      // What a call or a choice gives is looked at only where it is run.
      else if (isNaming(value) || (run.has(at) && /^(call|conditional|logical)$/.test(value.kind)))
        found.push(...this.functionsOf(value, module));
    });
    return found;
  }

  /** The functions that an expression may stand for. */
  private functionsOf(node: Expression, module: Module): FunctionInfo[] {
    return this.resolver
      .values(node, module)
      .flatMap(value =>
        value.kind === 'function' && value.info.accessor === 'none' ? [value.info] : this.unwrap(value),
      );
  }

  /**
   * Of the functions that a call runs, those that some caller of the function around it gave: `fn()` of a parameter
   * `fn`, or `fn` handed on. Each caller's own call says what they are for it.
   */
  given(call: CallExpression, info: FunctionInfo): ReadonlySet<FunctionInfo> {
    const found = new Set<FunctionInfo>();
    const isGiven = (node: Expression): boolean => {
      const of = givenTo(node, info.module);
      return of !== undefined && !registers.test(lastPart(of.name)) && this.runsWithin(info, of);
    };
    if (isGiven(call.callee)) for (const target of this.runs(call, info.module)) found.add(target);
    for (const { value } of call.arguments)
      if (value.kind === 'name' && isGiven(value))
        for (const target of this.functionsOf(value, info.module)) found.add(target);
    return found;
  }

  /** True if a function runs while the one around it does; false if it may be given back or kept. */
  private runsWithin(inner: FunctionInfo, outer: FunctionInfo): boolean {
    if (inner === outer) return true;
    const around = inner.outer;
    if (!around) return false;
    const runs = around.calls.some(
      call =>
        (!keepsArguments(call) &&
          call.arguments.some(({ value }) => value.kind === 'functionExpression' && value.function === inner.node)) ||
        (call.callee.kind === 'name' && this.resolver.targets(call, inner.module).includes(inner)),
    );
    return runs && this.runsWithin(around, outer);
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

  /** True if the call waits for time or for something from outside, itself or in the function that it names. */
  waits(call: CallExpression, module: Module): boolean {
    if (this.effect(call, module)?.effect === 'wait' || isTimer(call)) return true;
    const target = this.resolver.targets(call, module)[0];
    if (!target || call.isNew || this.reaches(target)) return false;
    return target.calls.some(one => this.effect(one, target.module)?.effect === 'wait' || isTimer(one));
  }

  /** True if the call waits, and for nothing but time. */
  pauses(call: CallExpression, module: Module): boolean {
    const sleeps = (one: CallExpression): boolean => isTimer(one) || pausing.test(calleeName(one.callee));
    if (sleeps(call)) return true;
    const target = this.resolver.targets(call, module)[0];
    if (!target || call.isNew || this.reaches(target)) return false;
    const waiting = target.calls.filter(one => this.effect(one, target.module)?.effect === 'wait' || isTimer(one));
    return waiting.length > 0 && waiting.every(sleeps);
  }

  /** Of a receiver that is not resolved, the methods of classes named like it: `agent.takeStep()` of a `FunctionAgent`. */
  private likeNamed(call: CallExpression): readonly FunctionInfo[] {
    if (call.callee.kind !== 'member' || everyday.test(call.callee.property)) return nobody;
    const receiver = lastName(call.callee.object)
      ?.replace(/^[_#]+/, '')
      .toLowerCase();
    if (receiver === undefined || receiver.length < 4) return nobody;
    return this.methodsNamed(call.callee.property).filter(
      info => !info.node?.bodiless && info.owner!.node.name.toLowerCase().includes(receiver),
    );
  }

  stepId(info: FunctionInfo): string {
    return stepIdOf(info);
  }

  enter(info: FunctionInfo, place: Place): Work {
    return { do: 'enter', step: this.stepId(info), place };
  }
}

function isNaming(node: Expression): boolean {
  return node.kind === 'name' || node.kind === 'member' || (node.kind === 'call' && calleeName(node.callee) === 'bind');
}

/** The function whose parameter a name is, if nothing but its callers gives that a value. */
function givenTo(node: Expression, module: Module): FunctionInfo | undefined {
  const binding = node.kind === 'name' ? indexOf(module).lookup(node.name, node) : undefined;
  if (binding?.kind !== 'parameter' || !binding.parameter || binding.parameter.node.defaultValue) return undefined;
  return binding.writes.length === 0 ? binding.parameter.of : undefined;
}

const ran = new WeakMap<FunctionInfo, readonly number[]>();

/** Positions of the arguments that a function runs as they are. */
export function ranParameters(info: FunctionInfo): readonly number[] {
  let known = ran.get(info);
  if (!known) {
    const calls = (one: FunctionInfo): readonly CallExpression[] => [...one.calls, ...one.inner.flatMap(calls)];
    const names = info.node?.parameters.map(({ target }) => target) ?? [];
    const called = new Set(
      names.length === 0
        ? []
        : calls(info).flatMap(({ callee }) => (givenTo(callee, info.module) === info ? [nameOf(callee)] : [])),
    );
    known = names.flatMap((target, at) => (target.kind === 'name' && called.has(target.name) ? [at] : []));
    ran.set(info, known);
  }
  return known;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Name of a function's step. */
export function stepIdOf(info: FunctionInfo): string {
  return `${info.module.path}#${info.node ? info.node.span[0] : 'top'}`;
}

const registers =
  /^(on|once|off|addListener|addEventListener|removeEventListener|subscribe|register\w*|use|handle|define\w*|createServer|setHandler|set\w*(Handler|Listener|Callback)|command|action|route)$/;

/** True for calls that keep a function for later: event handlers, routes, constructors. Those are runs of their own. */
export function keepsArguments(call: CallExpression): boolean {
  const callee = call.callee;
  const name = calleeName(callee);
  return call.isNew ? name !== 'Promise' : registers.test(name);
}

/** `new Promise(resolve => setTimeout(resolve, 1000))`. */
function isTimer(call: CallExpression): boolean {
  const work = call.isNew && calleeName(call.callee) === 'Promise' ? call.arguments[0]?.value : undefined;
  if (work?.kind !== 'functionExpression') return false;
  let found = false;
  walk(work.function.body, {
    enter(node) {
      if (node.kind === 'call' && calleeName(node.callee) === 'setTimeout') found = true;
      return found ? 'skip' : undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

const pausing = /^(sleep|delay|setTimeout)$/;

function isOpaqueWrapper(value: External): boolean {
  return /^(react|next|@nestjs|class-validator|effect|fp-ts)/.test(value.path);
}

/** Takes what somebody else sends: a frame of a socket, a message of a broker. */
export const inbound =
  /^(receive(_\w+)?|recv(_\w+)?|take|dequeue|nextJob|nextMessage|nextTask|brpop|blpop|bzpopmin|xread(Group|group)?|waitForMessage|wait_for_message)$/;

/** Runs its first or second argument in a thread. */
const handsOn = /^(asyncio:to_thread|anyio:to_thread\.run_sync|asyncio:get_(event|running)_loop\(\)\.run_in_executor)$/;
const handers = /^(to_thread|run_sync|run_in_executor)$/;

/** Names of calls that ask for something, and of those that only look at what is there. */
const requesting =
  /^(chat|complete|generate|invoke|ask|call|create|predict|infer|respond|send|query|prompt|run|stream)(?=$|[A-Z_])|completion|llm|model|assistant|chat|openai|anthropic|claude|gpt|gemini/i;
const looking =
  /^(parse|to|from|extract|convert|format|build|read|load|save|store|process|handle|collect|consume|execute|normalize|validate|find|select|count|log|get(?!_?(completion|response|chat|answer|reply)))/i;

function isRequest({ callee, isNew }: CallExpression): boolean {
  const name = calleeName(callee);
  return !isNew && requesting.test(name) && !looking.test(name);
}

function requestOf(what: string): EffectOf {
  return { effect: 'model', framework: 'plain', what, sure: true, pattern: undefined, value: undefined };
}

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
  if (
    isRequest(call) &&
    ((hasOption(call, /^messages$/) &&
      hasOption(call, /^(tools|tool_?[cC]hoice|temperature|max_?(output_?)?[tT]okens|maxOutputTokens|system)$/)) ||
      isAnswered(call, module))
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
    if (name === 'fetch' && namesModel(call, module)) return sure('model');
    if (module.language === 'python' ? name === 'input' : name === 'prompt' || name === 'confirm') return sure('human');
  }
  if (/^(requests|httpx|axios|client|session)\.(post|request|stream)$/.test(what) && namesModel(call, module))
    return sure('model');
  if (/(^|\.)(sleep|delay|wait|acquire|setTimeout)$/.test(what) || inbound.test(calleeName(call.callee)))
    return likely('wait');
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
