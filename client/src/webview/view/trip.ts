// One trip: why, what it is based on (the calls that matched), where in the code, and whether it was predicted.

import type { Evidence, MatchedCall, Place, Trip } from '../../../../runtime/src/protocol/index.ts';
import { type Context, openPlace } from './context.ts';
import { h, setShown } from './dom.ts';
import { icon } from './icons.ts';
import { reasonTitle } from './reasons.ts';
import { clock, compact, count, duration, fileName, money, shortDigest, t } from './text.ts';

/** A trip card. `refresh` redraws what can still change: the prediction. */
export const tripCard = (context: Context, trip: Trip): { element: HTMLElement; refresh(): void } => {
  const predicted = h('p', { class: 'predicted' });
  const element = h(
    'article',
    {
      class: trip.monitored ? 'trip monitored' : 'trip',
      id: `trip-${trip.id}`,
      tabindex: -1,
      'aria-label': reasonTitle(trip),
    },
    h(
      'header',
      {},
      icon(trip.monitored ? 'warning' : 'tripped'),
      h('h3', {}, reasonTitle(trip)),
      h('span', { class: 'muted' }, trip.guard),
      h('span', { class: 'grow' }),
      h(
        'button',
        {
          class: 'quiet',
          title: t('Copy as JSON'),
          'aria-label': t('Copy as JSON'),
          onclick: () => context.send({ type: 'copy', text: JSON.stringify(trip, null, 2) }),
        },
        icon('copy'),
      ),
      h('time', { class: 'muted', datetime: new Date(trip.time).toISOString() }, clock(trip.time)),
    ),
    h('p', { class: 'message' }, trip.message),
    trip.place && placeLink(context, trip.place),
    predicted,
    facts(trip.evidence),
    pattern(trip.evidence),
    calls(trip),
    counts(trip.evidence),
  );
  let shown: unknown = NaN;
  const refresh = (): void => {
    const prediction = context.prediction(trip.id);
    if (prediction === shown) return;
    shown = prediction;
    setShown(predicted, prediction !== undefined);
    if (prediction) {
      predicted.replaceChildren(
        icon('predicted'),
        h('span', {}, t('Predicted before the run:'), ' '),
        placeButton(context, prediction.place, prediction.rule, prediction.message),
      );
    } else if (prediction === null) {
      predicted.replaceChildren(
        icon('predicted', 'muted'),
        h('span', { class: 'muted' }, t('The analysis had no finding here.'), ' '),
        h(
          'button',
          { class: 'link', onclick: () => context.send({ type: 'report', tripId: trip.id }) },
          t('Report it'),
        ),
      );
    }
  };
  refresh();
  return { element, refresh };
};

const placeButton = (context: Context, place: Place, text: string, title: string): HTMLElement =>
  context.abilities.open
    ? h('button', { class: 'link', title, onclick: openPlace(context, place) }, text)
    : h('span', { title }, text);

const placeLink = (context: Context, place: Place): HTMLElement => {
  const where = `${fileName(place.file)}:${place.line}`;
  return h(
    'p',
    { class: 'place' },
    icon('file'),
    h('code', {}, placeButton(context, place, where, t('Open {0}', `${place.file}:${place.line}:${place.column}`))),
    place.function !== undefined && h('span', { class: 'muted' }, t('in {0}', functionName(place.function))),
  );
};

// V8 says `RunnableCallable.refine [as func]` where the code says `refine`.
const functionName = (name: string): string => name.replace(/ \[as .*\]$/, '').replace(/^.*\.(?=[\w$#]+$)/, '');

const inUnit = (value: number, unit: Evidence['unit']): string => {
  switch (unit) {
    case 'usd':
      return money(value);
    case 'tokens':
      return t('{0} tokens', compact(value));
    case 'calls':
      return t('{0} calls', count(value));
    case 'milliseconds':
      return duration(value);
    case 'ratio':
      return t('{0} x', value.toFixed(1));
    case 'repeats':
      return t('{0} times', count(value));
    default:
      return count(value);
  }
};

const rungs: Record<string, () => string> = {
  cycle: () => t('same calls, same results'),
  interleaved: () => t('same call, others between'),
  sameError: () => t('same error, other arguments'),
  stagnation: () => t('other arguments, same result'),
  sweep: () => t('sweep'),
  duplicate: () => t('duplicates in one turn'),
};

const facts = (evidence: Evidence): HTMLElement | false => {
  const { limit, observed, unit, period, repeats, rung, subject, retryAt } = evidence;
  const rows: [string, string][] = [];
  if (repeats !== undefined) rows.push([t('Repeats'), count(repeats)]);
  if (period !== undefined) rows.push([t('Cycle'), period === 1 ? t('1 call') : t('{0} calls', count(period))]);
  if (rung !== undefined) rows.push([t('Seen as'), rungs[rung]?.() ?? rung]);
  // A loop's limit is its repeats, which stand there already.
  if (observed !== undefined && !(unit === 'repeats' && repeats !== undefined)) {
    rows.push([t('Reached'), inUnit(observed, unit)]);
  }
  if (limit !== undefined) rows.push([t('Limit'), inUnit(limit, unit)]);
  if (subject !== undefined) rows.push([t('Subject'), subject]);
  if (retryAt !== undefined) rows.push([t('Probe at'), clock(retryAt)]);
  if (rows.length === 0) return false;
  return h(
    'dl',
    { class: 'facts' },
    ...rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
};

const pattern = ({ pattern: names, routes }: Evidence): HTMLElement | false => {
  const steps = names ?? routes;
  if (!steps || steps.length < 2) return false;
  return h(
    'ol',
    { class: 'pattern', 'aria-label': names ? t('One turn of the loop') : t('The last routes') },
    ...steps.map(name => h('li', {}, h('code', {}, name))),
    names && h('li', { class: 'again', title: t('and again') }, icon('loop')),
  );
};

const calls = ({ evidence, time }: Trip): HTMLElement | false => {
  const matched = evidence.calls;
  if (!matched || matched.length === 0) return false;
  const start = matched[0]?.time;

  const row = (call: MatchedCall, index: number): HTMLElement =>
    h(
      'tr',
      {},
      h('td', { class: 'number muted' }, String(index + 1)),
      h('td', {}, h('code', {}, call.name)),
      h(
        'td',
        {},
        h(
          'code',
          { title: t('Digest of the arguments, {0} characters', count(call.length)) },
          call.args ?? shortDigest(call.digest),
        ),
      ),
      h('td', {}, ...result(call)),
      h('td', { class: 'number muted' }, call.time === undefined ? '' : `+${duration(call.time - (start ?? time))}`),
    );
  const table = h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col', class: 'number' }, '#'),
        h('th', { scope: 'col' }, t('Call')),
        h('th', { scope: 'col' }, t('Arguments')),
        h('th', { scope: 'col' }, t('Result')),
        h('th', { scope: 'col', class: 'number' }, t('Time')),
      ),
    ),
    h('tbody', {}, ...matched.map(row)),
  );
  return h(
    'details',
    { class: 'calls', open: matched.length <= 6 },
    h(
      'summary',
      {},
      matched.length === 1 ? t('The call that matched') : t('The {0} calls that matched', matched.length),
    ),
    h('div', { class: 'scroll' }, table),
  );
};

const result = (call: MatchedCall): Node[] => {
  if (call.error !== undefined) return [icon('error'), h('span', {}, ` ${call.error}`)];
  if (call.resultDigest !== undefined)
    return [h('code', { title: t('Digest of the result') }, shortDigest(call.resultDigest))];
  return [h('span', { class: 'muted' }, t('none'))];
};

const counts = ({ counts: entries }: Evidence): HTMLElement | false => {
  if (!entries || entries.length === 0) return false;
  return h(
    'ul',
    { class: 'chips', 'aria-label': t('Counts') },
    ...entries.map(entry => h('li', {}, h('code', {}, entry.name), ` ${count(entry.count)}`)),
  );
};
