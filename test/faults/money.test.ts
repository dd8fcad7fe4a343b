import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { type CallOptions, type Model, ModelFactory } from "../../src/index.ts";
import type { FaultScript, FaultServer } from "../../src/testing/index.ts";
import { failureOf } from "../harness/outcomes.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { chunk, faultTest, serving } from "./host.ts";
import { entry, METHODS } from "./run-script.ts";

function cachedModel(server: FaultServer, keys = ""): Model {
  const toml = `${entry("openai", server.baseUrl("openai"), `num_retries = 0\n${keys}`)}\n[cache]\nttl = "1h"\n`;
  const factory = ModelFactory.parse(toml, { env: {} });
  onTestFinished(() => factory.close());
  return factory.get("m");
}

const answer = (message: object, finish: string): FaultScript => [
  [
    "json",
    { choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, finish_reason: finish }] },
  ],
];

const UNFIT: Readonly<Record<string, FaultScript>> = {
  truncated: [["sse", "chunked"], ["data", chunk("par")], ["fin"]],
  "an error with 200": [["json", { error: { message: "no", code: "server_error" } }]],
  filtered: answer({ content: "par" }, "content_filter"),
  refused: answer({ refusal: "No." }, "stop"),
  "cut by the limit": answer({ content: "par" }, "length"),
  "of unknown end": [["sse"], ["data", chunk("par")], ["data", "[DONE]"], ["end"]],
};

for (const [name, script] of Object.entries(UNFIT))
  faultTest("B09", `an answer that is ${name} is not cached`, async () => {
    const server = await serving({ attempts: [script, [["okjson"]]] });
    const model = cachedModel(server);
    await model.safeCodegen("Hello");
    expect((await model.codegen("Hello")).text).toBe("ok");
    expect(server.requests.length).toBe(2);
    expect((await model.codegen("Hello")).text).toBe("ok");
    expect(server.requests.length, "the whole one is kept").toBe(2);
  });

const TOOLS = [{ name: "a" }, { name: "b" }];
const PLAIN: CallOptions = { temperature: 0.5, tools: TOOLS, system: "be brief" };
const OTHERS: Readonly<Record<string, CallOptions>> = {
  temperature: { ...PLAIN, temperature: 0.6 },
  tools: { ...PLAIN, tools: [{ name: "a" }, { name: "c" }] },
  "order of tools": { ...PLAIN, tools: TOOLS.toReversed() },
  system: { ...PLAIN, system: "be long" },
  seed: { ...PLAIN, seed: 1 },
  stop: { ...PLAIN, stop: ["END"] },
  "response format": { ...PLAIN, responseFormat: { type: "json_object" } },
  samples: { ...PLAIN, samples: 2 },
};

for (const [name, options] of Object.entries(OTHERS))
  faultTest("B10", `another ${name} is another request`, async () => {
    const server = await serving({});
    const model = cachedModel(server);
    await model.codegen("Hello", PLAIN);
    await model.safeCodegen("Hello", options);
    expect(server.requests.length).toBeGreaterThan(1);
  });

faultTest("B10", "equal requests share a cache key for any order of options, not for another URL", async () => {
  const server = await serving({});
  const model = cachedModel(server);
  await model.codegen("Hello", PLAIN);
  await model.codegen("Hello", { system: "be brief", tools: TOOLS, temperature: 0.5 });
  expect(server.requests.length).toBe(1);
  const other = await serving({});
  await cachedModel(other).codegen("Hello", PLAIN);
  expect(other.requests.length).toBe(1);
});

async function withFallback(capabilities: string) {
  const [primary, fallback] = [
    await serving({
      attempts: [
        [
          ["status", 429],
          ["json", { error: { message: "the primary is busy" } }],
        ],
      ],
    }),
    await serving({}),
  ];
  const toml = [
    entry("openai", primary.baseUrl("openai"), 'num_retries = 0\nfallback_models = ["f"]'),
    entry("openai", fallback.baseUrl("openai"), `num_retries = 0\ncapabilities = { ${capabilities} }`)
      .replace("[models.m]", "[models.f]")
      .replace('"some-model"', '"small-model"'),
  ].join("\n");
  const factory = ModelFactory.parse(toml, { env: {} });
  onTestFinished(() => factory.close());
  return { model: factory.get("m"), fallback };
}

faultTest("B13", "a fallback with a too small context window is skipped", async () => {
  const { model, fallback } = await withFallback("context = 4000");
  const error = await failureOf(model.codegen("word ".repeat(15_000)));
  expect(fallback.requests).toEqual([]);
  expect(JSON.stringify([error.message, ...error.errors.map(({ message }) => message)])).toContain(
    "the primary is busy",
  );
});

faultTest("B13", "a fallback without tools is used without them, which is reported, or skipped", async () => {
  const { model, fallback } = await withFallback("tools = false");
  const outcome = await model.safeCodegen("Hello", { tools: [{ name: "f" }] });
  for (const { body } of fallback.requests) expect(body).not.toHaveProperty("tools");
  if (outcome.ok) expect(outcome.reply.adjustments.map(({ setting }) => setting)).toContain("tools");
  else expect(fallback.requests).toEqual([]);
});

/** A request reserves a little more than 0.0015 USD, for an answer of 100 tokens. */
function budgetedModel(wire: Wire, server: FaultServer, usd: number) {
  const toml = `${entry(wire, server.baseUrl(wire), "num_retries = 0\nmax_new_tokens = 100")}\n[budgets.team]\nusd = ${usd}\nmax_wait = 0\n`;
  const factory = ModelFactory.parse(toml, { env: {} });
  onTestFinished(() => factory.close());
  return { factory, model: factory.get("m") };
}

for (const wire of WIRES)
  faultTest("B01", `a budget for one request admits one of eight concurrent calls (${wire})`, async () => {
    const server = await serving({});
    const { factory, model } = budgetedModel(wire, server, 0.0025);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => model.safeCodegen("Hello")));
    const codes = outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.code));
    expect(codes.toSorted()).toEqual([...Array(7).fill("budget_exceeded"), "ok"]);
    expect(server.requests).toHaveLength(1);
    const [status] = await factory.budgets.status();
    expect(status?.spent).toBeLessThanOrEqual(0.0025);
    expect(status?.reserved).toBe(0);
  });

const BROKEN: Readonly<Record<string, FaultScript>> = {
  cut: [["sse", "chunked"], ["data", chunk("par")], ["fin"]],
  reset: [["sse"], ["data", chunk("par")], ["rst"]],
  failed: [
    ["status", 500],
    ["json", { error: { message: "no" } }],
  ],
  "not JSON": [["json", "no answer"]],
};

for (const [name, script] of Object.entries(BROKEN))
  for (const method of METHODS)
    faultTest("B03", `nothing stays reserved after an answer that is ${name} (${method})`, async () => {
      const server = await serving({ attempts: [script] });
      const { factory, model } = budgetedModel("openai", server, 1);
      const run = method === "stream" ? model.stream("Hello").reply : model.codegen("Hello");
      await run.catch(() => {});
      expect(server.requests).toHaveLength(1);
      expect(await factory.budgets.status()).toMatchObject([{ reserved: 0 }]);
    });

faultTest("B03", "nothing stays reserved after a stream that its reader left", async () => {
  const server = await serving({});
  const { factory, model } = budgetedModel("openai", server, 1);
  for await (const _ of model.stream("Hello")) break;
  expect(await factory.budgets.status()).toMatchObject([{ reserved: 0 }]);
});

faultTest("B12", "the rows of a ledger are read although the last write was torn", async () => {
  const server = await serving({});
  const folder = mkdtempSync(join(tmpdir(), "modelwright-torn-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const ledger = '[ledger]\npath = "ledger.db"\ndurability = "sync"\n';
  const toml = `${entry("openai", server.baseUrl("openai"))}\n${ledger}`;
  const factory = ModelFactory.parse(toml, { env: {}, baseDir: folder });
  onTestFinished(() => factory.close());
  for (let call = 0; call < 3; call++) await factory.get("m").codegen("Hello");
  // What a process leaves behind that dies while it writes: its files, and half of a frame.
  const copy = join(folder, "copy");
  mkdirSync(copy);
  for (const file of ["ledger.db", "ledger.db-wal"]) copyFileSync(join(folder, file), join(copy, file));
  appendFileSync(join(copy, "ledger.db-wal"), Buffer.alloc(700, 7));
  const next = ModelFactory.parse(toml, { env: {}, baseDir: copy });
  onTestFinished(() => next.close());
  expect(await next.ledger.query()).toMatchObject([{ attempts: 3 }]);
  await next.get("m").codegen("Hello");
  expect(await next.ledger.query()).toMatchObject([{ attempts: 4 }]);
});
