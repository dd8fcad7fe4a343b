import net from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { entryFor, sse } from "../harness/recording-files.ts";
import { SMALL_STREAM, smallBody, smallStream, unfinishedStream } from "../harness/small-answers.ts";
import { Stopwatch, within } from "../harness/stopwatch.ts";
import { type SeenRequest, wireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const CLOSED_MS = 100;
const LIMIT_MS = 150;
const LIMIT = `"${LIMIT_MS}ms"`;
/** On a busy machine a timer may fire late, but never early. */
const SLACK_MS = 1_500;

/** Writes a stream by hand: its head, then `line` every 20 ms until the socket closes. */
function dribble({ socket }: SeenRequest, first: string, line: string): undefined {
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  if (first !== "") socket.write(chunk(first));
  const timer = setInterval(() => socket.write(chunk(line)), 20);
  socket.once("close", () => clearInterval(timer));
  return undefined;
}

const PING: Readonly<Record<Wire, string>> = {
  openai: ": keep-alive\n\n",
  "openai-responses": 'event: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\n',
  anthropic: 'event: ping\ndata: {"type":"ping"}\n\n',
  google: ": keep-alive\n\n",
};
const opening = (wire: Wire) => unfinishedStream(wire).body;
const moreText = (wire: Wire) => sse(SMALL_STREAM[wire].open.slice(-1), wire).replace("data: [DONE]\n\n", "");

async function expectPhase(
  ask: () => Promise<unknown>,
  phase: string,
  closed: () => Promise<void>,
  text?: string,
): Promise<void> {
  using watch = new Stopwatch();
  const startMs = performance.now();
  const error = await failureOf(ask());
  const tookMs = performance.now() - startMs;
  const waitedMs = watch.elapsedMs;
  await within(CLOSED_MS, closed());
  expect([error.code, error.phase]).toEqual(["timed_out", phase]);
  expect(tookMs).toBeGreaterThan(LIMIT_MS * 0.9);
  expect(waitedMs).toBeLessThan(LIMIT_MS + SLACK_MS);
  expect(error.partial?.text || undefined).toBe(text);
  expect(error.message).toContain(`${LIMIT_MS / 1000} s`);
}

for (const wire of WIRES) {
  describe(`clocks on the ${wire} wire`, () => {
    // The first call loads the SDK, which may take longer than the limits here.
    beforeAll(async () => {
      const server = await wireServer(() => smallBody(wire));
      const factory = ModelFactory.parse(
        entryFor({ wire, provider: "some-host", model: "some-model" }, "first", server.origin),
        { env: {} },
      );
      await factory.get("first").codegen("Hello");
      await factory.close();
      await server.close();
    });

    test("first-token: headers and pings do not count as a token", async () => {
      const server = await serving((request) => dribble(request, "", PING[wire]));
      const model = modelAt(wire, server.origin, `first_token_timeout = ${LIMIT}`);
      await expectPhase(() => model.stream("Hello").reply, "first-token", server.allClosed);
    });

    test("idle: pings do not count", async () => {
      const server = await serving((request) => dribble(request, opening(wire), PING[wire]));
      const model = modelAt(wire, server.origin, `idle_timeout = ${LIMIT}`);
      await expectPhase(() => model.stream("Hello").reply, "idle", server.allClosed, "fine");
    });

    test("silence: no byte on an open stream", async () => {
      const server = await serving(() => ({ ...unfinishedStream(wire), stall: true }));
      const model = modelAt(wire, server.origin, `silence_timeout = ${LIMIT}`);
      const error = await failureOf(model.stream("Hello").reply);
      await within(CLOSED_MS, server.allClosed());
      expect([error.code, error.phase, error.partial?.text]).toEqual(["timed_out", "silence", "fine"]);
    });

    test("first-token: applies to codegen, which streams", async () => {
      const server = await serving((request) => dribble(request, "", PING[wire]));
      const model = modelAt(wire, server.origin, `first_token_timeout = ${LIMIT}`);
      await expectPhase(() => model.codegen("Hello"), "first-token", server.allClosed);
    });

    test("silence: no byte of a body", async () => {
      const half = { body: smallBody(wire).body.slice(0, -2), headers: { "content-type": "application/json" } };
      const server = await serving(() => ({ ...half, pieceBytes: 1_460, stall: true }));
      const model = modelAt(wire, server.origin, `silence_timeout = ${LIMIT}`);
      const error = await failureOf(model.codegen("Hello"));
      await within(CLOSED_MS, server.allClosed());
      expect([error.code, error.phase, server.requests.length]).toEqual(["timed_out", "silence", 1]);
    });

    test("silence: a stalled error response keeps its status", async () => {
      const refusal = { status: 400, headers: { "content-type": "application/json" }, body: '{"error":{"message":"no' };
      const server = await serving(() => ({ ...refusal, pieceBytes: 1_460, stall: true }));
      const model = modelAt(wire, server.origin, `silence_timeout = ${LIMIT}`);
      expect(await failureOf(model.codegen("Hello"))).toMatchObject({ code: "invalid_request", status: 400 });
    });

    test("attempt: an endless stream", async () => {
      const server = await serving((request) => dribble(request, opening(wire), moreText(wire)));
      const model = modelAt(wire, server.origin, `timeout = "400ms"\nrepeated_chunk_limit = 0`);
      using watch = new Stopwatch();
      const error = await failureOf(model.stream("Hello").reply);
      await within(CLOSED_MS, server.allClosed());
      expect([error.code, error.phase]).toEqual(["timed_out", "attempt"]);
      expect(watch.elapsedMs).toBeLessThan(LIMIT_MS + SLACK_MS);
      expect(error.partial?.text.startsWith("finefine")).toBe(true);
    });

    test.each([20, 4_000])("attempt: a stream abandoned while the server sends %i tokens at a time", async (tokens) => {
      // Long enough for the first token on a busy machine.
      const limitMs = 600;
      const server = await serving((request) => dribble(request, opening(wire), moreText(wire).repeat(tokens)));
      const model = modelAt(wire, server.origin, `timeout = "${limitMs}ms"\nrepeated_chunk_limit = 0`);
      const stream = model.stream("Hello");
      const iterator = stream.text[Symbol.asyncIterator]();
      expect(await iterator.next()).toMatchObject({ value: "fine" });
      await within(limitMs + SLACK_MS, server.allClosed());
      const error = await failureOf(stream.reply);
      expect([error.code, error.phase, error.partial?.text.startsWith("fine")]).toEqual(["timed_out", "attempt", true]);
      expect(error.attempts).toMatchObject([{ outcome: "error", possiblyBilled: true, usage: { estimated: true } }]);
      const again = async () => {
        while (!(await iterator.next()).done);
      };
      expect(await failureOf(again())).toBe(error);
      expect(server.requests).toHaveLength(1);
    });

    test("attempt: no response", async () => {
      const server = await serving(() => undefined);
      await expectPhase(
        () => modelAt(wire, server.origin, `timeout = ${LIMIT}`).codegen("Hello"),
        "attempt",
        server.allClosed,
      );
      expect(server.requests).toHaveLength(1);
    });

    test("deadline: ends the call during its retries", async () => {
      let requests = 0;
      const server = await serving(() => (++requests < 3 ? { status: 503, body: "{}" } : undefined));
      const model = modelAt(
        wire,
        server.origin,
        `deadline = "1500ms"\nnum_retries = 9\nretry_min_wait = "1ms"\nretry_max_wait = "1ms"`,
      );
      using watch = new Stopwatch();
      const error = await failureOf(model.codegen("Hello"));
      await within(CLOSED_MS, server.allClosed());
      expect([error.code, error.phase]).toEqual(["timed_out", "deadline"]);
      expect(watch.elapsedMs).toBeLessThan(1_500 + SLACK_MS);
      expect(error.attempts.map(({ error }) => error?.code)).toEqual(["overloaded", "overloaded", "timed_out"]);
      expect(server.requests).toHaveLength(3);
    });

    test("deadline: ends the only attempt", async () => {
      const server = await serving(() => undefined);
      await expectPhase(
        () => modelAt(wire, server.origin, `deadline = ${LIMIT}`).codegen("Hello"),
        "deadline",
        server.allClosed,
      );
    });

    test("connect: a server without a handshake", async () => {
      const sockets = new Set<net.Socket>();
      const mute = net.createServer((socket) => {
        sockets.add(socket);
        socket
          .on("error", () => {})
          .on("close", () => sockets.delete(socket))
          .resume();
      });
      await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void mute.close());
      const { port } = mute.address() as net.AddressInfo;
      const model = modelAt(wire, `https://127.0.0.1:${port}`, `connect_timeout = ${LIMIT}`);
      const error = await failureOf(model.codegen("Hello"));
      await within(
        CLOSED_MS,
        Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)))),
      );
      expect([error.code, error.phase]).toEqual(["timed_out", "connect"]);
      expect(error.attempts).toMatchObject([{ outcome: "error", possiblyBilled: false }]);
    });

    test("a slow reader does not expire a timeout", async () => {
      const server = await serving(() => ({
        body: sse([...SMALL_STREAM[wire].open, ...SMALL_STREAM[wire].end], wire),
        pieceBytes: 64,
      }));
      const stream = modelAt(wire, server.origin, 'idle_timeout = "100ms"\nsilence_timeout = "100ms"').stream("Hello");
      for await (const event of stream)
        if (event.type === "text-delta") await new Promise((resolve) => setTimeout(resolve, 250));
      expect((await stream.reply).text).toBe("fine");
    });
  });
}

// The limit of the SDK: ten minutes at 128,000 tokens an hour.
test.each([
  ["max_new_tokens = 64000", true],
  ["max_new_tokens = 21334", true],
  ["max_new_tokens = 21333", false],
  ["max_new_tokens = 64000\nstream = false", false],
])("codegen over Anthropic's wire with %s: it streams inside is %s", async (keys, streams) => {
  const server = await serving(({ body }) => {
    return JSON.parse(body).stream === true ? smallStream("anthropic") : smallBody("anthropic");
  });
  const reply = await modelAt("anthropic", server.origin, keys).codegen("Hello");
  expect([reply.text, reply.usage.output, reply.adjustments]).toEqual(["fine", 1, []]);
  expect(JSON.parse(server.requests[0]?.body ?? "").stream ?? false).toBe(streams);
});
