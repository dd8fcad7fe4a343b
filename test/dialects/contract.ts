import { describe, expect, it } from "vitest";
import { policyOf } from "../../src/config/policy.ts";
import type { Decoder, Dialect, Encode } from "../../src/core/dialect.ts";
import { isModelError } from "../../src/core/error.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { FinishReason, FlowEvent } from "../../src/core/event.ts";
import type { AssistantMessage, Message } from "../../src/core/message.ts";
import { type Reply, ReplyFold } from "../../src/core/reply.ts";
import type { ModelRequest } from "../../src/core/request.ts";
import type { Target } from "../../src/core/target.ts";

/** One server-sent event of a scripted answer; objects are serialised. */
export interface WireEvent {
  readonly event?: string;
  readonly data: unknown;
}

/** The same answer in both forms of a wire. */
export interface WireAnswer {
  readonly stream: readonly WireEvent[];
  readonly body?: unknown;
}

/** The answers every wire format can give; a contract says how its provider writes each of them. */
export interface ContractAnswers {
  /** Text "Grüße, 世界 🚀", finish stop, 10 input and 5 output tokens. */
  readonly text: WireAnswer;
  /** One call `get_weather` with { city: "Paris" }. */
  readonly tool: WireAnswer;
  /** `get_weather` with { city: "Paris" }, then `get_time` with { zone: "UTC" }. */
  readonly parallelTools: WireAnswer;
  /** One call `now` without any arguments. */
  readonly toolWithoutArguments: WireAnswer;
  /** Reasoning "Think." and then text "Done.". */
  readonly reasoning: WireAnswer;
  /** Text "Hi" with 6 tokens read from and 3 written to a prompt cache, 1 fresh input token, 5 output tokens. */
  readonly cachedUsage?: WireAnswer;
  /** The model declines with "I cannot help.". */
  readonly refusal?: WireAnswer;
  /** Every finish reason of the wire with what it means; text "Hi" before it. */
  readonly finishes: readonly { readonly raw: string; readonly reason: FinishReason; readonly answer: WireAnswer }[];
  /** Answers that are errors, in the stream after a 200 or as a body. */
  readonly errors: readonly { readonly name: string; readonly code: ModelErrorCode; readonly answer: WireAnswer }[];
}

export interface DialectContract {
  readonly dialect: Dialect;
  readonly target: Target;
  readonly encode: Encode<unknown>;
  readonly decoder: (target: Target, streaming: boolean) => Decoder;
  readonly answers: ContractAnswers;
  /** Throws when `params` is no legal request of this wire. */
  readonly checkRequest?: (params: unknown) => void;
  /** Whether a reasoning part with the signature of this provider shows up in the parameters again. */
  readonly restoresReasoning: (params: unknown, message: AssistantMessage) => boolean;
}

/** What every wire format has to do, whatever it looks like. */
export function testDialect(contract: DialectContract): void {
  describe(`${contract.dialect.name} keeps the contract of a dialect`, () => {
    for (const form of ["stream", "body"] as const) testForm(contract, form);
    testTruncation(contract);
    testRequests(contract);
  });
}

type Form = "stream" | "body";

/** A test that exists only where the wire has the thing: an absent thing is nothing to skip. */
function when(there: boolean): (name: string, run: () => void) => void {
  return there ? it : () => {};
}

function testForm(contract: DialectContract, form: Form): void {
  const { answers } = contract;
  const read = (answer: WireAnswer) => readAnswer(contract, answer, form);
  const forms = (answer: WireAnswer | undefined) =>
    answer !== undefined && (form === "stream" || answer.body !== undefined);

  describe(`a ${form}`, () => {
    when(forms(answers.text))("gives text, usage and one finish", () => {
      const { events, reply } = read(answers.text);
      expect(reply).toMatchObject({ text: "Grüße, 世界 🚀", finishReason: "stop", toolCalls: [] });
      expect(reply.usage).toMatchObject({ input: 10, output: 5, total: 15, estimated: false });
      expect(events.filter((event) => event.type === "finish")).toHaveLength(1);
      expect(events.at(-1)?.type).toBe("finish");
    });
    when(forms(answers.tool))("gives a tool call with parsed arguments", () => {
      const { events, reply } = read(answers.tool);
      expect(callsOf(reply)).toEqual([["get_weather", { city: "Paris" }]]);
      expect(reply.finishReason).toBe("tool-calls");
      expectToolEvents(events, reply);
    });
    when(forms(answers.parallelTools))("gives parallel tool calls apart, with ids of their own", () => {
      const { events, reply } = read(answers.parallelTools);
      expect(callsOf(reply)).toEqual([
        ["get_weather", { city: "Paris" }],
        ["get_time", { zone: "UTC" }],
      ]);
      expect(new Set(reply.toolCalls.map((call) => call.id)).size).toBe(2);
      expectToolEvents(events, reply);
    });
    when(forms(answers.toolWithoutArguments))("gives {} for a tool call without arguments", () => {
      expect(callsOf(read(answers.toolWithoutArguments).reply)).toEqual([["now", {}]]);
    });
    when(forms(answers.reasoning))("keeps reasoning apart from text", () => {
      const { reply } = read(answers.reasoning);
      expect(reply).toMatchObject({ reasoning: "Think.", text: "Done." });
    });
    when(forms(answers.cachedUsage))("counts tokens of the prompt cache apart from fresh input", () => {
      const { usage } = read(answers.cachedUsage as WireAnswer).reply;
      expect(usage).toMatchObject({ input: 1, cacheRead: 6, cacheWrite: 3, output: 5, total: 15 });
    });
    when(forms(answers.refusal))("gives a refusal as a reply that says so", () => {
      const { reply } = read(answers.refusal as WireAnswer);
      expect(reply.finishReason).toBe("refusal");
    });
    for (const { raw, reason, answer } of answers.finishes) {
      when(forms(answer))(`reads the finish reason ${raw} as ${reason} and keeps the provider's word`, () => {
        expect(read(answer).reply).toMatchObject({ finishReason: reason, rawFinishReason: raw, text: "Hi" });
      });
    }
    for (const { name, code, answer } of answers.errors) {
      when(forms(answer))(`throws ${code} for ${name}`, () => {
        const error = errorOf(() => read(answer));
        expect(isModelError(error, code), String(error)).toBe(true);
        expect(error).toMatchObject({ provider: contract.target.provider, model: contract.target.entry });
      });
    }
  });
}

function testTruncation(contract: DialectContract): void {
  it("never reports a stream without a terminal event as complete", () => {
    const { stream } = contract.answers.text;
    for (let length = 0; length < stream.length; length++) {
      const outcome = settle(() => readAnswer(contract, { stream: stream.slice(0, length) }, "stream"));
      if (outcome.ok) expect(outcome.text, `cut after ${length} events`).toBe("Grüße, 世界 🚀");
      else expect(["stream_truncated", "empty_response"], `cut after ${length} events`).toContain(outcome.code);
    }
  });
}

function settle(run: () => { reply: Reply }): { ok: true; text: string } | { ok: false; code: string } {
  try {
    return { ok: true, text: run().reply.text };
  } catch (error) {
    return { ok: false, code: isModelError(error) ? error.code : String(error) };
  }
}

function testRequests(contract: DialectContract): void {
  const { encode, target, checkRequest } = contract;
  const params = (messages: readonly Message[]) =>
    encode(requestOf({ messages, settings: { tools: CONTRACT_TOOLS, maxNewTokens: 512 } }), target, true).params;

  it("encodes without side effects: the same request gives the same parameters and is not changed", () => {
    const request = requestOf({ messages: HISTORY, settings: { tools: CONTRACT_TOOLS, maxNewTokens: 512 } });
    const before = JSON.stringify(request);
    expect(encode(request, target, true)).toEqual(encode(request, target, true));
    expect(JSON.stringify(request)).toBe(before);
  });
  when(checkRequest !== undefined)("encodes a history of tools, images and several turns into a legal request", () => {
    checkRequest?.(params(HISTORY));
  });
  when(checkRequest !== undefined)("encodes a history that another provider has signed", () => {
    const foreign: AssistantMessage = {
      role: "assistant",
      content: [
        { type: "reasoning", text: "secret thoughts", signature: "opaque-foreign-signature", owner: "elsewhere" },
        { type: "text", text: "Hello." },
      ],
    };
    const encoded = params([{ role: "user", content: "Hi" }, foreign, { role: "user", content: "Go on" }]);
    checkRequest?.(encoded);
    expect(JSON.stringify(encoded)).not.toContain("opaque-foreign-signature");
    expect(JSON.stringify(encoded)).not.toContain("secret thoughts");
  });
  it("sends reasoning back to the provider that signed it", () => {
    const { reply } = readAnswer(contract, contract.answers.reasoning, "stream");
    const encoded = params([{ role: "user", content: "Hi" }, reply.message, { role: "user", content: "Go on" }]);
    checkRequest?.(encoded);
    expect(contract.restoresReasoning(encoded, reply.message)).toBe(true);
  });
}

export const CONTRACT_TOOLS = [
  {
    name: "get_weather",
    description: "The weather of a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
];

/** A one-pixel PNG. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const HISTORY: readonly Message[] = [
  { role: "system", content: "Be brief." },
  {
    role: "user",
    content: [
      { type: "text", text: "Where is this, and how is the weather there?" },
      { type: "image", data: PIXEL, mediaType: "image/png", detail: "low" },
    ],
  },
  {
    role: "assistant",
    content: [
      { type: "text", text: "Looking." },
      { type: "tool-call", id: "call_1", name: "get_weather", arguments: { city: "Paris" } },
      { type: "tool-call", id: "call_2", name: "get_weather", arguments: { city: "Rome" } },
    ],
  },
  {
    role: "tool",
    content: [
      { type: "tool-result", id: "call_1", name: "get_weather", content: "12 °C" },
      {
        type: "tool-result",
        id: "call_2",
        name: "get_weather",
        content: [{ type: "text", text: "no such city" }],
        error: true,
      },
    ],
  },
  { role: "user", content: "Thanks. And now?" },
];

export function requestOf(request: Partial<ModelRequest>): ModelRequest {
  return {
    messages: [{ role: "user", content: "Hi" }],
    settings: {},
    samples: 1,
    extraBody: {},
    extraHeaders: {},
    ...request,
  };
}

/** Feeds a scripted answer to a decoder, the way the runner does, and folds what comes out. */
export function readAnswer(
  contract: Pick<DialectContract, "decoder" | "target">,
  answer: WireAnswer,
  form: Form,
): { events: FlowEvent[]; reply: Reply } {
  const { target } = contract;
  const decoder = contract.decoder(target, form === "stream");
  const events: FlowEvent[] = [{ type: "start", model: target.entry, provider: target.provider }];
  if (form === "body") {
    decoder.body(answer.body, events);
  } else {
    for (const { event, data } of answer.stream) {
      if (decoder.done) break;
      decoder.push(typeof data === "string" ? data : JSON.stringify(data), event, events);
    }
  }
  decoder.end(events);
  return { events, reply: foldEvents(events) };
}

export function foldEvents(events: readonly FlowEvent[]): Reply {
  const fold = new ReplyFold();
  for (const event of events) fold.push(event);
  const cost = { usd: null, breakdown: null, estimated: false };
  return fold.reply({
    callId: "call-1",
    attempts: [],
    cost,
    latencyMs: 0,
    firstTokenMs: undefined,
    requestId: undefined,
    rateLimit: undefined,
    raw: undefined,
  });
}

function callsOf(reply: Reply): [string, unknown][] {
  return reply.toolCalls.map((call) => [call.name, call.arguments]);
}

/** Every call starts, its fragments join to its JSON, and it ends. */
function expectToolEvents(events: readonly FlowEvent[], reply: Reply): void {
  reply.toolCalls.forEach((call, index) => {
    const own = events.filter((event) => "index" in event && event.index === index);
    expect(own[0]).toMatchObject({ type: "tool-call-start", id: call.id, name: call.name });
    const json = own.map((event) => (event.type === "tool-call-delta" ? event.json : "")).join("");
    expect(json).toBe(call.json);
    expect(own.filter((event) => event.type === "tool-call-end")).toHaveLength(1);
    expect(JSON.parse(call.json)).toEqual(call.arguments);
  });
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return new Error("nothing was thrown");
}

/** A target with nothing special about it. */
export function targetOf(target: Partial<Target> & Pick<Target, "provider" | "dialect">): Target {
  return {
    entry: "tested",
    modelId: "test-model",
    address: { baseUrl: "http://127.0.0.1:9" },
    key: "http://127.0.0.1:9 test-model",
    origin: "http://127.0.0.1:9",
    auth: "bearer",
    credentials: { keys: [] },
    headers: {},
    extraBody: {},
    proxy: undefined,
    tls: undefined,
    settings: {},
    system: undefined,
    prelude: [],
    unused: [],
    adaptation: { dropParams: true, modifyParams: true, strict: false, drop: [], allow: [] },
    quirks: {},
    facts: { known: false, capabilities: {} },
    price: () => undefined,
    policy: {
      ...policyOf({}),
      ...{ numRetries: 0, retryMinWaitMs: 1, retryMaxWaitMs: 1, jitter: "none", breaker: undefined, queue: 0 },
      ...{ attemptTimeoutMs: 60_000, connectTimeoutMs: 2_000, silenceTimeoutMs: 5_000, idleTimeoutMs: 5_000 },
      stream: false,
    },
    ...target,
  };
}
