import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import https from "node:https";
import net from "node:net";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import { CountedCancellation } from "../harness/counted-cancellation.ts";
import { CountingClock } from "../harness/counting-clock.ts";
import { LOCALHOST_CERT, LOCALHOST_KEY } from "../harness/localhost-certificate.ts";
import {
  CHUNKED_SSE_HEAD,
  chunk,
  collect,
  exchange,
  failure,
  listen,
  post,
  serve,
  serveRaw,
  streaming,
  transport,
  wireResponse,
} from "../harness/loopback.ts";
import { until } from "../harness/waits.ts";

describe("a caller's signal", () => {
  test("has no listener left after success, failure, refusal and abort", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/cut")
        return void response.writeHead(200, { "content-length": 9 }).write("x", () => response.destroy());
      response.writeHead(request.url === "/bad" ? 500 : 200).end("{}");
    });
    const wire = transport();
    const { signal } = new AbortController();
    const once = async (url: string) => {
      const response = await wire.fetch(url, { signal, exchange: exchange() });
      return await response.text();
    };
    for (let round = 0; round < 5; round++) {
      await once(server.origin);
      await once(`${server.origin}/bad`);
      await failure(once(`${server.origin}/cut`));
      await failure(once("http://127.0.0.1:1"));
      await failure(once("nonsense"));
    }
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("has one listener while a stream is open and none after it is closed", async () => {
    const server = await serveRaw((socket) => void socket.write(CHUNKED_SSE_HEAD + chunk("data: 1\n\n")));
    const { signal } = new AbortController();
    const response = await transport().fetch(server.origin, { signal, exchange: streaming() });
    for await (const _batch of wireResponse(response).messages()) {
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
      break;
    }
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("aborts the request with code aborted, closes the socket and keeps its reason as cause", async () => {
    const server = await serve(() => {});
    const controller = new AbortController();
    const pending = failure(transport().fetch(server.origin, { signal: controller.signal, exchange: exchange() }));
    await until(() => server.requests.length === 1);
    controller.abort("enough");
    expect(await pending).toMatchObject({ name: "ModelError", code: "aborted", cause: "enough" });
    expect(await server.allClosed()).toBeLessThan(100);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("aborts an open stream", async () => {
    const server = await serveRaw((socket) => void socket.write(CHUNKED_SSE_HEAD + chunk("data: 1\n\n")));
    const controller = new AbortController();
    const response = await transport().fetch(server.origin, { signal: controller.signal, exchange: streaming() });
    const reader = wireResponse(response).messages()[Symbol.asyncIterator]();
    await reader.next();
    const pending = failure(reader.next());
    controller.abort();
    expect(await pending).toMatchObject({ code: "aborted" });
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("that is already aborted sends nothing", async () => {
    const server = await serve((_request, response) => response.end());
    const error = await failure(transport().fetch(server.origin, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: "aborted" });
    expect(server.opened).toBe(0);
  });
});

describe("after a request", () => {
  test("no timer is left, and one timer serves a whole stream", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/json") return void response.end("{}");
      response.writeHead(200, { "content-type": "text/event-stream" });
      let left = 50;
      const write = () => {
        if (left-- === 0) return void response.end();
        response.write("data: x\n\n", () => setImmediate(write));
      };
      write();
    });
    const clock = new CountingClock();
    const wire = transport({ clock });
    await (await post(wire, `${server.origin}/json`)).json();
    expect(clock.armed).toBe(0);
    const before = clock.scheduled;
    expect(await collect(await post(wire, server.origin, streaming()))).toHaveLength(50);
    expect(clock.armed).toBe(0);
    expect(clock.scheduled - before).toBeLessThanOrEqual(2);
    await failure(post(wire, "http://127.0.0.1:1"));
    const seen = streaming();
    const pending = failure(post(wire, server.origin, seen));
    seen.cancellation.cancel(new ModelError({ code: "aborted", message: "x" }));
    await pending;
    expect(clock.armed).toBe(0);
  });

  test("the cancellation scope has no listener", async () => {
    const server = await serve((_request, response) => response.end("{}"));
    const cancellation = new CountedCancellation();
    const response = await post(transport(), server.origin, exchange({ cancellation }));
    await response.text();
    expect(cancellation.listening.size).toBe(0);
    cancellation.cancel(new ModelError({ code: "aborted", message: "late" }));
    expect(await response.text()).toBe("{}");
  });

  test("cancelling while connecting closes the half-open connection", async () => {
    const server = await listen(net.createServer((socket) => void socket.resume()));
    const seen = exchange();
    const pending = failure(post(transport(), `https://127.0.0.1:${server.port}`, seen));
    await until(() => server.sockets.size === 1);
    seen.cancellation.cancel(new ModelError({ code: "aborted", message: "x" }));
    expect(await pending).toMatchObject({ code: "aborted", message: "x" });
    expect(await server.allClosed()).toBeLessThan(100);
  });
});

describe("closing the transport", () => {
  test("fails in-flight requests, closes every socket and rejects later requests", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/idle") response.end("{}");
    });
    const wire = transport();
    await (await post(wire, `${server.origin}/idle`)).text();
    const pending = failure(post(wire, server.origin));
    await until(() => server.requests.length === 2);
    await wire.close();
    expect(await pending).toMatchObject({ name: "ModelError", code: "aborted" });
    expect(await server.allClosed()).toBeLessThan(100);
    expect(await failure(post(wire, server.origin))).toMatchObject({ code: "aborted" });
    await wire.close();
  });

  test("closes pending connections", async () => {
    const server = await listen(net.createServer((socket) => void socket.resume()));
    const wire = transport();
    const pending = failure(post(wire, `https://127.0.0.1:${server.port}`));
    await until(() => server.sockets.size === 1);
    await wire.close();
    expect(await pending).toMatchObject({ code: "aborted" });
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("lets the process exit at once", async () => {
    const tls = { key: LOCALHOST_KEY, cert: LOCALHOST_CERT };
    const server = await listen(https.createServer(tls, (_request, response) => response.end("{}")));
    const program = `
      const { createTransport } = await import(${JSON.stringify(new URL("../../src/transport/fetch.ts", import.meta.url).href)});
      const { Cancellation } = await import(${JSON.stringify(new URL("../../src/core/cancellation.ts", import.meta.url).href)});
      const exchange = { cancellation: new Cancellation(), connectTimeoutMs: 60000, silenceTimeoutMs: 60000,
        streaming: true, tls: { rejectUnauthorized: false }, sent: false };
      const wire = createTransport();
      const response = await wire.fetch("https://127.0.0.1:${server.port}", { exchange });
      await response.text();
      await wire.close();
      const at = performance.now();
      process.on("exit", () => process.stdout.write(String(performance.now() - at)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(Number(stdout)).toBeLessThan(100);
  });
});
