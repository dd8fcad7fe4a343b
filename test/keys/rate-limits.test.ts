import { expect } from "vitest";
import type { CallOptions } from "../../src/model/options.ts";
import { PATIENT } from "../harness/entry.ts";
import { keyTest } from "./key-test.ts";
import { entry, factoryOf, JumpingClock, PROMPT, simulate } from "./world.ts";

const USAGE = { input: 10, output: 90, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 };

/** Codes of calls one after another, and the time they took. */
async function world(tables: string, lines = "") {
  const clock = new JumpingClock();
  const simulator = await simulate({
    script: Array.from({ length: 30 }, () => ({ answer: { text: "hello", usage: USAGE } })),
  });
  const factory = factoryOf(`${entry("openai", simulator, `num_retries = 0\n${PATIENT}\n${lines}`)}${tables}`, {
    ...{ clock, random: () => 0 },
  });
  const model = factory.create();
  const call = async (options?: CallOptions) => {
    const outcome = await model.safeCodegen(PROMPT, options);
    return outcome.ok ? "ok" : outcome.error.code;
  };
  return { simulator, call, model, elapsedMs: () => clock.monotonic() };
}

const REFUSE = 'on_exceeded = "refuse"\n';

keyTest("rate_limits", async () => {
  const { call } = await world(`[rate_limits.a]\nrpm = 100\n[rate_limits.b]\nrpm = 1\n${REFUSE}`);
  expect([await call(), await call()]).toEqual(["ok", "limit_exceeded"]);
});

keyTest("rate_limits.*.{requests_per_second,requests_per_minute,requests_per_hour,requests_per_day,rpm}", async () => {
  for (const [key, ms] of Object.entries({
    ...{ requests_per_second: 1_000, requests_per_minute: 60_000, rpm: 60_000 },
    ...{ requests_per_hour: 3_600_000, requests_per_day: 86_400_000 },
  })) {
    const { call, elapsedMs } = await world(`[rate_limits.r]\n${key} = 200\nmax_wait = "1h"\n`);
    for (let count = 0; count < 3; count++) expect(await call(), key).toBe("ok");
    expect(elapsedMs(), key).toBe(0);
    const narrow = await world(`[rate_limits.r]\n${key} = 2\n${REFUSE}`);
    const refused = await narrow.model
      .safeCodegen(PROMPT)
      .then(() => narrow.model.safeCodegen(PROMPT))
      .then(() => narrow.model.safeCodegen(PROMPT));
    expect(refused, key).toMatchObject({ ok: false, error: { code: "limit_exceeded", retryAfterMs: ms / 2 } });
  }
});

keyTest("rate_limits.*.{tokens_per_second,tokens_per_minute,tokens_per_hour,tokens_per_day,tpm}", async () => {
  for (const [key, ms] of Object.entries({
    ...{ tokens_per_second: 1_000, tokens_per_minute: 60_000, tpm: 60_000 },
    ...{ tokens_per_hour: 3_600_000, tokens_per_day: 86_400_000 },
  })) {
    const { model } = await world(`[rate_limits.r]\n${key} = 100\n${REFUSE}`);
    await model.codegen(PROMPT);
    const refused = await model.safeCodegen(PROMPT);
    // The first answer used all 100 tokens, so the next one waits for those of its prompt.
    const tokens = model.estimate(PROMPT).tokens;
    expect(refused, key).toMatchObject({ ok: false, error: { retryAfterMs: (ms * tokens) / 100 } });
  }
});

keyTest("rate_limits.*.max_parallel", async () => {
  const { call, simulator } = await world('[rate_limits.r]\nmax_parallel = 1\nqueue = 1\nmax_wait = "1h"\n');
  expect((await Promise.all([call(), call(), call()])).toSorted()).toEqual(["limit_exceeded", "ok", "ok"]);
  expect(simulator.requests).toHaveLength(2);
});

keyTest("rate_limits.*.per", async () => {
  const { call } = await world(`[rate_limits.r]\nrpm = 1\nper = ["user"]\n${REFUSE}`);
  expect([await call({ user: "a" }), await call({ user: "b" }), await call({ user: "a" })]).toEqual([
    ...["ok", "ok", "limit_exceeded"],
  ]);
});

keyTest("rate_limits.*.per", "by tags", async () => {
  const { call } = await world(`[rate_limits.r]\nrpm = 1\nper = ["tag"]\n${REFUSE}`);
  expect([await call({ tags: ["a"] }), await call({ tags: ["b"] }), await call({ tags: ["b"] })]).toEqual([
    ...["ok", "ok", "limit_exceeded"],
  ]);
});

keyTest("rate_limits.*.match", async () => {
  const { call } = await world(`[rate_limits.r]\nrpm = 1\nmatch = { tags = ["ci"] }\n${REFUSE}`);
  const tags = ["ci"];
  expect([await call({ tags }), await call(), await call({ tags })]).toEqual(["ok", "ok", "limit_exceeded"]);
});

keyTest("rate_limits.*.match.{models,providers,tags,users}", async () => {
  const options = { tags: ["ci"], user: "ann" };
  for (const [key, value, other] of [
    ["models", "main", "spare"],
    ["providers", "openai", "anthropic"],
    ["tags", "ci", "web"],
    ["users", "ann", "bob"],
  ] as const) {
    const spare = '[models.spare]\nname = "x"\nprovider = "openai"\n';
    const second = async (name: string) => {
      const { call } = await world(`${spare}[rate_limits.r]\nrpm = 1\nmatch = { ${key} = ["${name}"] }\n${REFUSE}`);
      await call(options);
      return call(options);
    };
    expect(await second(value), key).toBe("limit_exceeded");
    expect(await second(other), key).toBe("ok");
  }
});

keyTest("rate_limits.*.on_exceeded", async () => {
  const waiting = await world('[rate_limits.r]\nrpm = 2\nmax_wait = "2m"\n');
  expect([await waiting.call(), await waiting.call(), await waiting.call()]).toEqual(["ok", "ok", "ok"]);
  expect(waiting.elapsedMs()).toBe(30_000);
  const { call, elapsedMs } = await world(`[rate_limits.r]\nrpm = 1\n${REFUSE}`);
  expect([await call(), await call()]).toEqual(["ok", "limit_exceeded"]);
  expect(elapsedMs()).toBe(0);
});

keyTest("rate_limits.*.max_wait", async () => {
  for (const [wait, code] of [
    ["10s", "limit_exceeded"],
    ["1m", "ok"],
  ]) {
    const { call } = await world(`[rate_limits.r]\nrpm = 1\nmax_wait = "${wait}"\n`);
    await call();
    expect(await call(), wait).toBe(code);
  }
});

keyTest("rate_limits.*.queue", async () => {
  const { call } = await world('[rate_limits.r]\nrpm = 1\nmax_wait = "10m"\nqueue = 0\n');
  expect((await Promise.all([call(), call()])).toSorted()).toEqual(["limit_exceeded", "ok"]);
});

keyTest("models.*.rate_limit", async () => {
  const { call } = await world("", `rate_limit = { rpm = 1, on_exceeded = "refuse" }\n`);
  expect([await call(), await call()]).toEqual(["ok", "limit_exceeded"]);
});

keyTest(
  "models.*.rate_limit.{requests_per_second,requests_per_minute,requests_per_hour,requests_per_day,rpm}",
  async () => {
    for (const key of ["requests_per_second", "requests_per_minute", "requests_per_hour", "requests_per_day", "rpm"]) {
      const { call } = await world("", `rate_limit = { ${key} = 2, on_exceeded = "refuse" }\n`);
      expect([await call(), await call(), await call()], key).toEqual(["ok", "ok", "limit_exceeded"]);
    }
  },
);

keyTest("models.*.rate_limit.{tokens_per_second,tokens_per_minute,tokens_per_hour,tokens_per_day,tpm}", async () => {
  for (const key of ["tokens_per_second", "tokens_per_minute", "tokens_per_hour", "tokens_per_day", "tpm"]) {
    const { call } = await world("", `rate_limit = { ${key} = 100, on_exceeded = "refuse" }\n`);
    expect([await call(), await call()], key).toEqual(["ok", "limit_exceeded"]);
  }
});

keyTest("models.*.rate_limit.{max_parallel,on_exceeded,max_wait,queue}", async () => {
  const parallel = await world("", 'rate_limit = { max_parallel = 1, queue = 1, max_wait = "1h" }\n');
  expect((await Promise.all([parallel.call(), parallel.call(), parallel.call()])).toSorted()).toEqual([
    ...["limit_exceeded", "ok", "ok"],
  ]);
  const short = await world("", 'rate_limit = { rpm = 1, max_wait = "10s" }\n');
  expect([await short.call(), await short.call()]).toEqual(["ok", "limit_exceeded"]);
  const long = await world("", 'rate_limit = { rpm = 1, max_wait = "1m" }\n');
  expect([await long.call(), await long.call()]).toEqual(["ok", "ok"]);
});

keyTest("models.*.rate_limit", "each entry that inherits it has counters of its own", async () => {
  const simulator = await simulate();
  const defaults = '[defaults]\nrate_limit = { rpm = 1, on_exceeded = "refuse" }\nnum_retries = 0\n';
  const entries = ["one", "two"].map((table) => entry("openai", simulator, "", { table })).join("");
  const factory = factoryOf(defaults + entries);
  const codes = [];
  for (const name of ["one", "two", "one"]) {
    const outcome = await factory.get(name).safeCodegen(PROMPT);
    codes.push(outcome.ok ? "ok" : outcome.error.code);
  }
  expect(codes).toEqual(["ok", "ok", "limit_exceeded"]);
});
