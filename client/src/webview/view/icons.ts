// The panel's icons as 16-pixel SVG paths, drawn in the current colour. Always beside a word, so hidden from readers.

import { s } from './dom.ts';

const paths = {
  running: 'M8 2a6 6 0 1 1-6 6h1.5A4.5 4.5 0 1 0 8 3.5V2z',
  ok: 'M6.4 12.2 2.6 8.4l1.1-1.1 2.7 2.7 5.9-5.9 1.1 1.1-7 7z',
  tripped: 'M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3l3.8-3.8zM4.5 7.2v1.6h7V7.2h-7z',
  error:
    'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM5.6 4.7l-.9.9L7.1 8l-2.4 2.4.9.9L8 8.9l2.4 2.4.9-.9L8.9 8l2.4-2.4-.9-.9L8 7.1 5.6 4.7z',
  lost: 'M2 7.25h3v1.5H2v-1.5zm4.5 0h3v1.5h-3v-1.5zm4.5 0h3v1.5h-3v-1.5z',
  closed: 'M1 7.25h2.1a2 2 0 0 1 3.8 0h2.2a2 2 0 0 1 3.8 0H15v1.5h-2.1a2 2 0 0 1-3.8 0H6.9a2 2 0 0 1-3.8 0H1v-1.5z',
  open: 'M1 7.25h2.1a2 2 0 0 1 3.7-.3l4.2-4 1 1.1L7 8.8a2 2 0 0 1-3.9 0H1v-1.6zm10-.9a2 2 0 0 1 1.9.9H15v1.5h-2.1a2 2 0 1 1-1.9-2.4z',
  halfOpen:
    'M1 7.25h2.1a2 2 0 0 1 3.8 0H8v1.5H6.9a2 2 0 0 1-3.8 0H1v-1.5zm8.5 0h1.2v1.5H9.5v-1.5zm2.4 0H15v1.5h-3.1v-1.5z',
  warning: 'M8 1.6 15 14H1L8 1.6zm-.75 4.6v3.6h1.5V6.2h-1.5zm0 4.7v1.5h1.5v-1.5h-1.5z',
  predicted:
    'M8 3C4.6 3 2 5.6 1 8c1 2.4 3.6 5 7 5s6-2.6 7-5c-1-2.4-3.6-5-7-5zm0 1.5c2.4 0 4.4 1.7 5.3 3.5-.9 1.8-2.9 3.5-5.3 3.5S3.6 9.8 2.7 8C3.6 6.2 5.6 4.5 8 4.5zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  file: 'M3.5 1.5h6l3.5 3.5v9.5h-9.5v-13zm1.5 1.5v10h6.5V6H8.5V3H5zm5 .6V4.5h.9L10 3.6z',
  copy: 'M5.5 1.5h8v9h-2v-1.5h.5V3H7v.5H5.5v-2zM2.5 5h8v9.5h-8V5zM4 6.5V13h5V6.5H4z',
  stop: 'M3.5 3.5h9v9h-9v-9z',
  reset: 'M8 2.5a5.5 5.5 0 0 1 4.5 2.3V2.5H14V7.5H9.5V6h2a4 4 0 1 0 .4 3h1.5A5.5 5.5 0 1 1 8 2.5z',
  raise: 'M8 2.5 13 8l-1.1 1L8.750 5.6V13.5h-1.5V5.6L4.1 9 3 8l5-5.5z',
  search: 'M7 2a5 5 0 0 1 3.9 8.1l3 3-1 1-3-3A5 5 0 1 1 7 2zm0 1.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  loop: 'M8 2.5a5.5 5.5 0 0 1 5.3 4H15L12.5 10 10 6.5h1.7a4 4 0 0 0-7.3-.3l-1.3-.8A5.5 5.5 0 0 1 8 2.5zM3.5 6 6 9.5H4.3a4 4 0 0 0 7.3.3l1.3.8A5.5 5.5 0 0 1 2.7 9.5H1L3.5 6z',
} as const;

/** Name of an icon. */
export type IconName = keyof typeof paths;

/** The icon as an element. */
export const icon = (name: IconName, className = ''): SVGSVGElement =>
  s(
    'svg',
    { viewBox: '0 0 16 16', width: 16, height: 16, class: `icon icon-${name} ${className}`, 'aria-hidden': 'true' },
    s('path', { d: paths[name], 'fill-rule': 'evenodd' }),
  );
