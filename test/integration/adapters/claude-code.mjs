// Stands in for Claude Code: speaks its protocol over stdin and stdout, asks the hooks, and obeys what they say.
// `SCRIPT` holds the turns as JSON: queries of the tool `Look` for each, or a last word.

import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const turns = JSON.parse(process.env.SCRIPT);
const session_id = randomUUID();
const say = message => process.stdout.write(`${JSON.stringify({ session_id, uuid: randomUUID(), ...message })}\n`);
const answers = new Map();
let hooks = {};
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.on('line', line => {
  const message = JSON.parse(line);
  if (message.type === 'control_request') {
    if (message.request.subtype === 'initialize') hooks = message.request.hooks ?? {};
    const response = { subtype: 'success', request_id: message.request_id, response: { commands: [], models: [] } };
    say({ type: 'control_response', response });
  } else if (message.type === 'control_response') answers.get(message.response.request_id)(message.response.response);
  else if (message.type === 'user') work();
});

/** What all hooks of an event say. */
async function ask(event, facts) {
  const said = [];
  for (const { hookCallbackIds } of hooks[event] ?? []) {
    for (const callback_id of hookCallbackIds) {
      const request_id = randomUUID();
      const answer = new Promise(resolve => answers.set(request_id, resolve));
      const input = { hook_event_name: event, session_id, transcript_path: '', cwd: '.', ...facts };
      say({
        type: 'control_request',
        request_id,
        request: { subtype: 'hook_callback', callback_id, input, tool_use_id: facts.tool_use_id },
      });
      said.push(await answer);
    }
  }
  return said;
}

async function work() {
  say({ type: 'system', subtype: 'init', tools: ['Look'], model: 'claude-scripted', mcp_servers: [], cwd: '.' });
  let requests = 0;
  let stop;
  for (const turn of turns) {
    requests++;
    const id = `msg-${requests}`;
    const usage = { input_tokens: 100, output_tokens: 1 };
    const blocks =
      typeof turn === 'string'
        ? [{ type: 'text', text: turn }]
        : turn.map((q, index) => ({ type: 'tool_use', id: `toolu-${requests}-${index}`, name: 'Look', input: { q } }));
    // Each block comes in a message of its own.
    for (const block of blocks) {
      const message = { id, type: 'message', role: 'assistant', model: 'claude-scripted', content: [block], usage };
      say({ type: 'assistant', parent_tool_use_id: null, message });
    }
    for (const { type, id: tool_use_id, name: tool_name, input: tool_input } of blocks) {
      if (type !== 'tool_use') continue;
      const said = await ask('PreToolUse', { tool_name, tool_input, tool_use_id });
      const deny = said.find(answer => answer.hookSpecificOutput?.permissionDecision === 'deny');
      stop ??= said.find(answer => answer.continue === false);
      const content = deny ? deny.hookSpecificOutput.permissionDecisionReason : `no ${tool_input.q}`;
      const result = { type: 'tool_result', tool_use_id, content, is_error: deny !== undefined };
      say({ type: 'user', parent_tool_use_id: null, message: { role: 'user', content: [result] } });
      if (!deny) await ask('PostToolUse', { tool_name, tool_input, tool_use_id, tool_response: content });
    }
    if (stop) break;
  }
  say({
    type: 'result',
    subtype: 'success',
    is_error: false,
    num_turns: requests,
    result: stop?.stopReason ?? 'done',
    duration_ms: 1,
    duration_api_ms: 1,
    total_cost_usd: 0.01 * requests,
    usage: { input_tokens: 100 * requests, output_tokens: 20 * requests },
    permission_denials: [],
    modelUsage: {},
  });
}
