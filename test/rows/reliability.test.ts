import { describe, expect, test } from "vitest";
import { ERROR_CODES, isModelError, ModelError, type ModelErrorCode } from "../../src/index.ts";
import { AT_ONCE, entry, PATIENT, WIRES, type Wire } from "../harness/entry.ts";
import { JumpingClock } from "../harness/jumping-clock.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";

/** Only the waits between tries come to pass. */
const patient = (toml: string) => `[defaults]\n${PATIENT}\n${toml}`;
const NO_JITTER = 'jitter = "none"';
const other = (url: string, table: string, lines = "", wire: Wire = "openai") =>
  entry(wire, url, lines, { table, name: `${table}-model` });

describe("how often a request is sent", () => {
  test("num_retries = 3 is four requests exactly", async () => {
    const simulator = await simulate({ script: [{ status: 500, times: Number.POSITIVE_INFINITY }] });
    const error = await failureOf(
      factoryOf(entry("openai", simulator.url, `num_retries = 3\n${AT_ONCE}`))
        .create()
        .codegen("Hi."),
    );
    expect(simulator.requests).toHaveLength(4);
    expect(error.attempts).toHaveLength(4);
  });

  test("waits are 4, 8 and 10 seconds with the settings of old", async () => {
    const simulator = await simulate({ script: [{ status: 500, times: 3 }] });
    const clock = new JumpingClock();
    const reply = await factoryOf(
      patient(
        entry("openai", simulator.url, `retry_min_wait = 4\nretry_max_wait = 10\nretry_multiplier = 2\n${NO_JITTER}`),
      ),
      { clock },
    )
      .create()
      .codegen("Hi.");
    expect(reply.attempts.map(({ startedMs }) => startedMs)).toEqual([0, 4000, 12_000, 22_000]);
  });

  const statuses: readonly (readonly [status: number, again: boolean])[] = [
    [400, false],
    [401, false],
    [402, false],
    [403, false],
    [404, false],
    [405, false],
    [408, true],
    [409, true],
    [410, false],
    [413, false],
    [415, false],
    [422, false],
    [425, true],
    [429, true],
    [500, true],
    [501, true],
    [502, true],
    [503, true],
    [504, true],
    [529, true],
  ];
  test.each(statuses)("status %d is tried again: %s", async (status, again) => {
    const simulator = await simulate({ script: [{ status, body: { error: { message: "something" } } }] });
    const outcome = await factoryOf(entry("openai", simulator.url, `num_retries = 1\n${AT_ONCE}`))
      .create()
      .safeCodegen("Hi.");
    expect(simulator.requests).toHaveLength(again ? 2 : 1);
    expect(outcome.ok).toBe(again);
    if (!outcome.ok) expect(outcome.error.retryable).toBe(false);
  });

  test("a used-up quota is not tried again, a mere rate limit is", async () => {
    const simulator = await simulate({ script: [{ kind: "quota" }, { kind: "rate-limit" }] });
    const model = factoryOf(entry("openai", simulator.url, AT_ONCE)).create();
    expect((await failureOf(model.codegen("Hi."))).code).toBe("quota_exhausted");
    expect(simulator.requests).toHaveLength(1);
    await model.codegen("Hi.");
    expect(simulator.requests).toHaveLength(3);
  });

  test("Retry-After in seconds, as a date or in milliseconds is waited for; jitter only adds", async () => {
    for (const [jitter, random] of [
      ["none", 0],
      ["full", 0.999],
    ] as const) {
      const clock = new JumpingClock();
      for (const headers of [
        { "retry-after": "2" },
        { "retry-after": new Date(clock.now() + 2000).toUTCString(), date: new Date(clock.now()).toUTCString() },
        { "retry-after-ms": "2000" },
      ]) {
        const simulator = await simulate({
          script: [{ status: 429, body: { error: { message: "slow down" } }, headers }],
        });
        const reply = await factoryOf(patient(entry("openai", simulator.url, `jitter = "${jitter}"`)), {
          clock,
          random: () => random,
        })
          .create()
          .codegen("Hi.");
        const waited = (reply.attempts[1]?.startedMs ?? 0) - (reply.attempts[0]?.durationMs ?? 0);
        expect(waited, JSON.stringify(headers)).toBeGreaterThanOrEqual(2000);
        expect(waited).toBeLessThanOrEqual(2200);
      }
    }
  });

  test("a provider that asks for an hour is left for the fallback at once", async () => {
    const simulator = await simulate({ script: [{ match: { model: "some-model" }, status: 429, retryAfter: 3600 }] });
    const clock = new JumpingClock();
    const reply = await factoryOf(
      patient(`${entry("openai", simulator.url, 'fallback_models = ["b"]')}${other(simulator.url, "b")}`),
      { clock },
    )
      .create()
      .codegen("Hi.");
    expect([reply.model, simulator.requests.length]).toEqual(["b", 2]);
    expect(reply.attempts[1]?.startedMs).toBe(0);
  });

  test("with full jitter every wait is between nothing and the whole", async () => {
    for (const random of [0, 0.25, 0.999]) {
      const simulator = await simulate({ script: [{ status: 500, times: 2 }] });
      const clock = new JumpingClock();
      const reply = await factoryOf(patient(entry("openai", simulator.url, "retry_min_wait = 4")), {
        clock,
        random: () => random,
      })
        .create()
        .codegen("Hi.");
      expect(reply.attempts.map(({ startedMs }) => startedMs)).toEqual([0, random * 4000, random * 12_000]);
    }
  });

  test("an abort in the wait ends the call within 50 ms", async () => {
    const simulator = await simulate({ script: [{ status: 500 }] });
    const controller = new AbortController();
    const failure = failureOf(
      factoryOf(entry("openai", simulator.url, "retry_min_wait = 30\nretry_max_wait = 30"))
        .create()
        .codegen("Hi.", { signal: controller.signal }),
    );
    await new Promise<void>((resolve) => {
      const look = () => (simulator.requests[0]?.status === 500 ? resolve() : setImmediate(look));
      look();
    });
    const abortedAt = performance.now();
    controller.abort();
    expect((await failure).code).toBe("aborted");
    expect(performance.now() - abortedAt).toBeLessThan(50);
    expect(simulator.requests).toHaveLength(1);
  });
});

describe("fallbacks", () => {
  test("are asked in their order; when all fail the error has each with model, status and cause", async () => {
    const simulator = await simulate({
      script: [
        { match: { model: "some-model" }, status: 500 },
        { match: { model: "b-model" }, status: 401 },
        { match: { model: "c-model" }, status: 503 },
      ],
    });
    const toml = `${entry("openai", simulator.url, 'num_retries = 0\nfallback_models = ["b", "c"]')}${other(simulator.url, "b", "num_retries = 0", "anthropic")}${other(simulator.url, "c", "num_retries = 0", "google")}`;
    const error = await failureOf(factoryOf(toml).create().codegen("Hi."));
    expect(error.code).toBe("all_models_failed");
    expect(error.errors.map(({ model, status, code }) => [model, status, code])).toEqual([
      ["main", 500, "server_error"],
      ["b", 401, "unauthorized"],
      ["c", 503, "overloaded"],
    ]);
    expect(error.errors.every(({ cause }) => cause !== undefined)).toBe(true);
    expect(simulator.requests.map(({ model }) => model)).toEqual(["some-model", "b-model", "c-model"]);
    expect(error.attempts).toHaveLength(3);
  });

  test("that fail alike keep the code, and one target is never wrapped", async () => {
    const simulator = await simulate({ script: [{ status: 401, times: 3 }] });
    const error = await failureOf(
      factoryOf(`${entry("openai", simulator.url, 'fallback_models = ["b"]')}${other(simulator.url, "b")}`)
        .create()
        .codegen("Hi."),
    );
    expect(isModelError(error, "unauthorized")).toBe(true);
    expect(error.errors).toHaveLength(2);
    const single = await failureOf(factoryOf(other(simulator.url, "b")).create().codegen("Hi."));
    expect([single.code, single.errors.length]).toEqual(["unauthorized", 0]);
  });

  test("of [defaults] serve models without a list; an empty list of one's own switches them off", async () => {
    const simulator = await simulate({
      script: [
        { match: { model: "some-model" }, status: 401 },
        { match: { model: "proud-model" }, status: 401 },
      ],
    });
    const toml = `[defaults]\nfallback_models = ["b"]\n${entry("openai", simulator.url)}${other(simulator.url, "proud", "fallback_models = []")}${other(simulator.url, "b")}`;
    const factory = factoryOf(toml);
    expect((await factory.get("main").codegen("Hi.")).model).toBe("b");
    expect((await failureOf(factory.get("proud").codegen("Hi."))).code).toBe("unauthorized");
    expect(simulator.requests).toHaveLength(3);
  });

  test("a 4xx never opens the circuit, five failures of the server do", async () => {
    const simulator = await simulate({
      script: [
        { status: 400, times: 10 },
        { status: 500, times: 5 },
      ],
    });
    const model = factoryOf(entry("openai", simulator.url, "num_retries = 0")).create();
    for (let call = 0; call < 10; call++) expect((await failureOf(model.codegen("Hi."))).code).toBe("invalid_request");
    for (let call = 0; call < 5; call++) expect((await failureOf(model.codegen("Hi."))).code).toBe("server_error");
    expect((await failureOf(model.codegen("Hi."))).code).toBe("circuit_open");
    expect(simulator.requests).toHaveLength(15);
  });
});

describe("what an error tells", () => {
  test("its code says whether another try makes sense, as the statuses of old did", () => {
    const retryable = (code: ModelErrorCode) => new ModelError({ code, message: "x" }).retryable;
    const again: readonly ModelErrorCode[] = [
      "rate_limited",
      "overloaded",
      "server_error",
      "connection_failed",
      "timed_out",
      "stream_truncated",
    ];
    const never: readonly ModelErrorCode[] = [
      "invalid_request",
      "unauthorized",
      "forbidden",
      "not_found",
      "unsupported",
      "context_too_long",
      "content_filtered",
      "budget_exceeded",
      "quota_exhausted",
      "aborted",
    ];
    expect(again.every(retryable)).toBe(true);
    expect(never.some(retryable)).toBe(false);
    for (const value of [undefined, null, 0, "x", {}, new Error("x")]) expect(isModelError(value)).toBe(false);
  });

  test.each(WIRES)(
    "its cause is the SDK's own error or the answer behind it, the request id is kept (%s)",
    async (wire) => {
      const simulator = await simulate({ script: [{ status: 400 }] });
      const error = await failureOf(factoryOf(entry(wire, simulator.url)).create().codegen("Hi."));
      expect([error.code, error.status, error.model]).toEqual(["invalid_request", 400, "main"]);
      expect(error.cause).toBeDefined();
      if (wire !== "google") expect(error.requestId).toMatch(/^req_/);
    },
  );

  test("as JSON it is OpenAI's body and nothing else", async () => {
    const simulator = await simulate({ script: [{ kind: "context" }] });
    const error = await failureOf(factoryOf(entry("openai", simulator.url)).create().codegen("Hi."));
    const json = JSON.parse(JSON.stringify(error));
    expect(json).toEqual({
      error: { message: error.message, type: "invalid_request_error", code: "context_length_exceeded" },
    });
    const codeOf = (code: ModelErrorCode) =>
      JSON.parse(JSON.stringify(new ModelError({ code, message: "x" }))).error.code;
    expect([codeOf("budget_exceeded"), codeOf("rate_limited"), codeOf("unauthorized")]).toEqual([
      "budget_exceeded",
      "rate_limit_exceeded",
      "invalid_api_key",
    ]);
    expect(Object.keys(ERROR_CODES).every((code) => typeof codeOf(code as ModelErrorCode) === "string")).toBe(true);
  });

  test("that max_tokens is mentioned does not make it an overflow", async () => {
    const server = await serve(
      (_, response) =>
        void response
          .writeHead(400, { "content-type": "application/json" })
          .end('{"error":{"message":"max_tokens must be at least 1","type":"invalid_request_error"}}'),
    );
    expect((await failureOf(factoryOf(entry("openai", server.url)).create().codegen("Hi."))).code).toBe(
      "invalid_request",
    );
  });

  test("no key is in it, whatever the server echoes", async () => {
    const server = await serve(
      (_, response) =>
        void response
          .writeHead(401, { "content-type": "application/json" })
          .end('{"error":{"message":"Incorrect API key provided: test-key"}}'),
    );
    const error = await failureOf(factoryOf(entry("openai", server.url)).create().codegen("Hi."));
    for (const text of [error.message, error.stack ?? "", JSON.stringify(error), String(error.cause)])
      expect(text).not.toContain("test-key");
  });

  test("safeCodegen gives it as a value, and success too", async () => {
    const simulator = await simulate({ script: [{ status: 400 }] });
    const model = factoryOf(entry("openai", simulator.url)).create();
    expect(await model.safeCodegen("Hi.")).toMatchObject({ ok: false, error: { code: "invalid_request" } });
    expect(await model.safeCodegen("Hi.")).toMatchObject({ ok: true, reply: { finishReason: "stop" } });
    expect(await model.safeCodegen("")).toMatchObject({ ok: false, error: { code: "invalid_request" } });
  });
});

describe("why an answer ended", () => {
  const claude = (stop_reason: string) => ({
    id: "m",
    type: "message",
    role: "assistant",
    model: "m",
    content: [{ type: "text", text: "fine" }],
    stop_reason,
    usage: { input_tokens: 1, output_tokens: 1 },
  });
  const gemini = (finishReason: string) => ({
    candidates: [{ index: 0, content: { role: "model", parts: [{ text: "fine" }] }, finishReason }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  });
  const chat = (reason: string) => chatBody("fine", undefined, reason);
  const FILTERED = "content_filtered";
  const table: readonly (readonly [Wire, string, string])[] = [
    ["openai", "stop", "stop"],
    ["openai", "length", "length"],
    ["openai", "content_filter", FILTERED],
    ["openai", "eos", "stop"],
    ["openai", "model_length", "length"],
    ["openai", "insufficient_system_resource", "overloaded"],
    ["openai", "never_seen_before", "unknown"],
    ["anthropic", "end_turn", "stop"],
    ["anthropic", "stop_sequence", "stop"],
    ["anthropic", "max_tokens", "length"],
    ["anthropic", "model_context_window_exceeded", "length"],
    ["anthropic", "refusal", "refusal"],
    ["anthropic", "pause_turn", "unknown"],
    ["anthropic", "never_seen_before", "unknown"],
    ["google", "STOP", "stop"],
    ["google", "MAX_TOKENS", "length"],
    ["google", "SAFETY", FILTERED],
    ["google", "RECITATION", FILTERED],
    ["google", "BLOCKLIST", FILTERED],
    ["google", "PROHIBITED_CONTENT", FILTERED],
    ["google", "SPII", FILTERED],
    ["google", "IMAGE_SAFETY", FILTERED],
    ["google", "OTHER", "unknown"],
    ["google", "MALFORMED_FUNCTION_CALL", "invalid_tool_call"],
    ["google", "NEVER_SEEN_BEFORE", "unknown"],
  ];
  test.each(table)("%s: %s is %s", async (wire, raw, expected) => {
    const server = await serve(() =>
      ({ openai: chat, "openai-responses": chat, anthropic: claude, google: gemini })[wire](raw),
    );
    const outcome = await factoryOf(entry(wire, server.url, "num_retries = 0"))
      .create()
      .safeCodegen("Hi.");
    expect(outcome.ok ? outcome.reply.finishReason : outcome.error.code).toBe(expected);
    if (outcome.ok) expect(outcome.reply.rawFinishReason).toBe(raw);
  });
});

describe("the whole body of a plain conversation", () => {
  const conversation = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Weather and time?" },
    {
      role: "assistant",
      content: [
        { type: "tool-call", id: "call_1", name: "get_weather", arguments: { city: "Rome" } },
        { type: "tool-call", id: "call_2", name: "get_time", arguments: {} },
      ],
    },
    { role: "tool", content: [{ type: "tool-result", id: "call_1", content: "sunny" }] },
    { role: "tool", content: [{ type: "tool-result", id: "call_2", content: "noon" }] },
    { role: "user", content: "Thanks!" },
  ] as const;
  const sent = async (wire: Wire) => {
    const simulator = await simulate();
    await factoryOf(entry(wire, simulator.url, "max_new_tokens = 100"))
      .create()
      .codegen(conversation);
    return simulator.requests[0]?.body as Record<string, unknown>;
  };

  test("on OpenAI's chat wire", async () => {
    expect(await sent("openai")).toEqual({
      model: "some-model",
      max_completion_tokens: 100,
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Weather and time?" },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Rome"}' } },
            { id: "call_2", type: "function", function: { name: "get_time", arguments: "{}" } },
          ],
        },
        { role: "tool", tool_call_id: "call_1", content: "sunny" },
        { role: "tool", tool_call_id: "call_2", content: "noon" },
        { role: "user", content: "Thanks!" },
      ],
    });
  });

  test("on Anthropic's: instructions lifted, roles in turn, all results in one turn of the user", async () => {
    const { system, max_tokens, messages } = (await sent("anthropic")) as {
      system: unknown;
      max_tokens: number;
      messages: { role: string; content: unknown }[];
    };
    expect(JSON.stringify(system)).toContain("Be brief.");
    expect(max_tokens).toBe(100);
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(messages[2]?.content).toMatchObject([
      { type: "tool_result", tool_use_id: "call_1" },
      { type: "tool_result", tool_use_id: "call_2" },
      { type: "text", text: "Thanks!" },
    ]);
  });

  test("on Gemini's: contents of parts, instructions and limits in their places", async () => {
    const { systemInstruction, generationConfig, contents } = (await sent("google")) as {
      systemInstruction: unknown;
      generationConfig: unknown;
      contents: { role: string; parts: unknown[] }[];
    };
    expect(JSON.stringify(systemInstruction)).toContain("Be brief.");
    expect(generationConfig).toMatchObject({ maxOutputTokens: 100 });
    expect(contents.slice(0, 2)).toMatchObject([
      { role: "user", parts: [{ text: "Weather and time?" }] },
      {
        role: "model",
        parts: [
          { functionCall: { name: "get_weather", args: { city: "Rome" } } },
          { functionCall: { name: "get_time", args: {} } },
        ],
      },
    ]);
    expect(contents[2]).toMatchObject({
      role: "user",
      parts: [{ functionResponse: { name: "get_weather" } }, { functionResponse: { name: "get_time" } }],
    });
  });
});
