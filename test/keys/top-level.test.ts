import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { stringify } from "smol-toml";
import { expect, onTestFinished } from "vitest";
import { metaOf } from "../../src/config/option.ts";
import { OPTIONS, type OptionKey } from "../../src/config/options.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import type { Embedder } from "../../src/index.ts";
import { cache } from "../../src/layers/cache.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { callOf } from "../harness/call-of.ts";
import { PATIENT } from "../harness/entry.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { LOCALHOST_CERT } from "../harness/localhost-certificate.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { keyTest } from "./key-test.ts";
import { answered, ask, entry, factoryOf, JumpingClock, PROMPT, simulate } from "./world.ts";

keyTest("default_model", async () => {
  const simulator = await simulate();
  const two = `${entry("openai", simulator, "", { table: "one" })}${entry("openai", simulator, "", { table: "two" })}`;
  expect((await ask(simulator, two)).reply?.model).toBe("one");
  expect((await ask(simulator, `default_model = "two"\n${two}`)).reply?.model).toBe("two");
  const chosen = `default_model = "env:WHICH"\n${two}`;
  expect((await ask(simulator, chosen, { options: { env: { WHICH: "two" } } })).reply?.model).toBe("two");
});

keyTest("models", async () => {
  const simulator = await simulate();
  const factory = factoryOf(
    `${entry("openai", simulator, "", { table: "one" })}${entry("openai", simulator, "", { table: '"gpt-4.1"' })}`,
  );
  expect(factory.names()).toEqual(["one", "gpt-4.1"]);
  expect(() => factory.get("ones")).toThrow(/unknown model "ones"/);
  expect((await factory.get("gpt-4.1").codegen(PROMPT)).model).toBe("gpt-4.1");
});

keyTest("aliases", async () => {
  const simulator = await simulate();
  const models = `${entry("openai", simulator, "num_retries = 0", { table: "one" })}${entry("openai", simulator, "", { table: "two" })}`;
  const toml = `default_model = "best"\n${models}[aliases]\nbest = "second"\nsecond = "two"\n[profiles.ci.aliases]\nbest = "one"\n`;
  const factory = factoryOf(toml);
  expect(factory.create().name).toBe("two");
  expect(factory.get("best")).toBe(factory.get("two"));
  expect(factory.describe("second").name).toBe("two");
  expect(factory.names()).toEqual(["one", "two"]);
  expect(factoryOf(toml, { profile: "ci" }).create().name).toBe("one");
  expect(() => factory.get("secnd")).toThrow('did you mean "second"?');
});

keyTest("include", async () => {
  const simulator = await simulate();
  const folder = mkdtempSync(join(tmpdir(), "modelwright-include-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "team.toml"), entry("openai", simulator, "temperature = 0.5"));
  const toml = 'include = ["team.toml"]\n[models.main]\nseed = 5\n';
  const { body } = await answered(simulator, toml, { options: { baseDir: folder } });
  expect(body).toMatchObject({ temperature: 0.5, seed: 5 });
});

keyTest("defaults", async () => {
  const simulator = await simulate();
  const models = `${entry("openai", simulator, "", { table: "one" })}${entry("openai", simulator, "temperature = 1", { table: "two" })}`;
  const temperature = async (model: string) =>
    (await answered(simulator, `[defaults]\ntemperature = 0.5\n${models}`, { model })).body;
  expect(await temperature("one")).toMatchObject({ temperature: 0.5 });
  expect(await temperature("two")).toMatchObject({ temperature: 1 });
});

keyTest("providers", async () => {
  const simulator = await simulate();
  const shared = "[providers.openai]\ntemperature = 0.5\n[providers.anthropic]\nmax_tokens = 77\n";
  expect((await answered(simulator, shared + entry("openai", simulator))).body).toMatchObject({ temperature: 0.5 });
  expect((await answered(simulator, shared + entry("anthropic", simulator))).body).toMatchObject({ max_tokens: 77 });
  expect((await answered(simulator, shared + entry("anthropic", simulator))).body).not.toHaveProperty("temperature");
});

keyTest("providers.*.discover", async () => {
  const simulator = await simulate();
  const listed = async (discover: boolean) => {
    const toml = `[providers.openai]\nbase_url = "${simulator.baseUrl("openai")}"\napi_key = "k"\ndiscover = ${discover}\n`;
    return (await factoryOf(`${entry("openai", simulator)}${toml}`).list()).length;
  };
  expect(await listed(false)).toBe(1);
  expect(await listed(true)).toBeGreaterThan(3);
});

keyTest("profiles", async () => {
  const simulator = await simulate();
  const profiled = `${entry("openai", simulator, "temperature = 1")}[profiles.ci.models.main]\ntemperature = 0.25\n[profiles.ci.defaults]\nseed = 5\n`;
  expect((await answered(simulator, profiled)).body).toMatchObject({ temperature: 1 });
  for (const options of [{ profile: "ci" }, { env: { MODELWRIGHT_PROFILE: "ci" } }])
    expect((await answered(simulator, profiled, { options })).body).toMatchObject({ temperature: 0.25, seed: 5 });
});

/** An example of each key, as the schema gives it to editors. */
function exampleOf(key: OptionKey): unknown {
  const { examples, default: byDefault } = metaOf(OPTIONS[key]);
  return examples?.[0] ?? byDefault;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "keys-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

type Tables = Readonly<Record<string, unknown>>;

/** The main entry's settings as resolved, with keys written in different places. */
function settingsOf(baseDir: string, place: Tables, own: Tables, profile?: string): unknown {
  const identity = { name: "some-model", provider: "openai", base_url: "http://127.0.0.1:9/v1", api_key: "k" };
  const models = { main: { ...identity, ...own }, fast: identity, local: identity };
  const env = { OPENAI_API_KEY: "k", HTTPS_PROXY: "http://127.0.0.1:9" };
  const options = { env, baseDir, ...(profile !== undefined && { profile }) };
  return factoryOf(stringify({ ...place, models }), options).create("main").config;
}

function folderWithCertificate(): string {
  const made = folder();
  mkdirSync(join(made, "certs"));
  writeFileSync(join(made, "certs", "company.pem"), LOCALHOST_CERT);
  return made;
}

/** What identifies an entry is given by every entry here, so it can only be laid over. */
const IDENTIFYING = ["name", "provider", "base_url", "api_key", "extends"];
const KEYS = (Object.keys(OPTIONS) as OptionKey[]).filter((key) => !IDENTIFYING.includes(key));

/** Every key an entry may have works from a place that is inherited as it does in the entry itself. */
function inherited(place: (written: Tables) => Tables, profile?: string): () => void {
  return () => {
    const baseDir = folderWithCertificate();
    for (const key of KEYS) {
      const { needs } = OPTIONS[key];
      const needed = needs === undefined ? {} : { [needs.key]: needs.value };
      const written = { ...needed, [key]: exampleOf(key) };
      const inEntry = settingsOf(baseDir, {}, written);
      expect(inEntry, key).not.toEqual(settingsOf(baseDir, {}, needed));
      expect(settingsOf(baseDir, place(written), {}, profile), key).toEqual(inEntry);
    }
  };
}

keyTest(
  "defaults.*",
  inherited((written) => ({ defaults: written })),
);
keyTest(
  "providers.*.*",
  inherited((written) => ({ providers: { openai: written } })),
);

keyTest("profiles.*.*", async () => {
  inherited((written) => ({ profiles: { ci: { models: { main: written } } } }), "ci")();
  inherited((written) => ({ profiles: { ci: { defaults: written } } }), "ci")();
  inherited((written) => ({ profiles: { ci: { providers: { openai: written } } } }), "ci")();
  const simulator = await simulate();
  const file = join(folder(), "log.txt");
  const two = `${entry("openai", simulator, "", { table: "one" })}${entry("openai", simulator, "", { table: "two" })}`;
  const overlay = `[profiles.ci]\ndefault_model = "two"\ncache = {}\nlogging = { level = "info", file = ${JSON.stringify(file)} }\npricing = { some-model = { input = 1, output = 1 } }\n`;
  const model = factoryOf(overlay + two, { profile: "ci" }).create();
  const replies = [await model.codegen(PROMPT), await model.codegen(PROMPT)];
  expect(replies[0]).toMatchObject({ model: "two", cost: { usd: expect.any(Number) } });
  expect(simulator.requests).toHaveLength(1);
  expect(readFileSync(file, "utf8")).toMatch(/call answered/);
  expect((await answered(simulator, overlay + two)).reply).toMatchObject({ model: "one", cost: { usd: null } });
});

async function requestsWith(
  section: string,
  prompts: readonly string[],
  { clock = new JumpingClock(), between = 0 } = {},
): Promise<number> {
  const simulator = await simulate();
  const model = factoryOf(`${section}\n${entry("openai", simulator, PATIENT)}`, { clock }).create();
  for (const prompt of prompts) {
    await model.codegen(prompt);
    clock.jump(between);
  }
  return simulator.requests.length;
}

keyTest("cache", async () => {
  expect(await requestsWith("", ["a", "a", "b"])).toBe(3);
  expect(await requestsWith("[cache]", ["a", "a", "b"])).toBe(2);
});

keyTest("cache.store", async () => {
  expect(await requestsWith('[cache]\nstore = "memory"', ["a", "a"])).toBe(1);
  const path = join(folder(), "state.db");
  const state = `[state]\nstore = "sqlite"\npath = ${JSON.stringify(path)}\n`;
  const simulator = await simulate();
  const toml = `[cache]\nstore = "state"\n${state}${entry("openai", simulator)}`;
  for (let count = 0; count < 2; count++) await factoryOf(toml).create().codegen(PROMPT);
  expect(simulator.requests).toHaveLength(1);
  expect(() => factoryOf('[cache]\nstore = "redis"\n[models.a]\nname = "m"\nprovider = "simulator"')).toThrow(
    /"store" must be "memory" or "state"; with "state", answers are kept in the store of \[state\]/,
  );
});

keyTest("cache.semantic.{model,threshold}", async () => {
  const models: string[] = [];
  const embed: Embedder = async (texts, { model }) => {
    models.push(model);
    return texts.map((text) => (text === "a" ? [1, 0] : [0.8, 0.6]));
  };
  const requests = async (keys: string) => {
    const simulator = await simulate();
    const toml = `[cache.semantic]\n${keys}\n${entry("openai", simulator)}`;
    const model = factoryOf(toml, { embed }).create();
    for (const text of ["a", "b"]) await model.codegen(text);
    return simulator.requests.length;
  };
  expect(await requests('model = "small"\nthreshold = 0.79')).toBe(1);
  expect(await requests('model = "large"\nthreshold = 0.81')).toBe(2);
  expect(await requests('model = "large"')).toBe(2);
  expect(new Set(models)).toEqual(new Set(["small", "large"]));
});

keyTest("cache.semantic", "needs a model, and a threshold from 0 to 1", () => {
  const parse = (keys: string) =>
    factoryOf(`[cache.semantic]\n${keys}\n[models.a]\nname = "m"\nprovider = "simulator"`);
  expect(() => parse("threshold = 0.5")).toThrow(/needs the model of the embeddings: add model = "NAME"/);
  expect(() => parse('model = "m"\nthreshold = 92')).toThrow(/"threshold" must be/);
});

keyTest("cache.semantic.timeout", async () => {
  const embed: Embedder = () => new Promise(() => {});
  const simulator = await simulate();
  const toml = `[cache.semantic]\nmodel = "m"\ntimeout = "30ms"\n${entry("openai", simulator)}`;
  using watch = new Stopwatch();
  await factoryOf(toml, { embed }).create().codegen("a");
  expect(watch.elapsedMs).toBeLessThan(1_900);
});

keyTest("cache.ttl", async () => {
  expect(await requestsWith('[cache]\nttl = "10s"', ["a", "a", "a"], { between: 6_000 })).toBe(2);
  expect(await requestsWith("[cache]\nttl = 20", ["a", "a", "a"], { between: 6_000 })).toBe(1);
});

keyTest("cache.max_entries", async () => {
  expect(await requestsWith("[cache]\nmax_entries = 1", ["a", "b", "a"])).toBe(3);
  expect(await requestsWith("[cache]\nmax_entries = 2", ["a", "b", "a"])).toBe(2);
});

keyTest("cache.max_bytes", async () => {
  expect(await requestsWith('[cache]\nmax_bytes = "1KiB"', ["a", "b", "a"])).toBe(3);
  expect(await requestsWith("[cache]\nmax_bytes = 10_000", ["a", "b", "a"])).toBe(2);
});

const HELLO: readonly FlowEvent[] = [
  { type: "start", model: "main", provider: "scripted" },
  { type: "text-delta", text: "hello", sample: 0 },
  { type: "finish", reason: "stop", sample: 0 },
];

// A memory store belongs to one factory, so two namespaces only meet where a store is shared.
keyTest("cache.namespace", async () => {
  const store = new MemoryStore(10, new FakeClock());
  let asked = 0;
  const through = async (namespace: string) => {
    const layer = cache(store, { ttlMs: 1_000, namespace });
    for await (const _ of layer(callOf(), async function* () {
      asked++;
      yield HELLO;
    }));
    return asked;
  };
  expect([await through("one"), await through("one"), await through("two"), await through("two")]).toEqual([
    1, 1, 2, 2,
  ]);
});

/** What the log says of one answered and one failed call. */
async function logged(lines: string): Promise<string[]> {
  const simulator = await simulate({ script: [{}, { kind: "auth" }] });
  const file = join(folder(), "log.txt");
  const toml = `[logging]\nfile = ${JSON.stringify(file)}\n${lines}\n${entry("openai", simulator, "pricing = { input = 1, output = 1 }")}`;
  const model = factoryOf(toml).create();
  await model.safeCodegen(PROMPT);
  await model.safeCodegen(PROMPT);
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

keyTest("logging", async () => {
  const simulator = await simulate({ script: [{ kind: "auth" }] });
  const { write } = process.stderr;
  const lines: string[] = [];
  onTestFinished(() => {
    process.stderr.write = write;
  });
  process.stderr.write = ((line: string) => lines.push(line) > 0) as typeof write;
  await factoryOf(entry("openai", simulator)).create().safeCodegen(PROMPT);
  expect(lines).toEqual([]);
  simulator.script({ kind: "auth" });
  await factoryOf(`[logging]\n${entry("openai", simulator)}`)
    .create()
    .safeCodegen(PROMPT);
  expect(lines.join("")).toMatch(/ERROR call failed/);
});

keyTest("logging.level", async () => {
  const severities = async (level: string) =>
    new Set((await logged(`level = "${level}"`)).map((line) => line.split(" ")[2]));
  expect(await severities("debug")).toEqual(new Set(["DEBUG", "INFO", "WARNING", "ERROR"]));
  expect(await severities("trace")).toEqual(new Set(["DEBUG", "INFO", "WARNING", "ERROR"]));
  expect(await severities("INFO")).toEqual(new Set(["INFO", "WARNING", "ERROR"]));
  expect(await severities("WARNING")).toEqual(new Set(["WARNING", "ERROR"]));
  expect(await severities("CRITICAL")).toEqual(new Set(["ERROR"]));
  expect(await severities("silent")).toEqual(new Set());
  expect(await severities("off")).toEqual(new Set());
});

keyTest("logging.format", async () => {
  const [json] = await logged('level = "info"\nformat = "json"');
  expect(JSON.parse(json ?? "")).toMatchObject({
    level: "info",
    name: "modelwright",
    message: "call answered",
    attempts: 1,
  });
  const [pattern] = await logged('level = "info"\nformat = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"');
  expect(pattern).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - modelwright - INFO - call answered /);
  const [text] = await logged('level = "info"\nformat = "text"');
  expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO call answered /);
});

keyTest("logging.file", async () => {
  expect(await logged("")).not.toEqual([]);
});

keyTest("logging.log_content", async () => {
  const showsPrompt = async (content: boolean) =>
    (await logged(`level = "debug"\nlog_content = ${content}`)).join("\n").includes(PROMPT);
  expect([await showsPrompt(false), await showsPrompt(true)]).toEqual([false, true]);
});

/** The lines of the audit after one call. */
async function auditedCall(lines: string, baseDir = folder(), file = "audit.jsonl"): Promise<string> {
  const simulator = await simulate();
  const factory = factoryOf(`${lines}\n${entry("openai", simulator)}`, { baseDir });
  await factory.create().codegen(PROMPT);
  await factory.close();
  return readFileSync(join(baseDir, file), "utf8");
}

keyTest("audit", async () => {
  expect(JSON.parse(await auditedCall("[audit]"))).toMatchObject({ model: "main", outcome: "ok" });
  await expect(auditedCall("")).rejects.toThrow(/ENOENT/);
});

keyTest("audit.file", async () => {
  expect(await auditedCall('[audit]\nfile = "calls.jsonl"', folder(), "calls.jsonl")).toMatch(/^\{.*\}\n$/);
});

keyTest("audit.content", async () => {
  const showsPrompt = async (content: boolean) => (await auditedCall(`[audit]\ncontent = ${content}`)).includes(PROMPT);
  expect([await showsPrompt(false), await showsPrompt(true)]).toEqual([false, true]);
});

keyTest("{telemetry,telemetry.otel}", async () => {
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new InMemorySpanExporter())] });
  trace.setGlobalTracerProvider(provider);
  onTestFinished(() => trace.disable());
  const traceIdWith = async (lines: string) => {
    const simulator = await simulate();
    const traceIds: string[] = [];
    const hooks = { success: (event: { traceId: string }) => void traceIds.push(event.traceId) };
    const reply = await factoryOf(`${lines}\n${entry("openai", simulator)}`, { hooks })
      .create()
      .codegen(PROMPT);
    return traceIds[0] === reply.callId ? "the call id" : traceIds[0];
  };
  expect(await traceIdWith("[telemetry]")).toBe("the call id");
  expect(await traceIdWith("[telemetry]\notel = true")).toMatch(/^[0-9a-f]{32}$/);
});
