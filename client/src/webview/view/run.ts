// One run in detail: its numbers, trips, breakers, budgets, hot spots, routes and state size.
// Each part is updated in place, so focus, selection and open sections survive ten updates a second.

import type {
  Amounts,
  BreakerView,
  BudgetView,
  RunView,
  StepView,
  Trip,
} from '../../../../runtime/src/protocol/index.ts';
import { chart } from './chart.ts';
import type { Context } from './context.ts';
import { h, keyed, setAttribute, setShown, setText } from './dom.ts';
import { type IconName, icon } from './icons.ts';
import { reasonTitle } from './reasons.ts';
import { clock, compact, count, duration, money, t } from './text.ts';
import { tripCard } from './trip.ts';

/** The word for a run's state. */
export const statusWord = (run: RunView): string => {
  switch (run.status) {
    case 'running':
      return t('running');
    case 'ok':
      return t('finished');
    case 'tripped':
      return t('tripped');
    case 'error':
      return t('failed');
    case 'lost':
      return t('process gone');
  }
};

/** How long a run took, or has taken so far. */
export const runDuration = (run: RunView, now: number): number => Math.max(0, (run.endedAt ?? now) - run.startedAt);

/** The detail of whichever run it is given. */
export type RunDetail = { element: HTMLElement; update(run: RunView | undefined): void; tick(): void; refresh(): void };

/** Makes the detail. */
export const runDetail = (context: Context): RunDetail => {
  let shown: RunView | undefined;
  const parts = h('div', { class: 'parts' });
  const element = h('section', { class: 'detail', role: 'region', 'aria-label': t('Run'), tabindex: -1 }, parts);
  let current: { update(run: RunView): void; tick(run: RunView): void; refresh(): void } | undefined;
  return {
    element,
    update(run) {
      if (run === shown) return;
      if (run?.runId !== shown?.runId) {
        parts.replaceChildren();
        current = run && build(context, parts, run);
        element.scrollTop = 0;
      }
      shown = run;
      if (run) current?.update(run);
    },
    tick() {
      if (shown) current?.tick(shown);
    },
    refresh() {
      current?.refresh();
    },
  };
};

const build = (context: Context, parts: HTMLElement, first: RunView) => {
  const { runId } = first;
  const now = (): RunView => context.run(runId) ?? first;

  const status = h('span', { class: 'status' });
  const name = h('h2', {});
  const about = h('span', { class: 'muted about' });
  const stop = h(
    'button',
    { class: 'action', onclick: () => context.control(now(), { do: 'stopRun', runId }) },
    icon('stop'),
    t('Stop run'),
  );
  const copy = h(
    'button',
    {
      class: 'quiet',
      title: t('Copy run as JSON'),
      'aria-label': t('Copy run as JSON'),
      onclick: () =>
        context.send({
          type: 'copy',
          text: JSON.stringify({ run: now(), trips: now().trips.flatMap(id => context.trip(id) ?? []) }, null, 2),
        }),
    },
    icon('copy'),
  );
  const failure = h('p', { class: 'failure' });
  const head = h('header', { class: 'run-head' }, status, name, about, h('span', { class: 'grow' }), stop, copy);

  const calls = tile(t('Calls'), 'calls');
  const tokens = tile(t('Tokens'), 'tokens');
  const cost = tile(t('Cost'), 'cost');
  const errors = tile(t('Errors'));
  const blocked = tile(t('Blocked'));
  const state = tile(t('State'), 'state', t('Tokens in the state before the last step'));
  const tiles = h(
    'div',
    { class: 'tiles' },
    calls.element,
    tokens.element,
    cost.element,
    state.element,
    errors.element,
    blocked.element,
  );

  const cards: { refresh(): void }[] = [];
  const trips = h('div', { class: 'trips' });
  const tripList = keyed<Trip>(
    trips,
    trip => trip.id,
    trip => {
      const card = tripCard(context, trip);
      cards.push(card);
      return { element: card.element, update: () => card.refresh() };
    },
  );
  const quiet = h('p', { class: 'muted quiet-note' });
  const warnings = h('ul', { class: 'warnings', 'aria-label': t('Warnings') });

  const breakers = section(t('Breakers'));
  const breakerList = keyed<BreakerView>(
    breakers.body,
    view => view.breaker,
    view => breakerRow(context, now, view),
  );
  const budgets = section(t('Budgets'));
  const budgetList = keyed<BudgetView>(
    budgets.body,
    view => view.guard,
    view => budgetRow(context, now, view),
  );
  const steps = section(t('Hot spots'));
  const stepBody = h('tbody', {});
  const stepList = keyed<StepView & { most: number }>(stepBody, step => `${step.op} ${step.name}`, stepRow);
  steps.body.append(
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, t('Step')),
          h('th', { scope: 'col', class: 'number' }, t('Calls')),
          h('th', { scope: 'col', class: 'number' }, t('Tokens')),
          h('th', { scope: 'col', class: 'number' }, t('Cost')),
          h('th', { scope: 'col', class: 'number' }, t('Stopped')),
        ),
      ),
      stepBody,
    ),
  );
  const routes = section(t('Routes'));
  const routeChips = h('ol', { class: 'pattern' });
  routes.body.append(routeChips);

  parts.append(
    head,
    h(
      'div',
      { class: 'columns' },
      h('div', { class: 'column' }, failure, trips, quiet, warnings),
      h('div', { class: 'column' }, tiles, breakers.element, budgets.element, steps.element, routes.element),
    ),
  );

  const describe = (run: RunView): string =>
    [run.app, t('started {0}', clock(run.startedAt)), duration(runDuration(run, context.now())), run.user]
      .filter(Boolean)
      .join(' · ');

  return {
    refresh: () => {
      for (const card of cards) card.refresh();
    },
    tick: (run: RunView) => {
      setText(about, describe(run));
      if (run.breakers.some(view => view.retryAt !== undefined))
        breakerList.update(run.breakers.map(view => ({ ...view })));
    },
    update: (run: RunView) => {
      status.replaceChildren(icon(run.status, `status-${run.status}`), statusWord(run));
      setText(name, run.name || run.app);
      setText(about, describe(run));
      const live = run.status === 'running';
      setShown(stop, live && context.abilities.control);
      setShown(failure, run.error !== undefined && run.trips.length === 0);
      setText(failure, run.error ?? '');

      const points = [{ time: run.startedAt, calls: 0, tokens: 0, usd: 0 }, ...run.points];
      calls.update(
        count(run.calls),
        points.map(point => ({ time: point.time, value: point.calls })),
      );
      tokens.update(
        compact(run.tokens),
        points.map(point => ({ time: point.time, value: point.tokens })),
      );
      // What no price is known for costs nothing here, which would be no news.
      setShown(cost.element, run.usd > 0);
      cost.update(
        money(run.usd),
        points.map(point => ({ time: point.time, value: point.usd })),
      );
      const size = run.states.at(-1);
      setShown(state.element, size !== undefined);
      if (size) {
        state.update(
          compact(size.tokens),
          run.states.map(point => ({ time: point.time, value: point.tokens })),
          size.limit,
        );
      }
      errors.update(count(run.errors));
      blocked.update(count(run.blocked));

      tripList.update(run.trips.flatMap(id => context.trip(id) ?? []).reverse());
      setShown(quiet, run.trips.length === 0);
      setText(quiet, live ? t('Nothing has tripped so far.') : t('Nothing tripped.'));
      setShown(warnings, run.warnings.length > 0);
      warnings.replaceChildren(
        ...run.warnings
          .slice(-3)
          .map(warning =>
            h(
              'li',
              {},
              icon('warning'),
              h(
                'span',
                {},
                h('span', { class: 'muted' }, `${clock(warning.time)} ${warning.guard}: `),
                warning.message,
              ),
            ),
          ),
      );

      breakers.show(run.breakers.length > 0);
      breakerList.update(run.breakers);
      budgets.show(run.budgets.length > 0);
      budgetList.update(run.budgets);
      const hot = run.steps
        .filter(step => step.calls + step.blocked > 0)
        .sort((a, b) => b.calls - a.calls)
        .slice(0, 12);
      steps.show(hot.length > 0);
      const most = Math.max(1, ...hot.map(step => step.calls));
      stepList.update(hot.map(step => ({ ...step, most })));
      routes.show(run.routes.length > 0);
      routeChips.replaceChildren(
        ...lastOfStreaks(run.routes).map(route =>
          h(
            'li',
            {},
            h('code', {}, route.route),
            route.streak > 1 && h('span', { class: 'muted' }, ` × ${count(route.streak)}`),
          ),
        ),
      );
    },
  };
};

/** One route again and again is said once, with how often. */
const lastOfStreaks = (routes: RunView['routes']): RunView['routes'] =>
  routes.filter(({ route, streak }, at) => {
    const next = routes[at + 1];
    return next?.route !== route || next.streak !== streak + 1;
  });

const section = (title: string): { element: HTMLElement; body: HTMLElement; show(shown: boolean): void } => {
  const body = h('div', { class: 'scroll' });
  const element = h('section', { class: 'part', 'aria-label': title }, h('h3', {}, title), body);
  return { element, body, show: shown => setShown(element, shown) };
};

const tile = (label: string, chartClass?: string, title?: string) => {
  const value = h('span', { class: 'value' });
  const drawn = chartClass === undefined ? undefined : chart(`chart-${chartClass}`);
  const element = h(
    'div',
    { class: 'tile', title },
    h('span', { class: 'label' }, label),
    value,
    drawn?.element as Node | undefined,
  );
  return {
    element,
    update(text: string, samples: readonly { time: number; value: number }[] = [], limit?: number) {
      setText(value, text);
      drawn?.draw(samples, t('{0} over time, now {1}', label, text), limit);
    },
  };
};

const breakerIcons: Record<BreakerView['state'], IconName> = { closed: 'closed', open: 'open', halfOpen: 'halfOpen' };

const breakerWord = (state: BreakerView['state']): string => {
  switch (state) {
    case 'closed':
      return t('closed, calls pass');
    case 'open':
      return t('open, calls are stopped');
    case 'halfOpen':
      return t('half open, probing');
  }
};

const breakerRow = (context: Context, run: () => RunView, first: BreakerView) => {
  const label = h('code', {}, first.breaker);
  const state = h('span', {});
  const why = h('span', { class: 'muted' });
  const reset = h(
    'button',
    { class: 'action', onclick: () => context.control(run(), { do: 'resetBreaker', breaker: first.breaker }) },
    icon('reset'),
    t('Reset'),
  );
  return {
    element: h('div', { class: 'row breaker' }, label, state, why, h('span', { class: 'grow' }), reset),
    update(view: BreakerView) {
      state.className = `breaker-state breaker-${view.state}`;
      state.replaceChildren(icon(breakerIcons[view.state]), breakerWord(view.state));
      const wait = (view.retryAt ?? 0) - context.now();
      const reason = view.reason === undefined ? '' : reasonOf(view.reason);
      const words = [reason, view.state === 'open' && wait > 0 ? t('probe in {0}', duration(wait)) : ''];
      setText(why, words.filter(Boolean).join(' · '));
      setShown(reset, view.state !== 'closed' && context.abilities.control && run().status === 'running');
    },
  };
};

const reasonOf = (reason: string): string => {
  try {
    return reasonTitle({ reason: reason as Trip['reason'] });
  } catch (error) {
    // A breaker may give a reason of its own, in words.
    if (error instanceof TypeError) return reason;
    throw error;
  }
};

const units = ['calls', 'tokens', 'usd'] as const;

const budgetRow = (context: Context, run: () => RunView, first: BudgetView) => {
  const bars = h('div', { class: 'bars' });
  let latest = first;
  const raise = h(
    'button',
    {
      class: 'action',
      title: t('Raises each limit of this budget once, by half'),
      onclick: () => context.control(run(), { do: 'raiseBudget', guard: first.guard, by: half(latest.limit) }),
    },
    icon('raise'),
    t('Raise by half'),
  );
  const list = keyed<{ unit: (typeof units)[number]; view: BudgetView }>(
    bars,
    item => item.unit,
    ({ unit }) => {
      const fill = h('span', { class: 'fill' });
      const held = h('span', { class: 'held' });
      const bar = h('div', { class: 'gauge', role: 'meter', 'aria-valuemin': 0 }, fill, held);
      const words = h('span', { class: 'number' });
      return {
        element: h('div', { class: 'budget-unit' }, bar, words),
        update({ view }) {
          const limit = view.limit[unit] ?? 0;
          const spent = view.spent[unit] ?? 0;
          const reserved = view.reserved[unit] ?? 0;
          const say = (value: number): string => (unit === 'usd' ? money(value) : compact(value));
          const names = { calls: t('calls'), tokens: t('tokens'), usd: '' };
          setText(words, t('{0} of {1} {2}', say(spent), say(limit), names[unit]).trim());
          setAttribute(bar, 'aria-valuemax', limit);
          setAttribute(bar, 'aria-valuenow', Math.min(spent, limit));
          setAttribute(bar, 'aria-valuetext', words.textContent ?? '');
          setAttribute(bar, 'aria-label', view.guard);
          const share = limit > 0 ? Math.min(1, spent / limit) : 0;
          fill.style.width = `${(share * 100).toFixed(1)}%`;
          held.style.width = `${(limit > 0 ? Math.min(1 - share, reserved / limit) * 100 : 0).toFixed(1)}%`;
          bar.classList.toggle('full', share >= 1);
        },
      };
    },
  );
  return {
    element: h('div', { class: 'row budget' }, h('code', {}, first.guard), bars, h('span', { class: 'grow' }), raise),
    update(view: BudgetView) {
      latest = view;
      list.update(units.filter(unit => view.limit[unit] !== undefined).map(unit => ({ unit, view })));
      setShown(raise, context.abilities.control && run().status === 'running');
    },
  };
};

const half = (limit: Amounts): Amounts => {
  const by: Amounts = {};
  for (const unit of units) {
    const value = limit[unit];
    if (value !== undefined) by[unit] = unit === 'usd' ? value / 2 : Math.ceil(value / 2);
  }
  return by;
};

const stepRow = () => {
  const name = h('code', {});
  const op = h('span', { class: 'muted' });
  const fill = h('span', { class: 'fill' });
  const calls = h('td', { class: 'number' });
  const tokens = h('td', { class: 'number' });
  const cost = h('td', { class: 'number' });
  const stopped = h('td', { class: 'number' });
  return {
    element: h(
      'tr',
      {},
      h('td', { class: 'step' }, name, ' ', op, h('span', { class: 'heat', 'aria-hidden': 'true' }, fill)),
      calls,
      tokens,
      cost,
      stopped,
    ),
    update(step: StepView & { most: number }) {
      setText(name, step.name);
      setText(
        op,
        step.op === 'model' ? t('model') : step.op === 'tool' ? t('tool') : step.op === 'step' ? t('step') : '',
      );
      fill.style.width = `${((step.calls / step.most) * 100).toFixed(0)}%`;
      setText(calls, count(step.calls));
      setText(tokens, step.tokens === 0 ? '' : compact(step.tokens));
      setText(cost, step.usd === 0 ? '' : money(step.usd));
      setText(stopped, step.blocked === 0 ? '' : count(step.blocked));
    },
  };
};
