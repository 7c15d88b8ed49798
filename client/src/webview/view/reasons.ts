// What each reason of a trip is called.

import type { Trip, TripReason } from '../../../../runtime/src/protocol/index.ts';
import { t } from './text.ts';

const titles = {
  loop: () => t('Loop stopped'),
  budget: () => t('Budget used up'),
  context: () => t('Context window full'),
  step: () => t('Step limit reached'),
  route: () => t('Router loop stopped'),
  state: () => t('State too large'),
  delegation: () => t('Delegation loop stopped'),
  toolStorm: () => t('Tool storm stopped'),
  reassignment: () => t('Reassignment loop stopped'),
  drift: () => t('Cost per step drifts up'),
  velocity: () => t('Spending too fast'),
  cap: () => t('Plan cap reached'),
  kill: () => t('Stopped by you'),
} satisfies Record<TripReason, () => string>;

/** The heading of a trip. */
export const reasonTitle = (trip: Pick<Trip, 'reason' | 'monitored'>): string =>
  trip.monitored ? t('{0} (recorded only)', titles[trip.reason]()) : titles[trip.reason]();
