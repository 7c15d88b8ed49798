// How far the estimate is from a real tokenizer (o200k) on English, JSON, code and CJK text, and that usage figures correct it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countTokens } from 'gpt-tokenizer';
import { describe, expect, it } from 'vitest';
import { Calibration, ContextGuard, estimateText, estimateTokens } from '../../runtime/src/index.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const CHINESE = `代理在循环中运行时，每一次调用都会产生费用。如果没有上限，一个小小的错误就可能在一夜之间花掉整个月的预算。
因此，我们在每次请求之前先预留最坏情况下的金额，在得到结果之后再按照实际用量结算。这样即使有很多请求同时到达，也不会超出预算。
当同样的工具以同样的参数被第三次调用，而结果没有任何变化的时候，保护程序会停止这次调用，并且说明原因和代码中的位置。`;
const JAPANESE = `エージェントがループの中で動くとき、呼び出しのたびに費用がかかります。上限がなければ、小さな間違いが一晩で一か月分の予算を使い切ることもあります。
そこで、リクエストの前に最悪の場合の金額を確保し、結果を受け取ったあとで実際の使用量に合わせて精算します。同じツールが同じ引数で三回目に呼ばれ、結果が何も変わらないとき、ガードはその呼び出しを止めます。`;
const KOREAN = `에이전트가 반복문 안에서 실행될 때에는 호출할 때마다 비용이 발생합니다. 상한이 없으면 작은 실수 하나가 하룻밤 사이에 한 달 예산을 모두 써 버릴 수 있습니다.
그래서 요청을 보내기 전에 최악의 경우의 금액을 먼저 잡아 두고, 결과를 받은 다음에 실제 사용량으로 정산합니다.`;

/** Real texts of this repository, and some of what tools return. `low` and `high` bound estimate over truth. */
const SAMPLES: { name: string; text: string; low: number; high: number }[] = [
  { name: 'English prose', text: `${read('ARCHITECTURE.md').replace(/[`|*#─►◄▼│┬]/g, ' ')}`, low: 0.85, high: 1.15 },
  {
    name: 'English letters',
    text: 'Thank you for your message. I have read the report that you sent, and I agree with most of it. The second part is less clear to me: where do the numbers come from, and who counted them? '.repeat(
      8,
    ),
    low: 0.85,
    high: 1.15,
  },
  { name: 'TypeScript', text: read('runtime/src/budget.ts'), low: 0.85, high: 1.15 },
  { name: 'Python', text: read('examples/scripted_model.py'), low: 0.85, high: 1.15 },
  { name: 'JSON, pretty', text: read('client/package.json') + read('runtime/package.json'), low: 0.85, high: 1.15 },
  {
    name: 'JSON, dense',
    text: JSON.stringify(
      Array.from({ length: 80 }, (_, id) => ({
        id,
        userName: `user_${id * 7919}`,
        price: id * 3.75,
        tags: ['new', 'sale'],
        createdAt: `2026-0${(id % 9) + 1}-12T10:0${id % 6}:00Z`,
        ok: id % 2 === 0,
      })),
    ),
    low: 0.85,
    high: 1.15,
  },
  { name: 'Chinese', text: CHINESE, low: 0.85, high: 1.4 },
  { name: 'Japanese', text: JAPANESE, low: 0.85, high: 1.4 },
  { name: 'Korean', text: KOREAN, low: 0.85, high: 1.4 },
  {
    name: 'hashes and ids',
    text: Array.from(
      { length: 60 },
      (_, index) => `${(index * 2654435761).toString(16)}${'9f86d081884c7d65'.slice(index % 8)}`,
    ).join('\n'),
    low: 0.85,
    high: 1.15,
  },
];

describe('the estimate', () => {
  it('is near a real tokenizer, where four characters a token are not', () => {
    const rows = SAMPLES.map(({ name, text, low, high }) => {
      const real = countTokens(text);
      return { name, real, ratio: estimateText(text) / real, naive: text.length / 4 / real, low, high };
    });
    for (const { name, real, ratio, naive } of rows) {
      const percent = (value: number) => `${value >= 1 ? '+' : ''}${((value - 1) * 100).toFixed(1)} %`;
      console.log(
        `tokens: ${name.padEnd(16)} ${String(real).padStart(6)} real, estimate ${percent(ratio).padStart(8)}, length / 4 ${percent(naive).padStart(8)}`,
      );
    }
    for (const { name, ratio, low, high } of rows) {
      expect(ratio, name).toBeGreaterThan(low);
      expect(ratio, name).toBeLessThan(high);
    }
  });

  it('of messages and tools is never so low that a reservation with its slack would be', () => {
    for (const { name, text } of SAMPLES) {
      const request = {
        messages: [
          { role: 'system', content: 'You are careful.' },
          { role: 'user', content: text },
        ],
      };
      expect(estimateTokens(request) * 1.5, name).toBeGreaterThan(countTokens(text));
    }
  });

  it('learns from what the provider counted', () => {
    const calibration = new Calibration();
    for (const { text } of SAMPLES) calibration.learn(estimateText(text), countTokens(text) * 1.25);
    const guard = new ContextGuard({ maxContextTokens: 100_000 }, undefined);
    const raw = guard.measure(CHINESE).raw;
    for (let turn = 0; turn < 8; turn++) guard.learn(raw, countTokens(CHINESE));
    expect(guard.measure(CHINESE).tokens / countTokens(CHINESE)).toBeCloseTo(1, 1);
    expect(calibration.ratio).toBeGreaterThan(1);
  });
});
