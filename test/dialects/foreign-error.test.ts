import { describe, expect, it } from "vitest";
import type { ModelError } from "../../src/core/error.ts";
import type { Exchange } from "../../src/core/transport.ts";
import { messagesDecoder } from "../../src/dialects/anthropic/decode.ts";
import { openWire } from "../../src/dialects/exchange.ts";
import { callOf, read } from "../harness/call-of.ts";

describe("an error that is not a ModelError", () => {
  const thrown = new Error("Cannot find module 'undici'");
  const failing = (how: (exchange: Exchange) => never) =>
    openWire(callOf(), {
      encode: () => ({ params: {}, adjustments: [] }),
      client: { send: async (_params, _call, exchange) => how(exchange) },
      decoder: (target) => messagesDecoder(target, { throughTool: false }),
    });

  it("keeps its message and is the cause, before and after the request was sent", async () => {
    for (const [sent, code] of [
      [false, "invalid_request"],
      [true, "protocol_error"],
    ] as const) {
      const { error } = await read(
        failing((exchange) => {
          exchange.sent = sent;
          throw thrown;
        }),
      );
      expect(error).toMatchObject({ code, cause: thrown, message: expect.stringContaining(thrown.message) });
    }
  });

  it("keeps its message when a transport stored it and the SDK replaced it", async () => {
    const { error } = await read(
      failing((exchange) => {
        exchange.failure = thrown as ModelError;
        throw new Error("Connection error.");
      }),
    );
    expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining(thrown.message) });
  });
});
