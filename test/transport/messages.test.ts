import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import {
  CHUNKED_SSE_HEAD,
  chunk,
  collect,
  failure,
  LAST_CHUNK,
  post,
  SSE_HEAD,
  serve,
  serveRaw,
  streaming,
  transport,
} from "../harness/loopback.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { until } from "../harness/waits.ts";

const dataOf = (messages: readonly { data: string }[]) => messages.map(({ data }) => data);

/** Takes the first batch and leaves the rest where it is. */
async function openStream(url: string, seen = streaming(), wire = transport()) {
  const response = await post(wire, url, seen);
  const reader = response.messages()[Symbol.asyncIterator]();
  return { response, reader, first: await reader.next(), seen, wire };
}

const chunked = (...parts: string[]) =>
  serveRaw((socket) => void socket.write(Buffer.concat([Buffer.from(CHUNKED_SSE_HEAD), ...parts.map(chunk)])));

describe("an event stream", () => {
  test("yields one batch per network read", async () => {
    let socket: Socket | undefined;
    const server = await serveRaw((opened) => {
      socket = opened;
      opened.write(Buffer.concat([Buffer.from(CHUNKED_SSE_HEAD), chunk("data: 1\n\ndata: 2\n\n")]));
    });
    const { reader, first } = await openStream(server.origin);
    expect(dataOf(first.value)).toEqual(["1", "2"]);
    const second = reader.next();
    socket?.write(chunk("event: e\ndata: 3\n\n"));
    expect((await second).value).toMatchObject([{ event: "e", data: "3" }]);
    const third = reader.next();
    socket?.write(LAST_CHUNK);
    expect(await third).toEqual({ value: undefined, done: true });
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  test("without a content-type may start with a byte order mark and whitespace, in any chunks", async () => {
    const start = Buffer.from("\uFEFF  \n\ndata: x\n\n");
    for (let at = 1; at < start.length; at++) {
      const server = await serveRaw(async (socket) => {
        socket.setNoDelay(true);
        socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n`);
        socket.write(Buffer.concat([chunk(start.subarray(0, at)), chunk(start.subarray(at)), Buffer.from(LAST_CHUNK)]));
      });
      expect(dataOf(await collect(await post(transport(), server.origin, streaming())))).toEqual(["x"]);
    }
  });

  test.each(["chunked", "content-length", "until close"])(
    "ends normally when its body (%s) ended cleanly",
    async (how) => {
      const body = "data: a\n\ndata: last-without-blank-line";
      const server = await serveRaw((socket) => {
        if (how === "chunked")
          socket.write(Buffer.concat([Buffer.from(CHUNKED_SSE_HEAD), chunk(body), Buffer.from(LAST_CHUNK)]));
        if (how === "content-length") socket.write(`${SSE_HEAD}content-length: ${body.length}\r\n\r\n${body}`);
        if (how === "until close") socket.end(`${SSE_HEAD}\r\n${body}`);
      });
      expect(dataOf(await collect(await post(transport(), server.origin, streaming())))).toEqual([
        "a",
        "last-without-blank-line",
      ]);
    },
  );

  test("in gzip is decoded as it is flushed", async () => {
    const bytes = gzipSync(Buffer.from("data: a\n\ndata: b\n\n"));
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
      response.end(bytes);
    });
    expect(dataOf(await collect(await post(transport(), server.origin, streaming())))).toEqual(["a", "b"]);
  });

  test("may have no content-type, or an unspecific one, if its bytes are events", async () => {
    for (const type of ["", "content-type: text/plain\r\n", "content-type: application/octet-stream\r\n"]) {
      const server = await serveRaw((socket) => void socket.end(`HTTP/1.1 200 OK\r\n${type}\r\ndata: x\n\n`));
      expect(dataOf(await collect(await post(transport(), server.origin, streaming())))).toEqual(["x"]);
    }
  });

  test.each([
    ["HTML", "content-type: text/html\r\n", "<html>"],
    ["JSON", "content-type: application/json\r\n", "{}"],
    ["something else without a content-type", "", "<html>"],
  ])("that is %s is a protocol_error and its socket is closed", async (_name, type, body) => {
    const server = await serveRaw((socket) => void socket.write(`HTTP/1.1 200 OK\r\n${type}\r\n${body}`));
    const error = await failure(collect(await post(transport(), `${server.origin}/v1?key=1`, streaming())));
    expect(error).toMatchObject({ name: "ModelError", code: "protocol_error" });
    expect(error.message).toContain(`expected an event stream from ${server.origin}/v1, got`);
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("that is JSON can be read as text instead", async () => {
    const server = await serve((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"error":{}}');
    });
    const response = await post(transport(), server.origin, streaming());
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ error: {} });
  });

  test("can be read once", async () => {
    const server = await chunked("data: 1\n\n");
    const { response } = await openStream(server.origin);
    expect(await failure(collect(response))).toMatchObject({ code: "protocol_error" });
    expect(await failure(response.text())).toMatchObject({ code: "protocol_error" });
  });
});

describe("a truncated stream", () => {
  test.each([
    ["by the end of the connection", (socket: Socket) => void socket.end()],
    ["by a reset", (socket: Socket) => void socket.resetAndDestroy()],
  ])("%s yields earlier events, then stream_truncated", async (_name, cut) => {
    let socket: Socket | undefined;
    const server = await serveRaw((opened) => {
      socket = opened;
      opened.write(Buffer.concat([Buffer.from(CHUNKED_SSE_HEAD), chunk("data: 1\n\ndata: cut-off")]));
    });
    const { reader, first } = await openStream(server.origin);
    expect(dataOf(first.value)).toEqual(["1"]);
    if (socket !== undefined) cut(socket);
    const error = await failure(reader.next());
    expect(error).toMatchObject({ name: "ModelError", code: "stream_truncated" });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("before its content-length is stream_truncated after its events", async () => {
    const server = await serveRaw((socket) => void socket.end(`${SSE_HEAD}content-length: 500\r\n\r\ndata: 1\n\n`));
    const { reader, first } = await openStream(server.origin);
    expect(dataOf(first.value)).toEqual(["1"]);
    expect(await failure(reader.next())).toMatchObject({ code: "stream_truncated" });
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  test("in its compression is stream_truncated", async () => {
    const bytes = gzipSync(Buffer.from("data: a\n\n".repeat(50)));
    const server = await serveRaw((socket) => {
      socket.write(`${SSE_HEAD}content-encoding: gzip\r\n\r\n`);
      socket.end(bytes.subarray(0, bytes.length - 10));
    });
    expect(await failure(collect(await post(transport(), server.origin, streaming())))).toMatchObject({
      code: "stream_truncated",
    });
  });

  test("by the transport being closed is aborted", async () => {
    const server = await chunked("data: 1\n\n");
    const { reader, wire } = await openStream(server.origin);
    const next = failure(reader.next());
    await wire.close();
    expect(await next).toMatchObject({ name: "ModelError", code: "aborted" });
  });
});

describe("silence_timeout", () => {
  test("ends a silent stream after its events, and closes the socket", async () => {
    const server = await chunked("data: 1\n\n");
    const { reader } = await openStream(server.origin, streaming({ silenceTimeoutMs: 60 }));
    using watch = new Stopwatch();
    const error = await failure(reader.next());
    expect(error).toMatchObject({ name: "ModelError", code: "timed_out", phase: "silence" });
    expect(watch.elapsedMs).toBeLessThan(300);
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("starts with the first byte", async () => {
    const server = await serveRaw((socket) => {
      socket.write(CHUNKED_SSE_HEAD);
      setTimeout(() => socket.write("9\r\ndata: 1\n\n\r\n"), 150);
    });
    const response = await post(transport(), server.origin, streaming({ silenceTimeoutMs: 40 }));
    const seen: string[] = [];
    const read = async () => {
      for await (const batch of response.messages()) seen.push(...dataOf(batch));
    };
    expect(await failure(read())).toMatchObject({ code: "timed_out", phase: "silence" });
    expect(seen).toEqual(["1"]);
  });

  test("closes a stream that is not read", async () => {
    const server = await chunked("data: 1\n\n");
    const response = await post(transport(), server.origin, streaming({ silenceTimeoutMs: 40 }));
    await until(() => server.sockets.size === 0);
    const reader = response.messages()[Symbol.asyncIterator]();
    expect(dataOf((await reader.next()).value)).toEqual(["1"]);
    expect(await failure(reader.next())).toMatchObject({ code: "timed_out" });
  });

  test("restarts with any byte", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let left = 20;
      const timer = setInterval(() => {
        if (left-- > 0) return void response.write(": ping\n\n");
        clearInterval(timer);
        response.end("data: done\n\n");
      }, 30);
    });
    const response = await post(transport(), server.origin, streaming({ silenceTimeoutMs: 500 }));
    expect(dataOf(await collect(response))).toEqual(["done"]);
  });

  test("excludes the time of a slow reader", async () => {
    const event = `data: ${"x".repeat(1_000)}\n\n`;
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(event.repeat(2_000));
    });
    const { reader, first } = await openStream(server.origin, streaming({ silenceTimeoutMs: 40 }));
    let count = first.value.length;
    await new Promise((resolve) => setTimeout(resolve, 120));
    for (let step = await reader.next(); step.done !== true; step = await reader.next()) count += step.value.length;
    expect(count).toBe(2_000);
  });

  test("applies without streaming", async () => {
    const server = await serveRaw((socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{"));
    const response = await post(transport(), server.origin, streaming({ streaming: false, silenceTimeoutMs: 40 }));
    expect(await failure(response.text())).toMatchObject({ code: "timed_out", phase: "silence" });
    expect(await server.allClosed()).toBeLessThan(100);
  });
});

describe("closing a stream", () => {
  test("closes its socket", async () => {
    const server = await chunked("data: 1\n\n");
    const response = await post(transport(), server.origin, streaming());
    for await (const batch of response.messages()) {
      expect(dataOf(batch)).toEqual(["1"]);
      break;
    }
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("with unread events closes its socket at once", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const more = () => {
        while (response.write(`data: ${"x".repeat(1_000)}\n\n`));
      };
      response.on("drain", more);
      more();
    });
    const { reader } = await openStream(server.origin);
    await reader.return?.();
    expect(await server.allClosed()).toBeLessThan(100);
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  test("after its last event keeps the connection when the body ends directly after", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: [DONE]\n\n");
      response.end();
    });
    const wire = transport({ connections: 1 });
    for (let call = 0; call < 5; call++) {
      for await (const batch of (await post(wire, server.origin, streaming())).messages()) {
        if (batch.at(-1)?.data === "[DONE]") break;
      }
    }
    expect(server.opened).toBe(1);
  });

  test("before the first read closes its socket", async () => {
    const server = await chunked("data: 1\n\n");
    const response = await post(transport(), server.origin, streaming());
    await response.messages()[Symbol.asyncIterator]().return?.();
    expect(await server.allClosed()).toBeLessThan(100);
  });
});

describe("a slow reader", () => {
  test("has bounded memory: the server is paused", async () => {
    let sent = 0;
    const total = 64 * 1024 * 1024;
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const event = `data: ${"x".repeat(16_000)}\n\n`;
      const more = () => {
        while (sent < total) {
          sent += event.length;
          if (!response.write(event)) return;
        }
        response.end();
      };
      response.on("drain", more);
      more();
    });
    const { reader, first } = await openStream(server.origin);
    let settledAt = -1;
    while (settledAt !== sent) {
      settledAt = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // What the kernel buffers on both sides of a loopback connection is a few megabytes.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
    let bytes = first.value.reduce((sum: number, { data }: { data: string }) => sum + data.length, 0);
    let largest = 0;
    for (let step = await reader.next(); step.done !== true; step = await reader.next()) {
      const size = step.value.reduce((sum, { data }) => sum + data.length, 0);
      largest = Math.max(largest, size);
      bytes += size;
    }
    expect(bytes).toBe(Math.ceil(total / 16_008) * 16_000);
    expect(largest).toBeLessThan(256 * 1024);
  });
});

describe("cancelling", () => {
  const reason = () => new ModelError({ code: "timed_out", phase: "attempt", message: "attempt over" });

  test("while the headers are awaited rejects with the reason and closes the socket", async () => {
    const server = await serve(() => {});
    const seen = streaming();
    const pending = failure(post(transport(), server.origin, seen));
    await until(() => server.requests.length === 1);
    const why = reason();
    seen.cancellation.cancel(why);
    expect(await pending).toBe(why);
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("during a stream rejects with the reason, and nothing more is emitted", async () => {
    const server = await chunked("data: 1\n\n");
    const { reader, seen } = await openStream(server.origin);
    const pending = failure(reader.next());
    const why = reason();
    seen.cancellation.cancel(why);
    expect(await pending).toBe(why);
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("drops unread events, even of an ended body", async () => {
    for (const end of ["", LAST_CHUNK]) {
      const server = await serveRaw((socket) => {
        socket.write(Buffer.concat([Buffer.from(CHUNKED_SSE_HEAD), chunk("data: 1\n\n"), Buffer.from(end)]));
      });
      const seen = streaming();
      const response = await post(transport(), server.origin, seen);
      const reader = response.messages()[Symbol.asyncIterator]();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const why = reason();
      seen.cancellation.cancel(why);
      expect(await failure(reader.next())).toBe(why);
    }
  });

  test("while the text is read rejects with the reason", async () => {
    const server = await serve((_request, response) => response.write("begin"));
    const seen = streaming({ streaming: false });
    const response = await post(transport(), server.origin, seen);
    const pending = failure(response.text());
    const why = reason();
    seen.cancellation.cancel(why);
    expect(await pending).toBe(why);
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("before the request sends nothing", async () => {
    const server = await serve((_request, response) => response.end());
    const seen = streaming();
    const why = reason();
    seen.cancellation.cancel(why);
    expect(await failure(post(transport(), server.origin, seen))).toBe(why);
    expect(server.opened).toBe(0);
  });
});
