// The left-hand list: runs or trips, newest first, one tab stop, arrow keys to move.
// Rows are chosen by id; the list itself keeps the focus, so redrawing a row never loses it.

import type { RunView, Trip } from '../../../../runtime/src/protocol/index.ts';
import type { Context } from './context.ts';
import { h, keyed, setAttribute, setShown, setText } from './dom.ts';
import { icon } from './icons.ts';
import { reasonTitle } from './reasons.ts';
import { runDuration, statusWord } from './run.ts';
import { clock, compact, count, duration, fileName, money, t } from './text.ts';

/** A row: a run, or a trip with its run. */
export type Row = { kind: 'run'; id: string; run: RunView } | { kind: 'trip'; id: string; trip: Trip };

/** The list. `tick` brings durations of live runs up to date. */
export type RowList = {
  element: HTMLElement;
  update(rows: readonly Row[], chosen: string | undefined): void;
  tick(): void;
};

/** Makes the list; `choose` is told of a row that the user chose, `enter` of one that was opened with Enter. */
export const rowList = (context: Context, choose: (row: Row) => void, enter: () => void): RowList => {
  const element = h('div', {
    class: 'list',
    role: 'listbox',
    tabindex: 0,
    'aria-label': t('Runs'),
    onkeydown: event => onKey(event as KeyboardEvent),
  });
  const live = new Map<string, () => void>();
  let rows: readonly Row[] = [];
  let chosen: string | undefined;

  const list = keyed<Row & { chosen: boolean }>(
    element,
    row => `${row.kind}-${row.id}`,
    row => {
      const made = row.kind === 'run' ? runRow(context, row.run) : tripRow(row.trip);
      setAttribute(made.element, 'id', `row-${row.id}`);
      setAttribute(made.element, 'role', 'option');
      made.element.addEventListener('click', () => {
        const now = rows.find(other => other.id === row.id);
        if (now) choose(now);
      });
      return {
        element: made.element,
        update(item) {
          made.element.setAttribute('aria-selected', String(item.chosen));
          if (item.kind !== 'run') return;
          made.update?.(item.run);
          if (item.run.status === 'running') live.set(item.id, () => made.update?.(item.run));
          else live.delete(item.id);
        },
      };
    },
  );
  // Keeps a row's identity while nothing about it changed, so that only changed rows are redrawn.
  let before = new Map<string, Row & { chosen: boolean }>();

  const onKey = (event: KeyboardEvent): void => {
    const index = rows.findIndex(row => row.id === chosen);
    const page = 8;
    const target = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: index + page,
      PageUp: index - page,
    }[event.key];
    if (event.key === 'Enter') {
      event.preventDefault();
      enter();
    } else if (target !== undefined) {
      event.preventDefault();
      const row = rows[Math.max(0, Math.min(rows.length - 1, target))];
      if (row) choose(row);
    }
  };

  return {
    element,
    update(next, selected) {
      const moved = selected !== chosen;
      rows = next;
      chosen = selected;
      const after = new Map<string, Row & { chosen: boolean }>();
      const items = next.map(row => {
        const old = before.get(row.id);
        const same =
          old &&
          old.chosen === (row.id === selected) &&
          (row.kind === 'run' ? old.kind === 'run' && old.run === row.run : true);
        const item = same ? old : { ...row, chosen: row.id === selected };
        after.set(row.id, item);
        return item;
      });
      before = after;
      for (const id of live.keys()) if (!after.has(id)) live.delete(id);
      list.update(items);
      const shown = selected !== undefined && after.has(selected);
      setAttribute(element, 'aria-activedescendant', shown ? `row-${selected}` : undefined);
      if (moved && shown) document.getElementById(`row-${selected}`)?.scrollIntoView({ block: 'nearest' });
    },
    tick() {
      for (const update of live.values()) update();
    },
  };
};

const runRow = (context: Context, first: RunView) => {
  const status = h('span', { class: 'row-icon' });
  const word = h('span', { class: 'only-read' });
  const name = h('span', { class: 'row-name' });
  const time = h('span', { class: 'muted number' });
  const numbers = h('span', { class: 'muted row-numbers' });
  const trips = h('span', { class: 'chip chip-trip' }, icon('tripped'), h('span', {}));
  const breakers = h('span', { class: 'chip' }, icon('open'), t('breaker open'));
  const element = h(
    'div',
    { class: 'list-row' },
    status,
    word,
    h(
      'span',
      { class: 'row-main' },
      h('span', { class: 'row-line' }, name, time),
      h('span', { class: 'row-line' }, numbers, breakers, trips),
    ),
  );
  let shown: RunView['status'] | undefined;
  return {
    element,
    update(run: RunView = first) {
      if (run.status !== shown) {
        status.replaceChildren(icon(run.status, `status-${run.status}`));
        setText(word, statusWord(run));
        shown = run.status;
      }
      setText(name, run.name || run.app);
      setText(time, duration(runDuration(run, context.now())));
      setText(
        numbers,
        [
          t('{0} calls', compact(run.calls)),
          run.usd > 0 ? money(run.usd) : run.tokens > 0 && t('{0} tokens', compact(run.tokens)),
        ]
          .filter(Boolean)
          .join(' · '),
      );
      setShown(breakers, run.breakers.some(view => view.state === 'open') && run.trips.length === 0);
      setShown(trips, run.trips.length > 0);
      setText(trips.lastElementChild!, run.trips.length === 1 ? t('1 trip') : t('{0} trips', count(run.trips.length)));
    },
  };
};

const tripRow = (trip: Trip) => {
  const where = trip.place ? `${fileName(trip.place.file)}:${trip.place.line}` : trip.guard;
  return {
    element: h(
      'div',
      { class: 'list-row' },
      h('span', { class: 'row-icon' }, icon(trip.monitored ? 'warning' : 'tripped', 'status-tripped')),
      h(
        'span',
        { class: 'row-main' },
        h(
          'span',
          { class: 'row-line' },
          h('span', { class: 'row-name' }, reasonTitle(trip)),
          h('span', { class: 'muted number' }, clock(trip.time)),
        ),
        h('span', { class: 'row-line' }, h('span', { class: 'muted row-numbers' }, `${trip.run} · ${where}`)),
      ),
    ),
    update: undefined as ((run: RunView) => void) | undefined,
  };
};
