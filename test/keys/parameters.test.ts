import { expect, test } from "vitest";
import { failureOf } from "../harness/outcomes.ts";
import { WIRES } from "../harness/wires.ts";
import { keyTest } from "./key-test.ts";
import { answered, ask, entry, factoryOf, onEveryWire, simulate } from "./world.ts";

const SHAPE =
  '{ type = "object", properties = { city = { type = "string" } }, required = ["city"], additionalProperties = false }';
const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

keyTest(
  "models.*.temperature",
  onEveryWire("temperature = 0.5", {
    openai: { temperature: 0.5 },
    "openai-responses": { temperature: 0.5 },
    anthropic: { temperature: 0.5 },
    google: { generationConfig: { temperature: 0.5 } },
  }),
);

keyTest(
  "models.*.top_p",
  onEveryWire("top_p = 0.9", {
    openai: { top_p: 0.9 },
    "openai-responses": { top_p: 0.9 },
    anthropic: { top_p: 0.9 },
    google: { generationConfig: { topP: 0.9 } },
  }),
);

keyTest(
  "models.*.top_k",
  onEveryWire("top_k = 40", {
    openai: "dropped",
    "openai-responses": "dropped",
    anthropic: { top_k: 40 },
    google: { generationConfig: { topK: 40 } },
  }),
);

const SIXTY_FOUR = {
  openai: { max_completion_tokens: 64 },
  "openai-responses": { max_output_tokens: 64 },
  anthropic: { max_tokens: 64 },
  google: { generationConfig: { maxOutputTokens: 64 } },
};
keyTest("models.*.max_new_tokens", onEveryWire("max_new_tokens = 64", SIXTY_FOUR));
keyTest("models.*.max_tokens", onEveryWire("max_tokens = 64", SIXTY_FOUR));

keyTest("models.*.max_input_bytes", async () => {
  for (const wire of WIRES) {
    const simulator = await simulate();
    for (const most of ["2", '"0.001KiB"']) {
      const refused = await ask(simulator, entry(wire, simulator, `max_input_bytes = ${most}`));
      expect(refused.error?.code).toBe("request_too_large");
      expect(refused.requests).toHaveLength(0);
    }
    for (const most of ["200", '"1MiB"'])
      await answered(simulator, entry(wire, simulator, `max_input_bytes = ${most}`));
  }
});

keyTest("models.*.max_input_tokens", async () => {
  const simulator = await simulate();
  for (const wire of WIRES) {
    const refused = await ask(simulator, entry(wire, simulator, "max_input_tokens = 2"));
    expect(refused.error?.code, wire).toBe("context_too_long");
    expect(refused.requests).toHaveLength(0);
    await answered(simulator, entry(wire, simulator, "max_input_tokens = 200"));
  }
});

keyTest("models.*.batch_size", async () => {
  const simulator = await simulate();
  const four = { call: { samples: 4 } };
  const one = await ask(simulator, entry("openai", simulator), four);
  const two = await ask(simulator, entry("openai", simulator, "batch_size = 2"), four);
  const three = await ask(simulator, entry("google", simulator, "batch_size = 3"), four);
  const alone = await ask(simulator, entry("anthropic", simulator, "batch_size = 2"), four);
  expect(one.requests.map(({ body }) => (body as { n?: number }).n)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(two.requests.map(({ body }) => (body as { n?: number }).n)).toEqual([2, 2]);
  expect(
    three.requests.map(
      ({ body }) => (body as { generationConfig?: { candidateCount?: number } }).generationConfig?.candidateCount,
    ),
  ).toEqual([3, undefined]);
  expect(alone.requests).toHaveLength(4);
  for (const { reply } of [one, two, three, alone]) expect(reply?.samples).toHaveLength(4);
});

keyTest(
  "models.*.stop",
  onEveryWire('stop = ["END", "STOP"]', {
    openai: { stop: ["END", "STOP"] },
    "openai-responses": "dropped",
    anthropic: { stop_sequences: ["END", "STOP"] },
    google: { generationConfig: { stopSequences: ["END", "STOP"] } },
  }),
);

keyTest(
  "models.*.seed",
  onEveryWire("seed = 42", {
    openai: { seed: 42 },
    "openai-responses": "dropped",
    anthropic: "dropped",
    google: { generationConfig: { seed: 42 } },
  }),
);

keyTest(
  "models.*.frequency_penalty",
  onEveryWire("frequency_penalty = 0.2", {
    openai: { frequency_penalty: 0.2 },
    "openai-responses": "dropped",
    anthropic: "dropped",
    google: { generationConfig: { frequencyPenalty: 0.2 } },
  }),
);

keyTest(
  "models.*.presence_penalty",
  onEveryWire("presence_penalty = -0.2", {
    openai: { presence_penalty: -0.2 },
    "openai-responses": "dropped",
    anthropic: "dropped",
    google: { generationConfig: { presencePenalty: -0.2 } },
  }),
);

keyTest(
  "models.*.logit_bias",
  onEveryWire('logit_bias = { "50256" = -100 }', {
    openai: { logit_bias: { "50256": -100 } },
    "openai-responses": "dropped",
    anthropic: "dropped",
    google: "dropped",
  }),
);

keyTest(
  "models.*.logprobs",
  onEveryWire("logprobs = true", {
    openai: { logprobs: true },
    "openai-responses": { include: ["message.output_text.logprobs"] },
    anthropic: "dropped",
    google: { generationConfig: { responseLogprobs: true } },
  }),
);

keyTest(
  "models.*.top_logprobs",
  onEveryWire(
    "top_logprobs = 3\nlogprobs = true",
    {
      openai: { top_logprobs: 3 },
      "openai-responses": { top_logprobs: 3 },
      anthropic: "dropped",
      google: { generationConfig: { logprobs: 3 } },
    },
    { without: "logprobs = true" },
  ),
);

keyTest("models.*.reasoning_effort", async () => {
  await onEveryWire('reasoning_effort = "high"', {
    openai: { reasoning_effort: "high" },
    "openai-responses": { reasoning: { effort: "high" } },
    anthropic: { thinking: { type: "adaptive" }, output_config: { effort: "high" } },
    google: { generationConfig: { thinkingConfig: { thinkingLevel: "HIGH" } } },
  })();
  const simulator = await simulate();
  for (const [number, word] of [
    [0, "low"],
    [0.33, "low"],
    [0.34, "medium"],
    [0.66, "medium"],
    [0.67, "high"],
    [1, "high"],
  ] as const) {
    const { body, reply } = await answered(simulator, entry("openai", simulator, `reasoning_effort = ${number}`));
    expect(body).toMatchObject({ reasoning_effort: word });
    expect(reply.adjustments).toMatchObject([{ setting: "reasoning_effort", from: number, to: word }]);
  }
});

keyTest(
  "models.*.verbosity",
  onEveryWire('verbosity = "low"', {
    openai: { verbosity: "low" },
    "openai-responses": { text: { verbosity: "low" } },
    anthropic: "dropped",
    google: "dropped",
  }),
);

keyTest(
  "models.*.service_tier",
  onEveryWire('service_tier = "flex"', {
    openai: { service_tier: "flex" },
    "openai-responses": { service_tier: "flex" },
    anthropic: { service_tier: "flex" },
    google: { serviceTier: "flex" },
  }),
);

keyTest(
  "models.*.modalities",
  onEveryWire('modalities = ["text"]', {
    openai: { modalities: ["text"] },
    "openai-responses": "dropped",
    anthropic: "dropped",
    google: { generationConfig: { responseModalities: ["TEXT"] } },
  }),
);

keyTest(
  "models.*.prediction",
  onEveryWire('prediction = { type = "content", content = "const a = 1;" }', {
    openai: { prediction: { type: "content", content: "const a = 1;" } },
    "openai-responses": "dropped",
    anthropic: "dropped",
    google: "dropped",
  }),
);

keyTest(
  "models.*.system",
  onEveryWire('system = "Be brief."', {
    openai: { messages: [{ role: "system", content: "Be brief." }, { role: "user" }] },
    "openai-responses": { input: [{ content: "Be brief." }, { role: "user" }] },
    anthropic: { system: [{ text: "Be brief." }] },
    google: { systemInstruction: { parts: [{ text: "Be brief." }] } },
  }),
);

const EXAMPLES = `messages = [
  { role = "developer", content = "Be exact." },
  { role = "user", content = "2+2" },
  { role = "assistant", content = "4" },
]`;

keyTest("models.*.messages", async () => {
  const simulator = await simulate();
  const withBoth = await answered(simulator, entry("openai", simulator, `system = "First."\n${EXAMPLES}`));
  expect(withBoth.body).toMatchObject({
    messages: [{ content: "First." }, { content: "Be exact." }, { content: "2+2" }, { content: "4" }, { role: "user" }],
  });
  const without = await answered(simulator, entry("openai", simulator));
  expect((without.body as { messages: unknown[] }).messages).toHaveLength(1);
});

keyTest(
  "models.*.messages[].{role,content}",
  onEveryWire(EXAMPLES, {
    openai: {
      messages: [
        { role: "system", content: "Be exact." },
        { role: "user", content: "2+2" },
        { role: "assistant", content: "4" },
        { role: "user" },
      ],
    },
    "openai-responses": {
      input: [{ content: "Be exact." }, { role: "user" }, { role: "assistant" }, { role: "user" }],
    },
    anthropic: {
      system: [{ text: "Be exact." }],
      messages: [{ role: "user" }, { role: "assistant" }, { role: "user" }],
    },
    google: {
      systemInstruction: { parts: [{ text: "Be exact." }] },
      contents: [{ role: "user" }, { role: "model" }, { role: "user" }],
    },
  }),
);

keyTest(
  "models.*.messages[].content[].type",
  onEveryWire(
    `messages = [
  { role = "user", content = [{ type = "text", text = "Look." }, { type = "image_url", image_url = { url = "data:image/png;base64,iVBORw0KGgo=" } }] },
  { role = "assistant", content = "I see." },
]`,
    {
      openai: {
        messages: [
          { content: [{ type: "text", text: "Look." }, { type: "image_url" }] },
          { role: "assistant" },
          { role: "user" },
        ],
      },
      "openai-responses": {
        input: [
          { content: [{ type: "input_text", text: "Look." }, { type: "input_image" }] },
          { role: "assistant" },
          { role: "user" },
        ],
      },
      anthropic: {
        messages: [
          { content: [{ type: "text", text: "Look." }, { type: "image" }] },
          { role: "assistant" },
          { role: "user" },
        ],
      },
      google: {
        contents: [
          { parts: [{ text: "Look." }, { inlineData: { mimeType: "image/png" } }] },
          { role: "model" },
          { role: "user" },
        ],
      },
    },
  ),
);

keyTest(
  "models.*.messages[].{tool_calls,tool_call_id}",
  onEveryWire(
    `messages = [
  { role = "user", content = "Read it." },
  { role = "assistant", content = "", tool_calls = [{ id = "call_1", type = "function", function = { name = "read_file", arguments = "{\\"path\\":\\"a.ts\\"}" } }] },
  { role = "tool", tool_call_id = "call_1", content = "export {}" },
]`,
    {
      openai: {
        messages: [
          { role: "user" },
          { role: "assistant", tool_calls: [{ id: "call_1", function: { name: "read_file" } }] },
          { role: "tool", tool_call_id: "call_1", content: "export {}" },
          { role: "user" },
        ],
      },
      "openai-responses": {
        input: [
          { role: "user" },
          { type: "function_call", call_id: "call_1", name: "read_file" },
          { type: "function_call_output", call_id: "call_1", output: "export {}" },
          { role: "user" },
        ],
      },
      anthropic: {
        messages: [
          { role: "user" },
          { role: "assistant", content: [{ type: "tool_use", name: "read_file", input: { path: "a.ts" } }] },
          { role: "user" },
        ],
      },
      google: {
        contents: [
          { role: "user" },
          { role: "model", parts: [{ functionCall: { name: "read_file", args: { path: "a.ts" } } }] },
          { role: "user", parts: [{ functionResponse: { name: "read_file" } }] },
          { role: "user" },
        ],
      },
    },
  ),
);

keyTest(
  "models.*.response_format",
  onEveryWire(`response_format = { type = "json_schema", name = "place", schema = ${SHAPE} }`, {
    openai: { response_format: { type: "json_schema", json_schema: { name: "place", schema: CITY, strict: true } } },
    "openai-responses": { text: { format: { type: "json_schema", name: "place", schema: CITY, strict: true } } },
    anthropic: { output_config: { format: { type: "json_schema", schema: CITY } } },
    google: { generationConfig: { responseMimeType: "application/json", responseJsonSchema: CITY } },
  }),
);

keyTest(
  "models.*.response_format.type",
  onEveryWire('response_format = { type = "json_object" }', {
    openai: { response_format: { type: "json_object" } },
    "openai-responses": { text: { format: { type: "json_object" } } },
    anthropic: { system: [{ type: "text" }] },
    google: { generationConfig: { responseMimeType: "application/json" } },
  }),
);

keyTest("models.*.response_format.{name,schema,strict,description}", async () => {
  const simulator = await simulate();
  const { body } = await answered(
    simulator,
    entry(
      "openai",
      simulator,
      `response_format = { type = "json_schema", name = "place", description = "A place.", strict = false, schema = ${SHAPE} }`,
    ),
  );
  expect(body).toMatchObject({
    response_format: { json_schema: { name: "place", description: "A place.", strict: false, schema: CITY } },
  });
});

keyTest("models.*.response_format.json_schema.{name,schema,strict,description}", async () => {
  const simulator = await simulate();
  const inner = `json_schema = { name = "place", description = "A place.", strict = false, schema = ${SHAPE} }`;
  const { body } = await answered(
    simulator,
    entry("openai", simulator, `response_format = { type = "json_schema", ${inner} }`),
  );
  expect(body).toMatchObject({
    response_format: { json_schema: { name: "place", description: "A place.", strict: false, schema: CITY } },
  });
});

keyTest(
  "models.*.response_format.json_schema",
  onEveryWire(`response_format = { type = "json_schema", json_schema = { name = "place", schema = ${SHAPE} } }`, {
    openai: { response_format: { json_schema: { name: "place", schema: CITY } } },
    "openai-responses": { text: { format: { name: "place", schema: CITY } } },
    anthropic: { output_config: { format: { schema: CITY } } },
    google: { generationConfig: { responseJsonSchema: CITY } },
  }),
);

keyTest(
  "models.*.user",
  onEveryWire('user = "u-1234"', {
    openai: { user: "u-1234" },
    "openai-responses": { user: "u-1234" },
    anthropic: { metadata: { user_id: "u-1234" } },
    google: "dropped",
  }),
);

keyTest("models.*.metadata", async () => {
  await onEveryWire('metadata = { job = "nightly" }', {
    openai: { metadata: { job: "nightly" } },
    "openai-responses": { metadata: { job: "nightly" } },
    anthropic: "dropped",
    google: "dropped",
  })();
  const simulator = await simulate();
  const vertex = `[models.main]\nname = "some-model"\nprovider = "vertex"\napi_key = "token"\nvertex_project = "p"\nbase_url = "${simulator.url}"\nmetadata = { job = "nightly" }`;
  expect((await answered(simulator, vertex)).body).toMatchObject({ labels: { job: "nightly" } });
});

keyTest(
  "models.*.web_search",
  onEveryWire("web_search = true", {
    openai: { web_search_options: {} },
    "openai-responses": { tools: [{ type: "web_search" }] },
    anthropic: { tools: [{ type: "web_search_20250305" }] },
    google: { tools: [{ googleSearch: {} }] },
  }),
);

keyTest(
  "models.*.web_search.context_size",
  onEveryWire(
    'web_search = { context_size = "low" }',
    {
      openai: { web_search_options: { search_context_size: "low" } },
      "openai-responses": { tools: [{ type: "web_search", search_context_size: "low" }] },
      anthropic: { tools: [{ max_uses: 1 }] },
      google: "reported",
    },
    { without: "web_search = true" },
  ),
);

keyTest(
  "models.*.web_search.max_uses",
  onEveryWire(
    "web_search = { max_uses = 3 }",
    {
      openai: "reported",
      "openai-responses": { max_tool_calls: 3 },
      anthropic: { tools: [{ max_uses: 3 }] },
      google: "reported",
    },
    { without: "web_search = true" },
  ),
);

keyTest(
  "models.*.response_format.description",
  onEveryWire(
    `response_format = { type = "json_schema", name = "place", description = "A place.", schema = ${SHAPE} }`,
    {
      openai: { response_format: { json_schema: { description: "A place." } } },
      "openai-responses": { text: { format: { description: "A place." } } },
      anthropic: { output_config: { format: { schema: { description: "A place." } } } },
      google: { generationConfig: { responseJsonSchema: { description: "A place." } } },
    },
    { without: `response_format = { type = "json_schema", name = "place", schema = ${SHAPE} }` },
  ),
);

keyTest("models.*.{logprobs,web_search,prompt_cache}", async () => {
  // Asking for nothing is no change, also where nothing could be given.
  const simulator = await simulate();
  for (const off of ["logprobs = false", "web_search = false", "prompt_cache = false"]) {
    const lines = `strict = true\n${off}\ncapabilities = { web_search = false, prompt_cache = false }`;
    const { reply } = await answered(simulator, entry("anthropic", simulator, lines));
    expect(reply.adjustments, off).toEqual([]);
  }
});

test("lowers a temperature above the maximum of Claude and reports it, or refuses it without modify_params", async () => {
  const simulator = await simulate();
  const reply = await factoryOf(entry("anthropic", simulator, "temperature = 1.5"))
    .create()
    .codegen("Hi.");
  expect(simulator.requests[0]?.body).toMatchObject({ temperature: 1 });
  expect(reply.adjustments).toMatchObject([{ setting: "temperature", from: 1.5, to: 1 }]);
  expect(
    (
      await failureOf(
        factoryOf(entry("anthropic", simulator, "temperature = 1.5\nmodify_params = false"))
          .create()
          .codegen("Hi."),
      )
    ).code,
  ).toBe("unsupported");
  expect(simulator.requests).toHaveLength(1);
});

test("refuses five stop sequences for OpenAI and leaves out those that o1-mini does not take", async () => {
  const simulator = await simulate();
  const main = factoryOf(entry("openai", simulator)).create();
  expect((await failureOf(main.codegen("Hi.", { stop: ["a", "b", "c", "d", "e"] }))).code).toBe("unsupported");
  expect(simulator.requests).toHaveLength(0);
  const reply = await factoryOf(entry("openai", simulator, 'stop = "END"', { name: "o1-mini" }))
    .create()
    .codegen("Hi.");
  expect(simulator.requests[0]?.body).not.toHaveProperty("stop");
  expect(reply.adjustments).toMatchObject([{ setting: "stop" }]);
});
