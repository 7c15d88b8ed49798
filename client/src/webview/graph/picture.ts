// The graph as a picture: own SVG in theme colours, loops thick with their bound or its absence in words, steps that are
// buttons. Arrow keys follow the ways, Enter opens the code. The list says the same without a picture.

import type { Graph, GraphStep } from '../../../../server/src/protocol.ts';
import { s, setAttribute, setText } from '../view/dom.ts';
import { count, t } from '../view/text.ts';
import { layoutOf, pathOf } from './layout.ts';
import type { Live } from './messages.ts';
import { boundWord, callsWord, kindWord, layOf, type Way, waysOf } from './shape.ts';

const LEAST = 84;
const MOST = 250;
const PADDING = 22;
const BADGE = 18;

/** The picture of one graph. */
export type Picture = {
  element: SVGSVGElement;
  width: number;
  height: number;
  live(live: Live | null): void;
  cursor(step: string | null): void;
  focus(): void;
};

/** Draws; `open` is called with the step or loop that was chosen. */
export const picture = (graph: Graph, open: (item: { place: Graph['place'] }) => void): Picture => {
  const ways = waysOf(graph);
  const measure = textMeasure();
  const words = new Map(graph.steps.map(step => [step.id, wordsOf(step)]));
  const layout = layoutOf(graph, ways, {
    step: id => {
      const { name, more } = words.get(id)!;
      return Math.min(MOST, Math.max(LEAST, measure(name, 'name'), measure(more, 'more')) + PADDING);
    },
    way: way => {
      const text = labelOf(way);
      // Some air, so that a long label stays clear of the ways beside it.
      return text === '' ? 0 : measure(text, 'label') + 26;
    },
  });

  const title = s('title', {}, titleOf(graph));
  const root = s(
    'svg',
    {
      class: 'picture',
      role: 'group',
      'aria-label': titleOf(graph),
      viewBox: `0 0 ${layout.width} ${layout.height}`,
      width: layout.width,
      height: layout.height,
    },
    title,
    s('defs', {}, ...['plain', 'bounded', 'unbounded', 'lit'].map(arrowHead)),
  );

  const lines = ways.map(way => {
    const line = layout.lines.get(way.key)!;
    const kind = way.loop === undefined ? 'plain' : way.loop.covered ? 'bounded' : 'unbounded';
    const path = s('path', {
      class: `way way-${kind} ${way.transition.kind === 'call' ? 'way-call' : ''}`,
      d: pathOf(line.points),
      'marker-end': `url(#arrow-${kind})`,
    });
    root.append(path);
    return { way, path, kind, line };
  });
  for (const { way, kind, line } of lines) {
    const text = labelOf(way);
    if (text === '' || !line.label) continue;
    const { x, y } = line.label;
    const width = measure(text, 'label') + 10;
    const label = s(
      'g',
      {
        class: `label label-${kind}`,
        onclick: () => open(way.back && way.loop ? way.loop : way.transition),
      },
      s('rect', { x: x - width / 2, y: y - 9, width, height: 18, rx: 3 }),
      s('text', { x, y: y + 4, 'text-anchor': 'middle' }, text),
    );
    root.append(label);
  }

  const boxes = graph.steps.map((step, at) => {
    const { x, y, width, height } = layout.boxes.get(step.id)!;
    const { name, more } = words.get(step.id)!;
    const room = width - 14;
    const badge = s('text', { 'text-anchor': 'middle', y: 4 });
    const badgeBox = s('rect', { y: -BADGE / 2, height: BADGE, rx: BADGE / 2 });
    const live = s('g', { class: 'badge', transform: `translate(${width / 2 - 6} ${-height / 2})` }, badgeBox, badge);
    live.style.display = 'none';
    const element = s(
      'g',
      {
        class: `step step-${step.kind} on-${layOf(ways, step.id)}`,
        transform: `translate(${x} ${y})`,
        role: 'button',
        tabindex: at === 0 ? 0 : -1,
        onclick: () => open(step),
        onkeydown: event => onKey(event as KeyboardEvent, at),
      },
      // Names the step for readers, and is shown on hovering.
      s('title', {}, [name, more, loopWords(graph, step)].filter(Boolean).join(', ')),
      s('rect', {
        x: -width / 2,
        y: -height / 2,
        width,
        height,
        rx: step.kind === 'entry' || step.kind === 'agent' ? height / 2 : step.kind === 'loop' ? 2 : 5,
      }),
      s(
        'text',
        { class: 'name', 'text-anchor': 'middle', y: -3 },
        fit(name, room, text => measure(text, 'name')),
      ),
      s(
        'text',
        { class: 'more', 'text-anchor': 'middle', y: 12 },
        fit(more, room, text => measure(text, 'more')),
      ),
      live,
    );
    root.append(element);
    return { step, element, live, badge, badgeBox };
  });
  const focus = (at: number): void => {
    for (const [index, { element }] of boxes.entries()) setAttribute(element, 'tabindex', index === at ? 0 : -1);
    boxes[at]?.element.focus();
  };
  const indexOf = (id: string): number => boxes.findIndex(({ step }) => step.id === id);
  const onKey = (event: KeyboardEvent, at: number): void => {
    const step = boxes[at]!.step;
    const targets: Record<string, number | undefined> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: boxes.length - 1,
      ArrowRight: indexOf(graph.transitions.find(way => way.from === step.id)?.to ?? ''),
      ArrowLeft: indexOf(graph.transitions.find(way => way.to === step.id)?.from ?? ''),
    };
    if (event.key === 'Enter' || event.key === ' ') open(step);
    else if (event.key in targets) {
      const target = targets[event.key] ?? -1;
      if (target >= 0 && target < boxes.length) focus(target);
    } else return;
    event.preventDefault();
  };

  return {
    element: root,
    width: layout.width,
    height: layout.height,
    live(now) {
      const stopped = new Set(now?.stopped);
      const tripped = new Set(now?.tripped);
      for (const { step, element, live, badge, badgeBox } of boxes) {
        const calls = now?.calls[step.id];
        live.style.display = calls === undefined ? 'none' : '';
        element.classList.toggle('stopped', stopped.has(step.id));
        if (calls === undefined) continue;
        const text = `× ${count(calls)}`;
        setText(badge, text);
        const width = measure(text, 'more') + 12;
        setAttribute(badgeBox, 'width', width);
        setAttribute(badgeBox, 'x', -width / 2);
      }
      for (const { way, path, kind } of lines) {
        const lit = way.loop !== undefined && tripped.has(way.loop.id);
        path.classList.toggle('lit', lit);
        setAttribute(path, 'marker-end', `url(#arrow-${lit ? 'lit' : kind})`);
      }
    },
    cursor(id) {
      for (const { step, element } of boxes) {
        element.classList.toggle('here', step.id === id);
        setAttribute(element, 'aria-current', step.id === id ? 'location' : undefined);
      }
    },
    focus: () =>
      focus(
        Math.max(
          0,
          boxes.findIndex(({ element }) => element.getAttribute('tabindex') === '0'),
        ),
      ),
  };
};

/** What the picture says as a whole. */
export const titleOf = ({ name, steps, loops, worstCase }: Graph): string =>
  t(
    'Graph of {0}: {1} steps, {2} loops, {3} without a bound. Worst case: {4}.',
    name,
    steps.length,
    loops.length,
    loops.filter(loop => !loop.covered).length,
    callsWord(worstCase) || t('0 calls'),
  );

/** In which loops a step is, in words. */
export const loopWords = (graph: Graph, step: GraphStep): string =>
  graph.loops
    .filter(loop => loop.steps.includes(step.id))
    .map(loop => `${loop.name}: ${boundWord(loop)}`)
    .join(', ');

const wordsOf = (step: GraphStep): { name: string; more: string } => ({
  name: step.name,
  more: [kindWord(step), callsWord(step.calls), step.human && t('asks a person')].filter(Boolean).join(' · '),
});

/** A loop's bound on its way back, elsewhere the route or how many times. */
const labelOf = ({ transition, loop, back }: Way): string => {
  const own = transition.label;
  if (!back || !loop) return cut(own, 26);
  const bound = loop.covered ? `≤ ${cut(loop.bound, 34)}` : `∞ ${t('no bound')}`;
  return own === '' ? bound : `${cut(own, 18)} · ${bound}`;
};

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const fit = (text: string, room: number, measure: (text: string) => number): string => {
  if (measure(text) <= room) return text;
  let end = text.length - 1;
  while (end > 1 && measure(`${text.slice(0, end)}…`) > room) end--;
  return `${text.slice(0, end)}…`;
};

const arrowHead = (kind: string): SVGMarkerElement =>
  s(
    'marker',
    {
      id: `arrow-${kind}`,
      class: `arrow arrow-${kind}`,
      viewBox: '0 0 8 8',
      refX: 7,
      refY: 4,
      // The way of a tripped loop is thicker than the others.
      markerWidth: kind === 'lit' ? 14 : 8,
      markerHeight: kind === 'lit' ? 14 : 8,
      markerUnits: 'userSpaceOnUse',
      orient: 'auto-start-reverse',
    },
    s('path', { d: 'M0 0.5 8 4 0 7.5z' }),
  );

/** Widths of text in the fonts of the picture, as the style sheet sets them. */
const textMeasure = (): ((text: string, part: 'name' | 'more' | 'label') => number) => {
  const canvas = document.createElement('canvas').getContext('2d');
  const family = getComputedStyle(document.body).fontFamily;
  const fonts = { name: `600 12px ${family}`, more: `11px ${family}`, label: `11px ${family}` };
  return (text, part) => {
    // Without a canvas the text is a little wider than it need be.
    if (!canvas) return text.length * 7;
    canvas.font = fonts[part];
    return Math.ceil(canvas.measureText(text).width);
  };
};

/** The picture as a file of its own: what the theme decides is written into it. */
export const exported = ({ element }: Picture): string => {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const properties = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'font-family', 'font-size', 'font-weight'];
  const originals = [...element.querySelectorAll<SVGElement>('*')];
  for (const [at, part] of [...copy.querySelectorAll<SVGElement>('*')].entries()) {
    const style = getComputedStyle(originals[at]!);
    for (const property of properties) {
      const value = style.getPropertyValue(property);
      if (value !== '' && value !== 'normal') part.setAttribute(property, value);
    }
    if (style.display === 'none') part.setAttribute('display', 'none');
    for (const name of ['class', 'style', 'tabindex', 'role', 'aria-label', 'aria-current']) part.removeAttribute(name);
  }
  const background = getComputedStyle(document.body).getPropertyValue('--vscode-editor-background') || '#ffffff';
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('role', 'img');
  for (const name of ['class', 'style', 'width', 'height']) copy.removeAttribute(name);
  copy.setAttribute('width', element.viewBox.baseVal.width.toString());
  copy.setAttribute('height', element.viewBox.baseVal.height.toString());
  const paper = s('rect', { width: '100%', height: '100%', fill: background.trim() });
  copy.insertBefore(paper, copy.querySelector('defs'));
  return `${new XMLSerializer().serializeToString(copy)}\n`;
};
