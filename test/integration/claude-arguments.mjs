// Stands in for Claude Code: answers the first message with the arguments that it was started with, and ends.

import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const session_id = randomUUID();
const say = message => process.stdout.write(`${JSON.stringify({ session_id, uuid: randomUUID(), ...message })}\n`);
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.on('line', line => {
  const message = JSON.parse(line);
  if (message.type === 'control_request') {
    const response = { subtype: 'success', request_id: message.request_id, response: { commands: [], models: [] } };
    say({ type: 'control_response', response });
  } else if (message.type === 'user') {
    say({
      type: 'result',
      subtype: 'success',
      is_error: false,
      num_turns: 1,
      result: JSON.stringify(process.argv.slice(2)),
      duration_ms: 1,
      duration_api_ms: 1,
      total_cost_usd: 0,
      usage: { input_tokens: 1, output_tokens: 1 },
      permission_denials: [],
      modelUsage: {},
    });
  }
});
