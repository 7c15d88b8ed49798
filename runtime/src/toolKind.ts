// What the name of a tool says about its calls: whether they wait, look around, take notes, change things or start agents.
// A name is a hint, never a proof: it decides how patient the detector is, not whether it looks.

import { leavesOf, type Signature } from './signature.ts';

/** What a name suggests. */
export type ToolKind = {
  /** Lets time pass. */
  readonly waits: boolean;
  /** Asks how something stands, or for what came in. */
  readonly asks: boolean;
  /** Takes what came in: nothing there means nothing yet. */
  readonly receives: boolean;
  /** Looks around: listings, status of a work tree, screens. Agents do that again and again between other work. */
  readonly looks: boolean;
  /** Writes down what the model thinks: changes nothing but itself. */
  readonly notes: boolean;
  /** Changes something, so that equal calls after it are not the same question. */
  readonly changes: boolean;
  /** Starts a further agent. */
  readonly spawns: boolean;
  /** Draws by chance: equal results come by chance as well. */
  readonly draws: boolean;
};

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));
const WAIT = words('sleep wait delay pause idle');
const LOOK = words('ls dir pwd tree status screenshot snapshot screen');
const LIST = words('list get read show');
const LISTED = words('dir dirs directory directories files folder folders state tree todos tools');
const NOTE = words(
  'think thinking thought note notes plan todo todos log say reflect comment remember memory scratchpad journal',
);
const READ = words(
  'get list read find search query check view show describe count test lint grep inspect look lookup fetch',
);
const ASK = words('status state poll progress job health is has ready pending');
const RECEIVE = words('receive poll next dequeue pop consume listen await');
const CHANGE = words(
  'write edit patch apply create update delete remove insert replace rename move copy install uninstall set put append save upload commit checkout restart fix refactor format mkdir touch stage revert undo modify change upsert reply send post answer submit click press type navigate publish deploy pay book bash shell exec terminal sh',
);
const DRAW = words('random dice roll flip shuffle draw');
const SPAWN = words('spawn delegate delegation handoff subagent subagents dispatch transfer');
const START = words('launch start create run call invoke new ask');
const AGENT = words('agent agents subagent coworker crew');

const some = (of: readonly string[], set: ReadonlySet<string>): boolean => of.some(word => set.has(word));

/** Reads a name: snake, kebab, camel and dotted alike. */
export const kindOf = (name: string): ToolKind => {
  const parts = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);
  const reads = some(parts, READ);
  const notes = some(parts, NOTE);
  return {
    waits: some(parts, WAIT),
    asks: reads || some(parts, ASK) || some(parts, RECEIVE),
    receives: some(parts, RECEIVE),
    looks: some(parts, LOOK) || (some(parts, LIST) && some(parts, LISTED)),
    notes: notes && !reads,
    changes: some(parts, CHANGE) && !notes && !reads,
    spawns:
      (some(parts, SPAWN) && !reads) ||
      (some(parts, START) && some(parts, AGENT)) ||
      (parts.length === 1 && (parts[0] === 'task' || parts[0] === 'agent')),
    draws: some(parts, DRAW),
  };
};

const COMMAND = words('command cmd script action');
const READING =
  /^\s*(?:view|ls|cat|head|tail|grep|rg|find|pwd|echo|which|wc|stat|tree|less|diff|env|whoami|date|sleep|curl|test|npm (?:test|run)|pytest|cargo (?:test|check)|go (?:test|vet)|make|git (?:status|log|diff|show|branch))\b(?!.*>)/;
const LOOKING = /^\s*(?:ls|pwd|tree|date|whoami|git status)\b/;

const commandOf = (signature: Signature): string => {
  for (const [key, value] of leavesOf(signature)) if (typeof value === 'string' && COMMAND.has(key)) return value;
  return '';
};

/** Whether a call of a tool that changes things only looked, as its command says. */
export const onlyLooks = (signature: Signature): boolean => READING.test(commandOf(signature));

/** Whether a call looks around, as its tool or its command says. */
export const looksAround = (kind: ToolKind, signature: Signature): boolean =>
  kind.looks || (kind.changes && LOOKING.test(commandOf(signature)));
