import {
  Agent,
  type AgentInputItem,
  type AgentOutputType,
  type Model,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
  tool,
} from "@openai/agents";
import OpenAI from "openai";
import {
  CITY,
  type Client,
  type ClientRow,
  IMAGE_PROMPT,
  LOOP_PROMPT,
  PERSON,
  PERSON_PROMPT,
  PIXEL,
  runTool,
  TOOL_NAMES,
} from "./client.ts";
import { openaiAt, openaiLooks } from "./openai.ts";

// The traces of an agent go to OpenAI otherwise.
setTracingDisabled(true);

type ModelAt = (url: string, name: string) => Model;

export const agentsRows: readonly ClientRow[] = [
  {
    ...{
      name: "@openai/agents, chat",
      wire: "openai",
      looks: openaiLooks(OpenAI),
      returns: [],
    },
    at: (url) => client(url, (at, name) => new OpenAIChatCompletionsModel(openaiAt(at), name)),
  },
  {
    ...{
      name: "@openai/agents, responses",
      wire: "openai-responses",
      looks: openaiLooks(OpenAI),
      returns: ["anthropic"],
    },
    at: (url) => client(url, (at, name) => new OpenAIResponsesModel(openaiAt(at), name)),
  },
];

const TOOLS = TOOL_NAMES.map((name) =>
  tool({
    ...{ name, description: name, strict: false, parameters: { ...CITY, additionalProperties: true as const } },
    execute: (input: unknown) => runTool(name, input as { city: unknown }),
  }),
);

function client(url: string, modelAt: ModelAt): Client {
  const agent = (name: string, tools: typeof TOOLS = []) =>
    new Agent({ name: "Ann", instructions: "Answer.", model: modelAt(url, name), tools });
  return {
    async text(model, prompt) {
      const { finalOutput = "", rawResponses } = await run(agent(model), prompt);
      const [response] = rawResponses;
      return { text: finalOutput, input: response?.usage.inputTokens };
    },
    async *stream(model, prompt, signal) {
      const result = await run(agent(model), prompt, { stream: true, ...(signal && { signal }) });
      for await (const event of result)
        if (event.type === "raw_model_stream_event" && event.data.type === "output_text_delta") yield event.data.delta;
      await result.completed;
    },
    async loop(model, streamed) {
      if (!streamed) return (await run(agent(model, TOOLS), LOOP_PROMPT)).finalOutput ?? "";
      const result = await run(agent(model, TOOLS), LOOP_PROMPT, { stream: true });
      await result.completed;
      return result.finalOutput ?? "";
    },
    async object(model) {
      const schema = { type: "json_schema" as const, name: "person", strict: true, schema: PERSON };
      const typed = new Agent({
        ...{ name: "Ann", model: modelAt(url, model), outputType: schema as unknown as AgentOutputType },
      });
      return (await run(typed, PERSON_PROMPT)).finalOutput;
    },
    async image(model) {
      const content = [
        { type: "input_text" as const, text: IMAGE_PROMPT },
        { type: "input_image" as const, image: `data:image/png;base64,${PIXEL}` },
      ];
      const input: AgentInputItem[] = [{ role: "user", content }];
      return (await run(agent(model), input)).finalOutput ?? "";
    },
  };
}
