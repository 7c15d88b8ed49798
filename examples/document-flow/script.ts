// The model of the document flow: an editor that is never satisfied.

import { playModel } from '../scripted-model.ts';

playModel(({ call, prompt }) => {
  if (prompt.startsWith('Does')) return 'NO. The section on data retention is still vague.';
  return `Privacy notice, revision ${(call + 1) / 2}: we keep data as long as it is needed.`;
});
