// A small line chart as SVG: scales with its box, takes theme colours, says in words what it shows.
// At most sixty points arrive, so a canvas library would cost more than it draws.

import { s, setAttribute, setText } from './dom.ts';

const WIDTH = 120;
const HEIGHT = 28;

/** One value at one time. */
export type Sample = { time: number; value: number };

/** The chart, and the function that draws samples into it with a description for screen readers. */
export const chart = (
  className: string,
): { element: SVGSVGElement; draw(samples: readonly Sample[], words: string, limit?: number): void } => {
  const title = s('title');
  const area = s('path', { class: 'chart-area' });
  const line = s('path', { class: 'chart-line', 'vector-effect': 'non-scaling-stroke' });
  const limitLine = s('path', { class: 'chart-limit', 'vector-effect': 'non-scaling-stroke' });
  const element = s(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', class: `chart ${className}` },
    title,
    area,
    line,
    limitLine,
  );
  return {
    element,
    draw(samples, words, limit) {
      setText(title, words);
      const first = samples[0];
      const last = samples.at(-1);
      if (!first || !last || samples.length < 2) {
        for (const path of [area, line, limitLine]) setAttribute(path, 'd', '');
        return;
      }
      const top = Math.max(...samples.map(sample => sample.value), limit ?? 0) || 1;
      const span = last.time - first.time || 1;
      const x = (time: number): string => (((time - first.time) / span) * WIDTH).toFixed(1);
      const y = (value: number): string => (HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1);
      const points = samples.map(sample => `${x(sample.time)} ${y(sample.value)}`).join('L');
      setAttribute(line, 'd', `M${points}`);
      setAttribute(area, 'd', `M${points}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
      setAttribute(limitLine, 'd', limit === undefined ? '' : `M0 ${y(limit)}H${WIDTH}`);
    },
  };
};
