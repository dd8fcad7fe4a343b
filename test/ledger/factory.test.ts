import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ScriptedAttempt } from "../../src/dialects/scripted/dialect.ts";
import { ModelFactory } from "../../src/factory/factory.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

const ANSWER: ScriptedAttempt = [
  { events: [{ type: "response", servedModel: "main-2026", serviceTier: "default" }] },
  { text: "hello" },
  { usage: { input: 1_000_000, output: 500_000 } },
  { finish: "stop" },
];

function world(script: readonly ScriptedAttempt[], toml = "") {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-ledger-"));
  const path = join(folder, ".modelwright", "ledger.db");
  const scripted = factoryOf({ main: script }, `[ledger]\n${toml}`, { baseDir: folder });
  onTestFinished(async () => {
    await scripted.factory.close();
    rmSync(folder, { recursive: true });
  });
  return { ...scripted, path };
}

describe("the ledger of a factory", () => {
  it("has a row for each attempt, with its exact cost", async () => {
    const { factory, model } = world([ANSWER, ANSWER]);
    await model.codegen("Hi", { tags: ["ci"], user: "ann" });
    await model.codegen("Hi", { tags: ["ci", "nightly"] });
    expect(await factory.ledger.query({ by: ["entry", "model", "provider", "outcome"] })).toMatchObject([
      {
        group: { entry: "main", model: "main-model", provider: "main", outcome: "ok" },
        ...{ attempts: 2, input: 2_000_000, output: 1_000_000, usd: 4, unpriced: 0 },
      },
    ]);
    expect(await factory.ledger.query({ by: ["tag", "user"] })).toMatchObject([
      { group: { tag: "ci", user: "ann" }, attempts: 1 },
      { group: { tag: "ci", user: null }, attempts: 1 },
      { group: { tag: "nightly", user: null }, attempts: 1 },
    ]);
  });

  it("creates no file before the first call or question", async () => {
    const { factory, model, path } = world([ANSWER]);
    expect(existsSync(path)).toBe(false);
    await factory.close();
    expect(existsSync(path)).toBe(false);
    const other = world([ANSWER]);
    await other.model.codegen("Hi");
    await other.factory.ledger.flush();
    expect(existsSync(other.path)).toBe(true);
    expect(model.name).toBe("main");
  });

  it("has a row for each failed attempt, retry and fallback", async () => {
    const busy: ScriptedAttempt = [{ error: { code: "overloaded", message: "busy", status: 529 } }];
    const { factory, model, clock } = world([busy, ANSWER]);
    await clock.settle(model.codegen("Hi"));
    expect(await factory.ledger.query({ by: ["outcome", "code"] })).toMatchObject([
      { group: { outcome: "error", code: "overloaded" }, attempts: 1, failed: 1, usd: 0, total: 0 },
      { group: { outcome: "ok", code: null }, attempts: 1, failed: 0, usd: 2 },
    ]);
  });

  it("marks an attempt that was cut as possibly billed, with an estimate", async () => {
    const { factory, model } = world(
      [[{ text: "hel" }, { error: { code: "stream_truncated", message: "cut" } }]],
      "[defaults]\nnum_retries = 0",
    );
    await model.codegen("Hi").catch(() => {});
    expect(await factory.ledger.query()).toMatchObject([{ attempts: 1, failed: 1, possiblyBilled: 1, estimated: 1 }]);
  });

  it("has an attempt of unknown cost as unpriced, not as free", async () => {
    const searched = { input: 10, output: 5, details: { webSearchRequests: 1 } };
    const { factory, model } = world([[{ text: "hello" }, { usage: searched }, { finish: "stop" }]]);
    await model.codegen("Hi");
    expect(await factory.ledger.query()).toMatchObject([{ attempts: 1, usd: null, unpriced: 1 }]);
  });

  it("has no cost for an attempt that was admitted but not sent", async () => {
    const { factory, model } = world([[{ error: { code: "unsupported", message: "no" } }]]);
    await model.codegen("Hi").catch(() => {});
    expect(await factory.ledger.query()).toMatchObject([{ attempts: 1, failed: 1, open: 0, usd: 0 }]);
  });

  it("has a row for a stream that its reader left", async () => {
    const { factory, model } = world([[{ text: "hello world and more" }, { hang: true }]]);
    for await (const _ of model.stream("Hi")) break;
    expect(await factory.ledger.query({ by: ["outcome"] })).toMatchObject([
      { group: { outcome: "aborted" }, attempts: 1, open: 0, possiblyBilled: 1 },
    ]);
  });

  it("sends nothing if the row cannot be kept", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-ledger-"));
    writeFileSync(join(folder, "ledger.db"), "this is not a database, but a text that is long enough to be read");
    const { factory, model, dialects } = factoryOf(
      { main: [ANSWER] },
      '[ledger]\npath = "ledger.db"\ndurability = "sync"',
      {
        baseDir: folder,
      },
    );
    onTestFinished(async () => {
      await factory.close();
      rmSync(folder, { recursive: true });
    });
    const failure = model.codegen("Hi");
    await expect(failure).rejects.toMatchObject({ code: "state_unavailable", model: "main" });
    await expect(failure).rejects.toThrow(/ledger\.db is not a SQLite database; move it away/);
    expect(dialects["main"]?.calls).toHaveLength(0);
  });

  it("counts what an answer from the cache saved", async () => {
    const { factory, model } = world([ANSWER], "[cache]");
    await model.codegen("Hi");
    await model.codegen("Hi");
    expect(await factory.ledger.query()).toMatchObject([
      { attempts: 1, cached: 1, usd: 2, savedUsd: 2, total: 1_500_000 },
    ]);
  });

  it("writes rows of calls that end while the factory closes", async () => {
    const { factory, model, path } = world([ANSWER]);
    await model.codegen("Hi");
    await factory.close();
    expect(existsSync(path)).toBe(true);
  });

  it("leaves no rows behind if all calls are simulated, and connects to no database", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-ledger-"));
    const table = '[ledger]\nstore = "postgres"\nurl = "postgres://127.0.0.1:9/usage"\n';
    const toml = `${table}[models.a]\nname = "gpt-4.1"\nprovider = "openai"`;
    const factory = ModelFactory.parse(toml, { simulate: true, baseDir: folder, env: {} });
    onTestFinished(async () => {
      await factory.close();
      rmSync(folder, { recursive: true });
    });
    await factory.create("a").codegen("Hi");
    expect(await factory.ledger.query()).toMatchObject([{ attempts: 1 }]);
    expect(existsSync(join(folder, ".modelwright"))).toBe(false);
    expect(existsSync(":memory:")).toBe(false);
  });

  it("names what is wrong with a question", async () => {
    const { factory } = world([]);
    await expect(factory.ledger.query({ by: ["models"] } as never)).rejects.toThrow(
      "ledger.query: by must be an array of",
    );
    await expect(factory.ledger.query({ where: { day: "x" } } as never)).rejects.toThrow("where must be an object");
    await expect(factory.ledger.query({ since: new Date("x") })).rejects.toThrow("since must be a Date");
    const without = factoryOf({ main: [] });
    await expect(without.factory.ledger.query()).rejects.toThrow("add a [ledger] table to models.toml");
    await without.factory.ledger.flush();
  });
});

describe("budgets and the ledger", () => {
  const BUDGET = "[budgets.team]\nusd = 5\nmax_output = 1_000_000\n";
  /** Each answer costs 2 USD, and reserves a little more. */
  const spend = async (scripted: ReturnType<typeof world>) =>
    (await scripted.model.safeCodegen("Hi")).ok ? "ok" : "refused";

  it.each([
    ["codegen", "batch"],
    ["codegen", "sync"],
    ["stream", "batch"],
  ] as const)("have the exact cost of a refused answer that a fallback replaces (%s, %s)", async (way, durability) => {
    const refusal: ScriptedAttempt = [
      { events: [{ type: "refusal-delta", text: "no", sample: 0 }] },
      { usage: { input: 1_000_000, output: 500_000 } },
      { finish: "refusal" },
    ];
    const folder = mkdtempSync(join(tmpdir(), "modelwright-ledger-"));
    const { factory, model } = factoryOf(
      { main: [refusal], other: [ANSWER] },
      `[defaults]\ncontent_policy_fallbacks = ["other"]\n[ledger]\ndurability = "${durability}"\n${BUDGET}`,
      { baseDir: folder },
    );
    onTestFinished(async () => {
      await factory.close();
      rmSync(folder, { recursive: true });
    });
    const reply = way === "codegen" ? await model.codegen("Hi") : await model.stream("Hi").reply;
    expect(reply.cost?.usd).toBe(4);
    expect(await factory.budgets.status()).toMatchObject([{ spent: 4, reserved: 0 }]);
    expect(await factory.ledger.query({ by: ["entry"] })).toMatchObject([
      { group: { entry: "main" }, usd: 2 },
      { group: { entry: "other" }, usd: 2 },
    ]);
  });

  it("rebuild what was spent when the process starts again", async () => {
    const first = world([ANSWER, ANSWER, ANSWER], BUDGET);
    expect([await spend(first), await spend(first), await spend(first)]).toEqual(["ok", "ok", "refused"]);
    await first.factory.close();
    const again = factoryOf({ main: [ANSWER] }, `[ledger]\n${BUDGET}`, { baseDir: join(first.path, "../..") });
    onTestFinished(() => again.factory.close());
    expect((await again.model.safeCodegen("Hi")).ok).toBe(false);
    expect(again.dialects["main"]?.calls).toHaveLength(0);
  });

  /** The status before and after a restart. */
  const statusAcrossRestart = async (toml: string, users: readonly string[]) => {
    const first = world(
      users.map(() => ANSWER),
      toml,
    );
    for (const user of users) await first.model.codegen("Hi", { user });
    const before = await first.factory.budgets.status();
    await first.factory.close();
    const again = factoryOf({ main: [ANSWER] }, `[ledger]\n${toml}`, { baseDir: join(first.path, "../..") });
    onTestFinished(() => again.factory.close());
    const status = () => again.factory.budgets.status();
    return { before, after: await status(), again, status };
  };

  it("show what was spent before a restart, before the first call", async () => {
    const { before, after } = await statusAcrossRestart(BUDGET, ["ann"]);
    expect(after).toMatchObject([{ name: "team", spent: 2, reserved: 0, remaining: 3, state: "ok" }]);
    expect(after).toEqual(before);
  });

  it("show each user of the ledger after a restart, and each only once", async () => {
    const each = '[budgets.each]\nusd = 9\nmax_output = 1_000_000\nper = ["user"]\n';
    const { before, after, again, status } = await statusAcrossRestart(each, ["ann", "bob", "ann"]);
    expect(after).toMatchObject([
      { per: { user: "ann" }, spent: 4 },
      { per: { user: "bob" }, spent: 2 },
    ]);
    expect(after).toEqual(before);
    await again.model.codegen("Hi", { user: "bob" });
    const sorted = (await status()).toSorted((left, right) => left.spent - right.spent || 1);
    expect(sorted).toMatchObject([{ spent: 4 }, { spent: 4 }]);
  });

  it("show one hash for the names of a counter if the ledger hashes users", async () => {
    const each = 'users = "hash"\n[budgets.each]\nusd = 9\nmax_output = 1_000_000\nper = ["user", "model"]\n';
    const { after } = await statusAcrossRestart(each, ["ann"]);
    expect(after).toMatchObject([{ per: { user: expect.stringMatching(/^[0-9a-f]{32}$/) }, spent: 2 }]);
    expect(after[0]?.per?.["model"]).toBe(after[0]?.per?.["user"]);
  });

  it("show an error instead of zero if the ledger cannot be read", async () => {
    const { factory, path } = world([], BUDGET);
    mkdirSync(dirname(path));
    writeFileSync(path, "this is not a database, but a text that is long enough to be read");
    const status = factory.budgets.status();
    await expect(status).rejects.toMatchObject({ code: "state_unavailable" });
    await expect(status).rejects.toThrow(/ledger\.db is not a SQLite database; move it away/);
  });

  it("are not charged for attempts that were not sent, when they are rebuilt", async () => {
    const unsent: ScriptedAttempt = [{ error: { code: "unsupported", message: "no" } }];
    const first = world([unsent, unsent], BUDGET);
    expect([await spend(first), await spend(first)]).toEqual(["refused", "refused"]);
    await first.factory.close();
    const again = factoryOf({ main: [ANSWER] }, `[ledger]\n${BUDGET}`, { baseDir: join(first.path, "../..") });
    onTestFinished(() => again.factory.close());
    expect((await again.model.safeCodegen("Hi")).ok).toBe(true);
  });

  it("have the excess over the limit in the row of the attempt", async () => {
    const long: ScriptedAttempt = [
      { text: "hello" },
      { usage: { input: 3_000_000, output: 1_000_000 } },
      { finish: "stop" },
    ];
    const scripted = world([long], BUDGET);
    expect(await spend(scripted)).toBe("ok");
    expect(await scripted.factory.ledger.query()).toMatchObject([{ usd: 5, overrunUsd: 0 }]);
    const tight = world([long], "[budgets.team]\nusd = 3\nmax_output = 1_000_000\n");
    expect(await spend(tight)).toBe("ok");
    expect(await tight.factory.ledger.query()).toMatchObject([{ usd: 5, overrunUsd: 2 }]);
  });
});
