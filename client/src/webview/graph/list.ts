// The graph as a tree: loops with what bounds them, then steps with the ways that lead on. Everything that the picture
// shows, for the keyboard and for screen readers: arrows move, Right and Left open and close, Enter opens the code.

import type { Graph, GraphLoop, GraphPlace, GraphStep } from '../../../../server/src/protocol.ts';
import { h, setAttribute, setText } from '../view/dom.ts';
import { icon } from '../view/icons.ts';
import { count, t } from '../view/text.ts';
import type { Live } from './messages.ts';
import { boundWord, callsWord, kindWord, wayWord } from './shape.ts';

/** The list of one graph. */
export type GraphList = {
  element: HTMLElement;
  live(live: Live | null): void;
  cursor(step: string | null): void;
  focus(): void;
};

type Row = {
  id: string;
  level: 1 | 2;
  element: HTMLElement;
  /** Of rows below it whether they are shown. */
  open?: boolean;
  parent?: Row;
  place?: GraphPlace;
};

/** Builds; `open` is called with the step, way or loop that was chosen. */
export const graphList = (graph: Graph, open: (item: { place: GraphPlace }) => void): GraphList => {
  const names = new Map(graph.steps.map(step => [step.id, step.name]));
  const rows: Row[] = [];
  const counts = new Map<string, HTMLElement>();
  const turns = new Map<string, HTMLElement>();
  const element = h('div', { class: 'tree', role: 'tree', 'aria-label': t('Loops and steps of {0}', graph.name) });

  const add = (row: Omit<Row, 'element'>, ...content: (Node | string | false)[]): Row => {
    const made: Row = {
      ...row,
      element: h(
        'div',
        {
          class: `tree-row level-${row.level}`,
          role: 'treeitem',
          'aria-level': row.level,
          tabindex: rows.length === 0 ? 0 : -1,
          ...(row.open === undefined ? {} : { 'aria-expanded': String(row.open) }),
          onclick: () => choose(made),
          onkeydown: event => onKey(event as KeyboardEvent, made),
        },
        ...content,
      ),
    };
    rows.push(made);
    element.append(made.element);
    return made;
  };

  for (const loop of graph.loops) {
    const ran = h('span', { class: 'muted ran' });
    turns.set(loop.id, ran);
    add(
      { id: loop.id, level: 1, place: loop.place },
      icon('loop', loop.covered ? 'bounded' : 'unbounded'),
      h('span', { class: 'what' }, loop.name),
      h('span', { class: loop.covered ? 'bounded' : 'unbounded' }, boundWord(loop)),
      h('span', { class: 'muted' }, loopWords(loop)),
      ran,
    );
  }
  for (const step of graph.steps) {
    const ways = graph.transitions.filter(way => way.from === step.id);
    const calls = h('span', { class: 'count' });
    counts.set(step.id, calls);
    const row = add(
      { id: step.id, level: 1, place: step.place, ...(ways.length > 0 ? { open: true } : {}) },
      h('span', { class: 'what' }, step.name),
      h('span', { class: 'muted' }, stepWords(step)),
      calls,
    );
    for (const [at, way] of ways.entries()) {
      add(
        { id: `${step.id}/${at}`, level: 2, place: way.place, parent: row },
        h('span', { class: 'muted' }, `${wayWord(way)} →`),
        h('span', { class: 'what' }, names.get(way.to) ?? way.to),
      );
    }
  }

  const shownRows = (): Row[] => rows.filter(row => row.parent === undefined || row.parent.open);
  const focus = (row: Row | undefined): void => {
    if (!row) return;
    for (const other of rows) setAttribute(other.element, 'tabindex', other === row ? 0 : -1);
    row.element.focus();
  };
  const toggle = (row: Row, shown: boolean): void => {
    row.open = shown;
    setAttribute(row.element, 'aria-expanded', String(shown));
    for (const below of rows) if (below.parent === row) below.element.hidden = !shown;
  };
  const choose = (row: Row): void => {
    focus(row);
    if (row.place) open({ place: row.place });
  };
  const onKey = (event: KeyboardEvent, row: Row): void => {
    const shown = shownRows();
    const at = shown.indexOf(row);
    switch (event.key) {
      case 'ArrowDown':
        focus(shown[at + 1]);
        break;
      case 'ArrowUp':
        focus(shown[at - 1]);
        break;
      case 'Home':
        focus(shown[0]);
        break;
      case 'End':
        focus(shown.at(-1));
        break;
      case 'ArrowRight':
        if (row.open === false) toggle(row, true);
        else if (row.open) focus(shown[at + 1]);
        break;
      case 'ArrowLeft':
        if (row.open) toggle(row, false);
        else focus(row.parent);
        break;
      case 'Enter':
      case ' ':
        if (row.place) open({ place: row.place });
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  return {
    element,
    live(live) {
      const stopped = new Set(live?.stopped);
      for (const [id, cell] of counts) {
        const calls = live?.calls[id];
        setText(
          cell,
          calls === undefined ? '' : `× ${count(calls)}${stopped.has(id) ? ` · ${t('stopped here')}` : ''}`,
        );
      }
      const tripped = new Set(live?.tripped);
      for (const [id, cell] of turns) setText(cell, ranWords(live, id, tripped.has(id)));
    },
    cursor(id) {
      for (const row of rows) {
        row.element.classList.toggle('here', row.id === id);
        setAttribute(row.element, 'aria-current', row.id === id ? 'location' : undefined);
      }
    },
    focus: () => focus(rows.find(row => row.element.getAttribute('tabindex') === '0')),
  };
};

const loopWords = (loop: GraphLoop): string =>
  [
    !loop.covered && loop.bound,
    callsWord(loop.callsPerTurn) && t('{0} per turn', callsWord(loop.callsPerTurn)),
    controllerWord(loop.controller),
  ]
    .filter(Boolean)
    .join(' · ');

const ranWords = (live: Live | null, id: string, tripped: boolean): string => {
  const ran = live?.turns[id];
  return [
    tripped && t('tripped in this run'),
    ran &&
      (ran.runs === 1
        ? t('ran {0} turns in 1 run', ran.most)
        : t('ran {0} turns at most in {1} runs', ran.most, ran.runs)),
  ]
    .filter(Boolean)
    .join(' · ');
};

const controllerWord = (controller: string): string => {
  switch (controller) {
    case 'model':
      return t('the model decides');
    case 'tool':
      return t('tools decide');
    case 'exception':
      return t('errors decide');
    case 'external':
      return t('the outside world decides');
    case 'human':
      return t('a person decides');
    default:
      return t('the code decides');
  }
};

const stepWords = (step: GraphStep): string =>
  [kindWord(step), callsWord(step.calls), step.human && t('asks a person')].filter(Boolean).join(' · ');
