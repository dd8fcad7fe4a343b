import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FaultServerOptions, faultServer } from "../../src/testing/index.ts";
import { exchange, failure, post, transport } from "../harness/loopback.ts";

async function serving(options: FaultServerOptions) {
  const server = await faultServer(options);
  onTestFinished(() => server.close());
  return server;
}

describe("a connection that the server closes while the request is written", () => {
  test.each([[["rst"]], [["fin"]]] as const)("is reported as reused: %j", async (step) => {
    const server = await serving({ keepAlive: true, attempts: [[["okjson"]], [step]] });
    const wire = transport();
    await (await post(wire, server.url)).text();
    await setImmediate(); // A connection is free again in the turn after its last byte.
    expect(await failure(post(wire, server.url))).toMatchObject({ code: "connection_failed", reusedSocket: true });
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1]);
  });

  test("is not reported as reused when it is new", async () => {
    const server = await serving({ attempts: [[["rst"]]] });
    expect(await failure(post(transport(), server.url))).toMatchObject({ reusedSocket: false });
  });

  test("is not reported as reused once a response has started", async () => {
    const cut = [["status", 200, { "content-length": "9" }], ["raw", "{"], ["wait", 20], ["rst"]] as const;
    const server = await serving({ keepAlive: true, attempts: [[["okjson"]], cut] });
    const wire = transport();
    await (await post(wire, server.url)).text();
    await setImmediate();
    const response = await post(wire, server.url, exchange());
    expect(await failure(response.text())).toMatchObject({ code: "connection_failed", reusedSocket: false });
  });
});
