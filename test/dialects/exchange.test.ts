import { describe, expect, it } from "vitest";
import { ModelError, type ModelErrorInit } from "../../src/core/error.ts";
import type { Target } from "../../src/core/target.ts";
import type { SseMessage, WireResponse } from "../../src/core/transport.ts";
import { messagesDecoder } from "../../src/dialects/anthropic/decode.ts";
import { openWire } from "../../src/dialects/exchange.ts";
import { callOf, read, textOf } from "../harness/call-of.ts";

const message = (data: object): SseMessage => ({ event: undefined, data: JSON.stringify(data) });
const PING = message({ type: "ping" });
const START = message({ type: "message_start", message: { id: "m", usage: { input_tokens: 3, output_tokens: 1 } } });
const delta = (text: string) => message({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
const BLOCK = message({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
const END = message({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } });

/** An attempt whose body has these messages, a batch for each read, and then ends or fails. */
function attempt(reads: readonly (readonly SseMessage[])[], failure?: ModelErrorInit) {
  const response = {
    status: 200,
    headers: new Headers({ "content-type": "text/event-stream" }),
    async *messages() {
      yield* reads;
      if (failure !== undefined) throw new ModelError(failure);
    },
  } as unknown as WireResponse;
  return openWire(callOf(), {
    encode: () => ({ params: {}, adjustments: [] }),
    client: { send: async () => response },
    decoder: (target) => messagesDecoder(target, { throughTool: false }),
  });
}

it("ends with an error of the target if the encoder cannot read a part, and nothing is sent", async () => {
  let sent = 0;
  const seen = await read(
    openWire(callOf(), {
      encode: () => {
        throw new TypeError("x is not a function");
      },
      client: {
        send: async () => {
          sent += 1;
          throw new Error("sent");
        },
      },
      decoder: (target) => messagesDecoder(target, { throughTool: false }),
    }),
  );
  expect(seen.error).toMatchObject({ code: "invalid_request", message: expect.stringContaining("cannot be sent") });
  expect(sent).toBe(0);
});

const CUT: ModelErrorInit = { code: "stream_truncated", message: "cut" };

describe("the events of an attempt", () => {
  it("have no batch for pings, so that pings do not count as an answer", async () => {
    const batches = [];
    for await (const batch of attempt([[START], [PING], [PING], [BLOCK, delta("a")], [PING], [END]]))
      batches.push(batch);
    expect(batches.every((batch) => batch.length > 0)).toBe(true);
    expect(batches).toHaveLength(3);
  });

  it("are complete if the connection breaks after the end of the answer", async () => {
    for (const failure of [CUT, { ...CUT, code: "connection_failed" }] as const) {
      const seen = await read(attempt([[START, BLOCK, delta("a"), END]], failure));
      expect([textOf(seen), seen.error, seen.events.at(-1)?.type]).toEqual(["a", undefined, "finish"]);
    }
  });

  it("are delivered before the failure that truncated them", async () => {
    const seen = await read(attempt([[START, BLOCK], [delta("a")]], CUT));
    expect([textOf(seen), seen.error?.code]).toEqual(["a", "stream_truncated"]);
    expect(seen.events.some(({ type }) => type === "finish")).toBe(false);
  });

  it("are delivered once if the body ends before the answer", async () => {
    const seen = await read(attempt([[START, BLOCK, delta("a")]]));
    expect([textOf(seen), seen.error?.code]).toEqual(["a", "stream_truncated"]);
    expect(seen.events.filter(({ type }) => type === "usage")).toHaveLength(1);
  });

  it("are delivered before an error in the same read", async () => {
    const error = message({ type: "error", error: { type: "overloaded_error", message: "busy" } });
    const seen = await read(attempt([[START, BLOCK, delta("a"), error, delta("b")]]));
    expect([textOf(seen), seen.error?.code]).toEqual(["a", "overloaded"]);
  });

  it("end with the error of an abort, even after the last event", async () => {
    const seen = await read(attempt([[START, BLOCK, delta("a"), END]], { code: "aborted", message: "enough" }));
    expect(seen.error?.code).toBe("aborted");
  });

  it("end with the error of a timeout other than silence_timeout", async () => {
    const late = (phase: "silence" | "idle"): ModelErrorInit => ({ code: "timed_out", message: "late", phase });
    const whole = [[START, BLOCK, delta("a"), END]];
    expect((await read(attempt(whole, late("silence")))).error).toBeUndefined();
    expect((await read(attempt(whole, late("idle")))).error?.code).toBe("timed_out");
  });
});

describe("the raw events of a stream", () => {
  const found = (index: number) =>
    message({ type: "content_block_start", index, content_block: { type: "web_search_tool_result", content: [] } });
  const stop = (index: number) => message({ type: "content_block_stop", index });
  const rawOf = async (messages: readonly SseMessage[]) => {
    const call = callOf();
    const response = {
      status: 200,
      headers: new Headers({ "content-type": "text/event-stream" }),
      async *messages() {
        yield messages;
      },
    } as unknown as WireResponse;
    const wire = {
      encode: () => ({ params: {}, adjustments: [] }),
      client: { send: async () => response },
      decoder: (target: Target) => messagesDecoder(target, { throughTool: false }),
    };
    await read(openWire(call, wire));
    return call.record.raw;
  };

  it("are the last four, and those with output that is in no other field", async () => {
    const first = [found(8), stop(8)];
    const rest = [BLOCK, delta("a"), delta("b"), delta("c"), stop(0), found(9), stop(9), END];
    const kept = [first[0], ...rest.slice(-4)].map((one) => one?.data);
    expect(await rawOf([START, ...first, ...rest])).toEqual(kept);
    expect(await rawOf([START, BLOCK, delta("a"), stop(0), END])).toEqual(
      [BLOCK, delta("a"), stop(0), END].map(({ data }) => data),
    );
  });
});
