// A process of a fleet, for redis.test.ts: `worker.mts PORT hold|spend`. Holds its place until it is killed, or spends what it can.

import { Redis } from 'ioredis';
import { isShort } from '../../../runtime/src/index.ts';
import { redisLedger } from '../../../runtime/src/store/redis.ts';

const [port, what] = process.argv.slice(2);
const client = new Redis(Number(port));
const ledger = redisLedger(client, {
  ttlMs: 60_000,
  timeoutMs: 30_000,
  ...(what === 'hold' ? { clock: () => 1_000_000 } : {}),
});
const account = { key: what!, limit: { usd: 10 } };

if (what === 'hold') {
  const held = await ledger.reserve(account, { usd: 10 });
  console.log(isShort(held) ? 'short' : 'held');
  // The connection keeps the process here.
} else {
  const holds = await Promise.all(Array.from({ length: 25 }, () => ledger.reserve(account, { usd: 0.5 })));
  const own = holds.flatMap(held => (isShort(held) ? [] : [held]));
  // The real cost is less than what was held, so that more fits afterwards.
  for (const held of own) await held.settle({ usd: 0.4, tokens: 10 });
  console.log(own.length);
  await client.quit();
}
