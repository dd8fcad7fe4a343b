import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { exchange, failure, post, serve, serveRaw, streaming, transport, wireResponse } from "../harness/loopback.ts";
import { until } from "../harness/waits.ts";

const JSON_TYPE = { "content-type": "application/json" };

describe("a request", () => {
  test("arrives with method, path, query, headers and body", async () => {
    const server = await serve((_request, response) => response.end("{}"));
    const wire = transport();
    await wire.fetch(`${server.origin}/v1/chat?alt=sse`, {
      method: "post",
      headers: new Headers({ authorization: "Bearer k" }),
      body: "äöü",
    });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", url: "/v1/chat?alt=sse", body: "äöü" });
    expect(request?.headers).toMatchObject({ authorization: "Bearer k", "content-length": "6" });
  });

  test("accepts headers as a record, pairs or Headers, and bytes as a body", async () => {
    const server = await serve((_request, response) => response.end("{}"));
    const wire = transport();
    for (const headers of [{ "X-A": "1" }, [["x-a", "1"]] as [string, string][], new Headers({ "x-a": "1" })]) {
      await wire.fetch(new URL(server.origin), { method: "POST", headers, body: new TextEncoder().encode("bytes") });
    }
    expect(server.requests.map(({ headers, body }) => [headers["x-a"], body])).toEqual(Array(3).fill(["1", "bytes"]));
  });

  test("supports only http and https, with an optional body", async () => {
    const server = await serve((_request, response) => response.end("{}"));
    const wire = transport();
    const response = await wire.fetch(server.origin, { method: "GET", body: null, exchange: exchange() });
    expect(await response.text()).toBe("{}");
    for (const address of ["ftp://127.0.0.1/v1", "file:///etc/hosts", "no address"]) {
      expect(await failure(post(wire, address))).toMatchObject({ code: "invalid_request" });
    }
    expect(server.requests).toHaveLength(1);
  });

  test("requests identity encoding when streaming, unless the caller set another", async () => {
    const server = await serve((_request, response) => response.end("{}"));
    const wire = transport();
    await post(wire, server.origin, streaming());
    await post(wire, server.origin);
    await wire.fetch(server.origin, { headers: { "accept-encoding": "br" }, exchange: streaming() });
    expect(server.requests.map(({ headers }) => headers["accept-encoding"])).toEqual([
      "identity",
      "gzip, deflate, br",
      "br",
    ]);
  });

  test("reuses keep-alive connections", async () => {
    const server = await serve((_request, response) => response.end("{}"));
    const wire = transport();
    for (let call = 0; call < 20; call++) await (await post(wire, server.origin)).text();
    expect(server.requests).toHaveLength(20);
    // undici lets a connection rest for one turn of the event loop, so calls without a pause alternate between two.
    expect(server.opened).toBeLessThanOrEqual(2);
  });

  test.each([
    ["a stream as body", "http://127.0.0.1:1/", { method: "POST", body: new Blob(["x"]) as unknown as string }],
    ["a relative address", "/v1/chat", {}],
    ["another scheme", "ftp://127.0.0.1/", {}],
    ["a header with a line break", "http://127.0.0.1:1/", { headers: { "x-a": "a\r\nb: c" } }],
  ])("with %s is an invalid_request and not sent", async (_name, url, init) => {
    const seen = exchange();
    const error = await failure(transport().fetch(url, { ...init, exchange: seen }));
    expect(error).toMatchObject({ name: "ModelError", code: "invalid_request" });
    expect(seen.sent).toBe(false);
    expect(seen.failure).toBe(error);
  });
});

describe("an answer", () => {
  test("sets status and headers in the exchange, on success and on error", async () => {
    const server = await serve((request, response) => {
      response.writeHead(request.url === "/bad" ? 429 : 200, {
        ...JSON_TYPE,
        "X-Request-Id": "r1",
        "retry-after": "7",
      });
      response.end('{"ok":1}');
    });
    const wire = transport();
    for (const [path, status] of [
      ["/good", 200],
      ["/bad", 429],
    ] as const) {
      const seen = exchange();
      const response = await post(wire, server.origin + path, seen);
      expect(seen.sent).toBe(true);
      expect(seen.response).toBe(response);
      expect(response).toMatchObject({ status, ok: status === 200, url: server.origin + path });
      expect(response.headers.get("x-request-id")).toBe("r1");
      expect(response.headers.get("Retry-After")).toBe("7");
      expect(await response.text()).toBe('{"ok":1}');
      expect(seen.errorBody).toBe(status === 200 ? undefined : '{"ok":1}');
    }
  });

  test("can be read repeatedly as text and as JSON", async () => {
    const server = await serve((_request, response) => response.end('{"a":"ü"}'));
    const response = await post(transport(), server.origin);
    expect([await response.text(), await response.json()]).toEqual(['{"a":"ü"}', { a: "ü" }]);
  });

  test("loses its byte order mark", async () => {
    const server = await serve((_request, response) => response.end('\uFEFF{"a":1}'));
    expect(await (await post(transport(), server.origin)).json()).toEqual({ a: 1 });
  });

  test("in several reads is one text, even with split characters", async () => {
    const server = await serve((_request, response) => {
      const bytes = Buffer.from('"€€"');
      response.write(bytes.subarray(0, 2));
      setImmediate(() => response.end(bytes.subarray(2)));
    });
    expect(await (await post(transport(), server.origin)).json()).toBe("€€");
  });

  test("that is not JSON is described in the error, without the query and keys", async () => {
    const server = await serve((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<html>login sk-abcdefghijklmnop1234 ${"x".repeat(1000)}`);
    });
    const response = await post(transport(), `${server.origin}/v1?key=secret`);
    const error = await failure(response.json());
    expect(error).toMatchObject({ code: "protocol_error", status: 200 });
    expect(error.message).toContain(`expected JSON from ${server.origin}/v1, got text/html; check base_url`);
    expect(error.message).toContain("<html>login [secret]");
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toContain("key=secret");
  });

  test("that is empty is a protocol_error", async () => {
    const server = await serve((_request, response) => response.end());
    const error = await failure((await post(transport(), server.origin)).json());
    expect(error).toMatchObject({ code: "protocol_error" });
    expect(error.message).toContain("an empty body");
  });

  test.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
  ] as const)("in %s is decoded", async (encoding, compress) => {
    const text = JSON.stringify({ text: "ü".repeat(100_000) });
    const server = await serve((_request, response) => {
      response.setHeader("content-encoding", encoding);
      response.end(compress(Buffer.from(text)));
    });
    expect(await (await post(transport(), server.origin)).text()).toBe(text);
  });

  test("in an unknown encoding is a protocol_error", async () => {
    const server = await serve((_request, response) => {
      response.setHeader("content-encoding", "snappy");
      response.end("xxxx");
    });
    const error = await failure(post(transport(), server.origin));
    expect(error).toMatchObject({ code: "protocol_error" });
    expect(error.message).toContain('"snappy"');
  });

  test("with damaged compression is a protocol_error", async () => {
    const server = await serve((_request, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end("this is no gzip");
    });
    expect(await failure((await post(transport(), server.origin)).text())).toMatchObject({ code: "protocol_error" });
  });

  const gzipped = gzipSync(Buffer.from('{"a":1}'.repeat(100)));
  test.each([
    ["shorter than its content-length", "content-length: 100\r\n\r\n", Buffer.from('{"a":')],
    ["chunked without the last chunk", "transfer-encoding: chunked\r\n\r\n", Buffer.from('5\r\n{"a":\r\n')],
    ["gzip without its end", "content-encoding: gzip\r\n\r\n", gzipped.subarray(0, gzipped.length - 12)],
  ])("truncated as %s is connection_failed", async (_name, head, bytes) => {
    const server = await serveRaw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}`);
      socket.end(bytes);
    });
    const error = await failure((await post(transport(), server.origin)).json());
    expect(error).toMatchObject({ name: "ModelError", code: "connection_failed" });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("that is a truncated error keeps its status and partial body", async () => {
    const server = await serveRaw((socket) => {
      socket.end("HTTP/1.1 503 No\r\ncontent-length: 100\r\n\r\nbusy");
    });
    const seen = exchange();
    const response = await post(transport(), server.origin, seen);
    expect([response.status, await response.text(), seen.errorBody]).toEqual([503, "busy", "busy"]);
  });

  test("that is an endless error is read up to 64 KiB, then the socket is closed", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(500);
      const more = () => {
        while (response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    const seen = exchange();
    const text = await (await post(transport(), server.origin, seen)).text();
    expect(text).toHaveLength(64 * 1024);
    expect(seen.errorBody).toBe(text);
    expect(await server.allClosed()).toBeLessThan(100);
  });

  test("of 5 MB arrives complete", async () => {
    const text = JSON.stringify("é".repeat(2_500_000));
    const server = await serve((_request, response) => response.end(text));
    expect((await (await post(transport(), server.origin)).text()).length).toBe(text.length);
  });

  test("after informational headers is the final one", async () => {
    const server = await serve((_request, response) => {
      response.writeEarlyHints({ link: "</a>; rel=preload" });
      response.end('{"final":true}');
    });
    expect(await (await post(transport(), server.origin)).json()).toEqual({ final: true });
  });

  test("can be cancelled, which closes its socket and rejects reads", async () => {
    const server = await serve((_request, response) => response.write("begin"));
    const response = await post(transport(), server.origin);
    response.cancel();
    expect(await server.allClosed()).toBeLessThan(100);
    expect(await failure(response.text())).toMatchObject({ code: "aborted" });
  });

  test("works with the default exchange", async () => {
    const server = await serve((_request, response) => response.end("[1]"));
    const response = wireResponse(await transport().fetch(server.origin));
    expect(await response.json()).toEqual([1]);
    await until(() => server.requests.length === 1);
  });
});
