import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Exchange, SseMessage, WireResponse } from "../../src/core/transport.ts";
import { ModelFactory } from "../../src/index.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { type TransportInput, transportFrom } from "../../src/transport/any-fetch.ts";
import { collect, exchange, failure, wireResponse } from "../harness/loopback.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());

const TOML = (base: string) => `
  [models.openai]
  name = "gpt-4o-mini"
  provider = "openai"
  base_url = "${base}/v1"
  [models.anthropic]
  name = "claude-haiku-4-5"
  provider = "anthropic"
  base_url = "${base}"
  [models.google]
  name = "gemini-2.5-flash"
  provider = "google"
  base_url = "${base}"
  [defaults]
  api_key = "sk-canary-0123456789abcdef"
  num_retries = 0
`;

describe("a custom fetch as the transport", () => {
  it.each(["openai", "anthropic", "google"])("answers and streams over the global fetch (%s)", async (name) => {
    await using factory = ModelFactory.parse(TOML(simulator.url), { transport: fetch });
    const model = factory.get(name);
    const reply = await model.codegen("Say hello.");
    expect(reply.text).toContain("simulated");
    const stream = model.stream("Say hello.");
    let text = "";
    for await (const part of stream.text) text += part;
    expect(text).toBe(reply.text);
    expect((await stream.reply).usage).toEqual(reply.usage);
  });

  it.each(["openai", "anthropic", "google"])("classifies errors and keeps the key out of them (%s)", async (name) => {
    const server = createServer((request, response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: `bad key ${JSON.stringify(request.headers)}` } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await using factory = ModelFactory.parse(TOML(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), {
      transport: { fetch },
    });
    const outcome = await factory.get(name).safeCodegen("hi");
    server.close();
    server.closeAllConnections();
    if (outcome.ok) throw new Error("expected a failure");
    expect(outcome.error.code).toBe("unauthorized");
    expect(outcome.error.message).not.toContain("canary");
  });

  it("reports a truncated stream and a refused connection", async () => {
    const transport = async () =>
      new Response('data: {"choices":[{"index":0,"delta":{"content":"half"}}]}\n\n', {
        headers: { "content-type": "text/event-stream" },
      });
    await using cut = ModelFactory.parse(TOML("http://127.0.0.1:9"), { transport });
    const events: string[] = [];
    await expect(async () => {
      for await (const event of cut.get("openai").stream("hi")) events.push(event.type);
    }).rejects.toMatchObject({ code: "stream_truncated", partial: { text: "half" } });
    await using refused = ModelFactory.parse(TOML("http://127.0.0.1:9"), { transport: fetch });
    await expect(refused.get("openai").codegen("hi")).rejects.toMatchObject({ code: "connection_failed" });
  });

  it("an abort reaches it", async () => {
    let aborted = false;
    const transport = (_url: unknown, init?: RequestInit) =>
      new Promise<Response>((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => {
          aborted = true;
          reject(init.signal?.reason);
        });
      });
    await using factory = ModelFactory.parse(TOML("http://127.0.0.1:9"), { transport });
    const controller = new AbortController();
    const call = factory.get("openai").codegen("hi", { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(call).rejects.toMatchObject({ code: "aborted" });
    expect(aborted).toBe(true);
  });
});

const ADDRESS = "http://host.example/v1?key=1";

/** The answer of a fetch as a dialect sees it. */
async function answered(given: Response, seen: Exchange = exchange()): Promise<WireResponse> {
  return wireResponse(await transportFrom(async () => given).fetch(ADDRESS, { exchange: seen }));
}

const EVENTS = { headers: { "content-type": "text/event-stream" } };

/** A body that is written by hand. */
function writable() {
  const cancelled: unknown[] = [];
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: (reason) => {
      cancelled.push(reason);
    },
  });
  return {
    body,
    cancelled,
    write: (text: string) => controller?.enqueue(Buffer.from(text)),
    end: () => controller?.close(),
    break: (error: unknown) => controller?.error(error),
  };
}

describe("a custom fetch", () => {
  it("is called directly without an exchange", async () => {
    const answer = new Response("fine");
    const asked: unknown[] = [];
    const transport = transportFrom(async (...all) => {
      asked.push(...all);
      return answer;
    });
    expect(await transport.fetch(ADDRESS, { method: "PUT" })).toBe(answer);
    expect(asked).toEqual([ADDRESS, { method: "PUT" }]);
  });

  it("may store the response in the exchange, like the built-in one", async () => {
    const [answer, own] = [new Response("fine"), await answered(new Response("own"))];
    const seen = exchange();
    const given: TransportInput = async (_, init) => {
      if (init?.exchange !== undefined) init.exchange.response = own;
      return answer;
    };
    expect(await transportFrom(given).fetch(ADDRESS, { exchange: seen })).toBe(answer);
    expect(seen.response).toBe(own);
  });

  it("is closed with the factory if it has close()", async () => {
    let closed = 0;
    const close = async () => {
      closed++;
    };
    await transportFrom({ fetch, close }).close();
    await transportFrom({ fetch }).close();
    await transportFrom(Object.assign(async () => new Response(), { close })).close();
    expect(closed).toBe(1);
  });

  it("gets no lone surrogates", async () => {
    const bodies: unknown[] = [];
    const transport = transportFrom(async (_, init) => {
      bodies.push(init?.body);
      return new Response();
    });
    await transport.fetch(ADDRESS, { body: JSON.stringify("a \ud83d b"), exchange: exchange() });
    await transport.fetch(ADDRESS, { body: Buffer.from("bytes"), exchange: exchange() });
    expect(bodies).toEqual(['"a \ufffd b"', Buffer.from("bytes")]);
  });

  it.each([ADDRESS, new URL(ADDRESS), new Request(ADDRESS)])(
    "fails with only the origin in the message: %s",
    async (url) => {
      const seen = exchange();
      const transport = transportFrom(() => Promise.reject("no route"));
      const error = await failure(transport.fetch(url, { exchange: seen }));
      expect(error).toMatchObject({
        code: "connection_failed",
        message: "No response from http://host.example: no route",
        cause: "no route",
      });
      expect(seen).toMatchObject({ sent: true, failure: error });
    },
  );

  it("may throw a ModelError", async () => {
    const error = new ModelError({ code: "timed_out", message: "slow" });
    const transport = transportFrom(() => Promise.reject(error));
    expect(await failure(transport.fetch(ADDRESS, { exchange: exchange() }))).toBe(error);
  });
});

describe("a response of a custom fetch", () => {
  it("yields events as they arrive, and a possible last one at the end", async () => {
    const { body, write, end } = writable();
    const messages = (await answered(new Response(body, EVENTS))).messages()[Symbol.asyncIterator]();
    const next = async () => (await messages.next()).value?.map(({ data, unended }: SseMessage) => [data, unended]);
    write("data: 1\n\ndata: 2\n\nda");
    expect(await next()).toEqual([
      ["1", undefined],
      ["2", undefined],
    ]);
    write("ta: 3");
    write("\n\n");
    expect(await next()).toEqual([["3", undefined]]);
    write("data: 4\n");
    end();
    expect(await next()).toEqual([["4", true]]);
    expect(await next()).toBeUndefined();
  });

  it("yields nothing at the end without a rest, and nothing without a body", async () => {
    const lengths = async (body: string | null) => {
      const all: number[] = [];
      for await (const { length } of (await answered(new Response(body, EVENTS))).messages()) all.push(length);
      return all;
    };
    expect([await lengths("data: 1\n\n"), await lengths(null)]).toEqual([[1], []]);
  });

  it("that is not an event stream is not read", async () => {
    const { body, cancelled } = writable();
    const response = await answered(new Response(body, { headers: { "content-type": "text/html" } }));
    const error = await failure(collect(response));
    expect(error).toMatchObject({ code: "protocol_error", message: expect.stringContaining("got text/html") });
    expect(cancelled).toHaveLength(1);
  });

  it("closes its body when cancelled, without throwing", async () => {
    const { body, cancelled } = writable();
    const response = await answered(new Response(body, EVENTS));
    response.cancel();
    expect(cancelled).toHaveLength(1);
    const read = new Response("read");
    await read.text();
    (await answered(read)).cancel();
    (await answered(new Response(null))).cancel();
  });

  const readings: [string, string, (response: WireResponse) => Promise<unknown>][] = [
    ["a stream", "stream_truncated", collect],
    ["a text", "connection_failed", (response) => response.text()],
  ];
  it.each(readings)("that breaks as %s is reported, unless the call was cancelled", async (_, code, readIt) => {
    const broken = async (error: unknown, seen = exchange()) => {
      const { body, ...stream } = writable();
      const reading = failure(readIt(await answered(new Response(body, EVENTS), seen)));
      stream.break(error);
      return reading;
    };
    const cause = new TypeError("terminated");
    expect(await broken(cause)).toMatchObject({ code, message: "The response was truncated.", cause });
    const own = new ModelError({ code: "timed_out", message: "silent" });
    expect(await broken(own)).toBe(own);
    const cancelled = exchange();
    const reason = new ModelError({ code: "aborted", message: "enough" });
    cancelled.cancellation.cancel(reason);
    expect(await broken(cause, cancelled)).toBe(reason);
  });

  it("that is damaged delivers earlier events", async () => {
    const seen: string[] = [];
    const response = await answered(new Response('data: 1\n\ndat: {"text":"lost"}\n\n', EVENTS));
    const read = async () => {
      for await (const batch of response.messages()) seen.push(...batch.map(({ data }) => data));
    };
    expect(await failure(read())).toMatchObject({ code: "protocol_error" });
    expect(seen).toEqual(["1"]);
  });

  it("can be read once, as text and as JSON", async () => {
    const response = await answered(new Response('{"a":1}'));
    expect([await response.text(), await response.json()]).toEqual(['{"a":1}', { a: 1 }]);
  });

  it("that is an error is kept up to 64 KiB, without the key", async () => {
    const seen = exchange({ secrets: () => [new Secret("sk-canary-0123456789abcdef")], prompt: () => [] });
    const text = `no sk-canary-0123456789abcdef ${"x".repeat(64 * 1024)}`;
    const response = await answered(new Response(text, { status: 401 }), seen);
    const kept = await response.text();
    expect(kept).toMatch(/^no \S+ x+$/);
    expect(kept).not.toContain("canary");
    expect(kept.match(/x/g)).toHaveLength(64 * 1024 - 30);
    expect(seen.errorBody).toBe(kept);
  });

  it("that is an error is reported without the repeated prompt, but parsed with it", async () => {
    const prompt = "Tell me about the house on the hill, and who lived there.";
    const seen = exchange({ prompt: () => [prompt] });
    const shown = await (await answered(new Response(`flagged: ${prompt}`, { status: 400 }), seen)).text();
    expect(shown).not.toContain("house on the hill");
    expect(seen.errorBody).toBe(`flagged: ${prompt}`);
  });

  it("that is an error keeps its status when truncated", async () => {
    const { body, ...stream } = writable();
    const response = await answered(new Response(body, { status: 503 }));
    stream.break(new TypeError("terminated"));
    expect([response.status, await response.text()]).toEqual([503, ""]);
  });
});
