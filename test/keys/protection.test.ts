import { setTimeout as pause } from "node:timers/promises";
import { OpenAI } from "openai";
import { expect, onTestFinished, vi } from "vitest";
import type { Fault, Simulator } from "../../src/simulator/server.ts";
import { keyTest } from "./key-test.ts";
import { ask, entry, factoryOf, PROMPT, simulate } from "./world.ts";

const FAILING: Fault = { kind: "server", times: Number.POSITIVE_INFINITY };

/** The codes of calls one after the other, "ok" for an answer. */
async function codes(
  simulator: Simulator,
  lines: string,
  steps: readonly (number | "pause")[],
  pauseMs = 0,
): Promise<string[]> {
  const model = factoryOf(entry("openai", simulator, `num_retries = 0\n${lines}`)).create();
  const seen: string[] = [];
  for (const step of steps) {
    if (step === "pause") {
      await pause(pauseMs);
      continue;
    }
    for (let call = 0; call < step; call++) {
      const outcome = await model.safeCodegen(PROMPT);
      seen.push(outcome.ok ? "ok" : outcome.error.code);
    }
  }
  return seen;
}

keyTest("models.*.circuit_breaker", async () => {
  const simulator = await simulate({ script: [FAILING] });
  expect(await codes(simulator, "circuit_breaker = false", [7])).toEqual(Array(7).fill("server_error"));
  expect((await codes(simulator, "", [7])).slice(-2)).toEqual(["circuit_open", "circuit_open"]);
});

keyTest("models.*.circuit_breaker.{threshold,window,half_open_after}", async () => {
  const simulator = await simulate({ script: [FAILING] });
  const shy = "num_retries = 0\ncircuit_breaker = { threshold = 1 }";
  const tables = [
    entry("openai", simulator, shy),
    entry("openai", simulator, shy, { table: "same" }),
    entry("openai", simulator, "num_retries = 0", { table: "patient" }),
  ];
  const factory = factoryOf(tables.join(""));
  const code = async (name: string) =>
    await factory
      .get(name)
      .safeCodegen(PROMPT)
      .then((outcome) => (outcome.ok ? "ok" : outcome.error.code));
  // All entries of a target hear of its failures; each judges by its own settings.
  expect([await code("main"), await code("main"), await code("same"), await code("patient")]).toEqual([
    "server_error",
    "circuit_open",
    "circuit_open",
    "server_error",
  ]);
});

keyTest("models.*.circuit_breaker.threshold", async () => {
  for (const threshold of [1, 3]) {
    const simulator = await simulate({ script: [FAILING] });
    const seen = await codes(simulator, `circuit_breaker = { threshold = ${threshold} }`, [4]);
    expect(seen.filter((code) => code === "server_error")).toHaveLength(threshold);
    expect(simulator.requests).toHaveLength(threshold);
  }
});

keyTest("models.*.circuit_breaker.window", async () => {
  const mixed = (): Fault[] => [{ kind: "server" }, {}, { kind: "server" }, {}];
  const consecutive = await simulate({ script: mixed() });
  expect(await codes(consecutive, "circuit_breaker = { threshold = 2 }", [4])).toEqual([
    "server_error",
    "ok",
    "server_error",
    "ok",
  ]);
  const windowed = await simulate({ script: mixed() });
  expect(await codes(windowed, 'circuit_breaker = { threshold = 2, window = "1m" }', [4])).toEqual([
    "server_error",
    "ok",
    "server_error",
    "circuit_open",
  ]);
  const forgetful = await simulate({ script: mixed() });
  expect(await codes(forgetful, 'circuit_breaker = { threshold = 2, window = "50ms" }', [2, "pause", 2], 80)).toEqual([
    "server_error",
    "ok",
    "server_error",
    "ok",
  ]);
});

keyTest("models.*.circuit_breaker.half_open_after", async () => {
  const probing = async (after: string) => {
    const simulator = await simulate({ script: [{ kind: "server" }] });
    return codes(simulator, `circuit_breaker = { threshold = 1, half_open_after = ${after} }`, [2, "pause", 1], 500);
  };
  expect(await probing('"400ms"')).toEqual(["server_error", "circuit_open", "ok"]);
  expect(await probing("30")).toEqual(["server_error", "circuit_open", "circuit_open"]);
});

/** Most requests of a burst that were at the provider at once, and how the calls ended. */
async function burst(lines: string, calls: number): Promise<{ peak: number; codes: string[] }> {
  const simulator = await simulate({ script: [{ delayMs: 200, times: Number.POSITIVE_INFINITY }] });
  const model = factoryOf(entry("openai", simulator, lines)).create();
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, simulator.requests.filter(({ status }) => status === undefined).length);
  }, 2);
  const outcomes = await Promise.all(Array.from({ length: calls }, () => model.safeCodegen(PROMPT)));
  clearInterval(timer);
  return { peak, codes: outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.code)) };
}

keyTest("models.*.max_parallel", async () => {
  expect((await burst("", 6)).peak).toBe(6);
  const limited = await burst("max_parallel = 2\nqueue = 10", 6);
  expect(limited.peak).toBe(2);
  expect(limited.codes).toEqual(Array(6).fill("ok"));
});

keyTest("models.*.queue", async () => {
  const refused = (outcome: { codes: string[] }) => outcome.codes.filter((code) => code === "bulkhead_full").length;
  expect(refused(await burst("max_parallel = 1\nqueue = 0", 4))).toBe(3);
  expect(refused(await burst("max_parallel = 1\nqueue = 2", 4))).toBe(1);
});

/** Which entry answers when the main one fails in a way. */
async function answerer(lines: string, fault: Fault): Promise<string | undefined> {
  const simulator = await simulate({ script: [{ ...fault, match: { model: "main-id" } }] });
  const spare = (table: string) => entry("openai", simulator, "num_retries = 0", { table, name: `${table}-id` });
  const toml = `${entry("openai", simulator, `num_retries = 0\n${lines}`, { name: "main-id" })}${spare("one")}${spare("two")}`;
  const { reply, error } = await ask(simulator, toml, { model: "main" });
  return reply?.finishReason === "refusal" ? "refusal" : (reply?.model ?? error?.code);
}

keyTest("models.*.fallback_models", async () => {
  expect(await answerer("", { kind: "server" })).toBe("server_error");
  expect(await answerer('fallback_models = ["one"]', { kind: "server" })).toBe("one");
  expect(await answerer('fallback_models = ["two", "one"]', { kind: "server" })).toBe("two");
});

keyTest("models.*.context_window_fallbacks", async () => {
  expect(await answerer('fallback_models = ["one"]', { kind: "context" })).toBe("one");
  expect(await answerer('fallback_models = ["one"]\ncontext_window_fallbacks = ["two"]', { kind: "context" })).toBe(
    "two",
  );
  expect(await answerer('context_window_fallbacks = ["two"]', { kind: "server" })).toBe("server_error");
});

keyTest("models.*.overflow", async () => {
  const simulator = await simulate();
  const spare = entry("openai", simulator, "", { table: "spare", name: "spare-id" });
  const sized = (lines: string) => entry("openai", simulator, `capabilities = { context = 700 }\n${lines}`);
  const old = { role: "user", content: "word ".repeat(1_000) } as const;
  const input = [old, { role: "assistant", content: "done" }, { role: "user", content: "and now" }] as const;
  const asked = (lines: string) => ask(simulator, `${sized(lines)}${spare}`, { input, model: "main" });
  const sent = ({ requests }: Awaited<ReturnType<typeof asked>>) => requests.map(({ body }) => body);

  expect(JSON.stringify(sent(await asked('overflow = "error"')))).toContain("word word");
  const refused = await asked('overflow = "fallback"');
  expect([refused.error?.code, refused.requests.length]).toEqual(["context_too_long", 0]);
  expect((await asked('overflow = "fallback"\nfallback_models = ["spare"]')).reply?.model).toBe("spare");
  const trimmed = await asked('overflow = "trim"\nfallback_models = ["spare"]');
  expect(sent(trimmed)).toMatchObject([{ messages: [{ role: "user", content: "and now" }] }]);
  expect(trimmed.reply?.adjustments).toMatchObject([{ setting: "messages", from: 3, to: 1 }]);
  const summarized = sent(await asked('overflow = "summarize"\nmax_new_tokens = 100'));
  expect(summarized).toHaveLength(2);
  expect(JSON.stringify(summarized[0])).toContain("<conversation>");
  expect(JSON.stringify(summarized[1])).toContain("Summary of 2 earlier messages");
  const alone = await ask(simulator, sized('overflow = "trim"'), { input: [old], model: "main" });
  expect([alone.error?.code, alone.requests.length]).toEqual(["context_too_long", 0]);
});

keyTest("models.*.content_policy_fallbacks", async () => {
  expect(await answerer('fallback_models = ["one"]', { kind: "refusal" })).toBe("refusal");
  expect(await answerer('fallback_models = ["one"]\ncontent_policy_fallbacks = ["two"]', { kind: "refusal" })).toBe(
    "two",
  );
  expect(await answerer('content_policy_fallbacks = ["two"]', { kind: "filter" })).toBe("two");
});

keyTest("models.*.rate_limit_fallbacks", async () => {
  expect(await answerer('fallback_models = ["one"]', { kind: "rate-limit" })).toBe("one");
  expect(await answerer('fallback_models = ["one"]\nrate_limit_fallbacks = ["two"]', { kind: "rate-limit" })).toBe(
    "two",
  );
  expect(await answerer('rate_limit_fallbacks = ["two"]', { kind: "quota" })).toBe("two");
  expect(await answerer('rate_limit_fallbacks = ["two"]', { kind: "server" })).toBe("server_error");
});

keyTest("models.*.on_break", async () => {
  const streamed = async (lines: string) => {
    const simulator = await simulate({ script: [{ answer: { text: "one two three four" }, cut: { afterEvents: 3 } }] });
    const stream = factoryOf(entry("openai", simulator, `num_retries = 1\nretry_min_wait = 0\n${lines}`))
      .create()
      .stream(PROMPT);
    const types: string[] = [];
    try {
      for await (const event of stream) types.push(event.type);
    } catch (error) {
      types.push((error as { code: string }).code);
    }
    return { reset: types.includes("reset"), end: types.at(-1), requests: simulator.requests.length };
  };
  expect(await streamed('on_break = "error"')).toEqual({ reset: false, end: "stream_truncated", requests: 1 });
  expect(await streamed("")).toEqual({ reset: false, end: "stream_truncated", requests: 1 });
  expect(await streamed('on_break = "restart"')).toEqual({ reset: true, end: "finish", requests: 2 });
  expect(await streamed('on_break = "continue"')).toEqual({ reset: false, end: "finish", requests: 2 });
});

keyTest("models.*.hedge_after", async () => {
  const asked = async (lines: string) => {
    const simulator = await simulate({ script: [{ delayMs: 400 }] });
    const { reply, requests } = await ask(simulator, entry("openai", simulator, lines));
    return [requests.length, reply?.attempts.map(({ outcome }) => outcome)];
  };
  expect(await asked("")).toEqual([1, ["ok"]]);
  expect(await asked('hedge_after = "10s"')).toEqual([1, ["ok"]]);
  expect(await asked('hedge_after = "50ms"')).toEqual([2, ["aborted", "ok"]]);
});

keyTest("models.*.repeated_chunk_limit", async () => {
  const looping = async (lines: string) => {
    const simulator = await simulate({ script: [{ answer: { text: " same".repeat(20) } }] });
    const { error, reply } = await ask(
      simulator,
      entry("openai", simulator, `num_retries = 0\nstream = true\n${lines}`),
    );
    return error?.code ?? reply?.text.length;
  };
  expect(await looping("repeated_chunk_limit = 5")).toBe("degenerate_output");
  expect(await looping("repeated_chunk_limit = 50")).toBe(100);
  expect(await looping("repeated_chunk_limit = 0")).toBe(100);
});

keyTest("models.*.sdk_requests", async () => {
  const simulator = await simulate();
  const create = vi.spyOn(OpenAI.Chat.Completions.prototype, "create");
  onTestFinished(() => create.mockRestore());
  const asked = async (lines: string) => {
    create.mockClear();
    const model = factoryOf(entry("openai", simulator, lines)).create();
    for (let call = 0; call < 5; call++) await model.codegen(PROMPT);
    return create.mock.calls.length;
  };
  expect(await asked("sdk_requests = true")).toBe(5);
  expect(await asked("")).toBe(2);
});
