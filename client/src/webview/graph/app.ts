// The graph view: the entry at the cursor as a picture or as a list, its worst case, and what a run does on it.
// Knows its host only through messages; draws when it is told something new.

import type { GraphPlace } from '../../../../server/src/protocol.ts';
import { h, setAttribute, setShown, setText } from '../view/dom.ts';
import { icon } from '../view/icons.ts';
import { setLanguage, t } from '../view/text.ts';
import { type GraphList, graphList } from './list.ts';
import type { FromGraph, GraphMemory, Live, Shown, ToGraph } from './messages.ts';
import { exported, type Picture, picture } from './picture.ts';
import { callsWord } from './shape.ts';

/** How the view reaches its host. */
export type GraphTransport = {
  send(message: FromGraph): void;
  listen(listener: (message: ToGraph) => void): void;
  recall(): GraphMemory | undefined;
  remember(memory: GraphMemory): void;
};

/** A picture that fits is enlarged a little where there is room, and made smaller where there is none. */
const ZOOM = { least: 0.4, fits: 1.25, most: 2.5, step: 1.2 };

/** Builds the view into `root` when the host says `init`. */
export const startGraph = (root: HTMLElement, transport: GraphTransport): void => {
  let receive: ((message: ToGraph) => void) | undefined;
  transport.listen(message => {
    if (message.type === 'init') {
      setLanguage(message.strings, message.locale);
      receive = build(root, transport);
    } else receive?.(message);
  });
  transport.send({ type: 'ready' });
};

const build = (root: HTMLElement, transport: GraphTransport): ((message: ToGraph) => void) => {
  const memory: GraphMemory = { as: 'picture', ...transport.recall() };
  let shown: Shown = { is: 'starting' };
  let live: Live | null = null;
  let here: string | null = null;
  let pinned = false;
  let drawn: Picture | undefined;
  let listed: GraphList | undefined;

  const choose = h('select', {
    class: 'entries',
    'aria-label': t('Agent entry'),
    onchange: () => transport.send({ type: 'choose', entry: choose.value }),
  });
  const worst = h('span', { class: 'worst' });
  // A sign has no name of its own, a word has: then the rest is said on hovering.
  const button = (label: string, run: () => void, content: string): HTMLButtonElement =>
    h(
      'button',
      { class: 'tool', title: label, onclick: run, ...(content.length === 1 ? { 'aria-label': label } : {}) },
      content,
    );
  const asPicture = button(t('Show as picture'), () => showAs('picture'), t('Picture'));
  const asList = button(t('Show as list'), () => showAs('list'), t('List'));
  const pin = button(
    t('Keep this graph while the cursor moves'),
    () => transport.send({ type: 'pin', pinned: !pinned }),
    t('Pin'),
  );
  const smaller = button(t('Smaller'), () => zoom((memory.zoom ?? fitting()) / ZOOM.step), '−');
  const larger = button(t('Larger'), () => zoom((memory.zoom ?? fitting()) * ZOOM.step), '+');
  const fit = button(t('Fit to the view'), () => zoom(undefined), t('Fit'));
  const zooms = h('span', { class: 'group' }, smaller, larger, fit);
  const head = h(
    'header',
    { class: 'graph-bar' },
    choose,
    worst,
    h('span', { class: 'grow' }),
    h('span', { class: 'group' }, asPicture, asList),
    zooms,
    pin,
  );
  const run = h('p', { class: 'run-line', hidden: true });
  const stage = h('main', { class: 'stage', 'aria-label': t('Graph') });
  const empty = h('section', { class: 'graph-empty', 'aria-label': t('Graph') });
  const speaker = h('div', { class: 'only-read', role: 'status', 'aria-live': 'polite' });
  root.replaceChildren(head, run, stage, empty, speaker);

  const open = ({ place }: { place: GraphPlace }): void => transport.send({ type: 'open', place });
  const showAs = (as: 'picture' | 'list'): void => {
    memory.as = as;
    transport.remember(memory);
    draw();
    if (as === 'picture') drawn?.focus();
    else listed?.focus();
  };
  const fitting = (): number => {
    if (!drawn) return 1;
    const room = Math.min((stage.clientWidth - 4) / drawn.width, Math.max(1, (stage.clientHeight - 4) / drawn.height));
    return Math.min(ZOOM.fits, Math.max(ZOOM.least, room));
  };
  const zoom = (factor: number | undefined): void => {
    if (factor === undefined) delete memory.zoom;
    else memory.zoom = Math.min(ZOOM.most, Math.max(ZOOM.least, factor));
    transport.remember(memory);
    size();
  };
  const size = (): void => {
    if (!drawn) return;
    const factor = memory.zoom ?? fitting();
    setAttribute(drawn.element, 'width', Math.round(drawn.width * factor));
    setAttribute(drawn.element, 'height', Math.round(drawn.height * factor));
  };
  new ResizeObserver(size).observe(stage);
  stage.addEventListener(
    'wheel',
    event => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom((memory.zoom ?? fitting()) * (event.deltaY < 0 ? ZOOM.step : 1 / ZOOM.step));
    },
    { passive: false },
  );

  const say = (): void => {
    const tripped = live !== null && live.tripped.length > 0;
    setShown(run, live !== null && shown.is === 'graph');
    run.classList.toggle('tripped', tripped);
    if (!live) return;
    run.replaceChildren(
      icon(live.status === 'running' ? 'running' : tripped ? 'tripped' : 'ok'),
      h('span', {}, live.run),
      h(
        'span',
        { class: 'muted' },
        live.status === 'running' ? t('running') : tripped ? t('a loop tripped') : t('ended'),
      ),
    );
  };

  const draw = (): void => {
    const graph = shown.is === 'graph' ? shown.graph : undefined;
    setShown(head, graph !== undefined);
    setShown(stage, graph !== undefined);
    setShown(empty, graph === undefined);
    const list = memory.as === 'list';
    setAttribute(asPicture, 'aria-pressed', String(!list));
    setAttribute(asList, 'aria-pressed', String(list));
    setAttribute(pin, 'aria-pressed', String(pinned));
    setShown(zooms, !list);
    if (!graph || shown.is !== 'graph') {
      drawn = listed = undefined;
      if (shown.is !== 'graph') emptyWords(empty, shown, transport);
      say();
      return;
    }
    choose.replaceChildren(
      ...shown.entries.map(entry => h('option', { value: entry.id, selected: entry.id === graph.id }, entry.name)),
    );
    choose.value = graph.id;
    choose.disabled = shown.entries.length < 2;
    const bounds = graph.boundedBy.length > 0 ? ` (${graph.boundedBy.join(', ')})` : '';
    setText(
      worst,
      graph.worstCase === null
        ? t('no bound')
        : t('at most {0}{1}', callsWord(graph.worstCase) || t('0 calls'), bounds),
    );
    worst.classList.toggle('unbounded', graph.worstCase === null);
    drawn = list ? undefined : picture(graph, open);
    listed = list ? graphList(graph, open) : undefined;
    stage.replaceChildren(...[drawn?.element ?? listed?.element].filter(element => element !== undefined));
    if (graph.cut) stage.append(h('p', { class: 'muted cut' }, t('There are more steps than are drawn.')));
    size();
    drawn?.live(live);
    listed?.live(live);
    drawn?.cursor(here);
    listed?.cursor(here);
    say();
  };

  draw();
  return message => {
    switch (message.type) {
      case 'show': {
        const before = shown.is === 'graph' ? shown.graph.id : undefined;
        const focused = stage.contains(document.activeElement);
        shown = message.shown;
        draw();
        if (focused) (drawn ?? listed)?.focus();
        if (shown.is === 'graph' && shown.graph.id !== before) stage.scrollTo(0, 0);
        return;
      }
      case 'live': {
        const tripped = message.live?.tripped.some(id => !live?.tripped.includes(id)) ?? false;
        live = message.live;
        drawn?.live(live);
        listed?.live(live);
        say();
        if (tripped && live) setText(speaker, t('A loop tripped in run {0}', live.run));
        return;
      }
      case 'cursor':
        here = message.step;
        drawn?.cursor(here);
        listed?.cursor(here);
        return;
      case 'pinned':
        pinned = message.pinned;
        setAttribute(pin, 'aria-pressed', String(pinned));
        return;
      case 'export': {
        if (shown.is !== 'graph') return;
        // A list has no picture: it is drawn for the file alone.
        const target = drawn ?? picture(shown.graph, open);
        if (!drawn) {
          target.live(live);
          target.element.classList.add('only-read');
          stage.append(target.element);
        }
        transport.send({ type: 'svg', text: exported(target), name: shown.graph.name });
        if (!drawn) target.element.remove();
      }
    }
  };
};

const emptyWords = (root: HTMLElement, shown: Exclude<Shown, { is: 'graph' }>, transport: GraphTransport): void => {
  const paragraph = (text: string): HTMLElement => h('p', {}, text);
  const act = (label: string, errand: 'restart' | 'showLog'): HTMLElement =>
    h('button', { class: 'secondary', onclick: () => transport.send({ type: 'errand', errand }) }, label);
  switch (shown.is) {
    case 'starting':
      root.replaceChildren(paragraph(t('The analysis is starting.')));
      return;
    case 'off':
      root.replaceChildren(
        paragraph(t('The analysis is not running, so there is no graph to draw.')),
        h('p', { class: 'buttons' }, act(t('Restart'), 'restart'), act(t('Show Output'), 'showLog')),
      );
      return;
    case 'noEditor':
      root.replaceChildren(
        h('h2', {}, t('The graph of an agent')),
        paragraph(t('Open a TypeScript, JavaScript or Python file and put the cursor into an agent.')),
        paragraph(t('Its steps, loops and what bounds them are drawn here, and what a live run does on them.')),
      );
      return;
    case 'none':
      root.replaceChildren(
        h('h2', {}, t('No agent in {0}', shown.file)),
        paragraph(t('Nothing in this file leads to a model call.')),
        ...(shown.entries.length === 0
          ? []
          : [
              paragraph(t('Agent entries elsewhere in this folder:')),
              h(
                'ul',
                { class: 'elsewhere' },
                ...shown.entries
                  .slice(0, 20)
                  .map(entry =>
                    h(
                      'li',
                      {},
                      h(
                        'button',
                        { class: 'link', onclick: () => transport.send({ type: 'choose', entry: entry.id }) },
                        entry.name,
                      ),
                      ' ',
                      h(
                        'span',
                        { class: entry.worstCase === null ? 'unbounded' : 'muted' },
                        entry.worstCase === null ? t('no bound') : t('at most {0}{1}', callsWord(entry.worstCase), ''),
                      ),
                    ),
                  ),
              ),
            ]),
      );
  }
};
