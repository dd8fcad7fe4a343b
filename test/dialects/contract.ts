import { describe, expect, it } from "vitest";
import { policyOf } from "../../src/config/policy.ts";
import type { Decoder, Dialect, Encode } from "../../src/core/dialect.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { FinishReason, FlowEvent } from "../../src/core/event.ts";
import type { AssistantMessage, Message } from "../../src/core/message.ts";
import { type Reply, ReplyFold } from "../../src/core/reply.ts";
import type { ModelRequest } from "../../src/core/request.ts";
import type { Target } from "../../src/core/target.ts";
import {
  type DialectAnswer,
  type DialectContract,
  type DialectResponse,
  testDialect,
} from "../../src/testing/index.ts";

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

export interface WireContract {
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

/** What every wire format of ours has to do: the public contract, and that of `encode`. */
export function testWire(contract: WireContract): void {
  describe(`${contract.dialect.name} keeps the contract of a dialect`, () => {
    testDialect({
      test: it,
      dialect: contract.dialect,
      entry: { provider: contract.target.provider },
      answers: answersOf(contract.answers),
      failures: Object.fromEntries(
        contract.answers.errors.map(({ name, code, answer }) => [name, { code, ...responseOf(answer) }]),
      ),
    });
    testRequests(contract);
  });
}

type Form = "stream" | "body";

/** A test that exists only where the wire has the thing: an absent thing is nothing to skip. */
function when(there: boolean): (name: string, run: () => void) => void {
  return there ? it : () => {};
}

const WEATHER = { name: "get_weather", arguments: { city: "Paris" } };
const TIME = { name: "get_time", arguments: { zone: "UTC" } };

function answersOf({ text, cachedUsage, refusal, ...answers }: ContractAnswers): DialectContract["answers"] {
  const usage = { input: 10, output: 5, total: 15, estimated: false };
  const calls = (...toolCalls: (typeof WEATHER | typeof TIME)[]) => ({
    toolCalls,
    finishReason: "tool-calls" as const,
  });
  const finishes = answers.finishes.map(({ raw, reason, answer }) => [
    `the finish reason ${raw}`,
    { ...responseOf(answer), reply: { text: "Hi", finishReason: reason, rawFinishReason: raw } },
  ]);
  const cached = { input: 1, cacheRead: 6, cacheWrite: 3, output: 5, total: 15 };
  return {
    text: { ...responseOf(text), reply: { text: "Grüße, 世界 🚀", finishReason: "stop", toolCalls: [], usage } },
    "a tool call": { ...responseOf(answers.tool), reply: calls(WEATHER) },
    "parallel tool calls": { ...responseOf(answers.parallelTools), reply: calls(WEATHER, TIME) },
    "a tool call without arguments": {
      ...responseOf(answers.toolWithoutArguments),
      reply: { toolCalls: [{ name: "now", arguments: {} }] },
    },
    reasoning: { ...responseOf(answers.reasoning), reply: { reasoning: "Think.", text: "Done." } },
    ...(cachedUsage && { "cached usage": { ...responseOf(cachedUsage), reply: { usage: cached } } }),
    ...(refusal && { "a refusal": { ...responseOf(refusal), reply: { finishReason: "refusal" } } }),
    ...(Object.fromEntries(finishes) as Record<string, DialectAnswer>),
  };
}

/** As a provider sends it: an event in a part. */
function responseOf({ stream, body }: WireAnswer): DialectResponse {
  const parts = stream.map(({ event, data }) => {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
  });
  return { stream: parts, ...(body !== undefined && { body }) };
}

function testRequests(contract: WireContract): void {
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
  contract: Pick<WireContract, "decoder" | "target">,
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
    adaptation: { dropParams: true, modifyParams: true, strict: false, drop: [], allow: [], clientFields: [] },
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
