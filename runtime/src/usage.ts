// Reads token usage from what model clients return. Knows the shapes, not the clients.

/** Tokens of one call, as the provider counted them. */
export type Usage = {
  /** All input tokens, cached ones included. */
  inputTokens: number;
  outputTokens: number;
  /** Input tokens read from a cache. */
  cacheReadTokens?: number;
  /** Input tokens written to a cache. */
  cacheWriteTokens?: number;
};

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

/**
 * Usage in a result: `usage` or `usageMetadata` of OpenAI (chat and responses), Anthropic, the AI SDK, LangChain
 * (`usage_metadata`) and Google; undefined if there is none.
 */
export const usageOf = (result: unknown): Usage | undefined => {
  if (typeof result !== 'object' || result === null) return undefined;
  const holder = result as Record<string, unknown>;
  const found = holder.usage ?? holder.usage_metadata ?? holder.usageMetadata ?? holder.totalUsage;
  if (typeof found !== 'object' || found === null) return undefined;
  const usage = found as Record<string, unknown>;
  const nested = (key: string): Record<string, unknown> =>
    typeof usage[key] === 'object' && usage[key] !== null ? (usage[key] as Record<string, unknown>) : {};
  const amount = (value: unknown): number | undefined =>
    number(value) ??
    (typeof value === 'object' && value !== null ? number((value as { total?: unknown }).total) : undefined);
  const input =
    amount(usage.prompt_tokens) ??
    amount(usage.input_tokens) ??
    amount(usage.inputTokens) ??
    amount(usage.promptTokens) ??
    amount(usage.promptTokenCount);
  const output =
    amount(usage.completion_tokens) ??
    amount(usage.output_tokens) ??
    amount(usage.outputTokens) ??
    amount(usage.completionTokens) ??
    amount(usage.candidatesTokenCount);
  if (input === undefined && output === undefined) return undefined;
  const anthropicRead = number(usage.cache_read_input_tokens);
  const anthropicWrite = number(usage.cache_creation_input_tokens);
  const read =
    anthropicRead ??
    number(nested('prompt_tokens_details').cached_tokens) ??
    number(nested('input_tokens_details').cached_tokens) ??
    number(nested('input_token_details').cache_read) ??
    number(nested('inputTokens').cacheRead) ??
    number(usage.cachedInputTokens) ??
    number(usage.cachedContentTokenCount);
  const write =
    anthropicWrite ?? number(nested('input_token_details').cache_creation) ?? number(nested('inputTokens').cacheWrite);
  const all: Usage = {
    // Anthropic alone counts cached tokens beside the input, not within it.
    inputTokens: (input ?? 0) + (anthropicRead ?? 0) + (anthropicWrite ?? 0),
    outputTokens: output ?? 0,
  };
  if (read !== undefined) all.cacheReadTokens = read;
  if (write !== undefined) all.cacheWriteTokens = write;
  return all;
};
