import { policyOf } from "../../src/config/policy.ts";
import { type Call, type CallInput, CallRecord } from "../../src/core/call.ts";
import { Cancellation } from "../../src/core/cancellation.ts";
import { isModelError, type ModelError } from "../../src/core/error.ts";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import { compose, type Layer, type Next } from "../../src/core/layer.ts";
import type { Policy, Target } from "../../src/core/target.ts";
import { FakeClock } from "./fake-clock.ts";

export const POLICY: Policy = { ...policyOf({}), jitter: "none", breaker: undefined, queue: 0 };

/** A target with default properties. */
export function targetOf(
  entry = "main",
  fields: Partial<Omit<Target, "policy">> = {},
  policy: Partial<Policy> = {},
): Target {
  return {
    entry,
    provider: "scripted",
    modelId: `${entry}-model`,
    dialect: "scripted",
    address: { baseUrl: "http://127.0.0.1:9" },
    key: `http://127.0.0.1:9 ${entry}-model`,
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
    ...fields,
    policy: { ...POLICY, ...policy },
  };
}

export const INPUT: CallInput = {
  messages: [{ role: "user", content: "hello" }],
  settings: {},
  samples: 1,
  extraBody: {},
  extraHeaders: {},
  raw: false,
  tags: [],
};

/** An in-flight call, like a streaming one of a model without fallbacks. */
export function callOf(fields: Partial<Call> = {}): Call {
  const clock = fields.clock ?? new FakeClock();
  const input = fields.input ?? INPUT;
  return {
    input,
    target: targetOf(),
    request: { messages: input.messages, settings: {}, samples: 1, extraBody: {}, extraHeaders: {} },
    streaming: true,
    onBreak: "error",
    cancellation: new Cancellation(),
    credential: undefined,
    tryIndex: 0,
    fallbackRemains: false,
    deadlineAtMs: undefined,
    record: new CallRecord("call-1", clock.monotonic()),
    transport: { fetch: () => Promise.reject(new Error("this test has no network")), close: async () => {} },
    clock,
    random: () => 0,
    ...fields,
  };
}

/** Layers from the outermost to the innermost, around a dialect. */
export function through(layers: readonly Layer[], dialect: { open: Next }): Next {
  return compose(layers, (call) => dialect.open(call));
}

/** Everything that was delivered, and the error that ended it. */
export interface Seen {
  readonly events: FlowEvent[];
  readonly error: ModelError | undefined;
}

export async function read(events: Events): Promise<Seen> {
  const seen: FlowEvent[] = [];
  try {
    for await (const batch of events) seen.push(...batch);
    return { events: seen, error: undefined };
  } catch (error) {
    if (!isModelError(error)) throw error;
    return { events: seen, error };
  }
}

export function textOf({ events }: Pick<Seen, "events">): string {
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}

export function abort(message = "enough"): ModelError {
  const controller = new AbortController();
  controller.abort(new Error(message));
  const scope = new Cancellation();
  scope.follow(controller.signal);
  return scope.reason as ModelError;
}
