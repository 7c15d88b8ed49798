// Prompts as the AI SDK's language models take them; Mastra's do as well. Knows shapes, not versions.

/** Messages of a request. */
export type Prompt = readonly { readonly role: string; readonly content: unknown }[];

/** What tells two prompts apart: roles, texts, calls and results, not the ids that change every time. */
export const promptOf = (prompt: Prompt): unknown =>
  prompt.map(({ role, content }) => ({ role, content: bare(content) }));

/** Parts of a message without what is new each time or says nothing to the model. */
export const bare = (content: unknown): unknown =>
  Array.isArray(content)
    ? content.map(part => {
        const { toolCallId: _id, providerOptions: _options, ...rest } = part as Record<string, unknown>;
        return rest;
      })
    : content;

/** Ids of the tool calls that a prompt answers. */
export const answeredIn = (prompt: Prompt): string[] =>
  prompt.flatMap(({ role, content }) =>
    role === 'tool' && Array.isArray(content)
      ? content.map(part => (part as { toolCallId?: string }).toolCallId ?? '')
      : [],
  );
