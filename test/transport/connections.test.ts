import http from "node:http";
import https from "node:https";
import net from "node:net";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import { LOCALHOST_CERT, LOCALHOST_KEY } from "../harness/localhost-certificate.ts";
import { exchange, failure, listen, post, serve, serveRaw, transport } from "../harness/loopback.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { until } from "../harness/waits.ts";

/** A host that accepts connections and then says nothing: a TLS handshake with it never ends. */
const mute = () => listen(net.createServer((socket) => void socket.resume()));

describe("a connection that fails", () => {
  test("says that nothing listens", async () => {
    const seen = exchange();
    const error = await failure(post(transport(), "http://127.0.0.1:1/v1", seen));
    expect(error).toMatchObject({ name: "ModelError", code: "connection_failed" });
    expect(error.message).toBe("No connection to http://127.0.0.1:1: nothing listens at 127.0.0.1:1 (ECONNREFUSED).");
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
    expect(seen).toMatchObject({ sent: false, response: undefined, failure: error });
  });

  test("unwraps the AggregateError of several addresses", async () => {
    const error = await failure(post(transport(), "http://localhost:1"));
    expect(error).toMatchObject({ code: "connection_failed" });
    expect(error.message).toMatch(/nothing listens at (127\.0\.0\.1|\[::1\]):1 \(ECONNREFUSED\)/);
  });

  test("says that a host cannot be resolved", async () => {
    const error = await failure(post(transport(), "http://no-such-host.invalid"));
    expect(error).toMatchObject({ code: "connection_failed" });
    expect(error.message).toMatch(/cannot resolve host no-such-host\.invalid \((ENOTFOUND|EAI_AGAIN)\)/);
  });

  test("before the first byte is connection_failed, with the request counted as sent", async () => {
    const server = await serveRaw((socket) => socket.destroy());
    const seen = exchange();
    const error = await failure(post(transport(), server.origin, seen));
    expect(error).toMatchObject({ name: "ModelError", code: "connection_failed" });
    expect(error.message).toContain("closed before an answer");
    expect(seen.sent).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test("by a reset is connection_failed", async () => {
    const server = await serveRaw((socket) => socket.resetAndDestroy());
    const error = await failure(post(transport(), server.origin));
    expect(error).toMatchObject({ code: "connection_failed", cause: { code: "ECONNRESET" } });
  });

  test("because the server closed a reused socket is connection_failed, and not resent", async () => {
    let answered = 0;
    const server = await serveRaw((socket) => {
      if (answered++ === 0) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
      else socket.destroy();
    });
    const wire = transport({ connections: 1 });
    await (await post(wire, server.origin)).text();
    const error = await failure(post(wire, server.origin));
    expect(error).toMatchObject({ code: "connection_failed" });
    expect(server.opened).toBe(1);
    expect(server.requests).toHaveLength(2);
  });

  test("because the response is not HTTP is protocol_error, without a retry", async () => {
    const server = await serveRaw((socket) => socket.end("SSH-2.0-OpenSSH\r\n"));
    expect(await failure(post(transport(), server.origin))).toMatchObject({
      code: "protocol_error",
      shouldRetry: false,
    });
  });

  test("does not affect later connections", async () => {
    let fail = true;
    const server = await serveRaw((socket) => {
      if (fail) socket.destroy();
      else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
    const wire = transport();
    await failure(post(wire, server.origin));
    fail = false;
    expect(await (await post(wire, server.origin)).text()).toBe("{}");
  });
});

describe("connect_timeout", () => {
  test("ends a connection that is never established, and closes its socket", async () => {
    const server = await mute();
    const seen = exchange({ connectTimeoutMs: 50 });
    using watch = new Stopwatch();
    const error = await failure(post(transport(), `https://127.0.0.1:${server.port}`, seen));
    expect(watch.elapsedMs).toBeLessThan(300);
    expect(error).toMatchObject({ name: "ModelError", code: "timed_out", phase: "connect" });
    expect(error.message).toBe(`No connection to https://127.0.0.1:${server.port} within 50 ms.`);
    expect(seen.sent).toBe(false);
    await server.allClosed();
    expect(server.opened).toBe(1);
  });

  test("does not count the time the server takes to answer", async () => {
    const server = await serve((_request, response) => void setTimeout(() => response.end("{}"), 120));
    const response = await post(transport(), server.origin, exchange({ connectTimeoutMs: 40 }));
    expect(await response.text()).toBe("{}");
  });

  test("of one request does not affect a slower one", async () => {
    const server = await mute();
    const wire = transport();
    const url = `https://127.0.0.1:${server.port}`;
    const slow = failure(post(wire, url, exchange({ connectTimeoutMs: 200 })));
    await failure(post(wire, url, exchange({ connectTimeoutMs: 20 })));
    await until(() => server.sockets.size === 1);
    expect((await slow).message).toContain("within 200 ms");
  });
});

describe("TLS", () => {
  const serveTls = () => {
    const options = { key: LOCALHOST_KEY, cert: LOCALHOST_CERT };
    return listen(https.createServer(options, (_request, response) => response.end('"secure"')));
  };

  test("with an unknown certificate names the certificate", async () => {
    const server = await serveTls();
    const error = await failure(post(transport(), `https://127.0.0.1:${server.port}`));
    expect(error).toMatchObject({ code: "connection_failed", cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });
    expect(error.message).toContain("certificate");
  });

  test("accepts a certificate of the given authority", async () => {
    const server = await serveTls();
    const seen = exchange({ tls: { ca: LOCALHOST_CERT } });
    const response = await post(transport(), `https://127.0.0.1:${server.port}`, seen);
    expect(await response.json()).toBe("secure");
  });

  test("accepts any certificate only for requests that allow it", async () => {
    const server = await serveTls();
    const wire = transport();
    const url = `https://localhost:${server.port}`;
    const trusting = exchange({ tls: { rejectUnauthorized: false } });
    expect(await (await post(wire, url, trusting)).json()).toBe("secure");
    expect(await failure(post(wire, url))).toMatchObject({ code: "connection_failed" });
  });

  test("to a server without TLS is connection_failed", async () => {
    const server = await serve((_request, response) => response.end());
    const error = await failure(post(transport(), `https://127.0.0.1:${server.port}`));
    expect(error).toMatchObject({ code: "connection_failed" });
  });
});

describe("a proxy", () => {
  /** Tunnels CONNECT requests that `admit` accepts and forwards plain ones. */
  const serveProxy = async (admit: (headers: http.IncomingHttpHeaders) => number) => {
    const seen: string[] = [];
    const server = http.createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      const status = admit(request.headers);
      if (status !== 200) response.writeHead(status).end("no");
      else forward(request, response);
    });
    server.on("connect", (request, socket: net.Socket) => {
      seen.push(`CONNECT ${request.url}`);
      const status = admit(request.headers);
      if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const [host, port] = String(request.url).split(":");
      const upstream = net.connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    return { ...(await listen(server)), seen };
  };
  const forward = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { method = "GET", headers } = request;
    const upstream = http.request(String(request.url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(upstream);
  };
  const serveTls = (body: string) =>
    listen(
      https.createServer({ key: LOCALHOST_KEY, cert: LOCALHOST_CERT }, (_request, response) => response.end(body)),
    );
  const tls = { ca: LOCALHOST_CERT };
  const basic = `Basic ${Buffer.from("user:pass word").toString("base64")}`;

  test("tunnels TLS with the credentials of its URL", async () => {
    const target = await serveTls('"tunnelled"');
    const proxy = await serveProxy((headers) => (headers["proxy-authorization"] === basic ? 200 : 407));
    const seen = exchange({ proxy: `http://user:pass%20word@127.0.0.1:${proxy.port}`, tls });
    const response = await post(transport(), `https://127.0.0.1:${target.port}/v1`, seen);
    expect(await response.json()).toBe("tunnelled");
    expect(proxy.seen).toEqual([`CONNECT 127.0.0.1:${target.port}`]);
  });

  test("forwards plain HTTP", async () => {
    const target = await serve((_request, response) => response.end('"forwarded"'));
    const proxy = await serveProxy(() => 200);
    const response = await post(transport(), `${target.origin}/v1`, exchange({ proxy: proxy.origin }));
    expect(await response.json()).toBe("forwarded");
    expect(proxy.seen).toEqual([`POST ${target.origin}/v1`]);
  });

  test.each(["http", "https"])(
    "that requires credentials for %s is proxy_refused, without its own in the error",
    async (scheme) => {
      const target = await serve((_request, response) => response.end());
      const proxy = await serveProxy(() => 407);
      const seen = exchange({ proxy: `http://user:hunter2@127.0.0.1:${proxy.port}` });
      const error = await failure(post(transport(), `${scheme}://127.0.0.1:${target.port}/v1`, seen));
      expect(error).toMatchObject({ name: "ModelError", code: "proxy_refused" });
      expect(error.message).toBe(`The proxy 127.0.0.1:${proxy.port} wants credentials (407).`);
      expect(JSON.stringify([error, String(error), String(error.cause)])).not.toContain("hunter2");
      expect(seen.sent && scheme === "https").toBe(false);
      expect(target.requests).toHaveLength(0);
    },
  );

  test("that forbids the target is proxy_refused; one that cannot reach it is connection_failed", async () => {
    for (const [status, code] of [
      [403, "proxy_refused"],
      [502, "connection_failed"],
    ] as const) {
      const proxy = await serveProxy(() => status);
      const error = await failure(post(transport(), "https://127.0.0.1:1", exchange({ proxy: proxy.origin })));
      expect(error).toMatchObject({ code });
      expect(error.message).toContain(`(${status})`);
    }
  });

  test("that is unreachable is connection_failed and named", async () => {
    const seen = exchange({ proxy: "http://u:hunter2@127.0.0.1:1" });
    const error = await failure(post(transport(), "https://example.invalid", seen));
    expect(error).toMatchObject({ code: "connection_failed" });
    expect(error.message).toBe(
      "No connection to https://example.invalid through the proxy 127.0.0.1:1: nothing listens at 127.0.0.1:1 (ECONNREFUSED).",
    );
  });

  test("that never answers CONNECT ends after connect_timeout", async () => {
    const proxy = await mute();
    const seen = exchange({ proxy: proxy.origin, connectTimeoutMs: 50 });
    const error = await failure(post(transport(), "https://example.invalid", seen));
    expect(error).toMatchObject({ code: "timed_out", phase: "connect" });
  });
});

describe("a redirect", () => {
  const redirecting = (status: number, location: () => string | undefined) =>
    serve((request, response) => {
      if (request.url === "/end") return void response.end('"arrived"');
      const target = location();
      response.writeHead(status, target === undefined ? {} : { location: target }).end("moved");
    });

  test.each([301, 302, 303, 307, 308])("%i to another origin is blocked, and nothing is sent there", async (status) => {
    const other = await serve((_request, response) => response.end("{}"));
    const server = await redirecting(status, () => `${other.origin}/v1/steal?token=abc`);
    const error = await failure(post(transport(), server.origin));
    expect(error).toMatchObject({ name: "ModelError", code: "redirect_blocked" });
    expect(error.message).toContain(other.origin);
    expect(error.message).not.toContain("steal");
    expect(other.requests).toHaveLength(0);
    expect(other.opened).toBe(0);
    await until(() => server.sockets.size === 0);
  });

  test("to another scheme of the same host is blocked", async () => {
    const server = await redirecting(307, () => `https://127.0.0.1:${server.port}/end`);
    expect(await failure(post(transport(), server.origin))).toMatchObject({ code: "redirect_blocked" });
  });

  test.each([307, 308])("%i within the origin is followed with the same method, headers and body", async (status) => {
    const server = await redirecting(status, () => "/end");
    const response = await post(transport(), `${server.origin}/v1`);
    expect(await response.json()).toBe("arrived");
    expect(response.url).toBe(`${server.origin}/end`);
    const [first, second] = server.requests;
    expect(second).toMatchObject({ method: "POST", url: "/end", body: first?.body });
    expect(second?.headers.authorization).toBe("Bearer test-key");
  });

  test("is followed at most three times", async () => {
    const server = await redirecting(307, () => "/again");
    const error = await failure(post(transport(), server.origin));
    expect(error).toMatchObject({ code: "protocol_error" });
    expect(server.requests).toHaveLength(4);
  });

  test("with 302 within the origin, or without a target, is a protocol_error", async () => {
    const moved = await redirecting(302, () => "/end");
    expect(await failure(post(transport(), moved.origin))).toMatchObject({ code: "protocol_error" });
    const lost = await redirecting(307, () => undefined);
    const seen = exchange();
    expect(await failure(post(transport(), lost.origin, seen))).toMatchObject({ code: "protocol_error" });
    expect(seen.response?.status).toBe(307);
    expect(await failure(seen.response?.text() ?? Promise.resolve())).toMatchObject({ code: "protocol_error" });
  });

  test("can be aborted between its two requests", async () => {
    const seen = exchange();
    const server = await serve((request, response) => {
      if (request.url === "/end") return seen.cancellation.cancel(new ModelError({ code: "aborted", message: "stop" }));
      response.writeHead(307, { location: "/end" }).end();
    });
    expect(await failure(post(transport(), server.origin, seen))).toMatchObject({ code: "aborted", message: "stop" });
  });
});
