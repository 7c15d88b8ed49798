// Model clients that make one request a call: which callees of which packages are requests.
import type { CallPattern, Framework } from './framework.ts';

const model = (packages: readonly string[], path: RegExp): CallPattern => ({ packages, path, effect: 'model' });

/** Chat model classes of LangChain integrations; the model may stand behind bindTools, withStructuredOutput, pipe … */
const chatModel =
  /^:(Chat\w*|\w*LLM|(?:language_models\.)?(?:chat_models\.)?Base\w*Model|OpenAI|Ollama|Bedrock\w*|init_?[cC]hat_?[mM]odel|chat_models\.init_chat_model|chat_models\.Chat\w+|llms\.\w+)\(\)(\.\w+\(\))*\.(invoke|stream|batch|streamEvents|generate|call|predict|ainvoke|astream|abatch|agenerate|transform|apredict|_a?generate|_a?call|_a?stream)$/;

export const openai = {
  id: 'openai',
  title: 'OpenAI SDK',
  docs: 'https://github.com/openai/openai-node',
  packages: { typescript: ['openai', 'openai/*'], python: ['openai'] },
  defaults: [],
  calls: [
    model(
      ['openai', 'openai/*'],
      /^:(default|OpenAI|AzureOpenAI|AsyncOpenAI|AsyncAzureOpenAI|\*)(\(\))?(\.beta)?\.(chat\.completions|responses|completions)\.(with_raw_response\.|with_streaming_response\.)?(create|parse|stream)$/,
    ),
    model(['openai'], /^:(ChatCompletion|Completion)\.(create|acreate)$/),
    model(['openai'], /^:OpenAIApi\(\)\.(createChatCompletion|createCompletion)$/),
    model(
      ['openai'],
      /^:(default|OpenAI)\(\)\.beta\.threads\.runs\.(create|createAndPoll|createAndStream|stream|submitToolOutputs\w*)$/,
    ),
  ],
} satisfies Framework;

export const anthropic = {
  id: 'anthropic',
  title: 'Anthropic SDK',
  docs: 'https://github.com/anthropics/anthropic-sdk-typescript',
  packages: {
    typescript: ['@anthropic-ai/sdk', '@anthropic-ai/vertex-sdk', '@anthropic-ai/bedrock-sdk'],
    python: ['anthropic'],
  },
  defaults: [],
  calls: [
    model(
      ['@anthropic-ai/sdk', '@anthropic-ai/vertex-sdk', '@anthropic-ai/bedrock-sdk', 'anthropic'],
      /^:(default|Anthropic\w*|AsyncAnthropic\w*)\(\)(\.beta)?\.(messages|completions)\.(with_raw_response\.|with_streaming_response\.)?(create|stream|parse)$/,
    ),
  ],
} satisfies Framework;

export const google = {
  id: 'google-genai',
  title: 'Google Gen AI SDK',
  docs: 'https://github.com/googleapis/js-genai',
  packages: { typescript: ['@google/genai', '@google/generative-ai', '@google-cloud/vertexai'], python: ['google'] },
  defaults: [],
  calls: [
    model(
      ['@google/genai', '@google/generative-ai', '@google-cloud/vertexai', 'google'],
      /\.(generateContent|generateContentStream|sendMessage|sendMessageStream|generate_content|generate_content_async|send_message)$/,
    ),
  ],
} satisfies Framework;

export const langchainModels = {
  id: 'langchain',
  title: 'LangChain models and chains',
  docs: 'https://js.langchain.com',
  packages: {
    typescript: ['langchain', 'langchain/*', '@langchain/*'],
    python: [
      'langchain',
      'langchain_core',
      'langchain_openai',
      'langchain_anthropic',
      'langchain_community',
      'langchain_google_genai',
      'langchain_ollama',
      'langchain_groq',
      'langchain_mistralai',
      'langchain_aws',
      'langchain_*',
    ],
  },
  defaults: [],
  calls: [
    model(
      [
        'langchain',
        'langchain/*',
        '@langchain/*',
        'langchain_openai',
        'langchain_anthropic',
        'langchain_community',
        'langchain_google_genai',
        'langchain_ollama',
        'langchain_groq',
        'langchain_mistralai',
        'langchain_aws',
        'langchain_core',
        'langchain_*',
      ],
      chatModel,
    ),
    model(
      ['langchain/*', 'langchain', '@langchain/*'],
      /^:(\w*Chain|AgentExecutor|RunnableSequence|RunnableLambda|\w*Prompt\w*)(\.\w+)?\(\)(\.\w+\(\))*\.(invoke|call|stream|batch|run)$/,
    ),
    model(
      ['langchain', 'langchain_core', 'langchain_community'],
      /(Chain|AgentExecutor|Prompt\w*|\.from_\w+|create_\w+)\(\)(\.\w+\(\))*\.(invoke|run|call|stream|batch|ainvoke|arun|astream)$/,
    ),
  ],
} satisfies Framework;

export const llamaindex = {
  id: 'llamaindex',
  title: 'LlamaIndex models',
  docs: 'https://ts.llamaindex.ai',
  packages: { typescript: ['llamaindex', 'llamaindex/*', '@llamaindex/*'], python: ['llama_index'] },
  defaults: [],
  calls: [
    model(['llamaindex', 'llamaindex/*', '@llamaindex/*'], /\(\)\.(chat|exec|streamExec|complete|streamChat)$/),
    model(
      ['llamaindex', 'llamaindex/*', '@llamaindex/*'],
      /^:(\w*QueryEngine|\w*ChatEngine|\w*Agent|agent|multiAgent)\w*\(\)\.(query|chat|run)$/,
    ),
    model(['llama_index'], /\(\)\.(chat|achat|complete|acomplete|stream_chat|predict|query|aquery|run|arun)$/),
  ],
} satisfies Framework;

/** Further clients whose chat call is one request. */
export const otherModels = {
  id: 'models',
  title: 'Other model clients',
  docs: 'https://github.com/loopbound/loopbound',
  packages: {
    typescript: [
      'groq-sdk',
      '@mistralai/mistralai',
      'cohere-ai',
      'ollama',
      'together-ai',
      '@aws-sdk/client-bedrock-runtime',
      'replicate',
      '@huggingface/inference',
      '@azure/openai',
      'portkey-ai',
      '@google-cloud/aiplatform',
    ],
    python: [
      'groq',
      'mistralai',
      'cohere',
      'ollama',
      'together',
      'litellm',
      'huggingface_hub',
      'replicate',
      'instructor',
      'dspy',
      'guidance',
    ],
  },
  defaults: [],
  calls: [
    model(
      ['groq-sdk', 'together-ai', 'portkey-ai', 'groq', 'together', 'instructor'],
      /\.chat\.completions\.(create|create_partial|create_iterable)$/,
    ),
    model(
      [
        '@mistralai/mistralai',
        'cohere-ai',
        'ollama',
        '@huggingface/inference',
        '@azure/openai',
        'mistralai',
        'cohere',
        'ollama',
        'huggingface_hub',
      ],
      /(\.|:)(chat|generate|complete|stream|chatStream|chatCompletion|chatCompletionStream|textGeneration|getChatCompletions|getCompletions|chat_completion|text_generation|complete_async|stream_async)$/,
    ),
    model(
      ['@aws-sdk/client-bedrock-runtime'],
      /\(\)\.(send|converse|converseStream|invokeModel|invokeModelWithResponseStream)$/,
    ),
    model(['replicate'], /\.(run|stream)$/),
    model(['litellm'], /:(completion|acompletion|text_completion|atext_completion|responses|aresponses)$/),
  ],
} satisfies Framework;

/** BAML: each function of the client that it generates into the project is one request. */
export const baml = {
  id: 'baml',
  title: 'BAML',
  docs: 'https://docs.boundaryml.com',
  packages: { typescript: ['@boundaryml/baml'], python: ['baml_client', 'baml_py'] },
  defaults: [],
  calls: [
    model(['*/baml_client', 'baml_client'], /(:|\.)b(\.(with_?[oO]ptions\(\)|stream))*\.[A-Z]\w*$/),
    model(['@boundaryml/baml', 'baml_py'], /\.(call_?[fF]unction|stream_?[fF]unction)$/),
  ],
} satisfies Framework;

const mcpPackages = ['@modelcontextprotocol/sdk', '@modelcontextprotocol/sdk/*', '@ai-sdk/mcp', 'mcp'];

/** MCP: a client's tool calls, and a server that asks its client's model. */
export const mcp = {
  id: 'mcp',
  title: 'Model Context Protocol',
  docs: 'https://github.com/modelcontextprotocol/typescript-sdk',
  packages: {
    typescript: ['@modelcontextprotocol/sdk', '@modelcontextprotocol/sdk/*', '@ai-sdk/mcp'],
    python: ['mcp'],
  },
  defaults: [],
  calls: [
    { packages: mcpPackages, path: /\(\)\.(callTool|call_tool)$/, effect: 'tool' },
    model(mcpPackages, /\(\)(\.server)?\.(createMessage|create_message)$/),
    // A server keeps its tools for its clients to call.
    {
      packages: mcpPackages,
      path: /\(\)\.(tool|registerTool|prompt|registerPrompt|resource|registerResource|setRequestHandler)$/,
      effect: 'keeps',
    },
  ],
} satisfies Framework;

export const providers: readonly Framework[] = [
  openai,
  anthropic,
  google,
  langchainModels,
  llamaindex,
  mcp,
  baml,
  otherModels,
];
