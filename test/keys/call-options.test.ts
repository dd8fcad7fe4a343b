import { describe, expect, test } from "vitest";
import * as z from "zod";
import { isModelError } from "../../src/core/error.ts";
import type { CallOptions } from "../../src/model/options.ts";
import { type Asked, ask, entry, factoryOf, PROMPT, simulate, type Wire } from "./world.ts";

interface Row {
  /** The entry's word on it; the call's must win. */
  readonly entry: string;
  readonly call: CallOptions;
  /** Fields of the body that only the call's word gives. */
  readonly body?: object;
  readonly sees?: (asked: Asked) => void;
  readonly wire?: Wire;
}

const FORMAT = (name: string) => ({ type: "json_schema", name, schema: { type: "object", properties: {} } }) as const;
const bodyOf = ({ requests }: Asked) => requests[0]?.body as Record<string, unknown>;

/** Every key of CallOptions; the compiler asks for new ones. */
const ROWS: { readonly [key in keyof Required<CallOptions>]: Row | "below" } = {
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
  stripSpecialTokens: "below",
  continueOnLength: "below",
  signal: "below",
  cache: "below",
  tags: "below",
  repair: "below",
  raw: "below",
};

describe("an option of a call wins over the entry", () => {
  for (const [name, row] of Object.entries(ROWS)) {
    if (row === "below") continue;
    test(name, async () => {
      const simulator = await simulate();
      const toml = entry(row.wire ?? "openai", simulator, row.entry);
      const plain = await ask(simulator, toml);
      const asked = await ask(simulator, toml, { call: row.call });
      row.sees?.(asked);
      if (row.body === undefined) return;
      if (asked.error !== undefined) throw asked.error;
      expect(bodyOf(asked)).toMatchObject(row.body);
      expect(bodyOf(plain) ?? {}).not.toMatchObject(row.body);
    });
  }

  test("stripSpecialTokens", async () => {
    const simulator = await simulate({ script: [{ answer: { text: "one<|im_end|>" }, times: 2 }] });
    const toml = entry("openai", simulator, "strip_special_tokens = true");
    expect((await ask(simulator, toml)).reply?.text).toBe("one");
    expect((await ask(simulator, toml, { call: { stripSpecialTokens: false } })).reply?.text).toBe("one<|im_end|>");
  });

  test("signal", async () => {
    const simulator = await simulate({ script: [{ delayMs: 5_000 }] });
    const { error } = await ask(simulator, entry("openai", simulator), { call: { signal: AbortSignal.timeout(30) } });
    expect(error?.code).toBe("aborted");
    expect((await ask(simulator, entry("openai", simulator), { call: { signal: undefined } })).reply).toBeDefined();
  });

  test("cache", async () => {
    const simulator = await simulate();
    const model = factoryOf(`[cache]\n${entry("openai", simulator)}`).create();
    const requests = async (cache: CallOptions["cache"]) => {
      const before = simulator.requests.length;
      await model.codegen(PROMPT, { cache });
      return simulator.requests.length - before;
    };
    await expect(model.codegen(PROMPT, { cache: "only" })).rejects.toMatchObject({ code: "not_found" });
    expect(await requests("bypass")).toBe(1);
    expect(await requests("use")).toBe(1);
    expect(await requests("use")).toBe(0);
    expect(await requests("only")).toBe(0);
    expect(await requests("refresh")).toBe(1);
  });

  test("tags", async () => {
    const simulator = await simulate();
    const factory = factoryOf(entry("openai", simulator));
    await factory.create().codegen(PROMPT, { tags: ["nightly"] });
    await factory.create().codegen(PROMPT);
    expect(factory.usage("tag")).toMatchObject({ nightly: { calls: 1 } });
    expect(factory.usage().calls).toBe(2);
  });

  test("repair", async () => {
    const simulator = await simulate({ script: [{ answer: { text: "{}" }, times: Number.POSITIVE_INFINITY }] });
    const model = factoryOf(entry("openai", simulator, "repair = 3")).create();
    await expect(model.object(z.object({ city: z.string() }), PROMPT, { repair: 1 })).rejects.toMatchObject({
      code: "invalid_output",
    });
    expect(simulator.requests).toHaveLength(2);
  });

  test("raw", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator)).create();
    const types = async (raw: boolean) => {
      const seen = new Set<string>();
      for await (const { type } of model.stream(PROMPT, { raw })) seen.add(type);
      return seen.has("raw");
    };
    expect([await types(false), await types(true)]).toEqual([false, true]);
  });
});

/** Options as plain JavaScript may give them. */
const WRONG: readonly (readonly [options: Record<string, unknown>, words: RegExp])[] = [
  [{ temprature: 1 }, /temprature.*did you mean "temperature"/],
  [{ stopSequences: ["a"] }, /did you mean "stop"/],
  [{ max_completion_tokens: 5 }, /did you mean "maxNewTokens"/],
  [{ max_tokens_to_sample: 5 }, /did you mean "maxNewTokens"/],
  [{ maxOutputTokens: 5 }, /unknown key "maxOutputTokens" in a call's options \(did you mean "maxNewTokens"/],
  [{ n: 2 }, /did you mean "samples"/],
  [{ sample: 2 }, /did you mean "samples"/],
  [{ abortSignal: new AbortController().signal }, /"abortSignal".*did you mean "signal"/],
  [{ providerOptions: {} }, /did you mean "extraBody"/],
  [{ headers: {} }, /did you mean "extraHeaders"/],
  [{ model: "gpt-4.1" }, /"model" is "name" here, which belongs into \[models\.NAME\]/],
  [{ baseURL: "http://127.0.0.1" }, /"baseURL" is "base_url" here, which belongs into \[models\.NAME\]/],
  [{ apiKey: "k" }, /"apiKey" belongs into \[models\.NAME\]/],
  [{ maxRetries: 2 }, /"maxRetries" .*belongs into \[models\.NAME\]/],
  [{ timeout: 5 }, /"timeout" belongs into \[models\.NAME\]/],
  [{ temperature: "0.5" }, /"temperature" must be a number/],
  [{ temperature: 3 }, /"temperature" must be at most 2/],
  [{ topP: 2 }, /must be at most 1/],
  [{ topK: 1.5 }, /must be a whole number/],
  [{ maxNewTokens: 0 }, /must be at least 1/],
  [{ stop: 5 }, /"stop" must be text or a list of texts/],
  [{ seed: "x" }, /must be a (whole )?number/],
  [{ logprobs: "yes" }, /must be true or false/],
  [{ reasoningEffort: "hihg" }, /did you mean "high"/],
  [{ verbosity: "loud" }, /must be one of "low", "medium", "high"/],
  [{ responseFormat: { type: "jsonn" } }, /response_?[fF]ormat|type/],
  [{ metadata: { a: 1 } }, /must be text/],
  [{ webSearch: { maxUse: 1 } }, /did you mean "maxUses"/],
  [{ promptCache: { ttl: "2h" } }, /must be one of "5m", "1h"/],
  [{ tools: [{ name: "a b" }] }, /letters, digits/],
  [{ toolChoice: "sometimes" }, /must be "auto", "none", "required"/],
  [{ system: 5 }, /must be text/],
  [{ messages: [{ role: "robot", content: "x" }] }, /unknown role "robot"/],
  [{ batchSize: 0 }, /must be at least 1/],
  [{ stream: "yes" }, /must be true or false/],
  [{ strict: 1 }, /must be true or false/],
  [{ dropParams: 1 }, /must be true or false/],
  [{ drop: "temperature" }, /must be a list/],
  [{ samples: 0 }, /samples must be a whole number from 1 on/],
  [{ samples: "2" }, /samples must be a whole number from 1 on/],
  [{ signal: {} }, /signal must be an AbortSignal/],
  [{ cache: "byPass" }, /cache must be one of .*did you mean "bypass"/],
  [{ tags: "a" }, /tags must be a list of texts/],
  [{ raw: "yes" }, /raw must be true or false/],
  [{ repair: -1 }, /must be at least 0/],
  [{ extraBody: [] }, /must be a table/],
  [{ extraHeaders: { "X-A": "a\nb" } }, /one line of latin-1/],
];

describe("a wrong option is an invalid_request before any request", () => {
  for (const [options, words] of WRONG) {
    test(JSON.stringify(options), async () => {
      const simulator = await simulate();
      const model = factoryOf(entry("openai", simulator)).create();
      const failures = [
        await model
          .safeCodegen(PROMPT, options as CallOptions)
          .then((outcome) => (outcome.ok ? undefined : outcome.error)),
        await model.stream(PROMPT, options as CallOptions).reply.catch((error: unknown) => error),
      ];
      for (const error of failures) {
        if (!isModelError(error)) throw new Error("the call was answered", { cause: error });
        expect(error.code).toBe("invalid_request");
        expect(error.message).toMatch(words);
      }
      expect(simulator.requests).toHaveLength(0);
    });
  }

  test("all of them are told at once", async () => {
    const simulator = await simulate();
    const outcome = await factoryOf(entry("openai", simulator))
      .create()
      .safeCodegen(PROMPT, { temprature: 1, topP: 5 } as CallOptions);
    expect(outcome).toMatchObject({ ok: false, error: { message: expect.stringMatching(/top_?p.*temprature/i) } });
  });
});
