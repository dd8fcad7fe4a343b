import { expect } from "vitest";
import type { CallOptions } from "../../src/model/options.ts";
import { PATIENT } from "../harness/entry.ts";
import { callTest, keyTest } from "./key-test.ts";
import { ask, entry, factoryOf, JumpingClock, PROMPT, simulate } from "./world.ts";

/** A million tokens cost 1000 USD, so a request with `max_new_tokens = 100` reserves about 0.10 USD. */
const PRICED = `pricing = { input = 0, output = 1000 }\nmax_new_tokens = 100\nnum_retries = 0\n${PATIENT}\n`;
const USAGE = { input: 10, output: 50, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 };

const ANSWER = { answer: { text: "hello", usage: USAGE } };

/** Codes of calls one after another, "ok" for an answer, and the requests that left. */
async function world(tables: string, lines = PRICED, clock = new JumpingClock()) {
  const simulator = await simulate({ script: Array.from({ length: 30 }, () => ANSWER) });
  const factory = factoryOf(`${entry("openai", simulator, lines)}${tables}`, { clock, random: () => 0 });
  const model = factory.create();
  const call = async (options?: CallOptions) => {
    const outcome = await model.safeCodegen(PROMPT, options);
    return outcome.ok ? "ok" : outcome.error.code;
  };
  return { simulator, factory, model, call, clock };
}

keyTest("budgets", async () => {
  const { call, simulator } = await world("[budgets.one]\nusd = 10\n[budgets.two]\nusd = 0.01\n");
  expect(await call()).toBe("budget_exceeded");
  expect(simulator.requests).toHaveLength(0);
});

keyTest("budgets.*.usd", async () => {
  const { call, factory, simulator } = await world("[budgets.team]\nusd = 0.15\n");
  expect([await call(), await call(), await call()]).toEqual(["ok", "ok", "budget_exceeded"]);
  expect(simulator.requests).toHaveLength(2);
  expect(await factory.budgets.status()).toEqual([
    {
      ...{ name: "team", unit: "usd", limit: 0.15, spent: 0.1, reserved: 0, remaining: 0.05 },
      ...{ resetsAt: new Date(Date.UTC(2026, 1, 1)), state: "ok" },
    },
  ]);
});

keyTest("budgets.*.tokens", async () => {
  const { call, factory } = await world("[budgets.team]\ntokens = 200\n");
  expect([await call(), await call(), await call()]).toEqual(["ok", "ok", "budget_exceeded"]);
  expect(await factory.budgets.status("team")).toMatchObject([{ unit: "tokens", limit: 200, spent: 120 }]);
});

keyTest("budgets.*.period", async () => {
  for (const [period, ms] of [
    ["hour", 3_600_000],
    ["day", 86_400_000],
    ["week", 7 * 86_400_000],
    ["month", 31 * 86_400_000],
  ] as const) {
    const now = { ms: Date.UTC(2026, 0, 1) };
    const { call } = await world(`[budgets.b]\nusd = 0.1\nperiod = "${period}"\n`, PRICED, at(now));
    expect([await call(), await call()]).toEqual(["ok", "budget_exceeded"]);
    now.ms += ms;
    expect(await call(), period).toBe("ok");
  }
  const now = { ms: Date.UTC(2026, 0, 1) };
  const { call, factory } = await world('[budgets.b]\nusd = 0.1\nperiod = "total"\n', PRICED, at(now));
  expect(await call()).toBe("ok");
  now.ms += 100 * 365 * 86_400_000;
  expect(await call()).toBe("budget_exceeded");
  expect(await factory.budgets.status()).toMatchObject([{ resetsAt: null }]);
});

/** A clock whose date the test moves. */
function at(now: { readonly ms: number }): JumpingClock {
  const clock = new JumpingClock();
  clock.now = () => now.ms;
  return clock;
}

keyTest("budgets.*.timezone", async () => {
  const now = { ms: Date.UTC(2026, 2, 28, 23, 30) };
  const zone = 'usd = 0.1\nperiod = "day"\ntimezone = "Europe/Berlin"\n';
  const { call, factory } = await world(`[budgets.b]\n${zone}`, PRICED, at(now));
  expect([await call(), await call()]).toEqual(["ok", "budget_exceeded"]);
  // This day has 23 hours.
  expect(await factory.budgets.status()).toMatchObject([{ resetsAt: new Date(Date.UTC(2026, 2, 29, 22)) }]);
  now.ms = Date.UTC(2026, 2, 29, 21, 59);
  expect(await call()).toBe("budget_exceeded");
  now.ms = Date.UTC(2026, 2, 29, 22);
  expect(await call()).toBe("ok");
});

keyTest("budgets.*.per", async () => {
  const { call, factory } = await world('[budgets.b]\nusd = 0.1\nper = ["user"]\n');
  const users = ["ann", "bob", "ann", undefined];
  const codes = [];
  for (const user of users) codes.push(await call({ user }));
  expect(codes).toEqual(["ok", "ok", "budget_exceeded", "ok"]);
  expect((await factory.budgets.status()).map(({ per }) => per)).toEqual([
    { user: "ann" },
    { user: "bob" },
    { user: "" },
  ]);
});

keyTest("budgets.*.per", "also by several names together", async () => {
  for (const per of ["tag", "key", "model", "provider", "scope"]) {
    const { call } = await world(`[budgets.b]\nusd = 0.1\nper = ["${per}", "user"]\n`);
    expect([await call({ user: "a" }), await call({ user: "b" }), await call({ user: "a" })], per).toEqual([
      ...["ok", "ok", "budget_exceeded"],
    ]);
  }
});

keyTest("budgets.*.match", async () => {
  const { call } = await world('[budgets.b]\nusd = 0\nmatch = { tags = ["ci"], users = ["ann"] }\n');
  expect([await call(), await call({ tags: ["ci"] }), await call({ tags: ["ci"], user: "ann" })]).toEqual([
    ...["ok", "ok", "budget_exceeded"],
  ]);
});

keyTest("budgets.*.match.{models,providers,tags,users}", async () => {
  const options = { tags: ["ci"], user: "ann" };
  for (const [key, value, other] of [
    ["models", "main", "spare"],
    ["providers", "openai", "anthropic"],
    ["tags", "ci", "web"],
    ["users", "ann", "bob"],
  ] as const) {
    const spare = '[models.spare]\nname = "x"\nprovider = "openai"\n';
    const table = (name: string) => `${spare}[budgets.b]\nusd = 0\nmatch = { ${key} = ["${name}"] }\n`;
    expect(await (await world(table(value))).call(options), key).toBe("budget_exceeded");
    expect(await (await world(table(other))).call(options), key).toBe("ok");
  }
});

keyTest(
  "budgets.*.match.models",
  "and the other lists: one value is enough, and an empty list is an error",
  async () => {
    for (const key of ["models", "providers", "tags", "users"])
      await expect(world(`[budgets.b]\nusd = 0\nmatch = { ${key} = [] }\n`)).rejects.toThrow(
        `"${key}" must name at least one`,
      );
    const { call } = await world('[budgets.b]\nusd = 0\nmatch = { tags = ["web", "ci"] }\n');
    expect([await call({ tags: ["ci"] }), await call({ tags: ["web"] }), await call()]).toEqual([
      ...["budget_exceeded", "budget_exceeded", "ok"],
    ]);
  },
);

keyTest("budgets.*.warn_at", async () => {
  const state = async (lines: string) => {
    const { call, factory } = await world(`[budgets.b]\nusd = 0.2\n${lines}`);
    await call();
    return (await factory.budgets.status())[0]?.state;
  };
  expect(await state("warn_at = 0.25")).toBe("warning");
  expect(await state("")).toBe("ok");
});

keyTest("budgets.*.on_exceeded", async () => {
  const tables = async (lines: string) => {
    const simulator = await simulate({ script: [ANSWER] });
    const cheap = entry("openai", simulator, PRICED.replace("1000", "1"), { table: "cheap", name: "cheap" });
    const main = entry("openai", simulator, `${PRICED}fallback_models = ["cheap"]\n`);
    const { reply, error, requests } = await ask(simulator, `${main}${cheap}[budgets.b]\nusd = 0.05\n${lines}`);
    return { model: reply?.model, code: error?.code, requests: requests.length, attempts: reply?.attempts.length };
  };
  expect(await tables('on_exceeded = "fallback"')).toEqual({ model: "cheap", requests: 1, attempts: 1 });
  expect(await tables("")).toEqual({ code: "budget_exceeded", requests: 0 });
});

keyTest("budgets.*.on_exceeded", "an error names both budgets if no target fits", async () => {
  const simulator = await simulate();
  const spare = entry("openai", simulator, PRICED, { table: "spare", name: "spare" });
  const main = entry("openai", simulator, `${PRICED}fallback_models = ["spare"]\n`);
  const budget = (name: string, model: string) =>
    `[budgets.${name}]\nusd = 0\non_exceeded = "fallback"\nmatch = { models = ["${model}"] }\n`;
  const { error } = await ask(simulator, `${main}${spare}${budget("one", "main")}${budget("two", "spare")}`);
  expect(error?.code).toBe("budget_exceeded");
  expect(error?.message).toMatch(/budget "one"[\s\S]*budget "two"/);
  expect(simulator.requests).toHaveLength(0);
});

keyTest("budgets.*.unpriced", async () => {
  const free = `max_new_tokens = 100\n${PATIENT}\n`;
  expect(await (await world("[budgets.b]\nusd = 1\n", free)).call()).toBe("budget_exceeded");
  expect(await (await world('[budgets.b]\nusd = 1\nunpriced = "allow"\n', free)).call()).toBe("ok");
});

keyTest("budgets.*.max_output", async () => {
  const lines = `pricing = { input = 0, output = 1000 }\nnum_retries = 0\n${PATIENT}\n`;
  const { model, simulator } = await world("[budgets.b]\nusd = 1\nmax_output = 200\n", lines);
  const reply = await model.codegen(PROMPT);
  expect(simulator.requests[0]?.body).toMatchObject({ max_completion_tokens: 200 });
  expect(reply.adjustments).toContainEqual({
    ...{ setting: "max_new_tokens", from: undefined, to: 200, reason: 'max_output of budget "b"' },
  });
  // Without it, 4096 tokens are reserved.
  expect(await (await world("[budgets.b]\nusd = 1\n", lines)).call()).toBe("budget_exceeded");
});

keyTest("budgets.*.max_wait", async () => {
  const both = async (lines: string) => {
    const { call } = await world(`[budgets.b]\nusd = 0.15\n${lines}`);
    return Promise.all([call(), call()]);
  };
  expect(await both('max_wait = "1h"')).toEqual(["ok", "ok"]);
  expect((await both("max_wait = 0")).toSorted()).toEqual(["budget_exceeded", "ok"]);
});

keyTest("budgets.*.max_counters", async () => {
  const { call } = await world('[budgets.b]\nusd = 1\nper = ["user"]\nmax_counters = 1\n');
  expect([await call({ user: "a" }), await call({ user: "b" })]).toEqual(["ok", "state_unavailable"]);
});

callTest("priority", async () => {
  const { model, simulator } = await world('[rate_limits.r]\nmax_parallel = 1\nmax_wait = "1h"\n');
  const calls = [["first"], ["normal"], ["late", 200], ["urgent", 0]] as const;
  await Promise.all(calls.map(([user, priority]) => model.codegen(PROMPT, { user, priority })));
  expect(simulator.requests.map(({ body }) => (body as { readonly user: string }).user)).toEqual([
    ...["first", "urgent", "normal", "late"],
  ]);
});
