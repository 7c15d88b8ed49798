// What every part of the panel may ask for.

import type { Model, Place, RunView, Trip } from '../../../../runtime/src/protocol/index.ts';
import type { Abilities, FromPanel, Prediction } from './messages.ts';

/** Given to each part when it is made; the functions always answer for the model as it is now. */
export type Context = {
  abilities: Abilities;
  send(message: FromPanel): void;
  model(): Model;
  trip(id: string): Trip | undefined;
  run(id: string): RunView | undefined;
  /** Undefined: not looked for (yet). Null: nothing had predicted it. */
  prediction(tripId: string): Prediction | null | undefined;
  /** Asks the agent of a run for a control action; the answer shows as a message. */
  control(run: RunView, action: Extract<FromPanel, { type: 'control' }>['action']): void;
  now(): number;
};

/** Opens a place in the editor. */
export const openPlace =
  (context: Context, place: Place) =>
  (event: Event): void => {
    event.preventDefault();
    context.send({ type: 'open', place });
  };
