// Folds deltas into the model: a pure function that the hub, the VS Code panel and the watch page share.
// Untouched runs keep their identity, so a view may redraw only what changed. Never throws on checked deltas.

import type { AgentEvent, CallEvent } from './event.ts';
import type { OpenRun } from './message.ts';
import {
  type AgentView,
  type AppView,
  type Delta,
  MODEL_LIMITS,
  type Model,
  type RunView,
  type SpendView,
  type StepView,
} from './model.ts';
import type { Trip } from './trip.ts';

/** The model before anything happened. */
export const emptyModel = (): Model => ({
  agents: [],
  runs: [],
  trips: [],
  apps: [],
  users: [],
  features: [],
  totals: { calls: 0, tokens: 0, usd: 0, runs: 0, trips: 0, dropped: 0 },
});

/** The model after `deltas`, in order. A trip whose id is already known changes nothing. */
export const fold = (model: Model, deltas: readonly Delta[]): Model => {
  if (deltas.length === 0) return model;
  const draft = new Draft(model);
  for (const delta of deltas) apply(draft, delta);
  return draft.model;
};

/** A copy of the model of which each part is copied at most once, when it is first written. */
class Draft {
  readonly model: Model;
  readonly #fresh = new Map<string, RunView>();
  readonly #owned = new Set<object>();
  #tripIds: Set<string> | undefined;

  constructor(model: Model) {
    this.model = { ...model, totals: { ...model.totals } };
  }

  /** The list itself if this draft made it, else a copy put in its place. */
  list<K extends 'agents' | 'runs' | 'trips' | 'apps' | 'users' | 'features'>(key: K): Model[K] {
    const list = this.model[key];
    if (this.#owned.has(list)) return list;
    const copy = list.slice() as Model[K];
    this.#owned.add(copy);
    this.model[key] = copy;
    return copy;
  }

  hasTrip(id: string): boolean {
    this.#tripIds ??= new Set(this.model.trips.map(trip => trip.id));
    return this.#tripIds.has(id);
  }

  addTrip(trip: Trip): void {
    this.#tripIds?.add(trip.id);
    push(this.list('trips'), trip, MODEL_LIMITS.trips);
  }

  agent(id: string): AgentView | undefined {
    return this.#own(this.list('agents'), agent => agent.id === id);
  }

  app(app: string): AppView {
    const known = this.#own(this.list('apps'), view => view.app === app);
    if (known) return known;
    const fresh: AppView = { app, runs: 0, tripped: 0, trips: 0 };
    this.#owned.add(fresh);
    push(this.list('apps'), fresh, MODEL_LIMITS.apps);
    return fresh;
  }

  spender(key: 'users' | 'features', name: string): SpendView {
    const known = this.#own(this.list(key), view => view.name === name);
    if (known) return known;
    const fresh: SpendView = { name, calls: 0, tokens: 0, usd: 0 };
    this.#owned.add(fresh);
    push(this.list(key), fresh, MODEL_LIMITS.spenders);
    return fresh;
  }

  /** The run, ready to be written; made if unknown. */
  run(runId: string, make: () => RunView): RunView {
    const fresh = this.#fresh.get(runId);
    if (fresh) return fresh;
    const runs = this.list('runs');
    const index = runs.findIndex(run => run.runId === runId);
    let run: RunView;
    if (index >= 0) {
      run = copyRun(runs[index]!);
      runs[index] = run;
    } else {
      run = make();
      // A finished run makes room before one that still goes on.
      if (runs.length >= MODEL_LIMITS.runs) {
        const ended = runs.findIndex(old => old.status !== 'running');
        const [gone] = runs.splice(Math.max(ended, 0), 1);
        if (gone) this.#fresh.delete(gone.runId);
      }
      runs.push(run);
      this.model.totals.runs++;
      this.app(run.app).runs++;
    }
    this.#fresh.set(runId, run);
    return run;
  }

  #own<T extends object>(list: T[], is: (item: T) => boolean): T | undefined {
    const index = list.findIndex(is);
    if (index < 0) return undefined;
    const item = list[index]!;
    if (this.#owned.has(item)) return item;
    const copy = { ...item };
    this.#owned.add(copy);
    list[index] = copy;
    return copy;
  }
}

const copyRun = (run: RunView): RunView => ({
  ...run,
  trips: run.trips.slice(),
  steps: run.steps.map(step => ({ ...step })),
  breakers: run.breakers.slice(),
  budgets: run.budgets.slice(),
  routes: run.routes.slice(),
  warnings: run.warnings.slice(),
  points: run.points.slice(),
  states: run.states.slice(),
});

const newRun = (runId: string, agentId: string, app: string, name: string, startedAt: number): RunView => ({
  runId,
  agentId,
  app,
  name,
  status: 'running',
  startedAt,
  calls: 0,
  tokens: 0,
  usd: 0,
  errors: 0,
  blocked: 0,
  trips: [],
  steps: [],
  breakers: [],
  budgets: [],
  routes: [],
  warnings: [],
  points: [],
  pointEvery: 1,
  states: [],
});

const push = <T>(list: T[], item: T, limit: number): void => {
  list.push(item);
  if (list.length > limit) list.shift();
};

const apply = (draft: Draft, delta: Delta): void => {
  switch (delta.kind) {
    case 'agentJoined': {
      const known = draft.agent(delta.agent.id);
      if (known) {
        Object.assign(known, delta.agent);
        known.connected = true;
        known.lastSeen = delta.time;
      } else {
        const agents = draft.list('agents');
        if (agents.length >= MODEL_LIMITS.agents) {
          agents.splice(
            Math.max(
              agents.findIndex(agent => !agent.connected),
              0,
            ),
            1,
          );
        }
        agents.push({ ...delta.agent, connected: true, firstSeen: delta.time, lastSeen: delta.time, dropped: 0 });
      }
      for (const run of delta.runs) resume(draft, delta.agent.id, delta.agent.app, run);
      return;
    }
    case 'agentLeft': {
      const agent = draft.agent(delta.agentId);
      if (agent) {
        agent.connected = false;
        agent.lastSeen = delta.time;
      }
      for (const { runId, agentId, status } of draft.list('runs').slice()) {
        if (agentId !== delta.agentId || status !== 'running') continue;
        const run = draft.run(runId, () => newRun(runId, agentId, '', '', delta.time));
        run.status = 'lost';
        run.endedAt = delta.time;
      }
      return;
    }
    case 'events': {
      const agent = draft.agent(delta.agentId);
      if (agent) {
        draft.model.totals.dropped += Math.max(0, delta.dropped - agent.dropped);
        agent.dropped = delta.dropped;
        agent.lastSeen = delta.time;
      }
      const app = agent?.app ?? '';
      for (const event of delta.events) applyEvent(draft, delta.agentId, app, event);
      return;
    }
    case 'trip':
      applyTrip(draft, delta.agentId, delta.trip);
  }
};

const resume = (draft: Draft, agentId: string, app: string, open: OpenRun): void => {
  const run = draft.run(open.runId, () => newRun(open.runId, agentId, app, open.name, open.time));
  run.agentId = agentId;
  run.status = 'running';
  run.endedAt = undefined;
  // What this hub has not seen (another hub was there, or events were dropped) comes with the totals.
  const calls = Math.max(0, open.calls - run.calls);
  const tokens = Math.max(0, open.tokens - run.tokens);
  const usd = Math.max(0, open.usd - run.usd);
  add(run, calls, tokens, usd);
  add(draft.model.totals, calls, tokens, usd);
};

const applyTrip = (draft: Draft, agentId: string, trip: Trip): void => {
  if (draft.hasTrip(trip.id)) return;
  draft.addTrip(trip);
  draft.model.totals.trips++;
  const app = draft.app(trip.app);
  app.trips++;
  const run = draft.run(trip.runId, () => {
    // A trip without its run was replayed from the journal of a process that is gone.
    const replayed = newRun(trip.runId, agentId, trip.app, trip.run, trip.time);
    replayed.status = 'tripped';
    replayed.endedAt = trip.time;
    return replayed;
  });
  if (run.trips.length === 0) draft.app(run.app).tripped++;
  push(run.trips, trip.id, MODEL_LIMITS.trips);
};

const applyEvent = (draft: Draft, agentId: string, app: string, event: AgentEvent): void => {
  const run = draft.run(event.runId, () =>
    newRun(event.runId, agentId, app, event.kind === 'runStarted' ? event.name : '(unnamed)', event.time),
  );
  switch (event.kind) {
    case 'runStarted':
      run.name = event.name;
      run.startedAt = event.time;
      if (event.user !== undefined) run.user = event.user;
      if (event.feature !== undefined) run.feature = event.feature;
      return;
    case 'runEnded':
      run.status = event.status;
      run.endedAt = event.time;
      if (event.error !== undefined) run.error = event.error;
      return;
    case 'call':
      applyCall(draft, run, event);
      return;
    case 'breaker': {
      const { breaker, state, time, reason, retryAt } = event;
      replace(run.breakers, view => view.breaker === breaker, { breaker, state, time, reason, retryAt });
      if (run.breakers.length > MODEL_LIMITS.breakers) run.breakers.shift();
      return;
    }
    case 'route':
      push(
        run.routes,
        { route: event.route, step: event.step, streak: event.streak, time: event.time },
        MODEL_LIMITS.routes,
      );
      return;
    case 'state':
      push(
        run.states,
        { time: event.time, tokens: event.tokens, limit: event.limit, largest: event.largest },
        MODEL_LIMITS.states,
      );
      return;
    case 'budget': {
      const { guard, spent, reserved, limit, time } = event;
      replace(run.budgets, view => view.guard === guard, { guard, spent, reserved, limit, time });
      if (run.budgets.length > MODEL_LIMITS.budgets) run.budgets.shift();
      return;
    }
    case 'warning':
      push(
        run.warnings,
        { time: event.time, reason: event.reason, guard: event.guard, message: event.message },
        MODEL_LIMITS.warnings,
      );
  }
};

const applyCall = (draft: Draft, run: RunView, event: CallEvent): void => {
  const blocked = event.outcome === 'blocked';
  // A blocked call cost nothing and is not a call that was made.
  const calls = blocked ? 0 : 1;
  const tokens = (event.inputTokens ?? 0) + (event.outputTokens ?? 0);
  const usd = event.usd ?? 0;
  add(run, calls, tokens, usd);
  add(draft.model.totals, calls, tokens, usd);
  const step = stepOf(run, event);
  add(step, calls, tokens, usd);
  step.durationMs += event.durationMs;
  if (blocked) {
    run.blocked++;
    step.blocked++;
  } else if (event.outcome === 'error') {
    run.errors++;
    step.errors++;
  }
  const user = event.user ?? run.user;
  if (user !== undefined) add(draft.spender('users', user), calls, tokens, usd);
  const feature = event.feature ?? run.feature;
  if (feature !== undefined) add(draft.spender('features', feature), calls, tokens, usd);
  if (!blocked && run.calls % run.pointEvery === 0) addPoint(run, event.time);
};

const stepOf = (run: RunView, event: CallEvent): StepView => {
  for (const step of run.steps) if (step.name === event.name && step.op === event.op) return step;
  const full = run.steps.length >= MODEL_LIMITS.steps - 1;
  const name = full ? '(other)' : event.name;
  const op = full ? 'other' : event.op;
  const last = run.steps.at(-1);
  if (full && last?.name === name && last.op === op) return last;
  const step: StepView = { name, op, calls: 0, tokens: 0, usd: 0, errors: 0, blocked: 0, durationMs: 0 };
  run.steps.push(step);
  return step;
};

/** Keeps the trend bounded: when it is full, every other point goes and the spacing doubles. */
const addPoint = (run: RunView, time: number): void => {
  run.points.push({ time, calls: run.calls, tokens: run.tokens, usd: run.usd });
  if (run.points.length < MODEL_LIMITS.points) return;
  run.points = run.points.filter((_, index) => index % 2 === 1);
  run.pointEvery *= 2;
};

const add = (to: { calls: number; tokens: number; usd: number }, calls: number, tokens: number, usd: number): void => {
  to.calls += calls;
  to.tokens += tokens;
  to.usd += usd;
};

const replace = <T>(list: T[], is: (item: T) => boolean, item: T): void => {
  const index = list.findIndex(is);
  if (index >= 0) list[index] = item;
  else list.push(item);
};
