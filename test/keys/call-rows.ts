import { expect } from "vitest";
import type { CallOptions } from "../../src/model/options.ts";
import type { Wire } from "../harness/wires.ts";
import type { Asked } from "./world.ts";

export interface CallRow {
  /** The entry's word on it; the call's must win. */
  readonly entry: string;
  readonly call: CallOptions;
  /** Fields of the body that only the call's word gives. */
  readonly body?: object;
  readonly sees?: (asked: Asked) => void;
  readonly wire?: Wire;
}

const FORMAT = (name: string) => ({ type: "json_schema", name, schema: { type: "object", properties: {} } }) as const;
export const bodyOf = ({ requests }: Asked) => requests[0]?.body as Record<string, unknown>;

/** Options that show in a request. coverage.test.ts asks for a row here, or a `callTest`, of every option. */
export const CALL_ROWS: { readonly [key in keyof CallOptions]?: CallRow } = {
  temperature: { entry: "temperature = 0.1", call: { temperature: 0.9 }, body: { temperature: 0.9 } },
  topP: { entry: "top_p = 0.1", call: { topP: 0.9 }, body: { top_p: 0.9 } },
  topK: { entry: "top_k = 1", call: { topK: 9 }, body: { top_k: 9 }, wire: "anthropic" },
  maxNewTokens: { entry: "max_new_tokens = 100", call: { maxNewTokens: 200 }, body: { max_completion_tokens: 200 } },
  maxTokens: { entry: "max_new_tokens = 100", call: { maxTokens: 200 }, body: { max_completion_tokens: 200 } },
  maxInputTokens: {
    entry: "max_input_tokens = 1000",
    call: { maxInputTokens: 1 },
    sees: ({ error, requests }) => expect([error?.code, requests.length]).toEqual(["context_too_long", 0]),
  },
  maxInputBytes: {
    entry: 'max_input_bytes = "1KiB"',
    call: { maxInputBytes: "1B" },
    sees: ({ error, requests }) => expect([error?.code, requests.length]).toEqual(["request_too_large", 0]),
  },
  stop: { entry: 'stop = ["A"]', call: { stop: "B" }, body: { stop: ["B"] } },
  seed: { entry: "seed = 1", call: { seed: 2 }, body: { seed: 2 } },
  frequencyPenalty: {
    entry: "frequency_penalty = 1",
    call: { frequencyPenalty: 0.5 },
    body: { frequency_penalty: 0.5 },
  },
  presencePenalty: { entry: "presence_penalty = 1", call: { presencePenalty: 0.5 }, body: { presence_penalty: 0.5 } },
  logitBias: { entry: 'logit_bias = { "1" = 1 }', call: { logitBias: { "2": 2 } }, body: { logit_bias: { "2": 2 } } },
  logprobs: { entry: "logprobs = false", call: { logprobs: true }, body: { logprobs: true } },
  topLogprobs: { entry: "top_logprobs = 1\nlogprobs = true", call: { topLogprobs: 2 }, body: { top_logprobs: 2 } },
  reasoningEffort: {
    entry: 'reasoning_effort = "low"',
    call: { reasoningEffort: 0.9 },
    body: { reasoning_effort: "high" },
  },
  verbosity: { entry: 'verbosity = "low"', call: { verbosity: "high" }, body: { verbosity: "high" } },
  serviceTier: { entry: 'service_tier = "auto"', call: { serviceTier: "flex" }, body: { service_tier: "flex" } },
  modalities: {
    entry: 'modalities = ["text", "audio"]',
    call: { modalities: ["text"] },
    body: { modalities: ["text"] },
  },
  prediction: {
    entry: 'prediction = { type = "content", content = "a" }',
    call: { prediction: { type: "content", content: "b" } },
    body: { prediction: { content: "b" } },
  },
  responseFormat: {
    entry: 'response_format = { type = "text" }',
    call: { responseFormat: FORMAT("place") },
    body: { response_format: { json_schema: { name: "place" } } },
  },
  user: { entry: 'user = "one"', call: { user: "two" }, body: { user: "two" } },
  metadata: { entry: 'metadata = { a = "1" }', call: { metadata: { b: "2" } }, body: { metadata: { b: "2" } } },
  webSearch: {
    entry: 'web_search = { context_size = "low" }',
    call: { webSearch: { contextSize: "high" } },
    body: { web_search_options: { search_context_size: "high" } },
  },
  promptCache: {
    entry: "prompt_cache = true",
    call: { promptCache: { ttl: "1h" } },
    body: { messages: [{ content: [{ cache_control: { ttl: "1h" } }] }] },
    wire: "anthropic",
  },
  tools: {
    entry: 'tools = [{ name = "one" }]',
    call: { tools: [{ type: "function", function: { name: "two" } }] },
    body: { tools: [{ function: { name: "two" } }] },
  },
  toolChoice: {
    entry: 'tools = [{ name = "one" }]\ntool_choice = "none"',
    call: { toolChoice: { name: "one" } },
    body: { tool_choice: { function: { name: "one" } } },
  },
  parallelToolCalls: {
    entry: 'tools = [{ name = "one" }]\nparallel_tool_calls = true',
    call: { parallelToolCalls: false },
    body: { parallel_tool_calls: false },
  },
  system: { entry: 'system = "One."', call: { system: "Two." }, body: { messages: [{ content: "Two." }, {}] } },
  messages: {
    entry: 'messages = [{ role = "user", content = "one" }]',
    call: {
      messages: [
        { role: "user", content: "two" },
        { role: "assistant", content: "2" },
      ],
    },
    body: { messages: [{ content: "two" }, { content: "2" }, {}] },
  },
  batchSize: { entry: "batch_size = 1", call: { batchSize: 2, samples: 2 }, body: { n: 2 } },
  samples: { entry: "batch_size = 3", call: { samples: 3 }, body: { n: 3 } },
  stream: { entry: "stream = false", call: { stream: true }, body: { stream: true } },
  dropParams: {
    entry: "top_k = 1\ndrop_params = true",
    call: { dropParams: false },
    sees: ({ error }) => expect(error?.code).toBe("unsupported"),
  },
  modifyParams: {
    entry: "max_new_tokens = 500\ncapabilities = { max_output = 100 }\nmodify_params = false",
    call: { modifyParams: true },
    body: { max_completion_tokens: 100 },
  },
  drop: {
    entry: 'seed = 1\ntemperature = 0.5\ndrop = ["temperature"]',
    call: { drop: ["seed"] },
    sees: (asked) => expect([bodyOf(asked).seed, bodyOf(asked).temperature]).toEqual([undefined, 0.5]),
  },
  allow: { entry: "top_k = 1\nallow = []", call: { allow: ["top_k"] }, body: { top_k: 1 } },
  strict: {
    entry: "top_k = 1\nstrict = false",
    call: { strict: true },
    sees: ({ error }) => expect(error?.code).toBe("unsupported"),
  },
  extraBody: {
    entry: "extra_body = { one = 1, both = 1 }",
    call: { extraBody: { both: 2 } },
    body: { one: 1, both: 2 },
  },
  extraHeaders: {
    entry: 'extra_headers = { X-One = "1", X-Both = "1" }',
    call: { extraHeaders: { "x-both": "2" } },
    sees: ({ requests }) => expect(requests[0]?.headers).toMatchObject({ "x-one": "1", "x-both": "2" }),
  },
};
