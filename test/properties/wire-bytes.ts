import type { Decoder } from "../../src/core/dialect.ts";
import type { Target } from "../../src/core/target.ts";
import { messagesDecoder } from "../../src/dialects/anthropic/decode.ts";
import { openWire } from "../../src/dialects/exchange.ts";
import { generateDecoder } from "../../src/dialects/google/decode.ts";
import { ToolNames } from "../../src/dialects/google/tool-names.ts";
import { decodeChat } from "../../src/dialects/openai/chat-decode.ts";
import { decodeResponses } from "../../src/dialects/openai/responses-decode.ts";
import { Body } from "../../src/transport/body.ts";
import { WireHeaders } from "../../src/transport/headers.ts";
import { HttpResponse } from "../../src/transport/response.ts";
import { callOf, read, type Seen } from "../harness/call-of.ts";
import type { Wire } from "../harness/wires.ts";

export const DECODERS: Readonly<Record<Wire, (target: Target) => Decoder>> = {
  openai: decodeChat,
  "openai-responses": decodeResponses,
  anthropic: (target) => messagesDecoder(target, { throughTool: false }),
  google: (target) => generateDecoder(target, { names: new ToolNames(callOf().request), samples: 1 }),
};
export const WIRES = Object.keys(DECODERS) as readonly Wire[];

const NO_FLOW = { pause() {}, resume() {}, watch() {}, cancel() {} };

/** What a streaming call makes of a body that came in these pieces and ended with its connection; no socket is needed. */
export function readBytes(wire: Wire, pieces: Iterable<Buffer>): Promise<Seen> {
  const body = new Body(NO_FLOW);
  const headers = new WireHeaders({ "content-type": "text/event-stream" });
  return read(
    openWire(callOf(), {
      encode: () => ({ params: {}, adjustments: [] }),
      decoder: DECODERS[wire],
      client: {
        async send(_params, _call, exchange) {
          exchange.response = new HttpResponse(200, "http://127.0.0.1:9/", headers, body, exchange);
          void feed(body, pieces);
          return exchange.response;
        },
      },
    }),
  );
}

/** One piece for each turn, so that each is a read of its own. */
async function feed(body: Body, pieces: Iterable<Buffer>): Promise<void> {
  for (const piece of pieces) {
    await Promise.resolve();
    body.push(piece);
  }
  await Promise.resolve();
  body.end();
}

/** The bytes cut at these places, in any order. */
export function* cutAt(bytes: Buffer, places: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const to of [...places, bytes.length].sort((left, right) => left - right)) {
    if (to > from && to <= bytes.length) {
      yield bytes.subarray(from, to);
      from = to;
    }
  }
}
