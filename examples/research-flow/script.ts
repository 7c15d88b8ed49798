// The model of the research flow: a critic that always finds one more thing to ask for.

import { playModel } from '../scripted-model.ts';

playModel(({ call, prompt }) => {
  if (prompt.startsWith('Review')) return 'REFINE: the second claim has no primary source.';
  return `Draft ${call}: heat pumps move more heat than the power they draw, also below freezing [${call}].`;
});
