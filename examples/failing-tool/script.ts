// The model of this example: reads the amount a little differently every time it is asked.

import { playModel } from '../scripted-model.ts';

playModel(({ call }) => JSON.stringify({ supplier: 'Nordlicht GmbH', amount: 1240 + call, currency: 'EUR' }));
