// LangChain middleware that is there to limit something and, as it is configured, limits nothing.
// It must not know agents: whether the loop around it is covered is not its question.
import type { FixPlan, IdleBound } from '../graph/model.ts';
import { optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { headOf } from './literals.ts';
import type { Reader } from './reading.ts';

interface Middleware {
  readonly path: RegExp;
  /** One of these must be set. */
  readonly options: readonly string[];
  readonly does: string;
  readonly fix: { readonly key: string; readonly value: string };
}

/** Read in langchain 1.5: without these options the hooks return at once. The run's context could set them too. */
const kinds: readonly Middleware[] = [
  {
    path: /^:modelCallLimitMiddleware$/,
    options: ['threadLimit', 'runLimit'],
    does: 'never stops the agent',
    fix: { key: 'runLimit', value: '10' },
  },
  {
    path: /^:summarizationMiddleware$/,
    options: ['trigger', 'maxTokensBeforeSummary'],
    does: 'never summarises, and the messages grow with every turn',
    fix: { key: 'trigger', value: '{ messages: 50 }' },
  },
];

export const middleware = {
  id: 'langchain-middleware',
  title: 'LangChain middleware',
  docs: 'https://docs.langchain.com/oss/javascript/langchain/middleware',
  packages: { typescript: ['langchain', 'langchain/*'], python: [] },
  defaults: [],
  calls: [],
  read,
} satisfies Framework;

function read(reader: Reader): Contribution {
  const idle: IdleBound[] = [];
  for (const { call, head, path } of packageCalls(reader, name => /^langchain(\/|$)/.test(name))) {
    const kind = kinds.find(one => one.path.test(path));
    if (!kind || call.module.language !== 'typescript') continue;
    const options = optionsAt(call, 0, reader);
    if (options.open || kind.options.some(key => options.get(key))) continue;
    const name = path.slice(1);
    idle.push({
      name,
      place: { path: call.module.path, span: headOf(call.node) },
      text: `${name} without ${kind.options[0] === 'trigger' ? 'trigger' : kind.options.join(' or ')} ${kind.does}`,
      advice: `Set ${kind.fix.key}.`,
      framework: head,
      witness: [{ ...placeOfCall(call), message: 'configured here' }],
      fixes: fixOf(kind, call.module.path, call.node.span, options.objects[0]?.node.span),
    });
  }
  return { idle };
}

function fixOf(kind: Middleware, path: string, call: IdleBound['place']['span'], object?: typeof call): FixPlan[] {
  const { key, value } = kind.fix;
  return [
    {
      title: `Set ${key} to ${value}`,
      safe: false,
      rules: ['ineffective-bound'],
      operations: [
        object ? { do: 'setOption', path, at: object, key, value } : { do: 'addArgument', path, at: call, key, value },
      ],
    },
  ];
}
