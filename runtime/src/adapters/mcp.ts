// MCP: guards `callTool` of a client. Imports nothing of the SDK.

import type { GuardedCall } from '../core.ts';
import { currentRun, type GuardOptions, guard, isTripError, type Run } from '../index.ts';
import { refusal, type ToolOptions } from './_agent.ts';

export type { ToolOptions } from './_agent.ts';

/** Options of {@link guardMcp}. */
export type McpOptions = ToolOptions & {
  /**
   * What a trip does: `throw` (default) rejects `callTool`; `answer` gives a result with `isError` in place of the call,
   * for hosts that hand it to the model. After `answers` of them in one run (default 3) it rejects: a block that the
   * model never heeds must end the run.
   */
  blocked?: 'throw' | 'answer';
  answers?: number;
};

type Params = { name: string; arguments?: { [key: string]: unknown } | undefined };
type CallTool = (params: Params, ...more: unknown[]) => Promise<unknown>;
type Content = { isError?: boolean; content?: unknown; structuredContent?: unknown };

/** What a failed tool says, as an error, so that failures that are all alike are seen. */
const failureOf = ({ content }: Content): Error =>
  new Error(
    Array.isArray(content) ? content.map(part => String((part as { text?: unknown }).text ?? '')).join('\n') : '',
  );

/**
 * Guards a client in place and gives it back. A trip ends the call before the server hears of it.
 *
 * ```ts
 * import { Client } from '@modelcontextprotocol/sdk/client/index.js';
 * import { guardMcp } from 'loopbound/adapters/mcp';
 *
 * export const client = guardMcp(new Client({ name: 'host', version: '1.0.0' }), { budget: { maxCalls: 100 } });
 * ```
 */
export const guardMcp = <C extends { callTool: (...args: never[]) => Promise<unknown> }>(
  client: C,
  options: McpOptions = {},
): C => {
  const { blocked = 'throw', answers = 3, ...rest } = options;
  if (!(answers >= 0)) throw new RangeError(`answers must not be negative, not ${answers}`);
  const tools = guard({ name: 'mcp', op: 'tool', ...rest } as GuardOptions);
  const given = new WeakMap<Run, number>();
  const callTool = client.callTool.bind(client) as CallTool;

  const guarded: CallTool = async (params, ...more) => {
    let call: GuardedCall;
    try {
      const facts = { name: params.name, input: params.arguments, payload: params.arguments };
      const entered = await tools.enter(facts);
      if ('instead' in entered) return entered.instead;
      call = entered;
    } catch (error) {
      const { root } = currentRun();
      const count = given.get(root) ?? 0;
      if (blocked === 'throw' || count >= answers || !isTripError(error)) throw error;
      given.set(root, count + 1);
      return { isError: true, content: [{ type: 'text', text: refusal(error) }] };
    }
    try {
      const result = (await callTool(params, ...more)) as Content;
      if (result.isError) call.fail(failureOf(result));
      else call.succeed(result.structuredContent ?? result.content);
      return result;
    } catch (error) {
      call.fail(error);
      throw error;
    }
  };
  client.callTool = guarded as C['callTool'];
  return client;
};
