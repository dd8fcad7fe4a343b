import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { ConfigError, type FactoryOptions, type Model, ModelFactory } from "../../../src/index.ts";
import { blockNetwork } from "../../../src/testing/block-network.ts";
import { SECRETS, secretsIn } from "../../harness/canary.ts";
import { AT_ONCE, entry } from "../../harness/entry.ts";
import { simulate } from "../../harness/simulated.ts";
import { type Said, wireServer } from "../../harness/wire-server.ts";
import { WIRES } from "../../harness/wires.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "modelwright-record-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What a consumer sees of one streamed and one complete call. */
async function seen(model: Model, prompt = "Say hello"): Promise<unknown> {
  const events: unknown[] = [];
  const failures: unknown[] = [];
  try {
    for await (const event of model.stream(prompt)) events.push(event);
  } catch (error) {
    failures.push(failureOf(error));
  }
  const whole = await model.safeCodegen(prompt);
  return { events: events.map(withoutTimes), failures, whole: whole.ok ? whole.reply.text : failureOf(whole.error) };
}

function failureOf(error: unknown): unknown {
  const { code, status, message, phase, attempts } = error as Record<string, unknown>;
  return { code, status, message, phase, attempts: (attempts as readonly { code?: string }[]).map((one) => one.code) };
}

function withoutTimes(event: unknown): unknown {
  return JSON.parse(JSON.stringify(event, (key, value) => (/Ms$|^callId$/.test(key) ? undefined : value)));
}

async function run<T>(toml: string, options: FactoryOptions, use: (factory: ModelFactory<object>) => Promise<T>) {
  const factory = ModelFactory.parse(toml, { env: {}, ...options }) as ModelFactory<object>;
  try {
    return await use(factory);
  } finally {
    await factory.close();
  }
}

/** Records with one factory, closes the server, and replays with another behind a blocked network. */
async function both(
  toml: string,
  closeServer: () => Promise<void>,
  use: (factory: ModelFactory<object>) => Promise<unknown>,
) {
  const file = join(folder(), "tape.jsonl");
  const record = (mode: string) => `[record]\nmode = "${mode}"\nfile = ${JSON.stringify(file)}\n${toml}`;
  const recorded = await run(record("record"), {}, use);
  await closeServer();
  const network = blockNetwork();
  const replayed = await run(record("replay"), { transport: network }, use);
  expect(network.refused).toEqual([]);
  return { recorded, replayed, file, text: readFileSync(file, "utf8") };
}

describe("a replay", () => {
  it.each(WIRES)("gives the same events and the same reply on %s, with the server closed", async (wire) => {
    const simulator = await simulate();
    const toml = entry(wire, simulator.url);
    const { recorded, replayed, file, text } = await both(
      toml,
      () => simulator.close(),
      (factory) => seen(factory.create() as Model),
    );
    expect(replayed).toEqual(recorded);
    expect(JSON.stringify(recorded)).toContain("[simulated some-model]");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(text).not.toContain("test-key");
    expect(text.trim().split("\n")).toHaveLength(2);
  });

  it.each(WIRES)("repeats failures, retries and fallbacks on %s", async (wire) => {
    const simulator = await simulate();
    simulator.script(
      { kind: "server", times: 2 },
      { reset: true },
      { cut: { afterEvents: 2 } },
      { cut: { afterEvents: 1 } },
    );
    const toml = `${entry(wire, simulator.url, `num_retries = 1\nfallback_models = ["second"]\n${AT_ONCE}`)}${entry(
      wire,
      simulator.url,
      `num_retries = 1\n${AT_ONCE}`,
      { table: "second", name: "other-model" },
    )}`;
    const { recorded, replayed } = await both(
      toml,
      () => simulator.close(),
      (factory) => seen(factory.create() as Model),
    );
    expect(replayed).toEqual(recorded);
  });

  it("repeats a failure without a retry: a reset before the response and a cut in the stream", async () => {
    const simulator = await simulate();
    simulator.script({ reset: true }, { kind: "rate-limit", retryAfter: 0.05 }, { cut: { afterEvents: 2 } });
    const toml = entry("openai", simulator.url, "num_retries = 0\ncircuit_breaker = false");
    const { recorded, replayed } = await both(
      toml,
      () => simulator.close(),
      async (factory) => [await seen(factory.create() as Model), await seen(factory.create() as Model)],
    );
    expect(replayed).toEqual(recorded);
    expect(JSON.stringify(recorded)).toMatch(/connection_failed.*rate_limited.*stream_truncated/s);
  });

  it("keeps the borders of chunks, whatever the bytes", async () => {
    const events = ["Grüße", "日本", "👋🏽", "\u0000", "end"].map(
      (content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
    );
    const body = `${events.join("")}data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 90 }), fc.boolean(), async (pieceBytes, cut) => {
        const server = await wireServer((): Said => ({ body, pieceBytes, cut }));
        const toml = entry("openai", server.origin, "num_retries = 0\ncircuit_breaker = false");
        const { recorded, replayed, text } = await both(
          toml,
          () => server.close(),
          async (factory) => {
            const got: unknown[] = [];
            try {
              for await (const event of (factory.create() as Model).stream("x")) got.push(withoutTimes(event));
            } catch (error) {
              got.push(failureOf(error));
            }
            return got;
          },
        );
        expect(replayed).toEqual(recorded);
        const { chunks } = JSON.parse(text).response;
        const bytes = chunks.map(([, data, encoding]: [number, string, BufferEncoding?]) =>
          Buffer.from(data, encoding),
        );
        expect(Buffer.concat(bytes).toString()).toBe(body);
        expect(Math.max(...bytes.map((one: Buffer) => one.length))).toBeLessThanOrEqual(pieceBytes);
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it("keeps the requests of concurrent calls apart", async () => {
    const simulator = await simulate({ answers: ({ prompt }) => ({ text: `re: ${prompt}` }) });
    const prompts = Array.from({ length: 12 }, (_, at) => `question ${at}`);
    const { recorded, replayed, text } = await both(
      entry("anthropic", simulator.url),
      () => simulator.close(),
      (factory) => Promise.all(prompts.map(async (prompt) => (await (factory.create() as Model).codegen(prompt)).text)),
    );
    expect(recorded).toEqual(prompts.map((prompt) => `re: ${prompt}`));
    expect(replayed).toEqual(recorded);
    expect(text.trim().split("\n")).toHaveLength(12);
  });

  it("serves repeated equal requests in their recorded order, and no more of them", async () => {
    const simulator = await simulate();
    simulator.script(...["one", "two"].map((text) => ({ answer: { text } })));
    const twice = async (factory: ModelFactory<object>) => {
      const model = factory.create() as Model;
      return [(await model.codegen("Same")).text, (await model.codegen("Same")).text];
    };
    const { recorded, replayed, file } = await both(entry("openai", simulator.url), () => simulator.close(), twice);
    expect([recorded, replayed]).toEqual([
      ["one", "two"],
      ["one", "two"],
    ]);
    const toml = `[record]\nmode = "replay"\nfile = ${JSON.stringify(file)}\n${entry("openai", simulator.url)}`;
    await run(toml, {}, async (factory) => {
      await twice(factory);
      const outcome = await (factory.create() as Model).safeCodegen("Same");
      expect(outcome).toMatchObject({ ok: false, error: { code: "invalid_request" } });
      expect(outcome.ok ? "" : outcome.error.message).toContain("2 exchanges are recorded, and all were replayed");
    });
  });

  it("fails at once, without retry and fallback, and shows the differences to the nearest request", async () => {
    const simulator = await simulate();
    const fallback = entry("openai", simulator.url, "", { table: "second", name: "other-model" });
    const toml = `${entry("openai", simulator.url, 'num_retries = 3\nfallback_models = ["second"]')}${fallback}`;
    const { file } = await both(
      toml,
      () => simulator.close(),
      (factory) => (factory.create() as Model).codegen("Hello"),
    );
    const replay = `[record]\nmode = "replay"\nfile = ${JSON.stringify(file)}\n${toml}`;
    await run(replay, {}, async (factory) => {
      const outcome = await (factory.create() as Model).safeCodegen("Hallo", { temperature: 0.5 });
      if (outcome.ok) throw new Error("answered");
      expect(outcome.error.code).toBe("invalid_request");
      expect(outcome.error.attempts).toEqual([]);
      expect(outcome.error.message).toContain("no recorded exchange for POST http://127.0.0.1");
      expect(outcome.error.message).toContain("in line 1:");
      expect(outcome.error.message).toContain('body.messages[0].content: recorded "Hello", requested "Hallo"');
      expect(outcome.error.message).toContain("body.temperature: recorded nothing, requested 0.5");
    });
  });
});

describe("the error of a request that was not recorded", () => {
  const LONG = `Summarise the report in three sentences for a reader without time. ${"Revenue grew again. ".repeat(40)}`;
  const OTHER = `${LONG.replace("three", "five")} The key is ${SECRETS.key}.`;

  it.each(WIRES)("shows where long prompts differ, and no credential, on %s", async (wire) => {
    const simulator = await simulate();
    onTestFinished(() => simulator.close());
    const keys = `api_key = "${SECRETS.key}"`;
    const toml = entry(wire, simulator.url).replace(/api_key = .*/, keys);
    const file = join(folder(), "tape.jsonl");
    const table = (mode: string) => `[record]\nmode = "${mode}"\nfile = ${JSON.stringify(file)}\n${toml}`;
    await run(table("record"), {}, (factory) => (factory.create() as Model).codegen(LONG));
    const messages = await run(table("replay"), {}, async (factory) => {
      const model = factory.create() as Model;
      const [whole, streamed] = [await model.safeCodegen(OTHER), await failureIn(model.stream(OTHER).reply)];
      return [whole.ok ? "" : whole.error.message, streamed];
    });
    for (const message of messages) {
      expect(message).toMatch(/: recorded ….*report in three sentences.*, requested ….*report in five sentences/);
      expect(secretsIn(message)).toEqual([]);
      expect(message.length).toBeLessThan(900);
    }
  });

  it("shows where texts to embed differ", async () => {
    const simulator = await simulate();
    onTestFinished(() => simulator.close());
    const file = join(folder(), "tape.jsonl");
    const toml = (mode: string) =>
      `[record]\nmode = "${mode}"\nfile = ${JSON.stringify(file)}\n${entry("openai", simulator.url, "", { name: "text-embedding-3-small" })}`;
    const embed = (mode: string, text: string) =>
      run(toml(mode), {}, (factory) => failureIn((factory.create() as Model).embed([text])));
    expect(await embed("record", LONG)).toBe("");
    const message = await embed("replay", OTHER);
    expect(message).toContain("in five sentences");
  });
});

async function failureIn(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a recording", () => {
  it("contains no credential, also if the provider repeats it across chunks", async () => {
    const { key, header, query, token } = SECRETS;
    const echo = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: `your key ${key} ${header}` } }] })}\n\n`;
    const server = await wireServer(() => ({
      body: `${echo}data: [DONE]\n\n`,
      pieceBytes: 7,
      headers: { "set-cookie": `session=${token}`, "x-request-id": `r-${key}` },
    }));
    onTestFinished(() => server.close());
    const file = join(folder(), "tape.jsonl");
    const toml = `[record]\nmode = "record"\nfile = ${JSON.stringify(file)}\n[models.m]\nname = "m"\nprovider = "openai"\napi_key = "${key}"\nbase_url = "${server.origin}/v1?key=${query}"\nextra_headers = { x-api-token = "${header}" }\nnum_retries = 0\n`;
    await run(toml, {}, async (factory) => {
      for await (const _ of (factory.create() as Model).stream("Hello")) {
        // Read to the end.
      }
    }).catch(() => {});
    const text = readFileSync(file, "utf8");
    const { chunks } = JSON.parse(text.split("\n")[0] ?? "").response;
    const body = chunks.map(([, data, encoding]: [number, string, BufferEncoding?]) => Buffer.from(data, encoding));
    expect(secretsIn(text)).toEqual([]);
    expect(secretsIn(Buffer.concat(body).toString())).toEqual([]);
    expect(Buffer.concat(body).toString()).toContain("your key [secret]");
    expect(body.length).toBeGreaterThan(10);
  });

  it.each([
    ["a cut line", '{"cassette":1,"started', /tape\.jsonl:2:1: the line is not JSON/],
    ["another JSON", '{"a":1}', /:2:1: the line is not a recorded exchange/],
    ["an incomplete exchange", '{"cassette":1}', /:2:1: the line is not a complete recorded exchange/],
    ["a newer version", '{"cassette":2}', /:2:1: the line has version 2, this modelwright reads up to 1; update/],
  ])("is rejected with its line: %s", async (_, line, message) => {
    const file = join(folder(), "tape.jsonl");
    writeFileSync(file, `\n${line}\n`);
    const toml = `[record]\nmode = "replay"\nfile = ${JSON.stringify(file)}\n${entry("openai", "http://127.0.0.1:9")}`;
    const load = () => ModelFactory.parse(toml, { env: {} });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(message);
  });
});
