// Which calls give back what the code then reads as a model's answer: its tool calls, why it stopped. A client that nobody
// knows gives itself away by that. It must not resolve anything: it looks at the module alone.
import type { AnyNode, CallExpression, Expression, Module, Pattern } from '../program/model.ts';
import { type Binding, indexOf } from '../program/scope.ts';
import { walk } from '../program/walk.ts';

/** Parts of an answer that only a model's has. */
const parts = /^(tool_?[cC]alls|stop_?[rR]eason|finish_?[rR]eason)$/;
/** What a part of a message says that it is. */
const kinds = /^(tool_?[cC]all|tool-call|tool_?[uU]se|function_?[cC]all)$/;

const answered = new WeakMap<Module, ReadonlySet<CallExpression>>();

/** True if what the call gives back is taken apart like a model's answer. */
export function isAnswered(call: CallExpression, module: Module): boolean {
  let known = answered.get(module);
  if (!known) {
    known = answeredIn(module);
    answered.set(module, known);
  }
  return known.has(call);
}

function answeredIn(module: Module): ReadonlySet<CallExpression> {
  const found = new Set<CallExpression>();
  const index = indexOf(module);
  const seen = new Set<Binding>();
  const add = (value: Expression | undefined): void => {
    const call = requestOf(value);
    if (call) found.add(call);
  };
  const read = (root: Expression): void => {
    const name = rootOf(root);
    const binding = name && index.lookup(name.name, name);
    if (!binding || seen.has(binding)) return;
    seen.add(binding);
    for (const write of binding.writes) {
      if (write.how === 'declare' || write.how === 'assign') {
        // `const choice = response.choices[0]` leads on to the response.
        if (requestOf(write.value)) add(write.value);
        else if (write.value && rootOf(write.value) !== write.value) read(write.value);
      }
    }
  };
  const look = (node: AnyNode): undefined => {
    if (node.kind === 'declare' || node.kind === 'assign') {
      if (names(node.target)) {
        add(node.value);
        if (node.value) read(node.value);
      }
    } else if (node.kind === 'member' && parts.test(node.property)) read(node.object);
    else if (node.kind === 'index' && node.index.kind === 'literal' && parts.test(String(node.index.value)))
      read(node.object);
    else if (node.kind === 'call' && isLookup(node)) read(node.callee.kind === 'member' ? node.callee.object : node);
    else if (node.kind === 'call' && picksTools(node)) read(node.callee.kind === 'member' ? node.callee.object : node);
    return undefined;
  };
  walk(module.body, { enter: look });
  return found;
}

/** `answer.get("tool_calls")`, `response.get_tool_calls()`. */
function isLookup({ callee, arguments: given }: CallExpression): boolean {
  if (callee.kind !== 'member') return false;
  const [first] = given;
  if (callee.property === 'get') return first?.value.kind === 'literal' && parts.test(String(first.value.value));
  return /^(get_tool_calls|getToolCalls)$/.test(callee.property);
}

/** `message.content.filter(part => part.type === 'tool_use')`. */
function picksTools({ callee, arguments: given }: CallExpression): boolean {
  if (callee.kind !== 'member' || !/^(filter|find|some|every)$/.test(callee.property)) return false;
  const test = given[0]?.value;
  if (test?.kind !== 'functionExpression') return false;
  let found = false;
  walk(test.function.body, {
    enter(node) {
      if (node.kind !== 'binary' || node.operator !== '==') return undefined;
      const { left, right } = node;
      if (
        left.kind === 'member' &&
        left.property === 'type' &&
        right.kind === 'literal' &&
        kinds.test(String(right.value))
      )
        found = true;
      return undefined;
    },
  });
  return found;
}

/** `{ toolCalls }`, `content, tool_calls`. */
function names(target: Pattern): boolean {
  if (target.kind === 'objectPattern') return target.entries.some(entry => parts.test(entry.key));
  if (target.kind === 'listPattern')
    return target.items.some(item => item?.target.kind === 'name' && parts.test(item.target.name));
  return false;
}

/** The call whose answer is kept: `await client.ask(…)`. */
function requestOf(value: Expression | undefined): CallExpression | undefined {
  const node = value?.kind === 'await' ? value.value : value;
  return node?.kind === 'call' && !node.isNew ? node : undefined;
}

function rootOf(node: Expression): Extract<Expression, { kind: 'name' }> | undefined {
  let root = node;
  while (root.kind === 'member' || root.kind === 'index') root = root.object;
  return root.kind === 'name' ? root : undefined;
}
