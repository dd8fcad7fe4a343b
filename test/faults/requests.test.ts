import { expect } from "vitest";
import type { Message, ToolInput } from "../../src/index.ts";
import { ConfigError, type Model, ModelFactory, type Reply } from "../../src/index.ts";
import type { FaultScript, FaultServer } from "../../src/testing/index.ts";
import { checkMessagesBody } from "../harness/check-messages-body.ts";
import { failureOf } from "../harness/outcomes.ts";
import { WIRES } from "../harness/wires.ts";
import { faultTest, modelAt, serving } from "./host.ts";
import { entry, METHODS, type Method } from "./run-script.ts";

// These rows are about what must not leave: the answers do not matter, the bodies the server saw do.

type Body = Readonly<Record<string, unknown>>;

function ask(model: Model, method: Method, input: string | readonly Message[], options = {}): Promise<Reply> {
  const messages = typeof input === "string" ? input : [...input];
  return method === "stream" ? model.stream(messages, options).reply : model.codegen(messages, options);
}

/** The body of a request that must have come. */
function bodyAt<Shape>({ requests }: FaultServer, index: number): Shape {
  const request = requests[index];
  if (request === undefined) throw new Error(`there was no request ${index + 1}`);
  return request.body as Shape;
}

/** Every value under a key of that name, wherever it stands. */
function under(name: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => under(name, item));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [...(key === name ? [inner] : []), ...under(name, inner)]);
}

const call = (id: string) => ({ type: "tool-call", id, name: "read", arguments: { path: id } }) as const;
const result = (id: string) => ({ type: "tool-result", id, content: `of ${id}` }) as const;

const HISTORIES: Readonly<Record<string, readonly Message[]>> = {
  "results out of order": [
    { role: "user", content: "go" },
    { role: "assistant", content: [call("a"), call("b")] },
    { role: "tool", content: [result("b"), result("a")] } as unknown as Message,
    { role: "user", content: "and now?" },
  ],
  "a result is missing": [
    { role: "user", content: "go" },
    { role: "assistant", content: [call("a"), call("b")] },
    { role: "tool", content: [result("a")] } as unknown as Message,
    { role: "user", content: "and now?" },
  ],
  "a result nobody asked for": [
    { role: "user", content: "go" },
    { role: "tool", content: [result("orphan")] } as unknown as Message,
    { role: "user", content: "and now?" },
  ],
  "text between call and result": [
    { role: "user", content: "go" },
    { role: "assistant", content: [call("a")] },
    { role: "user", content: "hurry" },
    { role: "tool", content: [result("a")] } as unknown as Message,
  ],
};

for (const [name, history] of Object.entries(HISTORIES))
  faultTest("F08", `${name}: the request is valid, or nothing is sent`, async () => {
    const before = structuredClone(history);
    for (const method of METHODS) {
      const server = await serving({});
      const outcome = await ask(modelAt(server, "", { wire: "anthropic" }), method, history).catch((error) => error);
      if (server.requests.length === 0) expect(outcome).toMatchObject({ code: "invalid_request" });
      for (const { body } of server.requests) expect(checkMessagesBody(blocksOf(body as Body))).toEqual([]);
    }
    expect(history, "the caller's history").toEqual(before);
  });

/** The messages of a body with every content as a list of blocks. */
function blocksOf(body: Body): Body {
  const messages = (body["messages"] as { role: string; content: unknown }[]).map((message) => ({
    ...message,
    content: typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content,
  }));
  const { system } = body;
  return { ...body, messages, ...(typeof system === "string" && { system: [{ type: "text", text: system }] }) };
}

const TOOL: ToolInput = {
  name: "9lives.of-a-cat",
  description: "x",
  parameters: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $defs: { point: { type: "object", properties: { x: { type: "number", exclusiveMinimum: 0 } } } },
    type: "object",
    additionalProperties: false,
    propertyNames: { pattern: "^[a-z]+$" },
    properties: { point: { $ref: "#/$defs/point" }, kind: { const: "a" } },
    required: ["point"],
  },
};
const UNSUPPORTED = ["$ref", "$schema", "$defs", "additionalProperties", "const", "exclusiveMinimum", "propertyNames"];

faultTest("F10", "Gemini gets only known keywords and valid names, and losses are reported", async () => {
  for (const method of METHODS) {
    const server = await serving({});
    const reply = await ask(modelAt(server, "", { wire: "google" }), method, "Hello", { tools: [TOOL] });
    const declarations = under("functionDeclarations", server.requests[0]?.body);
    expect(declarations.length).toBe(1);
    for (const keyword of UNSUPPORTED) expect(under(keyword, declarations), keyword).toEqual([]);
    for (const name of under("name", declarations)) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/);
    expect(reply.adjustments.length).toBeGreaterThan(0);
  }
});

faultTest("F10", "with strict nothing is sent", async () => {
  const server = await serving({});
  const error = await failureOf(
    modelAt(server, "strict = true", { wire: "google" }).codegen("Hello", { tools: [TOOL] }),
  );
  expect(error.code).toBe("unsupported");
  expect(server.requests).toEqual([]);
});

const SIGNED: FaultScript = [
  [
    "json",
    {
      candidates: [
        {
          content: {
            role: "model",
            parts: [
              { functionCall: { name: "read", args: { path: "a" } }, thoughtSignature: "c2lnLW9uZQ==" },
              { functionCall: { name: "read", args: { path: "b" } } },
            ],
          },
          finishReason: "STOP",
        },
      ],
    },
  ],
];

faultTest("F11", "thought signatures are sent back unchanged, on their parts", async () => {
  for (const method of METHODS) {
    const server = await serving({ attempts: [SIGNED, [["okjson"]]] });
    const model = modelAt(server, "", { wire: "google" });
    const tools: ToolInput[] = [{ name: "read" }];
    const first = await ask(model, method, "go", { tools });
    const results = first.toolCalls.map(
      ({ id, name }) => ({ type: "tool-result", id, name, content: "done" }) as const,
    );
    const history = [{ role: "user", content: "go" }, first.message, { role: "tool", content: results }] as Message[];
    await ask(model, method, history, { tools });
    const contents = bodyAt<{ contents: { role: string; parts: Body[] }[] }>(server, 1).contents;
    const calls = contents.filter(({ parts }) => parts.some((part) => part["functionCall"] !== undefined));
    expect(calls.length, "parallel calls in one content").toBe(1);
    expect(calls[0]?.parts.map((part) => part["thoughtSignature"])).toEqual(["c2lnLW9uZQ==", undefined]);
  }
});

const THINKING = [
  { type: "thinking", thinking: "Let me see.", signature: "sig-ä/+==" },
  { type: "redacted_thinking", data: "opaque+/==" },
  { type: "tool_use", id: "toolu_1", name: "read", input: { path: "a" } },
];

faultTest("C06", "thinking blocks are sent back unchanged and in order", async () => {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const whole: FaultScript = [
    ["json", { id: "m", type: "message", role: "assistant", content: THINKING, stop_reason: "tool_use", usage }],
  ];
  const pieces = ["sig", "-ä/", "+=", "="].map((signature) => ({ type: "signature_delta", signature }));
  const events = [
    { type: "message_start", message: { id: "m", role: "assistant", content: [], usage } },
    { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Let me see." } },
    ...pieces.map((delta) => ({ type: "content_block_delta", index: 0, delta })),
    { type: "content_block_stop", index: 0 },
    { type: "content_block_start", index: 1, content_block: THINKING[1] },
    { type: "content_block_stop", index: 1 },
    { type: "content_block_start", index: 2, content_block: { ...THINKING[2], input: {} } },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"path":"a"}' } },
    { type: "content_block_stop", index: 2 },
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 1 } },
    { type: "message_stop" },
  ];
  const streamed: FaultScript = [["sse"], ...events.map((event) => ["event", event.type, event] as const), ["end"]];
  for (const [method, script] of [
    ["codegen", whole],
    ["stream", streamed],
  ] as const) {
    const server = await serving({ attempts: [script, [["okjson"]]], split: 3 });
    const model = modelAt(server, "", { wire: "anthropic" });
    const tools: ToolInput[] = [{ name: "read" }];
    const first = await ask(model, method, "go", { tools });
    const history = [
      { role: "user", content: "go" },
      first.message,
      { role: "tool", content: [{ type: "tool-result", id: "toolu_1", name: "read", content: "done" }] },
    ] as Message[];
    await ask(model, method, history, { tools });
    const { messages } = bodyAt<{ messages: { role: string; content: Body[] }[] }>(server, 1);
    expect(messages.find(({ role }) => role === "assistant")?.content).toEqual(THINKING);
  }
});

faultTest("C06", "thinking is not sent to another provider", async () => {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const content = [THINKING[0], { type: "text", text: "Done." }];
  const first = await serving({
    attempts: [[["json", { id: "m", type: "message", role: "assistant", content, stop_reason: "end_turn", usage }]]],
  });
  const reply = await modelAt(first, "", { wire: "anthropic" }).codegen("go");
  for (const wire of WIRES.filter((one) => one !== "anthropic")) {
    const second = await serving({});
    const toml = entry(wire, second.baseUrl(wire)).replace("some-host", "another-host");
    await using factory = ModelFactory.parse(toml, { env: {} });
    await factory.create().codegen([{ role: "user", content: "go" }, reply.message, { role: "user", content: "on" }]);
    expect(JSON.stringify(second.requests[0]?.body)).not.toContain("sig-");
  }
});

faultTest("C07", "reasoning is sent back with its tool calls", async () => {
  const message = {
    role: "assistant",
    content: null,
    reasoning_content: "I must read it.",
    tool_calls: [{ id: "call_1", type: "function", function: { name: "read", arguments: "{}" } }],
  };
  for (const method of METHODS) {
    const server = await serving({
      attempts: [[["json", { choices: [{ index: 0, message, finish_reason: "tool_calls" }] }]], [["okjson"]]],
    });
    const toml = entry("openai", server.baseUrl("openai")).replace('"some-host"', '"deepseek"');
    await using factory = ModelFactory.parse(toml, { env: {} });
    const tools: ToolInput[] = [{ name: "read" }];
    const first = await ask(factory.create(), method, "go", { tools });
    const history = [
      { role: "user", content: "go" },
      first.message,
      { role: "tool", content: [{ type: "tool-result", id: "call_1", name: "read", content: "done" }] },
    ] as Message[];
    await ask(factory.create(), method, history, { tools });
    const sent = bodyAt<{ messages: Body[] }>(server, 1).messages;
    const withCalls = sent.filter((one) => one["tool_calls"] !== undefined);
    expect(withCalls.map((one) => one["reasoning_content"])).toEqual(["I must read it."]);
  }
});

faultTest("C10", "no lone surrogate is sent", async () => {
  for (const wire of WIRES)
    for (const method of METHODS) {
      const server = await serving({});
      const broken = "cut \ud83d";
      const history: Message[] = [
        { role: "system", content: `rules ${broken}` },
        { role: "user", content: [{ type: "text", text: broken }] },
      ];
      await ask(modelAt(server, "", { wire }), method, history, { tools: [{ name: "f", description: broken }] });
      const sent = JSON.stringify(server.requests[0]?.body);
      expect(sent.isWellFormed()).toBe(true);
      expect(sent).not.toMatch(/\\ud[89a-f]/i);
      expect(sent).toContain("cut \ufffd");
    }
});

faultTest("V03", "reasoning models get max_completion_tokens and no unsupported settings", async () => {
  for (const name of ["o3", "gpt-5", "o4-mini"])
    for (const method of METHODS) {
      const server = await serving({});
      const keys = 'max_new_tokens = 100\ntemperature = 0.2\ntop_p = 0.5\nstop = ["END"]';
      const toml = entry("openai", server.baseUrl("openai"), keys)
        .replace('"some-model"', `"${name}"`)
        .replace('"some-host"', '"openai"');
      await using factory = ModelFactory.parse(toml, { env: {} });
      const reply = await ask(factory.create(), method, "Hello");
      const body = server.requests[0]?.body as Body;
      expect(body["max_completion_tokens"], name).toBe(100);
      for (const key of ["max_tokens", "temperature", "top_p", "stop"])
        expect(body, `${name} ${key}`).not.toHaveProperty(key);
      expect(reply.adjustments.map(({ setting }) => setting)).toEqual(expect.arrayContaining(["temperature"]));
    }
});

faultTest("V03", "drop_params = false rejects before anything is sent", async () => {
  const server = await serving({});
  const toml = entry("openai", server.baseUrl("openai"), "temperature = 0.2\ndrop_params = false")
    .replace('"some-model"', '"o3"')
    .replace('"some-host"', '"openai"');
  const outcome = await (async () => {
    await using factory = ModelFactory.parse(toml, { env: {} });
    return await factory.create().codegen("Hello");
  })().catch((error: unknown) => error);
  expect(outcome instanceof ConfigError || (outcome as { code?: string }).code === "unsupported").toBe(true);
  expect(server.requests).toEqual([]);
});

const CLAUDES = ["claude-sonnet-4-5", "claude-3-7-sonnet-20250219", "claude-opus-4-1"];
const EFFORTS = ["low", "medium", "high"];

faultTest("V04", "a thinking budget fits, and settings that thinking forbids are not sent", async () => {
  for (const name of CLAUDES)
    for (const effort of EFFORTS)
      for (const most of [256, 1_024, 1_500, 8_000]) {
        const server = await serving({});
        const keys = `max_new_tokens = ${most}\nreasoning_effort = "${effort}"\ntemperature = 0.3\ntop_k = 5\ntop_p = 0.9`;
        const toml = entry("anthropic", server.baseUrl("anthropic"), keys)
          .replace('"some-model"', `"${name}"`)
          .replace('"some-host"', '"anthropic"');
        const outcome = await (async () => {
          await using factory = ModelFactory.parse(toml, { env: {} });
          return await factory.create().codegen("Hello");
        })().catch((error: unknown) => error);
        const [request] = server.requests;
        if (request === undefined) {
          expect(outcome instanceof ConfigError || (outcome as { code?: string }).code === "unsupported").toBe(true);
          continue;
        }
        const { thinking, max_tokens: max, ...body } = request.body as Body;
        const { type, budget_tokens: budget } = (thinking ?? {}) as { type?: string; budget_tokens?: number };
        if (type !== "enabled") continue;
        expect(budget, `${name} ${effort} ${most}`).toBeGreaterThanOrEqual(1_024);
        expect(max).toBeGreaterThan(budget ?? 0);
        expect(body).not.toHaveProperty("temperature");
        expect(body).not.toHaveProperty("top_k");
      }
});

const UNTIDY: readonly Message[] = [
  { role: "user", content: "one" },
  {
    role: "user",
    content: [
      { type: "text", text: "" },
      { type: "text", text: "two" },
    ],
  },
  { role: "system", content: "be brief" },
  { role: "assistant", content: "" },
  { role: "assistant", content: "so far   " },
];

faultTest("V06", "empty texts, consecutive roles, system roles and trailing whitespace are never sent", async () => {
  for (const method of METHODS) {
    const server = await serving({});
    await ask(modelAt(server, "", { wire: "anthropic" }), method, UNTIDY);
    const body = server.requests[0]?.body as Body;
    expect(checkMessagesBody(blocksOf(body))).toEqual([]);
    expect(JSON.stringify(body["system"])).toContain("be brief");
  }
});
