// The same network with the framework's own bound: eight turns for writer and reviewer together.

import './script.ts';
import { createAgent, createNetwork, createTool, openai } from '@inngest/agent-kit';
import { z } from 'zod';

type Item = { text?: string; notes?: string; approved?: boolean };

const MAX_TURNS = 8;

const writer = createAgent<Item>({
  name: 'writer',
  system: ({ network }) => `Write a newsletter item. The reviewer said: ${network?.state.data.notes ?? 'nothing yet'}`,
  tools: [
    createTool({
      name: 'submit',
      description: 'Hands the item to the reviewer',
      parameters: z.object({ text: z.string() }),
      handler: ({ text }, { network }) => {
        network.state.data.text = text;
        return 'submitted';
      },
    }),
  ],
});

const reviewer = createAgent<Item>({
  name: 'reviewer',
  system: ({ network }) => `Review this item: ${network?.state.data.text}`,
  tools: [
    createTool({
      name: 'review',
      description: 'Approves the item or sends it back with notes',
      parameters: z.object({ approved: z.boolean(), notes: z.string() }),
      handler: ({ approved, notes }, { network }) => {
        network.state.data = approved ? { ...network.state.data, approved } : { notes };
        return 'reviewed';
      },
    }),
  ],
});

const newsletter = createNetwork<Item>({
  name: 'newsletter',
  agents: [writer, reviewer],
  defaultModel: openai({ model: 'gpt-4.1-mini' }),
  maxIter: MAX_TURNS,
  router: ({ network }) => {
    if (network.state.data.approved) return undefined;
    return network.state.data.text ? reviewer : writer;
  },
});

const run = await newsletter.run('Announce release 2.4');
if (run.state.data.approved) console.log(run.state.data.text);
else console.log(`Stopped: maxIter: not approved after ${run.state.results.length} turns`);
