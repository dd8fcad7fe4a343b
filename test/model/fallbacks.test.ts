import { describe, expect, test } from "vitest";
import { AT_ONCE, entry, PATIENT } from "../harness/entry.ts";
import { JumpingClock } from "../harness/jumping-clock.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";
import type { Wire } from "../harness/wires.ts";

const other = (url: string, table: string, lines = "", wire: Wire = "openai") =>
  entry(wire, url, lines, { table, name: `${table}-model` });

describe("fallbacks", () => {
  test("are tried in order; if all fail, the error has the model, status and cause of each", async () => {
    const simulator = await simulate({
      script: [
        { match: { model: "some-model" }, status: 500 },
        { match: { model: "b-model" }, status: 401 },
        { match: { model: "c-model" }, status: 503 },
      ],
    });
    const toml = `${entry("openai", simulator.url, 'num_retries = 0\nfallback_models = ["b", "c"]')}${other(simulator.url, "b", "num_retries = 0", "anthropic")}${other(simulator.url, "c", "num_retries = 0", "google")}`;
    const error = await failureOf(factoryOf(toml).create().codegen("Hi."));
    expect(error.code).toBe("all_models_failed");
    expect(error.errors.map(({ model, status, code }) => [model, status, code])).toEqual([
      ["main", 500, "server_error"],
      ["b", 401, "unauthorized"],
      ["c", 503, "overloaded"],
    ]);
    expect(error.errors.every(({ cause }) => cause !== undefined)).toBe(true);
    expect(simulator.requests.map(({ model }) => model)).toEqual(["some-model", "b-model", "c-model"]);
    expect(error.attempts).toHaveLength(3);
  });

  test("from [defaults] apply to entries without a list; an empty list disables them", async () => {
    const simulator = await simulate({
      script: [
        { match: { model: "some-model" }, status: 401 },
        { match: { model: "proud-model" }, status: 401 },
      ],
    });
    const toml = `[defaults]\nfallback_models = ["b"]\n${entry("openai", simulator.url)}${other(simulator.url, "proud", "fallback_models = []")}${other(simulator.url, "b")}`;
    const factory = factoryOf(toml);
    expect((await factory.get("main").codegen("Hi.")).model).toBe("b");
    expect((await failureOf(factory.get("proud").codegen("Hi."))).code).toBe("unauthorized");
    expect(simulator.requests).toHaveLength(3);
  });

  test("answer at once when Retry-After is longer than max_retry_after", async () => {
    const simulator = await simulate({ script: [{ match: { model: "some-model" }, status: 429, retryAfter: 3600 }] });
    const clock = new JumpingClock();
    const reply = await factoryOf(
      `[defaults]\n${PATIENT}\n${entry("openai", simulator.url, 'fallback_models = ["b"]')}${other(simulator.url, "b")}`,
      { clock },
    )
      .create()
      .codegen("Hi.");
    expect([reply.model, simulator.requests.length]).toEqual(["b", 2]);
    expect(reply.attempts[1]?.startedMs).toBe(0);
  });

  test("in rate_limit_fallbacks are tried after the retries, and not after a server error", async () => {
    const throttled = await simulate({ script: [{ kind: "rate-limit", match: { model: "some-model" }, times: 3 }] });
    const toml = (url: string) =>
      [entry("openai", url, `num_retries = 2\n${AT_ONCE}\nrate_limit_fallbacks = ["b"]`), other(url, "b")].join("");
    const reply = await factoryOf(toml(throttled.url)).create("main").codegen("Hi.");
    expect([reply.model, throttled.requests.length]).toEqual(["b", 4]);

    const broken = await simulate({ script: [{ kind: "server", match: { model: "some-model" }, times: 3 }] });
    const error = await failureOf(factoryOf(toml(broken.url)).create("main").codegen("Hi."));
    expect([error.code, broken.requests.length]).toEqual(["server_error", 3]);
  });

  test("answer after hedge_after; the slow connection is closed and its request accounted", async () => {
    let closedAfterMs: number | undefined;
    const startMs = performance.now();
    const silent = await serve((_, response) => {
      response.on("close", () => {
        closedAfterMs = performance.now() - startMs;
      });
    });
    const quick = await serve((_, response) => sendEvents(response, chatEvents(["from the", " second"])));
    const toml = `${entry("openai", silent.url, 'hedge_after = "200ms"\nfallback_models = ["b"]')}${other(quick.url, "b")}`;
    const stream = factoryOf(toml).create("main").stream("Hi.");
    const reply = await stream.reply;
    expect([reply.text, reply.model]).toEqual(["from the second", "b"]);
    expect(reply.attempts.map(({ outcome, possiblyBilled }) => [outcome, possiblyBilled])).toEqual([
      ["aborted", true],
      ["ok", false],
    ]);
    expect(reply.cost.estimated).toBe(true);
    await expect.poll(() => closedAfterMs).toBeGreaterThanOrEqual(190);
  });
});

describe("a prompt longer than the context window", () => {
  const prompt = "word ".repeat(10_000);
  const sized = (context: number) => `num_retries = 0\ncapabilities = { context = ${context} }`;

  test("is sent only to the fallback whose window is large enough", async () => {
    const server = await serve(() => chatBody("done"));
    const toml = [
      entry("openai", server.url, `${sized(8_000)}\ncontext_window_fallbacks = ["small", "large"]`),
      other(server.url, "small", sized(4_000)),
      other(server.url, "large", sized(200_000)),
    ].join("");
    const reply = await factoryOf(toml).create("main").codegen(prompt);
    expect(reply.model).toBe("large");
    expect(server.arrivals.map(({ body }) => body["model"])).toEqual(["large-model"]);
  });

  test("is not sent to a fallback whose window is too small; the error names it and keeps the code of the primary", async () => {
    const server = await serve((_, response) => {
      response.statusCode = 429;
      return { error: { message: "slow down", code: "rate_limit_exceeded" } };
    });
    const toml = [
      entry("openai", server.url, 'num_retries = 0\nfallback_models = ["small"]'),
      other(server.url, "small", sized(4_000)),
    ].join("");
    const error = await failureOf(factoryOf(toml).create("main").codegen(prompt));
    expect(error.code).toBe("rate_limited");
    expect(error.message).toContain("slow down");
    expect(error.message).toMatch(/small.*skipped.*window 4000/);
    expect(error.errors.map(({ code }) => code)).toEqual(["rate_limited", "context_too_long"]);
    expect(server.arrivals).toHaveLength(1);
  });

  test("is sent when no other model remains, because only the provider counts exactly", async () => {
    const server = await serve(() => chatBody("it fits after all"));
    const reply = await factoryOf(entry("openai", server.url, sized(8_000)))
      .create()
      .codegen(prompt);
    expect(reply.text).toBe("it fits after all");
  });
});
