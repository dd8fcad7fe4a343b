import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, isModelError, type ModelErrorCode } from "../../src/core/error.ts";
import type { Reply } from "../../src/core/reply.ts";
import type { ScriptedAttempt, ScriptStep } from "../../src/dialects/scripted/dialect.ts";
import { quiet } from "../fake-clock.ts";
import { factoryOf } from "./factory-of.ts";

const CODES: readonly ModelErrorCode[] = [
  "rate_limited",
  "server_error",
  "overloaded",
  "connection_failed",
  "stream_truncated",
  "protocol_error",
  "invalid_request",
  "unauthorized",
  "context_too_long",
  "content_filtered",
];

/** What one attempt does: how long it waits, how many pieces of text it gives, and how it ends. */
const attempt = fc.record({
  delayMs: fc.constantFrom(0, 0, 50, 700, 4_000),
  pieces: fc.nat(3),
  gapMs: fc.constantFrom(0, 10, 900),
  end: fc.oneof(
    { weight: 2, arbitrary: fc.constant("finish" as const) },
    { weight: 1, arbitrary: fc.constant("hang" as const) },
    { weight: 3, arbitrary: fc.constantFrom(...CODES) },
  ),
  retryAfterMs: fc.option(fc.constantFrom(0, 300, 5_000, 90_000), { nil: undefined }),
});
type Plan = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

const scene = fc.record({
  a: fc.array(attempt, { minLength: 1, maxLength: 4 }),
  b: fc.array(attempt, { minLength: 1, maxLength: 4 }),
  retries: fc.nat(3),
  deadlineMs: fc.option(fc.constantFrom(500, 3_000, 20_000), { nil: undefined }),
  timeoutMs: fc.constantFrom(1_000, 600_000),
  abortAtMs: fc.option(fc.constantFrom(0, 40, 600, 2_500), { nil: undefined }),
  streaming: fc.boolean(),
});

/** Every piece of text says which attempt gave it. */
function script(entry: string, plans: readonly Plan[]): ScriptedAttempt[] {
  return plans.map(({ delayMs, pieces, gapMs, end, retryAfterMs }, index) => {
    const steps: ScriptStep[] = [{ delayMs }];
    for (let piece = 0; piece < pieces; piece++)
      steps.push({ delta: `${entry}${index}.${piece} ` }, { delayMs: gapMs });
    if (end === "hang") steps.push({ hang: true });
    else if (end === "finish") steps.push({ delta: `${entry}${index}.end` }, { finish: "stop" });
    else
      steps.push({
        error: {
          code: end,
          message: end,
          status: ERROR_CODES[end].status,
          ...(end === "rate_limited" && { retryAfterMs }),
        },
      });
    return steps;
  });
}

describe("whatever two models do, and whenever the caller has enough", () => {
  it("a call ends once, in time, with one whole answer or one error, and leaves nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(scene, async ({ a, b, retries, deadlineMs, timeoutMs, abortAtMs, streaming }) => {
        const toml = `[defaults]\nnum_retries = ${retries}\ntimeout = ${timeoutMs / 1_000}\nidle_timeout = 30\nfallback_models = ["b"]\n${deadlineMs === undefined ? "" : `deadline = ${deadlineMs / 1_000}`}`;
        const { model, dialects, clock, factory } = factoryOf({ a: script("a", a), b: script("b", b) }, toml);
        const controller = new AbortController();
        const options = { signal: controller.signal };
        const texts: string[] = [];
        let finishes = 0;
        const read = async (): Promise<Reply> => {
          const stream = model.stream("hi", options);
          for await (const event of stream) {
            if (event.type === "text-delta") texts.push(event.text);
            if (event.type === "finish") finishes++;
          }
          return stream.reply;
        };
        const calling: Promise<Reply | unknown> = (streaming ? read() : model.codegen("hi", options)).catch(
          (error: unknown) => error,
        );
        if (abortAtMs !== undefined) clock.schedule(() => controller.abort(), abortAtMs);
        const outcome = await clock.settle(calling);
        const endedMs = clock.monotonic();

        const calls = Object.values(dialects).flatMap((dialect) => [...dialect.calls]);
        if (isModelError(outcome)) {
          expect(finishes).toBe(0);
          if (outcome.code === "aborted") expect(endedMs).toBe(abortAtMs);
        } else {
          const { text, finishReason } = outcome as Reply;
          expect(finishReason).toBe("stop");
          const author = text.slice(0, 2);
          expect(text.endsWith(`${author}.end`)).toBe(true);
          expect(
            text
              .trim()
              .split(" ")
              .every((piece) => piece.startsWith(`${author}.`)),
          ).toBe(true);
          if (streaming) expect([texts.join(""), finishes]).toEqual([text, 1]);
        }
        expect(new Set(texts.map((text) => text.slice(0, 2))).size).toBeLessThanOrEqual(1);
        if (deadlineMs !== undefined) expect(endedMs).toBeLessThanOrEqual(deadlineMs);
        for (const dialect of Object.values(dialects)) expect(dialect.calls.length).toBeLessThanOrEqual(1 + retries);
        const { attempts } = outcome as { attempts: readonly unknown[] };
        expect(attempts).toHaveLength(calls.length);
        expect(factory.usage()).toMatchObject({ calls: 1, requests: calls.length });

        await quiet();
        expect(calls.map(({ end }) => end)).not.toContain("open");
        const waiting = abortAtMs !== undefined && endedMs < abortAtMs ? 1 : 0;
        expect(clock.pending).toBe(waiting);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("no attempt begins before the instant that the one before it was told", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(300, 1_000, 5_000), { minLength: 1, maxLength: 3 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (waits, random) => {
          const { model, dialects, clock } = factoryOf(
            {
              a: [
                ...waits.map(
                  (retryAfterMs): ScriptedAttempt => [
                    { error: { code: "rate_limited", message: "slow", retryAfterMs } },
                  ],
                ),
                "fine",
              ],
            },
            "",
            { random: () => random },
          );
          await clock.settle(model.codegen("hi"));
          const starts = dialects["a"]?.calls.map(({ startedMs }) => startedMs) ?? [];
          waits.forEach((wait, index) => {
            const gap = (starts[index + 1] as number) - (starts[index] as number);
            expect(gap).toBeGreaterThanOrEqual(wait);
            expect(gap).toBeLessThanOrEqual(wait * 1.1 + 1e-6);
          });
        },
      ),
      { numRuns: 40 },
    );
  });
});
