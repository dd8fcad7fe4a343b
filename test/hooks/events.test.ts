import { describe, expect, it } from "vitest";
import type { Hooks } from "../../src/core/hooks.ts";
import type { LogFields } from "../../src/core/logger.ts";
import type { ScriptedAttempt } from "../../src/dialects/scripted/dialect.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

const BUSY: ScriptedAttempt = [{ error: { code: "overloaded", message: "busy" } }];
const COUNTED: ScriptedAttempt = [{ delta: "hi" }, { usage: { input: 3, output: 2 } }, { finish: "stop" }];

const NAMES = [
  ...(["request", "attempt", "retry", "fallback", "adjustment", "cache", "slow", "success", "failure"] as const),
] as const;

/** Hooks that write down every event with its payload. */
function recorder(): { hooks: Hooks; seen: { name: string; event: Record<string, unknown> }[] } {
  const seen: { name: string; event: Record<string, unknown> }[] = [];
  const hooks = Object.fromEntries(
    NAMES.map((name) => [name, (event: unknown) => void seen.push({ name, event: event as Record<string, unknown> })]),
  ) as Hooks;
  return { hooks, seen };
}

function collectingLogger() {
  const lines: { message: string; fields: LogFields | undefined }[] = [];
  const log = (message: string, fields?: LogFields) => void lines.push({ message, fields });
  return { logger: { debug() {}, info() {}, warn: log, error: log }, lines };
}

describe("the events of a call", () => {
  it.each(["codegen", "stream"] as const)("of %s come in this order for retry, fallback and success", async (how) => {
    const { hooks, seen } = recorder();
    const toml = "[defaults]\nnum_retries = 1\n[defaults.circuit_breaker]\nthreshold = 9\n";
    const { factory, clock } = factoryOf({ main: [BUSY, BUSY], second: [COUNTED] }, "", { hooks });
    await factory.reload(`${toml}${tomlOf(["main", "second"], 'fallback_models = ["second"]')}`);
    const model = factory.create("main");
    const ask = how === "codegen" ? model.codegen("hello") : model.stream("hello").reply;
    await clock.settle(ask);
    const golden = seen.map(({ name, event }) => [name, event.model, event.code ?? outcomeIn(event)].join(" ").trim());
    expect(golden).toEqual([
      "request main",
      "attempt main error",
      "retry main overloaded",
      "attempt main error",
      "fallback second overloaded",
      "attempt second ok",
      "success second",
    ]);
    expect(new Set(seen.map(({ event }) => event.callId)).size).toBe(1);
    expect(seen.every(({ event }) => event.traceId === event.callId)).toBe(true);
    expect(seen.at(-1)?.event).toMatchObject({
      modelId: "second-model",
      finishReason: "stop",
      usage: { input: 3, output: 2 },
      cost: { usd: 0.000007 },
      cached: false,
    });
    expect(seen.at(-1)?.event.attempts).toHaveLength(3);
    expect(seen[2]?.event.waitMs).toBeGreaterThanOrEqual(0);
    expect(seen[4]?.event).toMatchObject({ from: "main", to: "second" });
  });

  it("show who the call is for, and no content but the request of the user", async () => {
    const { hooks, seen } = recorder();
    const { factory } = factoryOf({ main: [COUNTED] }, "", { hooks });
    const model = factory.get("main", { scope: { org: "acme", agent: "writer" } });
    await model.codegen("my prompt", { user: "ann", tags: ["web"], temperature: 0.5 });
    const [request, ...others] = seen;
    expect(request?.event).toMatchObject({
      messages: [{ role: "user", content: "my prompt" }],
      settings: { temperature: 0.5, user: "ann" },
      streaming: false,
    });
    for (const { event } of seen) expect(event).toMatchObject({ user: "ann", tags: ["web"], scope: "acme//writer" });
    expect(JSON.stringify(others)).not.toMatch(/my prompt|"hi"/);
  });

  it("tell a failure as plain data, and an abort as one", async () => {
    const { hooks, seen } = recorder();
    const refused: ScriptedAttempt = [{ error: { code: "invalid_request", message: "no" } }];
    const { model } = factoryOf({ main: [refused, [{ delta: "a" }, { delta: "b" }, { finish: "stop" }]] }, "", {
      hooks,
    });
    await model.safeCodegen("hello");
    for await (const _ of model.stream("hello")) break;
    const failures = seen.filter(({ name }) => name === "failure").map(({ event }) => event.error);
    expect(failures).toMatchObject([{ code: "invalid_request" }, { code: "aborted" }]);
  });

  it("tell adjustments and the cache", async () => {
    const { hooks, seen } = recorder();
    const { factory } = factoryOf({ main: ["one", "two"] }, "[cache]\n", {
      hooks,
      dialect: { settings: new Set(["temperature"]) },
    });
    const model = factory.create("main");
    await model.codegen("hello", { topK: 3 });
    await model.codegen("hello", { topK: 3 });
    const told = seen.map(({ name, event }) => (name === "cache" ? `cache ${event.outcome}` : name));
    expect(told.filter((name) => name.startsWith("cache"))).toEqual(["cache miss", "cache hit"]);
    expect(seen.at(-1)?.event).toMatchObject({ cached: true, cost: { usd: 0 } });
    const adjustments = seen.filter(({ name }) => name === "adjustment").map(({ event }) => event.adjustment);
    const dropped = { setting: "top_k", from: 3 };
    expect(adjustments).toMatchObject([dropped, dropped]);
  });

  it("do not break the call if a listener throws or rejects, and log that once", async () => {
    const { logger, lines } = collectingLogger();
    const hooks: Hooks = {
      request: () => {
        throw new Error("listener broke");
      },
      attempt: async () => Promise.reject(new Error("rejected later")),
      success: (event) => {
        (event.attempts[0] as { outcome: string }).outcome = "changed";
        throw new TypeError("odd");
      },
    };
    const { model } = factoryOf({ main: ["hi", "again"] }, "", { hooks, logger });
    expect((await model.codegen("hello")).attempts).toMatchObject([{ outcome: "ok" }]);
    expect((await model.codegen("hello")).text).toBe("again");
    expect(lines.filter(({ message }) => message.includes("hook failed")).map(({ fields }) => fields)).toEqual([
      { hook: "request", reason: "listener broke" },
      { hook: "attempt", reason: "rejected later" },
      { hook: "success", reason: "odd" },
    ]);
  });

  it.each([
    [{ sucess: () => {} }, /hooks: unknown option "sucess" \(did you mean "success"\?\)/],
    [{ retry: "yes" }, /hooks: retry must be a function, not a string/],
    [{ middleware: [1] }, /hooks: middleware must be an array of functions/],
  ])("refuse hooks that are none: %j", (hooks, message) => {
    expect(() => factoryOf({ main: ["hi"] }, "", { hooks: hooks as Hooks })).toThrow(message);
  });
});

function outcomeIn(event: Record<string, unknown>): unknown {
  return (event.attempt as { outcome?: string } | undefined)?.outcome;
}

function tomlOf(names: readonly string[], first: string): string {
  return names
    .map(
      (name, at) =>
        `[models.${name}]\nname = "${name}-model"\nprovider = "${name}"\npricing = { input = 1, output = 2 }\n${at === 0 ? first : ""}\n`,
    )
    .join("");
}
