import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startSimulator } from "../../src/simulator/server.ts";
import { startSimulator as exported } from "../../src/testing/simulator.ts";
import { bench, collect } from "./sdk-clients.ts";

const messages = [{ role: "user" as const, content: "Tell me about rivers" }];
const REQUESTS: readonly (readonly [string, object])[] = [
  ["/v1/chat/completions", { model: "gpt-4o", messages, n: 2 }],
  ["/v1/chat/completions", { model: "gpt-4o", messages, stream: true }],
  ["/v1/responses", { model: "gpt-5", input: messages, stream: true, reasoning: { effort: "low", summary: "auto" } }],
  [
    "/v1/messages",
    { model: "claude-sonnet-5", max_tokens: 500, messages, stream: true, thinking: { type: "adaptive" } },
  ],
  ["/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", { contents: [{ parts: [{ text: "Rivers" }] }] }],
];

async function bytesOf(url: string, body: object): Promise<string> {
  const headers = { "anthropic-version": "2023-06-01" };
  return (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).text();
}

describe("determinism", () => {
  it.each(REQUESTS)(
    "returns the same bytes for the same request to %s, also in another process",
    async (path, body) => {
      const [first, second] = [await bench(), await bench()];
      const once = await bytesOf(first.simulator.url + path, body);
      expect(once).toMatch(/simulated/);
      expect(await bytesOf(first.simulator.url + path, body)).toBe(once);
      expect(await bytesOf(second.simulator.url + path, body)).toBe(once);
    },
  );

  it("returns other words for another seed, another question and another model", async () => {
    const [plain, seeded] = [await bench(), await bench({ seed: 7 })];
    const [path, body] = REQUESTS[0] ?? ["", {}];
    const answers = await Promise.all([
      bytesOf(plain.simulator.url + path, body),
      bytesOf(seeded.simulator.url + path, body),
      bytesOf(plain.simulator.url + path, { ...body, messages: [{ role: "user", content: "Lakes" }] }),
      bytesOf(plain.simulator.url + path, { ...body, model: "gpt-4o-mini" }),
    ]);
    expect(new Set(answers).size).toBe(4);
  });
});

describe("the record of requests", () => {
  it("has the received requests in order, with masked credentials", async () => {
    const { simulator, openai, google } = await bench({}, "sk-very-secret-key");
    await openai.chat.completions.create({ model: "gpt-4o", messages });
    await google.models.generateContent({ model: "gemini-2.5-flash", contents: "x" });
    await fetch(`${simulator.url}/v1beta/models?key=sk-very-secret-key`);
    expect(simulator.requests).toMatchObject([
      {
        method: "POST",
        path: "/v1/chat/completions",
        wire: "openai",
        model: "gpt-4o",
        body: { messages },
        status: 200,
      },
      { wire: "google", model: "gemini-2.5-flash", headers: { "x-goog-api-key": "[masked]" } },
      { method: "GET", wire: "google", path: "/v1beta/models?key=%5Bmasked%5D" },
    ]);
    expect(JSON.stringify(simulator.requests)).not.toContain("very-secret");
    const arrivals = simulator.requests.map((request) => request.arrivedMs);
    expect(arrivals).toEqual([...arrivals].sort((left, right) => left - right));
  });

  it("detects that a peer disconnected during a stream", async () => {
    const { simulator, openai } = await bench({ delayMs: 5 });
    for await (const _chunk of await openai.chat.completions.create({ model: "gpt-4o", messages, stream: true })) break;
    while (simulator.requests[0]?.closedByPeerMs === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(simulator.requests[0].closedByPeerMs).toBeGreaterThan(simulator.requests[0].arrivedMs);
  });
});

describe("the server", () => {
  it("returns base URLs in the form that the SDKs expect", async () => {
    const { simulator } = await bench();
    expect(simulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(simulator.baseUrl("openai")).toBe(`${simulator.url}/v1`);
    expect(simulator.baseUrl("openai-responses")).toBe(`${simulator.url}/v1`);
    expect([simulator.baseUrl("anthropic"), simulator.baseUrl("google")]).toEqual([simulator.url, simulator.url]);
  });

  it("chooses the wire by the path, with any prefix", async () => {
    const { simulator } = await bench();
    const body = { model: "gpt-4o", messages };
    expect(await bytesOf(`${simulator.url}/some/gateway/chat/completions`, body)).toContain("chat.completion");
    expect(await bytesOf(`${simulator.url}/anthropic/v1/messages`, { ...body, max_tokens: 9 })).toContain(
      '"type":"message"',
    );
  });

  it("lists models in the format of each wire", async () => {
    const { openai, anthropic, google } = await bench();
    const ids = async (list: PromiseLike<AsyncIterable<{ id?: string; name?: string }>>) =>
      (await collect(await list)).map((model) => model.id ?? model.name);
    expect(await ids(openai.models.list())).toContain("gpt-4o");
    expect(await ids(anthropic.models.list())).toContain("claude-sonnet-4-5");
    expect(await ids(google.models.list())).toContain("models/gemini-2.5-flash");
    expect(await openai.models.retrieve("any-id")).toMatchObject({ id: "any-id", object: "model" });
  });

  it("delays the events of a stream", async () => {
    const { openai } = await bench({ delayMs: 5 });
    const before = performance.now();
    const chunks = await collect(await openai.chat.completions.create({ model: "gpt-4o", messages, stream: true }));
    expect(performance.now() - before).toBeGreaterThan(chunks.length * 4);
  });

  it("closes at once during streams, stalls and delays", async () => {
    const simulator = await startSimulator({ script: [{ stall: { afterEvents: 1 } }, { delayMs: 60_000 }] });
    const ask = () => bytesOf(`${simulator.url}/v1/chat/completions`, { model: "m", messages, stream: true });
    const settled = Promise.allSettled([ask(), ask()]);
    while (simulator.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await simulator.close();
    expect((await settled).map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    await expect(fetch(simulator.url)).rejects.toThrow();
  });

  it.each([
    ["started unref'd and left open", "{ unref: true }", ""],
    [
      "closed in the middle of a stalled stream",
      "{ script: [{}, { stall: { afterEvents: 1 } }] }",
      "setTimeout(() => simulator.close(), 20); await ask().catch(() => console.log('closed'));",
    ],
  ])("does not keep the process alive if it was %s", (_name, options, rest) => {
    const script = `
      import { startSimulator } from ${JSON.stringify(join(import.meta.dirname, "../../src/simulator/server.ts"))};
      const simulator = await startSimulator(${options});
      const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "x" }] });
      const ask = async () => (await fetch(simulator.url + "/v1/chat/completions", { method: "POST", body })).json();
      console.log((await ask()).object);
      ${rest}`;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect([child.status, child.stdout.trim().split("\n")]).toEqual([
      0,
      rest === "" ? ["chat.completion"] : ["chat.completion", "closed"],
    ]);
  });

  it("rejects when the port is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const port = (taken.address() as { port: number }).port;
    await expect(startSimulator({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    taken.close();
  });

  it("is exported from modelwright/testing", () => {
    expect(exported).toBe(startSimulator);
  });
});
