// How a file gives itself away as agent code, before anything is parsed. Data only.
import type { Signals } from './workspace/specifiers.ts';

/** Packages and call shapes that make a file worth reading. */
export const signals: Signals = {
  // biome-ignore format: a table
  typescript: [
    'ai', '@ai-sdk/*', '@openrouter/*', 'langchain', '@langchain/*', 'deepagents', 'langgraph*', 'openai', '@openai/*', '@azure/openai',
    '@anthropic-ai/*', '@google/genai', '@google/adk', '@google/generative-ai', '@google-cloud/vertexai', '@mastra/*', 'mastra',
    '@inngest/agent-kit', 'inngest', 'beeai-framework', '@voltagent/*', 'genkit', '@genkit-ai/*', 'xstate', '@xstate/*', 'robot3',
    '@strands-agents/*', 'llamaindex', '@llamaindex/*', '@llama-flow/*', '@modelcontextprotocol/*', 'fastmcp', 'mcp-use',
    'ollama', 'ollama-ai-provider', 'cohere-ai', 'groq-sdk', '@mistralai/*', 'together-ai', 'replicate', '@huggingface/inference',
    '@aws-sdk/client-bedrock-runtime', '@aws-sdk/client-bedrock-agent-runtime', 'litellm', 'portkey-ai', '@cloudflare/ai', 'agents',
    'crewai', 'crewai-ts', 'crewai-js', 'crew-ai-ts', 'kaibanjs', '@crewai/*', '@github/copilot-sdk', 'bee-agent-framework',
    '@composio/*', 'composio-core', '@browserbasehq/stagehand', 'llm-exe', 'modelfusion', '@dqbd/tiktoken', 'loopbound',
    'cockatiel', 'p-retry', 'async-retry', 'retry', 'exponential-backoff', 'ts-retry', 'ts-retry-promise', 'promise-retry', 'rxjs',
  ],
  // biome-ignore format: a table
  python: [
    'openai', 'anthropic', 'langgraph', 'langgraph_*', 'langchain', 'langchain_*', 'deepagents', 'crewai', 'crewai_*', 'autogen',
    'autogen_*', 'ag2', 'agents', 'google.genai', 'google.generativeai', 'google.adk', 'vertexai', 'litellm', 'llama_index',
    'pydantic_ai', 'smolagents', 'strands', 'dspy', 'haystack', 'semantic_kernel', 'agno', 'phi', 'ollama', 'cohere', 'groq',
    'mistralai', 'together', 'replicate', 'instructor', 'guidance', 'mcp', 'fastmcp', 'claude_agent_sdk', 'claude_code_sdk',
    'anthropic_bedrock', 'marvin', 'controlflow', 'swarm', 'camel', 'metagpt', 'tenacity', 'backoff', 'retrying', 'stamina', 'loopbound',
    'agent_framework', 'beeai_framework', 'browser_use', 'huggingface_hub', 'transformers',
  ],
  // biome-ignore format: a table
  shapes: [
    '.chat.completions.', '.responses.create(', '.messages.create(', '.messages.stream(', '.generateContent(', '.generate_content(',
    '/chat/completions', '/v1/messages', '/v1/responses', '/api/generate', '/api/chat', 'generateText(', 'streamText(', 'callModel(', 'call_model(', 'callLLM(',
    'call_llm(', 'callLlm(', 'askLLM(', 'runAgent(', 'run_agent(', 'invoke_model(', 'InvokeModelCommand', 'ConverseCommand',
    'tool_calls', 'toolCalls', 'tool_use', 'functionCalls', 'function_call', '.acompletion(', 'llm.invoke(', 'llm.complete(', 'llm.chat(', 'model.invoke(',
    'StateGraph', 'addConditionalEdges', 'add_conditional_edges', '@router(', '@listen(', '@start(',
  ],
};
