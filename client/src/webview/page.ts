// The trip panel as the page of `loopbound watch`: its transport is a viewer of the hub that served it.
// No editor here: places are shown but not opened, and errands that need VS Code are not offered.

import type { Model } from '../../../runtime/src/protocol/index.ts';
import { openViewer, type ViewerHost } from '../../../runtime/src/viewer/index.ts';
import { start } from './view/app.ts';
import type { Memory, ToPanel } from './view/messages.ts';
import { diff } from './view/patch.ts';

const DOCS = 'https://github.com/loopbound/loopbound#readme';
const MEMORY = 'loopbound-memory';

let tell: (message: ToPanel) => void = () => undefined;
let sent: Model | undefined;
let begun = false;

const begin = (control: boolean): void => {
  if (begun) return;
  begun = true;
  tell({
    type: 'init',
    abilities: { open: false, control, editor: false },
    strings: {},
    locale: navigator.language,
  });
};

start(document.body, {
  listen: listener => {
    tell = listener;
  },
  recall: () => JSON.parse(sessionStorage.getItem(MEMORY) ?? 'null') as Memory | undefined,
  remember: memory => sessionStorage.setItem(MEMORY, JSON.stringify(memory)),
  send: message => {
    switch (message.type) {
      case 'copy':
        void navigator.clipboard.writeText(message.text);
        return;
      case 'control':
        void viewer
          .control(message.agentId, message.action)
          .then(({ ok, message: why }) =>
            tell({ type: 'controlResult', id: message.id, ok, ...(why && { message: why }) }),
          );
        return;
      case 'errand':
        if (message.errand === 'docs') window.open(DOCS, '_blank', 'noopener');
    }
  },
});

// The DOM's own types take listeners with an event, which the viewer's narrower ones leave out.
const viewer = openViewer(window as unknown as ViewerHost, {
  onModel: model => {
    tell({ type: 'patch', patch: diff(sent, model) });
    sent = model;
  },
  onStatus: (status, mayControl) => {
    if (status === 'live') {
      begin(mayControl);
      // The snapshot that follows replaces what was there.
      sent = undefined;
      tell({ type: 'hub', state: { is: 'listening' } });
    } else if (status === 'locked') {
      begin(false);
      tell({
        type: 'hub',
        state: { is: 'failed', message: 'This link was used already. Open a fresh one from the terminal.' },
      });
    } else tell({ type: 'hub', state: { is: 'off', why: 'stopped' } });
  },
});
