// The feed sends at most twenty times a second, only while the view is shown, and never loses the last state.

import { describe, expect, it } from 'vitest';
import { feed, SPACING_MS, type Timers } from '../../client/src/feed.ts';
import type { Patch } from '../../client/src/webview/view/messages.ts';
import { type Delta, emptyModel, fold } from '../../runtime/src/protocol/index.ts';

const clock = () => {
  let now = 0;
  const waiting: { at: number; run: () => void }[] = [];
  const timers: Timers = {
    now: () => now,
    after: (ms, run) => {
      const entry = { at: now + ms, run };
      waiting.push(entry);
      return () => waiting.splice(waiting.indexOf(entry), 1);
    },
  };
  return {
    timers,
    advance(ms: number) {
      now += ms;
      for (const entry of waiting.filter(candidate => candidate.at <= now)) {
        waiting.splice(waiting.indexOf(entry), 1);
        entry.run();
      }
    },
  };
};

const call: Delta = {
  kind: 'events',
  agentId: 'x',
  time: 1,
  dropped: 0,
  events: [{ kind: 'call', runId: 'a', time: 1, op: 'tool', name: 't', durationMs: 1, outcome: 'ok' }],
};

const setUp = () => {
  let model = emptyModel();
  const sent: Patch[] = [];
  const time = clock();
  const stream = feed(
    () => model,
    patch => sent.push(patch),
    time.timers,
  );
  const change = () => {
    model = fold(model, [call]);
    stream.changed();
  };
  return { sent, time, stream, change };
};

describe('the feed', () => {
  it('sends nothing while the view is hidden, and everything when it is shown', () => {
    const { sent, stream, change } = setUp();
    for (let i = 0; i < 100; i++) change();
    expect(sent).toHaveLength(0);
    stream.visible(true);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ reset: true, totals: { calls: 100 } });
  });

  it('gathers what comes faster than twenty times a second', () => {
    const { sent, time, stream, change } = setUp();
    stream.visible(true);
    for (let i = 0; i < 1000; i++) {
      change();
      time.advance(1);
    }
    time.advance(SPACING_MS);
    expect(sent.length).toBeLessThanOrEqual(1000 / SPACING_MS + 2);
    expect(sent.at(-1)?.totals.calls).toBe(1000);
  });

  it('starts anew for a view that was thrown away', () => {
    const { sent, time, stream, change } = setUp();
    stream.visible(true);
    change();
    time.advance(SPACING_MS);
    stream.visible(false);
    change();
    stream.visible(true);
    stream.rehydrate();
    expect(sent.at(-1)).toMatchObject({ reset: true, totals: { calls: 2 } });
  });
});
