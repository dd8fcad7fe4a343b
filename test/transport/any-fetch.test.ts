import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";

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

describe("somebody else's fetch as the transport", () => {
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

  it("classifies errors and keeps the key out of them", async () => {
    const server = createServer((request, response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: `bad key ${request.headers.authorization}` } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await using factory = ModelFactory.parse(TOML(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), {
      transport: { fetch },
    });
    const outcome = await factory.get("openai").safeCodegen("hi");
    server.close();
    server.closeAllConnections();
    if (outcome.ok) throw new Error("expected a failure");
    expect(outcome.error.code).toBe("unauthorized");
    expect(outcome.error.message).not.toContain("canary");
  });

  it("calls a cut stream truncated and a refused connection failed", async () => {
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
