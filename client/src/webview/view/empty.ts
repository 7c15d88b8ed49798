// What the panel says while no run has been seen: what it is for and the two steps that bring it to life,
// or why nothing can arrive and the button that changes that.

import type { Context } from './context.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import type { Errand, HubState } from './messages.ts';
import { t } from './text.ts';

const snippet = `import { guard } from 'loopbound';

const search = guard(callSearchTool, { budget: { maxCalls: 25 } });`;

/** The empty state. */
export const emptyState = (context: Context): { element: HTMLElement; update(hub: HubState): void } => {
  const element = h('div', { class: 'empty' });
  const button = (errand: Errand, text: string, primary = false): HTMLElement =>
    h(
      'button',
      { class: primary ? 'primary' : 'secondary', onclick: () => context.send({ type: 'errand', errand }) },
      text,
    );
  return {
    element,
    update(hub) {
      switch (hub.is) {
        case 'starting':
          element.replaceChildren(h('p', { class: 'muted' }, t('Starting to listen for runs ...')));
          return;
        case 'failed':
          element.replaceChildren(
            h('h2', {}, icon('error', 'status-error'), t('The panel cannot listen for runs')),
            h('p', {}, hub.message),
            h('p', { class: 'buttons' }, button('showLog', t('Show log'))),
          );
          return;
        case 'off':
          element.replaceChildren(...off(hub.why, button));
          return;
        case 'listening':
          element.replaceChildren(...teach(context, button));
      }
    },
  };
};

type Button = (errand: Errand, text: string, primary?: boolean) => HTMLElement;

const off = (why: 'setting' | 'untrusted' | 'stopped', button: Button): Node[] => {
  switch (why) {
    case 'untrusted':
      return [
        h('h2', {}, t('This workspace is in Restricted Mode')),
        h(
          'p',
          {},
          t(
            'The analysis works. Live runs are shown once you trust the workspace, because the panel then listens to its processes.',
          ),
        ),
        h('p', { class: 'buttons' }, button('manageTrust', t('Manage workspace trust'), true)),
      ];
    case 'setting':
      return [
        h('h2', {}, t('Live runs are switched off')),
        h('p', {}, t('The setting that lets guarded agents report to this panel is off.')),
        h('p', { class: 'buttons' }, button('openSettings', t('Open settings'), true)),
      ];
    case 'stopped':
      return [
        h('h2', {}, t('Not connected')),
        h('p', { class: 'muted' }, t('The program that listens for runs has ended. Runs seen so far stay here.')),
      ];
  }
};

const teach = (context: Context, button: Button): Node[] => [
  h('h2', {}, icon('loop'), t('Listening for agent runs')),
  h(
    'p',
    {},
    t(
      'Runs of guarded agents appear here: calls, tokens and cost as they happen, and each trip with the calls that caused it.',
    ),
  ),
  h(
    'ol',
    { class: 'steps' },
    h(
      'li',
      {},
      h('span', {}, t('Put a guard around the calls that could loop:')),
      h(
        'div',
        { class: 'snippet' },
        h('pre', { tabindex: 0, 'aria-label': t('Example') }, h('code', {}, snippet)),
        h(
          'button',
          {
            class: 'quiet',
            title: t('Copy'),
            'aria-label': t('Copy example'),
            onclick: () => context.send({ type: 'copy', text: snippet }),
          },
          icon('copy'),
        ),
      ),
    ),
    h(
      'li',
      {},
      h(
        'span',
        {},
        context.abilities.editor
          ? t('Run the agent in a new terminal or with the debugger. It finds this panel by itself.')
          : t('Run the agent with this page in its environment. It finds the page by itself.'),
      ),
    ),
  ),
  h(
    'p',
    { class: 'buttons' },
    ...(context.abilities.editor ? [button('openTerminal', t('Open terminal'), true)] : []),
    button('docs', t('How guards work')),
  ),
];
