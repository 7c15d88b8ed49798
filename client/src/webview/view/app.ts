// The panel: summary, list and detail over one model. Knows its host only as a transport, so that the same code
// is the view in VS Code and the page of `loopbound watch`. Draws at most once per frame and only while visible.

import { emptyModel, type Model, type RunView } from '../../../../runtime/src/protocol/index.ts';
import { announcer } from './announce.ts';
import type { Context } from './context.ts';
import { h, setAttribute, setShown, setText } from './dom.ts';
import { emptyState } from './empty.ts';
import { icon } from './icons.ts';
import { type Row, rowList } from './list.ts';
import type { HubState, Memory, Only, Predictions, ToPanel, Transport } from './messages.ts';
import { merge } from './patch.ts';
import { reasonTitle } from './reasons.ts';
import { runDetail } from './run.ts';
import { compact, count, money, setLanguage, t } from './text.ts';

const TICK_MS = 1_000;
const NOTE_MS = 6_000;

/** Builds the panel into `root` when the host says `init`. */
export const start = (root: HTMLElement, transport: Transport): void => {
  let app: App | undefined;
  transport.listen(message => {
    if (message.type === 'init') {
      setLanguage(message.strings, message.locale);
      app = build(root, transport, message.abilities);
    } else app?.receive(message);
  });
  transport.send({ type: 'ready' });
};

type App = { receive(message: Exclude<ToPanel, { type: 'init' }>): void };

const build = (root: HTMLElement, transport: Transport, abilities: Context['abilities']): App => {
  let model: Model = emptyModel();
  let predictions: Predictions = {};
  let hub: HubState = { is: 'starting' };
  const memory: Memory = { tab: 'runs', filter: '', ...transport.recall() };
  /** The newest run is shown until the user chooses another. */
  let follow = memory.selected === undefined;
  let runs = new Map<string, RunView>();
  let trips = new Map<string, Model['trips'][number]>();
  let controls = 0;

  const context: Context = {
    abilities,
    send: message => transport.send(message),
    model: () => model,
    trip: id => trips.get(id),
    run: id => runs.get(id),
    prediction: id => predictions[id],
    control: (run, action) =>
      transport.send({ type: 'control', id: `panel-${++controls}`, agentId: run.agentId, action }),
    now: () => Date.now(),
  };

  const live = h('span', { class: 'live' }, icon('running'), h('span', {}));
  const summary = h('span', { class: 'summary' });
  const tab = (name: 'runs' | 'trips'): HTMLButtonElement =>
    h('button', {
      class: 'tab',
      role: 'tab',
      id: `tab-${name}`,
      'aria-controls': 'list',
      onclick: () => chooseTab(name),
    });
  const tabs = { runs: tab('runs'), trips: tab('trips') };
  const filter = h('input', {
    type: 'search',
    class: 'filter',
    value: memory.filter,
    placeholder: t('Filter'),
    'aria-label': t('Filter runs and trips by name, app, reason, user or file'),
    oninput: () => {
      memory.filter = filter.value;
      remember();
      schedule();
    },
  });
  const only = h(
    'select',
    {
      class: 'only',
      'aria-label': t('Which runs are listed'),
      onchange: () => {
        memory.only = only.value as Only;
        remember();
        schedule();
      },
    },
    ...(['all', 'running', 'tripped', 'failed'] as const).map(name =>
      h('option', { value: name, selected: name === memory.only }, onlyWord(name)),
    ),
  );
  const tabList = h(
    'div',
    { class: 'tabs', role: 'tablist', 'aria-label': t('Show'), onkeydown: event => onTabKey(event as KeyboardEvent) },
    tabs.runs,
    tabs.trips,
  );
  const bar = h('header', { class: 'bar' }, tabList, live, summary, h('span', { class: 'grow' }), only, filter);
  const note = h('p', { class: 'note', role: 'status', hidden: true });
  const banner = h('p', { class: 'banner', hidden: true });
  const detail = runDetail(context);
  const list = rowList(
    context,
    row => {
      follow = false;
      memory.selected = row.id;
      remember();
      schedule();
    },
    () => detail.element.focus(),
  );
  setAttribute(list.element, 'id', 'list');
  const nothing = h('p', { class: 'muted nothing', hidden: true });
  const split = h('main', { class: 'split' }, h('div', { class: 'side' }, list.element, nothing), detail.element);
  const empty = emptyState(context);
  const speaker = announcer();
  root.replaceChildren(bar, banner, note, split, empty.element, speaker.element);

  const remember = (): void => transport.remember(memory);
  const chooseTab = (name: 'runs' | 'trips'): void => {
    memory.tab = name;
    if (name === 'trips') {
      memory.selected = model.trips.at(-1)?.id;
      follow = false;
    } else {
      const trip = memory.selected === undefined ? undefined : trips.get(memory.selected);
      if (trip) memory.selected = trip.runId;
    }
    remember();
    schedule();
  };
  const onTabKey = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    const other = memory.tab === 'runs' ? 'trips' : 'runs';
    chooseTab(other);
    tabs[other].focus();
  };

  const rows = (): Row[] => {
    const words = (memory.filter ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const has = (texts: (string | undefined)[]): boolean => {
      const text = texts.join('\n').toLowerCase();
      return words.every(word => text.includes(word));
    };
    if (memory.tab === 'trips') {
      return model.trips
        .filter(trip =>
          has([
            trip.run,
            trip.app,
            trip.reason,
            reasonTitle(trip),
            trip.guard,
            trip.user,
            trip.feature,
            trip.place?.file,
            trip.message,
          ]),
        )
        .map(trip => ({ kind: 'trip', id: trip.id, trip }) satisfies Row)
        .reverse();
    }
    return model.runs
      .filter(run => isListed(run, memory.only))
      .filter(run =>
        has([run.name, run.app, run.status, run.user, run.feature, ...run.trips.map(id => trips.get(id)?.reason)]),
      )
      .map(run => ({ kind: 'run', id: run.runId, run }) satisfies Row)
      .sort(
        (a, b) =>
          Number(b.run.status === 'running') - Number(a.run.status === 'running') || b.run.startedAt - a.run.startedAt,
      );
  };

  const draw = (): void => {
    const any = model.runs.length > 0 || model.trips.length > 0;
    setShown(split, any);
    setShown(empty.element, !any);
    setShown(bar, any);
    const off = hub.is === 'off' || hub.is === 'failed';
    setShown(banner, any && off);
    if (any && off) {
      setText(banner, hub.is === 'failed' ? hub.message : t('Not listening: what you see is what arrived before.'));
    }
    if (!any) return;
    const running = model.runs.filter(run => run.status === 'running').length;
    live.classList.toggle('idle', running === 0);
    setText(
      live.lastElementChild!,
      running === 0 ? t('no live run') : running === 1 ? t('1 live run') : t('{0} live runs', running),
    );
    const { calls, tokens, usd, dropped } = model.totals;
    setText(
      summary,
      [
        t('{0} calls', compact(calls)),
        t('{0} tokens', compact(tokens)),
        usd > 0 && money(usd),
        dropped > 0 && t('{0} updates skipped', compact(dropped)),
      ]
        .filter(Boolean)
        .join(' · '),
    );
    setText(tabs.runs, t('Runs {0}', count(model.runs.length)));
    setText(tabs.trips, t('Trips {0}', count(model.trips.length)));
    for (const name of ['runs', 'trips'] as const) {
      setAttribute(tabs[name], 'aria-selected', String(memory.tab === name));
      setAttribute(tabs[name], 'tabindex', memory.tab === name ? 0 : -1);
    }
    setAttribute(list.element, 'aria-label', memory.tab === 'runs' ? t('Runs') : t('Trips'));

    const shown = rows();
    if (follow || !shown.some(row => row.id === memory.selected)) memory.selected = shown[0]?.id;
    list.update(shown, memory.selected);
    setShown(nothing, shown.length === 0);
    const filtered = memory.filter || (memory.tab === 'runs' && (memory.only ?? 'all') !== 'all');
    setText(nothing, filtered ? t('Nothing matches the filter.') : t('No trips so far.'));
    setShown(only, memory.tab === 'runs');
    const chosen = shown.find(row => row.id === memory.selected);
    detail.update(chosen && (chosen.kind === 'run' ? chosen.run : runs.get(chosen.trip.runId)));
    if (chosen?.kind === 'trip' && revealed !== chosen.id) {
      revealed = chosen.id;
      document.getElementById(`trip-${chosen.id}`)?.scrollIntoView({ block: 'nearest' });
    }
    detail.refresh();
  };
  let revealed: string | undefined;

  let frame = 0;
  const schedule = (): void => {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  setInterval(() => {
    if (document.hidden || !model.runs.some(run => run.status === 'running')) return;
    list.tick();
    detail.tick();
  }, TICK_MS);

  let noteTimer: ReturnType<typeof setTimeout> | undefined;
  const say = (text: string): void => {
    setText(note, text);
    setShown(note, true);
    clearTimeout(noteTimer);
    noteTimer = setTimeout(() => setShown(note, false), NOTE_MS);
  };

  empty.update(hub);
  draw();
  return {
    receive(message) {
      switch (message.type) {
        case 'hub':
          hub = message.state;
          empty.update(hub);
          break;
        case 'patch': {
          // What was there when the panel opened is not news.
          if (!message.patch.reset) speaker.announce(message.patch.trips.filter(trip => !trips.has(trip.id)));
          model = merge(model, message.patch);
          runs = new Map(model.runs.map(run => [run.runId, run]));
          trips = new Map(model.trips.map(trip => [trip.id, trip]));
          break;
        }
        case 'predictions':
          predictions = { ...predictions, ...message.predictions };
          for (const id of Object.keys(predictions)) if (!trips.has(id)) delete predictions[id];
          break;
        case 'reveal': {
          const trip = trips.get(message.tripId);
          if (!trip) break;
          follow = false;
          memory.tab = 'runs';
          memory.filter = filter.value = '';
          memory.only = 'all';
          only.value = 'all';
          memory.selected = trip.runId;
          remember();
          draw();
          document.getElementById(`trip-${trip.id}`)?.focus();
          break;
        }
        case 'controlResult':
          say(message.ok ? t('Done.') : (message.message ?? t('The agent did not take the request.')));
          return;
      }
      schedule();
    },
  };
};

const onlyWord = (only: Only): string => {
  switch (only) {
    case 'all':
      return t('All');
    case 'running':
      return t('Live');
    case 'tripped':
      return t('Tripped');
    case 'failed':
      return t('Failed');
  }
};

const isListed = ({ status, trips }: RunView, only: Only = 'all'): boolean => {
  switch (only) {
    case 'all':
      return true;
    case 'running':
      return status === 'running';
    case 'tripped':
      return status === 'tripped' || trips.length > 0;
    case 'failed':
      return status === 'error' || status === 'lost';
  }
};
