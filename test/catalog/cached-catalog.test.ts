import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CachedCatalog, catalogPath, catalogText, UnreadableCatalog } from "../../src/catalog/cached-catalog.ts";
import { catalogIds, factsOf, infoOf } from "../../src/catalog/lookup.ts";
import type { ModelRow } from "../../src/catalog/model-row.ts";
import { priceOf } from "../../src/catalog/price.ts";
import { tableNames, tableOf } from "../../src/catalog/table.ts";
import { catalogFile, devDocument, devModel, EARLIER, folder, LATER, textOf } from "../harness/catalog-document.ts";

const catalogOf = (providers: Parameters<typeof devDocument>[0], fetchedAt = LATER) =>
  new CachedCatalog(textOf(devDocument(providers), fetchedAt));

describe("the path of the cached catalog", () => {
  test.each([
    ["linux", { XDG_CACHE_HOME: "/x/cache", HOME: "/home/a" }, "/x/cache/modelwright/catalog.jsonl"],
    ["linux", { XDG_CACHE_HOME: "relative", HOME: "/home/a" }, "/home/a/.cache/modelwright/catalog.jsonl"],
    ["darwin", { HOME: "/Users/a" }, "/Users/a/.cache/modelwright/catalog.jsonl"],
    ["win32", { LOCALAPPDATA: "/appdata", HOME: "/home/a" }, "/appdata/modelwright/catalog.jsonl"],
    ["linux", {}, undefined],
    ["win32", { HOME: "/home/a" }, undefined],
  ] as const)("on %s with %j is %s", (platform, env, path) => {
    expect(catalogPath(env, platform)).toBe(path);
  });
});

describe("a catalog on disk", () => {
  test("is read as written, with the rows of each provider on first use", () => {
    const path = catalogFile(
      textOf(devDocument({ openai: [devModel("gpt-99")], groq: [devModel("a/b"), devModel("c")] })),
    );
    const catalog = CachedCatalog.read(path);
    expect(catalog.header).toEqual({
      version: 1,
      source: "https://models.dev/api.json",
      fetchedAt: LATER,
      asOf: "2031-04-01",
      providers: 2,
      models: 3,
    });
    expect(catalog.names()).toEqual(["openai", "groq"]);
    expect(catalog.table("groq")?.byId.get("c")).toMatchObject({ context: 300_000, price: { input: 2 } });
    expect(catalog.table("gone")).toBeUndefined();
  });

  test("can contain every row of the built-in tables", () => {
    const rows = new Map(
      tableNames().map((name) => {
        const models = [...(tableOf(name)?.byId.values() ?? [])];
        return [name, models.map(({ timedPrice: _, ...row }) => row as ModelRow)] as const;
      }),
    );
    const catalog = new CachedCatalog(catalogText(rows, { source: "test", fetchedAt: LATER }));
    for (const [name, models] of rows) expect([...(catalog.table(name)?.byId.values() ?? [])]).toEqual(models);
  });

  const whole = textOf(devDocument({ openai: [devModel("a")], groq: [devModel("b")] }));
  const [head = "", ...lines] = whole.trimEnd().split("\n");

  test.each([
    ["empty", ""],
    ["something else", "[models.a]\nname = 'x'\n"],
    ["JSON of another kind", '{"models":[]}\n'],
    ["of a later version", whole.replace('"version":1', '"version":2')],
    ["with a time that is none", whole.replace(LATER, "yesterday")],
    ["cut after a line", `${head}\n${lines[0]}\n`],
    ["cut in its last line", whole.slice(0, -5)],
    ["cut before its last line break", whole.trimEnd()],
  ])("that is %s is rejected", (_what, text) => {
    expect(() => new CachedCatalog(text)).toThrow(UnreadableCatalog);
  });

  test.each([
    ["no JSON", "{broken"],
    ["a negative price", '"price":{"input":-2'],
    ["a price that is a text", '"price":{"input":"2"'],
    ["an unknown setting", '"lacks":["rm -rf"],"price":{"input":2'],
    ["a wire that does not exist", '"dialect":"telnet","price":{"input":2'],
  ])("with rows that have %s is rejected on first use", (_what, damage) => {
    const text = whole.replace('"price":{"input":2', damage);
    expect(() => new CachedCatalog(text).table("openai")).toThrow(/has invalid rows for openai/);
  });

  test("is not a directory, pipe or device", () => {
    const path = folder();
    mkdirSync(join(path, "catalog.jsonl"));
    expect(() => CachedCatalog.read(join(path, "catalog.jsonl"))).toThrow(/not a regular file|EISDIR/);
    expect(() => CachedCatalog.read("/dev/zero")).toThrow(/not a regular file/);
    expect(() => CachedCatalog.read(join(path, "gone"))).toThrow(/does not exist/);
    symlinkSync("/dev/zero", join(path, "link"));
    expect(() => CachedCatalog.read(join(path, "link"))).toThrow(/not a regular file/);
    writeFileSync(join(path, "huge"), Buffer.alloc(65 * 1024 * 1024));
    expect(() => CachedCatalog.read(join(path, "huge"))).toThrow(/larger than 64 MiB/);
  });
});

describe("facts of the cached catalog", () => {
  test("add new models and new hosts", () => {
    const catalog = catalogOf({ openai: [devModel("gpt-99")], deepinfra: [devModel("org/model")] });
    expect(factsOf("openai", "gpt-99").known).toBe(false);
    expect(factsOf("openai", "gpt-99", catalog)).toMatchObject({ known: true, context: 300_000, maxOutput: 50_000 });
    expect(factsOf("deepinfra", "org/model", catalog).capabilities.vision).toBe(true);
    expect(priceOf("deepinfra", "org/model", undefined, catalog)).toEqual({ input: 2, output: 8, cacheRead: 0.5 });
    expect(infoOf("gpt-99", catalog)).toMatchObject({
      provider: "openai",
      releasedOn: "2026-09-15",
      deprecated: false,
      price: { input: 2 },
    });
    expect(catalogIds(undefined, catalog)).toContain("org/model");
    expect(catalogIds("openai", catalog)).toEqual(expect.arrayContaining(["gpt-99", "gpt-4o"]));
  });

  test("replace older built-in facts, and keep missing ones", () => {
    const cached = devModel("gpt-4o", { limit: { context: 256_000 }, cost: { input: 1, output: 4 }, tool_call: false });
    const catalog = catalogOf({ openai: [cached] });
    const [before, after] = [factsOf("openai", "gpt-4o"), factsOf("openai", "gpt-4o", catalog)];
    expect(before.context).toBe(128_000);
    expect(after).toMatchObject({ context: 256_000, maxOutput: before.maxOutput });
    expect(priceOf("openai", "gpt-4o", undefined, catalog)).toEqual({ input: 1, output: 4 });
  });

  test("fill gaps when older than the built-in facts", () => {
    const cached = devModel("gpt-4o", { limit: { context: 1 }, cost: { input: 1, output: 4 } });
    const catalog = catalogOf({ openai: [cached, devModel("gpt-99")] }, EARLIER);
    expect(factsOf("openai", "gpt-4o", catalog)).toEqual(factsOf("openai", "gpt-4o"));
    expect(priceOf("openai", "gpt-4o", undefined, catalog)).toEqual(priceOf("openai", "gpt-4o"));
    expect(infoOf("gpt-4o", catalog)?.releasedOn).toBe("2026-09-15");
    expect(factsOf("openai", "gpt-99", catalog).known).toBe(true);
  });

  test.each([
    [LATER, "2021-05-01", false],
    [LATER, "2031-01-01", true],
    [LATER, undefined, true],
    [EARLIER, "2031-01-01", false],
  ])("fetched on %s with facts of %s are newer: %s", (fetchedAt, asOf, newer) => {
    const text = catalogText(new Map([["host", [{ id: "m" }]]]), { source: "test", fetchedAt, asOf });
    expect(new CachedCatalog(text).newer).toBe(newer);
  });

  test("keep price details that they do not contradict", () => {
    const shipped = priceOf("anthropic", "claude-sonnet-4-5");
    expect(shipped?.cacheWrite1h).toBeDefined();
    const cost = { input: shipped?.input, output: shipped?.output };
    const catalog = catalogOf({ anthropic: [devModel("claude-sonnet-4-5", { cost })] });
    expect(priceOf("anthropic", "claude-sonnet-4-5", undefined, catalog)).toEqual(shipped);
  });

  test("do not replace a time-dependent price with a fixed one", () => {
    const timed = tableNames().flatMap((provider) =>
      [...(tableOf(provider)?.byId.values() ?? [])].filter((row) => row.timedPrice).map(({ id }) => ({ provider, id })),
    );
    for (const { provider, id } of timed.slice(0, 3)) {
      const catalog = catalogOf({ [provider]: [devModel(id, { cost: { input: 77, output: 99 } })] });
      const at = new Date("2026-11-20T12:00:00Z");
      expect(priceOf(provider, id, at, catalog)).toEqual(priceOf(provider, id, at));
    }
  });

  test("give a new dated copy the wire facts of its release, not its price and retirement", () => {
    const shipped = factsOf("anthropic", "claude-sonnet-4-5");
    const copy = devModel("claude-sonnet-4-5-20310101", { cost: { input: 9, output: 9 } });
    const catalog = catalogOf({ anthropic: [copy] });
    const facts = factsOf("anthropic", "claude-sonnet-4-5-20310101", catalog);
    expect(facts).toMatchObject({ context: 300_000, reasoningWire: shipped.reasoningWire });
    expect(facts.retiresOn).toBeUndefined();
    expect(priceOf("anthropic", "claude-sonnet-4-5-20310101", undefined, catalog)).toEqual({ input: 9, output: 9 });
  });

  test("do not change other models", () => {
    const catalog = catalogOf({ groq: [devModel("only/this")] });
    for (const provider of tableNames())
      for (const id of tableOf(provider)?.byId.keys() ?? [])
        expect(factsOf(provider, id, catalog), `${provider} ${id}`).toEqual(factsOf(provider, id));
  });
});
