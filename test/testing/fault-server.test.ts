import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { type FaultServer, type FaultServerOptions, faultServer } from "modelwright/testing";
import { Agent, request as undiciRequest } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { bodyOf, headOf, rawExchange } from "./raw-exchange.ts";

async function serving(options: FaultServerOptions = {}): Promise<FaultServer> {
  const server = await faultServer(options);
  onTestFinished(() => server.close());
  return server;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: { code?: string; cause?: { code?: string } }) => error.code ?? error.cause?.code ?? String(error),
  );

async function until(condition: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > 2_000) throw new Error("the condition never came true");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe("the bytes of a script", () => {
  it("a JSON response has its length and closes the connection", async () => {
    const server = await serving({
      attempts: [
        [
          ["status", 503, { "x-a": "b" }],
          ["json", { error: "é" }],
        ],
      ],
    });
    const answer = await rawExchange(server.port);
    expect(headOf(answer).split("\r\n")).toEqual([
      "HTTP/1.1 503 Service Unavailable",
      "x-a: b",
      "content-type: application/json",
      "content-length: 14",
      "connection: close",
    ]);
    expect(bodyOf(answer).toString()).toBe('{"error":"é"}');
    expect(answer.ending).toBe("end");
  });

  it("scripts are used in order of arrival, and the last one repeats", async () => {
    const server = await serving({
      attempts: [
        [
          ["status", 429],
          ["json", {}],
        ],
        [["okjson"]],
      ],
    });
    const codes = [];
    for (let call = 0; call < 3; call += 1) codes.push((await fetch(server.url)).status);
    expect(codes).toEqual([429, 200, 200]);
  });

  it("events have the line end of the preceding step, or that of the server", async () => {
    const script = [["sse"], ["eol", "\r\n"], ["event", "ping", { a: 1 }], ["data", "x"], ["end"]] as const;
    const own = await serving({ attempts: [script] });
    expect(bodyOf(await rawExchange(own.port)).toString()).toBe('event: ping\r\ndata: {"a":1}\r\n\r\ndata: x\r\n\r\n');
    const fixed = await serving({ attempts: [script], eol: "\r" });
    expect(bodyOf(await rawExchange(fixed.port)).toString()).toBe('event: ping\rdata: {"a":1}\r\rdata: x\r\r');
  });

  it("an unfinished chunked stream lacks its last chunk", async () => {
    const cut = await serving({ attempts: [[["sse", "chunked"], ["data", "x"], ["fin"]]] });
    expect(bodyOf(await rawExchange(cut.port)).toString()).toBe("9\r\ndata: x\n\n\r\n");
    const whole = await serving({ attempts: [[["sse", "chunked"], ["data", "x"], ["end"]]] });
    expect(bodyOf(await rawExchange(whole.port)).toString()).toBe("9\r\ndata: x\n\n\r\n0\r\n\r\n");
  });

  it("bytes are written unchanged, without framing for raw!", async () => {
    const script = [["raw!", "HTTP/1.1 200 OK\r\n\r\n"], ["raw!", "a"], ["fin"]] as const;
    const past = await serving({ attempts: [script] });
    expect((await rawExchange(past.port)).bytes.toString()).toBe("HTTP/1.1 200 OK\r\n\r\na");
    const inside = await serving({
      attempts: [[["sse"], ["hex", "ef bb bf"], ["hexdata", "ff"], ["raw", "\n"], ["fin"]]],
    });
    expect(bodyOf(await rawExchange(inside.port)).toString("hex")).toBe("efbbbf646174613a20ff0a0a0a");
  });

  it.each([{ split: 7 }, { attempts: [[["split", 7, 1], ["okjson"]]] }] as FaultServerOptions[])(
    "segments have the requested length: %j",
    async (options) => {
      const server = await serving(options);
      const whole = await rawExchange((await serving()).port);
      const split = await rawExchange(server.port);
      expect(split.bytes.equals(whole.bytes)).toBe(true);
      expect(split.segments.length).toBeGreaterThan(20);
    },
  );

  it("a reset is sent after the written bytes", async () => {
    const server = await serving({
      attempts: [[["status", 200, { "content-length": "500" }], ["raw", '{"id"'], ["rst"]]],
    });
    const answer = await rawExchange(server.port);
    expect(answer.ending).toBe("reset");
    expect(bodyOf(answer).toString()).toBe('{"id"');
    expect(await codeOf(fetch((await serving({ attempts: [[["rst"]]] })).url))).toBe("ECONNRESET");
  });

  it("a status without a body is sent before the end", async () => {
    const server = await serving({ attempts: [[["status", 204], ["fin"]]] });
    expect(headOf(await rawExchange(server.port))).toBe("HTTP/1.1 204 No Content\r\nconnection: close");
  });

  it("repeated steps without a gap use large writes", async () => {
    const server = await serving({ attempts: [[["sse"], ["repeat", 10_000, ["data", "x"]], ["end"]]] });
    const answer = await rawExchange(server.port);
    expect(bodyOf(answer).toString()).toBe("data: x\n\n".repeat(10_000));
    expect(answer.segments.length).toBeLessThan(200);
  });

  it("one delta of any size", async () => {
    const server = await serving({ attempts: [[["sse"], ["bigdelta", 1_000_000], ["end"]]] });
    const [, json = ""] = bodyOf(await rawExchange(server.port))
      .toString()
      .split("data: ");
    expect(JSON.parse(json).choices[0].delta.content).toHaveLength(1_000_000);
  });
});

describe("small answers", () => {
  it("one body is an answer in every wire format", async () => {
    const body = (await (await fetch((await serving()).url)).json()) as Record<string, never[]>;
    expect(body["choices"]?.[0]?.["message"]?.["content"]).toBe("ok");
    expect(body["content"]?.[0]?.["text"]).toBe("ok");
    expect(body["output"]?.[0]?.["content"]?.[0]?.["text"]).toBe("ok");
    expect(body["candidates"]?.[0]?.["content"]?.["parts"]?.[0]?.["text"]).toBe("ok");
    expect(body["data"]?.[0]).toMatchObject({ index: 0, embedding: [1, 0] });
    expect(body["embeddings"]?.[0]).toEqual({ values: [1, 0] });
  });

  it.each([
    ["openai", "[DONE]"],
    ["openai-responses", "response.completed"],
    ["anthropic", "message_stop"],
    ["google", "STOP"],
  ] as const)("the stream of %s ends with its own marker", async (wire, mark) => {
    const server = await serving({ attempts: [[["okstream", wire]]] });
    expect((await (await fetch(server.url)).text()).trim().split("\n\n").at(-1)).toContain(mark);
  });
});

describe("compression", () => {
  const script = (mode: "flush" | "once" | "cut") =>
    [["gzip", mode], ["sse"], ["data", "a"], ["data", "b"], ["end"]] as const;

  it("each step can be decoded separately", async () => {
    const server = await serving({ attempts: [[["gzip"], ["sse"], ["data", "a"], ["hang"]]] });
    const response = await fetch(server.url);
    const first = await response.body?.getReader().read();
    expect(new TextDecoder().decode(first?.value)).toBe("data: a\n\n");
  });

  it("or arrives completely at the end", async () => {
    const server = await serving({ attempts: [script("once")] });
    expect(gunzipSync(bodyOf(await rawExchange(server.port))).toString()).toBe("data: a\n\ndata: b\n\n");
  });

  it("or is truncated", async () => {
    const server = await serving({ attempts: [script("cut")] });
    const answer = await rawExchange(server.port);
    expect(() => gunzipSync(bodyOf(answer))).toThrow("unexpected end");
  });

  it("a JSON body has the length of what is sent", async () => {
    const server = await serving({ attempts: [[["gzip"], ["json", { a: "b".repeat(999) }]]] });
    expect(await (await fetch(server.url)).json()).toEqual({ a: "b".repeat(999) });
    expect(headOf(await rawExchange(server.port))).toContain("content-encoding: gzip");
  });
});

describe("the record", () => {
  it("has the requests, with masked credentials", async () => {
    const server = await serving();
    const agent = new Agent();
    onTestFinished(() => agent.close());
    await undiciRequest(`${server.url}/v1/x?key=sk-1&b=2`, {
      method: "POST",
      dispatcher: agent,
      headers: { authorization: "Bearer sk-2", "X-Api-Key": "sk-3", "content-type": "application/json" },
      body: '{"a":[1]}',
    });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", connection: 1, body: { a: [1] } });
    expect(request?.path).toBe("/v1/x?key=%5Bmasked%5D&b=2");
    expect(request?.headers).toMatchObject({ authorization: "Bearer [masked]", "x-api-key": "[masked]" });
    expect(request?.bytes).toBeGreaterThan(100);
    expect(JSON.stringify(server.requests)).not.toContain("sk-");
  });

  it("reads chunked bodies, split bodies and requests in one segment", async () => {
    const server = await serving({ keepAlive: true });
    const socket = connect(server.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(
      "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nPOST /b HTTP/1.1\r\ncontent-length: 4\r\n\r\nfg",
    );
    await until(() => server.requests.length === 1);
    socket.write("hi");
    await until(() => server.requests.length === 2);
    expect(server.requests.map(({ path, body, connection }) => [path, body, connection])).toEqual([
      ["/a", "abcde", 1],
      ["/b", "fghi", 1],
    ]);
  });

  it("has the time of a disconnect, and the bytes written after it", async () => {
    const server = await serving({ attempts: [[["sse"], ["repeat", 1_000, ["data", "x"], 1]]] });
    const client = http.get(server.url, (response) => {
      response.once("data", () => client.destroy());
    });
    client.on("error", () => {});
    await until(() => server.requests[0]?.closedMs !== undefined);
    const [request] = server.requests;
    expect(request?.closedByPeerMs).toBeGreaterThan(request?.arrivedMs ?? Number.NaN);
    expect(request?.bytesWrittenAfterClose).toBeLessThan(request?.bytesWritten ?? 0);
  });

  it("does not report a scripted reset as closed by the peer", async () => {
    const server = await serving({ attempts: [[["rst"]]] });
    await rawExchange(server.port);
    await until(() => server.requests[0]?.closedMs !== undefined);
    expect(server.requests[0]?.closedByPeerMs).toBeUndefined();
  });
});

describe("connections", () => {
  it("serve the next request when kept alive, and can be reset", async () => {
    const server = await serving({ keepAlive: true, attempts: [[["okjson"]], [["rst"]], [["okjson"]]] });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const get = () =>
      new Promise((resolve, reject) => {
        http.get(server.url, { agent }, (response) => response.resume().once("end", resolve)).once("error", reject);
      });
    await get();
    expect(await codeOf(get())).toBe("ECONNRESET");
    await get();
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
    expect(server.connections).toBe(2);
  });

  it("refuses connections", async () => {
    const server = await serving({ connect: "refuse" });
    expect(await codeOf(fetch(server.url))).toBe("ECONNREFUSED");
  });

  it("blackholes connections", async () => {
    const server = await serving({ connect: "blackhole" });
    const socket = connect(server.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    const connected = new Promise((resolve) => socket.once("connect", () => resolve("connected")));
    const silence = new Promise((resolve) => setTimeout(resolve, 300, "silence"));
    expect(await Promise.race([connected, silence])).toBe("silence");
  });

  it("close ends hanging requests", async () => {
    const server = await faultServer({ attempts: [[["hang"]]] });
    const answer = rawExchange(server.port);
    await until(() => server.requests.length === 1);
    await server.close();
    expect((await answer).bytes.length).toBe(0);
    expect(server.open).toBe(0);
  });

  it("is closed at the end of its block", async () => {
    const url = await (async () => {
      await using server = await faultServer();
      return server.url;
    })();
    expect(await codeOf(fetch(url))).toBe("ECONNREFUSED");
  });
});

describe("TLS", () => {
  const get = (server: FaultServer) =>
    new Promise((resolve, reject) => {
      https
        .get(server.url, { ca: server.authority, agent: false }, (response) => resolve(response.statusCode))
        .once("error", reject);
    });

  it("a valid certificate is accepted only by clients that trust the authority", async () => {
    const server = await serving({ tls: {} });
    expect(await get(server)).toBe(200);
    expect(await codeOf(fetch(server.url))).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  });

  it.each([
    ["expired", "CERT_HAS_EXPIRED"],
    ["wrong-host", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["self-signed", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ] as const)("a certificate that is %s is rejected", async (cert, code) => {
    const server = await serving({ tls: { cert } });
    expect(await codeOf(get(server))).toBe(code);
    expect(server.requests).toEqual([]);
  });

  it("can be reset", async () => {
    const server = await serving({ tls: {}, attempts: [[["rst"]]] });
    expect(await codeOf(get(server))).toBe("ECONNRESET");
  });
});

describe("a proxy", () => {
  const through = (proxy: FaultServer, path: string) =>
    rawExchange(proxy.port, `CONNECT ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);

  it("requires credentials", async () => {
    const proxy = await serving({ attempts: [[["proxy407"]]] });
    const answer = await through(proxy, "example.test:443");
    expect(headOf(answer)).toContain("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic");
    expect(proxy.requests[0]).toMatchObject({ method: "CONNECT", path: "example.test:443" });
  });

  it("or creates the tunnel", async () => {
    const target = await serving();
    const proxy = await serving({ attempts: [[["tunnel"]]] });
    const request = `CONNECT 127.0.0.1:${target.port} HTTP/1.1\r\n\r\nGET /through HTTP/1.1\r\n\r\n`;
    const answer = await rawExchange(proxy.port, request);
    expect(answer.bytes.toString()).toMatch(/^HTTP\/1.1 200 Connection Established\r\n\r\nHTTP\/1.1 200 OK/);
    expect(target.requests.map(({ path }) => path)).toEqual(["/through"]);
  });
});

describe("many requests", () => {
  it("a route has its own scripts", async () => {
    const server = await serving({
      attempts: [
        [
          ["status", 418],
          ["json", {}],
        ],
      ],
      routes: [
        { match: { method: "post", path: "/b", header: { "X-Who": "me" }, body: "needle" }, attempts: [[["okjson"]]] },
      ],
    });
    const post = (path: string, who: string, body: string) =>
      fetch(server.url + path, { method: "POST", headers: { "x-who": who }, body }).then(({ status }) => status);
    expect(await post("/a/b", "me", "a needle")).toBe(200);
    expect(await post("/a", "me", "a needle")).toBe(418);
    expect(await post("/b", "you", "a needle")).toBe(418);
    expect(await post("/b", "me", "hay")).toBe(418);
    expect((await fetch(`${server.url}/b`)).status).toBe(418);
  });

  it("a barrier holds them until all have arrived", async () => {
    const server = await serving({ attempts: [[["barrier", "all", 3], ["okjson"]]] });
    const first = [fetch(server.url), fetch(server.url)];
    await until(() => server.requests.length === 2);
    expect(server.requests.map(({ bytesWritten }) => bytesWritten)).toEqual([0, 0]);
    const answers = await Promise.all([...first, fetch(server.url)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it("a rate admits requests within its window, and sends the retry delay", async () => {
    const server = await serving({ attempts: [[["rate", { requests: 2, windowMs: 1_000 }], ["okjson"]]] });
    const answers = await Promise.all([1, 2, 3].map(() => fetch(server.url)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect(refused?.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    const waitMs = Number(refused?.headers.get("retry-after-ms"));
    expect(waitMs).toBeGreaterThan(300);
    await new Promise((resolve) => setTimeout(resolve, waitMs + 5));
    expect((await fetch(server.url)).status).toBe(200);
  });

  it("tokens are those of the prompt and the maximum answer", async () => {
    const server = await serving({ attempts: [[["rate", { tokens: 1_000 }], ["okjson"]]] });
    const ask = (tokens: number) => fetch(server.url, { method: "POST", body: JSON.stringify({ max_tokens: tokens }) });
    expect((await ask(800)).headers.get("x-ratelimit-limit-tokens")).toBe("1000");
    expect((await ask(800)).status).toBe(429);
  });
});

describe("expectations", () => {
  it("are checked against the record", async () => {
    const server = await serving({ attempts: [[["hang"]]], expect: { maxRequests: 1 } });
    const socket = connect(server.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nX-Secret: 1\r\n\r\n"));
    onTestFinished(() => void socket.destroy());
    await until(() => server.requests.length === 1);
    await server.expect();
    await server.expect({ minRequests: 1, headerAbsent: "authorization" });
    await expect(
      server.expect({
        closeWithin: 20,
        headerAbsent: ["x-secret"],
        bodyMatches: "^hello",
        maxRequests: 0,
        minRequests: 2,
      }),
    ).rejects.toThrow(
      "expected every connection closed within 20 ms, 1 still open; at most 0 requests, there were 1; at least 2 requests, there were 1; no header x-secret, request 1 had it; a body like /^hello/, that of request 1 is not",
    );
    socket.destroy();
    await server.expect({ closeWithin: 1_000 });
  });
});

describe("an invalid script", () => {
  const refusal = (options: unknown) =>
    faultServer(options as FaultServerOptions).then(
      async (server) => server.close().then(() => "accepted"),
      (error: Error) => `${error.name}: ${error.message}`,
    );

  it.each([
    [
      { attempts: [[["okjson"], ["jsno", 1]]] },
      'TypeError: attempts[0][1] ["jsno",1]: unknown step "jsno"; known steps: status, json',
    ],
    [{ attempts: [[["status", "200"]]] }, 'attempts[0][0] ["status","200"]: the code must be a number from 200 to 599'],
    [{ attempts: [[["status", 200, { a: 1 }]]] }, 'the header "a" must be a string on one line'],
    [{ attempts: [[["status", 200, { a: "b\r\nc: d" }]]] }, 'the header "a" must be a string on one line'],
    [{ attempts: [[["json"]]] }, "the body is missing"],
    [{ attempts: [[["hex", "0g"]]] }, "the bytes must be hexadecimal digits"],
    [{ attempts: [[["split", 0]]] }, "the bytes must be a positive integer"],
    [{ attempts: [[["hang", 1]]] }, "takes 0 values, got 1"],
    [{ attempts: [[["repeat", 2, ["dat", 1]]]] }, 'unknown step "dat"'],
    [{ attempts: [[["rate", {}]]] }, "the limits must have requests or tokens"],
    [{ attempts: [["okjson"]] }, 'attempts[0][0] "okjson": a step is an array that starts with its name'],
    [{ attempts: [{}] }, "attempts[0]: a script is an array of steps, got {}"],
    [{ attempts: [] }, "attempts: must be an array of at least one script"],
    [{ routes: [{ match: {}, attempts: [[["x"]]] }] }, "routes[0].attempts[0][0]"],
    [{ tls: { cert: "bad" } }, "tls.cert: must be one of good, expired, wrong-host, self-signed"],
    [{ expect: { maxRequest: 1 } }, 'expect: unknown key "maxRequest"'],
    [{ atempts: [] }, 'unknown option "atempts"'],
  ])("%j is rejected", async (options, message) => {
    expect(await refusal(options)).toContain(message);
  });

  it("rejects compression after the headers", async () => {
    expect(await refusal({ attempts: [[["sse"], ["gzip"]]] })).toContain(
      '["gzip"]: must come before the step that sends the headers',
    );
  });
});
