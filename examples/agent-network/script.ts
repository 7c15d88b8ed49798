// The models of the network: a reviewer that sends everything back, a writer that starts again.

import { playModel } from '../scripted-model.ts';

playModel(({ tools }) =>
  tools.includes('review')
    ? { tool: 'review', arguments: { approved: false, notes: 'Too technical for the newsletter.' } }
    : { tool: 'submit', arguments: { text: 'The new release makes the sync engine twice as fast.' } },
);
