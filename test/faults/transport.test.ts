import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createH2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { failureOf } from "../harness/outcomes.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { WIRES } from "../harness/wires.ts";
import { chunk, factoryAt, faultTest, modelAt, serving } from "./host.ts";
import { METHODS } from "./run-script.ts";

for (const ending of ["rst", "fin"] as const)
  faultTest("T02", `a closed idle connection (${ending}) costs one more request and no wait`, async () => {
    const server = await serving({ keepAlive: true, attempts: [[["okjson"]], [[ending]], [["okjson"]]] });
    const keys = 'num_retries = 1\nretry_min_wait = "2s"\njitter = "none"\ncircuit_breaker = { threshold = 1 }';
    const model = modelAt(server, keys);
    await model.codegen("Hello");
    await setImmediate();
    using watch = new Stopwatch();
    const reply = await model.codegen("Hello again");
    expect(watch.elapsedMs).toBeLessThan(1_500);
    expect(reply.attempts.length).toBe(2);
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
    expect((await model.codegen("And again")).text).toBe("ok");
  });

faultTest("T11", "an unknown host is reported after one retry", async () => {
  const model = factoryAt("http://nonexistent.invalid/v1", 'num_retries = 3\nretry_min_wait = "1ms"').get("m");
  for (const method of METHODS) {
    const call = method === "stream" ? model.stream("Hello").reply : model.codegen("Hello");
    const error = await failureOf(call);
    expect(error.code).toBe("connection_failed");
    expect(error.message).toMatch(/cannot resolve host nonexistent\.invalid \((ENOTFOUND|EAI_AGAIN)\)/);
    expect(error.attempts.every(({ possiblyBilled }) => !possiblyBilled)).toBe(true);
    if (error.message.includes("ENOTFOUND")) expect(error.attempts.length).toBeLessThanOrEqual(2);
  }
});

faultTest("T13", "a proxy that requires credentials is named without its own", async () => {
  const proxy = await serving({ attempts: [[["proxy407"]]] });
  const keys = `num_retries = 2\nretry_min_wait = "1ms"\nproxy = "http://user:pass-canary@127.0.0.1:${proxy.port}"`;
  const error = await failureOf(factoryAt("https://127.0.0.1:9/v1", keys).get("m").codegen("Hello"));
  expect(error.code).toBe("proxy_refused");
  expect(error.message).toContain(`The proxy 127.0.0.1:${proxy.port} wants credentials`);
  expect(JSON.stringify(error) + String(error.stack)).not.toContain("pass-canary");
  expect(proxy.requests.map(({ method }) => method)).toEqual(["CONNECT"]);
});

faultTest("T13", "a working proxy is used", async () => {
  const target = await serving({ tls: {} });
  const proxy = await serving({ attempts: [[["tunnel"]]] });
  const keys = `proxy = "${proxy.url}"\ntls = { reject_unauthorized = false }`;
  expect((await modelAt(target, keys).codegen("Hello")).text).toBe("ok");
  expect(proxy.requests.map(({ method, path }) => [method, path])).toEqual([["CONNECT", `127.0.0.1:${target.port}`]]);
});

faultTest("T14", "40 calls over HTTP/1.1 are all served", async () => {
  const server = await serving({ keepAlive: true, attempts: [[["barrier", "all", 40], ["okjson"]]] });
  const model = modelAt(server);
  const replies = await Promise.all(Array.from({ length: 40 }, () => model.codegen("Hello")));
  expect(replies.filter(({ text }) => text === "ok").length).toBe(40);
  expect(server.connections).toBe(40);
});

faultTest("T14", "a server that speaks only HTTP/2 is a typed error", async () => {
  const server = createH2Server((_request, response) => response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const error = await failureOf(factoryAt(`http://127.0.0.1:${port}/v1`, "timeout = 2").get("m").codegen("Hello"));
  expect(["connection_failed", "protocol_error"]).toContain(error.code);
});

faultTest("T17", "a refused connection names the address, and nothing is billed", async () => {
  const server = await serving({ connect: "refuse" });
  for (const wire of WIRES) {
    const model = factoryAt(server.baseUrl(wire), 'num_retries = 2\nretry_min_wait = "1ms"', { wire }).get("m");
    const error = await failureOf(model.codegen("Hello"));
    expect(error.code).toBe("connection_failed");
    expect(error.message).toContain(`nothing listens at 127.0.0.1:${server.port}`);
    expect(error.attempts.map(({ possiblyBilled }) => possiblyBilled)).toEqual([false, false, false]);
  }
});

faultTest("T17", "a connection that is never established ends after connect_timeout", async () => {
  const server = await serving({ connect: "blackhole" });
  using watch = new Stopwatch();
  const keys = 'num_retries = 1\nretry_min_wait = "1ms"\nconnect_timeout = 0.3';
  const errors = await Promise.all(
    WIRES.map((wire) => failureOf(factoryAt(server.baseUrl(wire), keys, { wire }).get("m").codegen("Hello"))),
  );
  for (const error of errors) {
    expect(error).toMatchObject({ code: "timed_out", phase: "connect" });
    expect(error.attempts.map(({ possiblyBilled }) => possiblyBilled)).toEqual([false, false]);
  }
  expect(watch.elapsedMs).toBeLessThan(5_000);
});

faultTest("S12", "a compressed and buffered stream is an answer", async () => {
  const server = await serving({
    attempts: [[["gzip", "once"], ["sse"], ["data", chunk("hi")], ["wait", 300], ["data", chunk("", "stop")], ["end"]]],
  });
  const reply = await modelAt(server, "silence_timeout = 5").stream("Hello").reply;
  expect(reply).toMatchObject({ text: "hi", finishReason: "stop" });
  expect(server.requests[0]?.headers["accept-encoding"]).toBe("identity");
});

const authority = async (pem: string): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "ca.pem"), pem);
  return join(folder, "ca.pem");
};

faultTest("own-T12", "an invalid certificate is rejected with its reason, a valid one accepted", async () => {
  const good = await serving({ tls: {} });
  const keys = `tls = { ca_file = "${await authority(good.authority)}" }`;
  expect((await modelAt(good, keys).codegen("Hello")).text).toBe("ok");
  for (const [cert, words] of [
    ["expired", "CERT_HAS_EXPIRED"],
    ["wrong-host", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["self-signed", "SELF_SIGNED"],
  ] as const) {
    const server = await serving({ tls: { cert } });
    const error = await failureOf(modelAt(server, keys).codegen("Hello"));
    expect(error.code).toBe("connection_failed");
    expect(error.message).toContain(words);
    expect(server.requests).toEqual([]);
  }
});
