// The model of the pipeline: it always sees one more log to read before it can conclude.

import { playModel } from '../scripted-model.ts';

playModel(({ call }) => {
  const lines = Array.from({ length: 12 }, (_, line) => `10:${call}:${line} worker-${line} queue depth ${call * line}`);
  return `NEXT: read the log of minute ${call + 1}.\nFindings so far:\n${lines.join('\n')}`;
});
