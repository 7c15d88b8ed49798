// Checks what came over the wire, one parser per direction: unknown JSON in, a typed message or a reason out.
// Unknown fields are left behind and unknown event kinds are skipped; an unknown message type is a reason.

import {
  type AgentEvent,
  type Amounts,
  type BreakerEvent,
  type BreakerState,
  type BudgetEvent,
  type CallEvent,
  OPERATIONS,
  type Outcome,
  type RouteEvent,
  type RunEnded,
  type RunStarted,
  type RunStatus,
  type StateEvent,
  type WarningEvent,
} from './event.ts';
import { LIMITS, PROTOCOL_VERSION } from './limits.ts';
import {
  type AgentHello,
  type AgentInfo,
  type AgentMessage,
  type Control,
  type ControlAction,
  type ControlRequest,
  type ControlResult,
  type HubToAgent,
  type OpenRun,
  REFUSALS,
  type Refusal,
  type ViewerHello,
  type ViewerMessage,
  type Welcome,
} from './message.ts';
import {
  amount,
  flag,
  id,
  list,
  object,
  oneOf,
  optional,
  type Parsed,
  parsed,
  type Reader,
  tag,
  text,
  Unreadable,
  whole,
} from './read.ts';
import { type Count, type Evidence, type MatchedCall, type Place, TRIP_REASONS, type Trip, UNITS } from './trip.ts';

const name = text(LIMITS.name);
const message = text(LIMITS.message);
const digest = text(LIMITS.digest);

/** The word itself: which reader runs was chosen by it. */
const literal =
  <T extends string>(word: T): Reader<T> =>
  () =>
    word;

const amounts = object<Amounts>({ usd: optional(amount), tokens: optional(amount), calls: optional(amount) });

const place = object<Place>({
  file: text(LIMITS.path),
  line: whole,
  column: whole,
  function: optional(name),
});

const matchedCall = object<MatchedCall>({
  name,
  digest,
  length: whole,
  resultDigest: optional(digest),
  error: optional(name),
  time: optional(amount),
  args: optional(text(LIMITS.args)),
});

const evidence = object<Evidence>({
  limit: optional(amount),
  observed: optional(amount),
  unit: optional(oneOf(UNITS)),
  period: optional(whole),
  repeats: optional(whole),
  rung: optional(name),
  pattern: optional(list(name, LIMITS.entries)),
  calls: optional(list(matchedCall, LIMITS.calls)),
  counts: optional(list(object<Count>({ name, count: amount }), LIMITS.entries)),
  routes: optional(list(name, LIMITS.entries)),
  subject: optional(name),
  retryAt: optional(amount),
});

const trip = object<Trip>({
  id: (value, path) => {
    const read = id(value, path);
    if (read.length < 8) throw new Unreadable(`${path}: expected 8 characters or more`);
    return read;
  },
  runId: id,
  run: name,
  app: name,
  pid: whole,
  time: amount,
  reason: oneOf(TRIP_REASONS),
  guard: name,
  message,
  evidence,
  place: optional(place),
  monitored: optional(flag),
  user: optional(name),
  feature: optional(name),
});

type ReadersOf<U extends { [K in D]: string }, D extends string> = {
  [T in U[D]]: Reader<Extract<U, { [K in D]: T }>>;
};

const events: ReadersOf<AgentEvent, 'kind'> = {
  runStarted: object<RunStarted>({
    kind: literal('runStarted'),
    runId: id,
    time: amount,
    name,
    user: optional(name),
    feature: optional(name),
    plan: optional(name),
  }),
  runEnded: object<RunEnded>({
    kind: literal('runEnded'),
    runId: id,
    time: amount,
    status: oneOf<RunStatus>(['ok', 'tripped', 'error']),
    error: optional(message),
  }),
  call: object<CallEvent>({
    kind: literal('call'),
    runId: id,
    time: amount,
    op: oneOf(OPERATIONS),
    name,
    digest: optional(digest),
    length: optional(whole),
    resultDigest: optional(digest),
    inputTokens: optional(amount),
    outputTokens: optional(amount),
    usd: optional(amount),
    durationMs: amount,
    outcome: oneOf<Outcome>(['ok', 'error', 'blocked']),
    error: optional(name),
    user: optional(name),
    feature: optional(name),
  }),
  breaker: object<BreakerEvent>({
    kind: literal('breaker'),
    runId: id,
    time: amount,
    breaker: name,
    state: oneOf<BreakerState>(['closed', 'open', 'halfOpen']),
    reason: optional(message),
    retryAt: optional(amount),
  }),
  route: object<RouteEvent>({
    kind: literal('route'),
    runId: id,
    time: amount,
    route: name,
    step: optional(name),
    streak: whole,
  }),
  state: object<StateEvent>({
    kind: literal('state'),
    runId: id,
    time: amount,
    step: optional(name),
    tokens: amount,
    limit: optional(amount),
    largest: optional(name),
  }),
  budget: object<BudgetEvent>({
    kind: literal('budget'),
    runId: id,
    time: amount,
    guard: name,
    spent: amounts,
    reserved: amounts,
    limit: amounts,
    windowMs: optional(amount),
  }),
  warning: object<WarningEvent>({
    kind: literal('warning'),
    runId: id,
    time: amount,
    reason: oneOf(TRIP_REASONS),
    guard: name,
    message,
  }),
};

const isKind = (kind: string): kind is AgentEvent['kind'] => Object.hasOwn(events, kind);

const eventList: Reader<AgentEvent[]> = (value, path) => {
  if (!Array.isArray(value)) throw new Unreadable(`${path}: expected a list`);
  if (value.length > LIMITS.eventsPerMessage) {
    throw new Unreadable(`${path}: expected at most ${LIMITS.eventsPerMessage} items`);
  }
  const known: AgentEvent[] = [];
  for (const entry of value) {
    const kind = tag(entry, 'kind', path);
    if (isKind(kind)) known.push(events[kind](entry, path));
  }
  return known;
};

const version: Reader<number> = (value, path) => {
  if (value !== PROTOCOL_VERSION) throw new Unreadable(`${path}: this side speaks version ${PROTOCOL_VERSION}`);
  return PROTOCOL_VERSION;
};

const agentHello = object<AgentHello>({
  type: literal('hello'),
  version,
  role: literal('agent'),
  agent: object<AgentInfo>({
    id,
    pid: whole,
    app: name,
    language: name,
    runtime: optional(name),
    library: optional(name),
  }),
  runs: list(
    object<OpenRun>({ runId: id, name, time: amount, calls: amount, tokens: amount, usd: amount }),
    LIMITS.runsPerHello,
  ),
  pendingTrips: whole,
});

const viewerHello = object<ViewerHello>({
  type: literal('hello'),
  version,
  role: literal('viewer'),
});

const actions: ReadersOf<ControlAction, 'do'> = {
  resetBreaker: object<Extract<ControlAction, { do: 'resetBreaker' }>>({ do: literal('resetBreaker'), breaker: name }),
  stopRun: object<Extract<ControlAction, { do: 'stopRun' }>>({ do: literal('stopRun'), runId: id }),
  raiseBudget: object<Extract<ControlAction, { do: 'raiseBudget' }>>({
    do: literal('raiseBudget'),
    guard: name,
    by: amounts,
  }),
};

const isAction = (action: string): action is ControlAction['do'] => Object.hasOwn(actions, action);

const action: Reader<ControlAction> = (value, path) => {
  const found = tag(value, 'do', path);
  if (!isAction(found)) throw new Unreadable(`${path}.do: unknown action`);
  return actions[found](value, path);
};

const controlResult = object<ControlResult>({
  type: literal('controlResult'),
  id,
  ok: flag,
  message: optional(message),
});

const controlRequest = object<ControlRequest>({ type: literal('control'), id, agentId: id, action });

const eventsMessage = object<Extract<AgentMessage, { type: 'events' }>>({
  type: literal('events'),
  dropped: whole,
  events: eventList,
});

const tripsMessage = object<Extract<AgentMessage, { type: 'trips' }>>({
  type: literal('trips'),
  trips: list(trip, LIMITS.tripsPerMessage),
});

const unknownType = (type: string): never => {
  throw new Unreadable(`message.type: unknown type ${JSON.stringify(type.slice(0, 40))}`);
};

/** Checks a first message. `version` in the reason means that the peer speaks another version. */
export const parseHello = (json: unknown): Parsed<AgentHello | ViewerHello> =>
  parsed(() => {
    if (tag(json, 'type', 'message') !== 'hello') throw new Unreadable('message.type: expected hello');
    const role = tag(json, 'role', 'message');
    if (role === 'agent') return agentHello(json, 'message');
    if (role === 'viewer') return viewerHello(json, 'message');
    throw new Unreadable('message.role: expected agent | viewer');
  });

/** Checks a message of an agent that has said hello. */
export const parseAgentMessage = (json: unknown): Parsed<Exclude<AgentMessage, AgentHello>> =>
  parsed(() => {
    const type = tag(json, 'type', 'message');
    switch (type) {
      case 'events':
        return eventsMessage(json, 'message');
      case 'trips':
        return tripsMessage(json, 'message');
      case 'controlResult':
        return controlResult(json, 'message');
      default:
        return unknownType(type);
    }
  });

/** Checks a message of a viewer that has said hello. */
export const parseViewerMessage = (json: unknown): Parsed<Exclude<ViewerMessage, ViewerHello>> =>
  parsed(() => {
    const type = tag(json, 'type', 'message');
    return type === 'control' ? controlRequest(json, 'message') : unknownType(type);
  });

/** Checks a message of the hub to an agent. */
export const parseHubToAgent = (json: unknown): Parsed<HubToAgent> =>
  parsed(() => {
    const type = tag(json, 'type', 'message');
    switch (type) {
      case 'welcome':
        return object<Welcome>({ type: literal('welcome'), version, hub: id, control: flag })(json, 'message');
      case 'ack':
        return { type, trips: list(id, LIMITS.tripsPerMessage)((json as { trips?: unknown }).trips, 'message.trips') };
      case 'control':
        return object<Control>({ type: literal('control'), id, action })(json, 'message');
      case 'refused':
        return object<Refusal>({ type: literal('refused'), reason: oneOf(REFUSALS), message })(json, 'message');
      default:
        return unknownType(type);
    }
  });

/** Checks one trip, e.g. a line of a journal. */
export const parseTrip = (json: unknown): Parsed<Trip> => parsed(() => trip(json, 'trip'));

/** Checks a control action. */
export const parseControlAction = (json: unknown): Parsed<ControlAction> => parsed(() => action(json, 'action'));
