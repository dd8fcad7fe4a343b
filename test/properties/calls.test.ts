import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cancellation } from "../../src/core/cancellation.ts";
import { isModelError, type ModelError } from "../../src/core/error.ts";
import { ERROR_CODES, type ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Reply } from "../../src/core/reply.ts";
import {
  type ScriptedAttempt,
  type ScriptedDialect,
  type ScriptStep,
  scripted,
} from "../../src/dialects/scripted/dialect.ts";
import { countShortTimers, quiet } from "../harness/fake-clock.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

countShortTimers();

const RUNS = { numRuns: 1_000 };
const LIMIT_MS = 120_000;

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
  "quota_exhausted",
];

/** What one attempt does: how long it waits, how many pieces of text it gives, and how it ends. */
const attempt = fc.record({
  delayMs: fc.constantFrom(0, 0, 50, 700, 4_000),
  pieces: fc.constantFrom(0, 0, 1, 3),
  gapMs: fc.constantFrom(0, 10, 900),
  end: fc.oneof(
    { weight: 2, arbitrary: fc.constant("finish" as const) },
    { weight: 1, arbitrary: fc.constant("hang" as const) },
    { weight: 4, arbitrary: fc.constantFrom(...CODES) },
  ),
  retryAfterMs: fc.option(fc.constantFrom(0, 300, 5_000, 90_000), { nil: undefined }),
});
type Plan = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

const scene = fc.record({
  a: fc.array(attempt, { minLength: 1, maxLength: 4 }),
  b: fc.array(attempt, { minLength: 1, maxLength: 4 }),
  retries: fc.nat(3),
  deadlineMs: fc.option(fc.constantFrom(1, 500, 3_000, 20_000), { nil: undefined }),
  timeoutMs: fc.constantFrom(1_000, 600_000),
  streaming: fc.boolean(),
  random: fc.constantFrom(0, 0.5, 0.999),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

/** Every piece of text says which attempt gave it. */
function script(entry: string, plans: readonly Plan[]): ScriptedAttempt[] {
  return plans.map(({ delayMs, pieces, gapMs, end, retryAfterMs }, index) => {
    const steps: ScriptStep[] = [{ delayMs }];
    for (let piece = 0; piece < pieces; piece++)
      steps.push({ delta: `${entry}${index}.${piece} ` }, { delayMs: gapMs });
    if (end === "hang") steps.push({ hang: true });
    else if (end === "finish") steps.push({ delta: `${entry}${index}.end` }, { finish: "stop" });
    else {
      const wait = end === "rate_limited" && { retryAfterMs };
      steps.push({ error: { code: end, message: end, status: ERROR_CODES[end].status, ...wait } });
    }
    return steps;
  });
}

const SLOTS = "max_parallel = 1\nqueue = 0";

function world({ a, b, retries, deadlineMs, timeoutMs, random }: Scene, providers?: Record<string, ScriptedDialect>) {
  const deadline = deadlineMs === undefined ? "" : `deadline = ${deadlineMs / 1_000}`;
  const toml = `[defaults]\nnum_retries = ${retries}\ntimeout = ${timeoutMs / 1_000}\nidle_timeout = 30\n${SLOTS}\nfallback_models = ["b"]\n${deadline}`;
  const scripts = { a: script("a", a), b: script("b", b) };
  return factoryOf(scripts, toml, { random: () => random, ...(providers && { providers }) });
}

type World = ReturnType<typeof world>;

/** Everything one call did: what a reader saw, and how it ended. */
function begun({ model }: World, { streaming }: Pick<Scene, "streaming">, signal?: AbortSignal) {
  const seen = { texts: [] as string[], finishes: 0, settled: false };
  const read = async (): Promise<Reply> => {
    const stream = model.stream("hi", { signal });
    for await (const event of stream) {
      if (event.type === "text-delta") seen.texts.push(event.text);
      if (event.type === "finish") seen.finishes++;
    }
    return stream.reply;
  };
  const outcome: Promise<Reply | ModelError> = (streaming ? read() : model.codegen("hi", { signal })).catch(
    (error: unknown) => {
      if (isModelError(error)) return error;
      throw error;
    },
  );
  outcome.finally(() => {
    seen.settled = true;
  });
  return { outcome, seen };
}

const callsOf = ({ dialects }: World) => Object.values(dialects).flatMap(({ calls }) => [...calls]);

describe("any sequence of outcomes of two models", () => {
  test("ends a call with one complete answer of one attempt, or with one error", { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        const all = world(given);
        const { outcome, seen } = begun(all, given);
        const end = await all.clock.settle(outcome);
        expect(end.attempts).toHaveLength(callsOf(all).length);
        expect(all.factory.usage()).toMatchObject({ calls: 1, requests: callsOf(all).length });
        expect(new Set(seen.texts.map((text) => text.slice(0, 2))).size).toBeLessThanOrEqual(1);
        if (isModelError(end)) expect(seen.finishes).toBe(0);
        else expectWhole(end, given, seen);
      }),
      RUNS,
    );
  });

  test("property 7: sends at most 1 + num_retries requests to a model, and one if a retry is not allowed", {
    timeout: LIMIT_MS,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        const all = world(given);
        await all.clock.settle(begun(all, given).outcome);
        for (const [entry, { calls }] of Object.entries(all.dialects)) {
          expect(calls.length).toBeLessThanOrEqual(1 + given.retries);
          for (const plan of playedBy(given, entry).slice(0, Math.max(0, calls.length - 1)))
            expectRepeatable(plan, given);
        }
        expect(callsOf(all).length).toBeGreaterThanOrEqual(1);
      }),
      RUNS,
    );
  });

  test("property 8: sends no request before the time in the last Retry-After", {
    timeout: LIMIT_MS,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        const all = world(given);
        await all.clock.settle(begun(all, given).outcome);
        for (const [entry, { calls }] of Object.entries(all.dialects)) {
          const plans = playedBy(given, entry);
          calls.slice(1).forEach(({ startedMs }, index) => {
            const plan = plans[index] as Plan;
            const told = plan.end === "rate_limited" && !timesOut(plan, given) ? (plan.retryAfterMs ?? 0) : 0;
            expect(startedMs - (calls[index]?.endedMs ?? 0)).toBeGreaterThanOrEqual(told);
          });
        }
      }),
      RUNS,
    );
  });

  test("property 9: settles a call by its deadline, also if the peer does not react", {
    timeout: LIMIT_MS,
  }, async () => {
    const limits = fc.constantFrom(1, 500, 3_000, 20_000);
    await fc.assert(
      fc.asyncProperty(scene, limits, fc.boolean(), async (given, deadlineMs, deaf) => {
        const peers = deaf ? { a: deafened(script("a", given.a)), b: deafened(script("b", given.b)) } : undefined;
        const all = world({ ...given, deadlineMs }, peers);
        const end = await all.clock.settle(begun(all, given).outcome);
        expect(all.clock.monotonic()).toBeLessThanOrEqual(deadlineMs);
        if (isModelError(end, "timed_out") && end.phase === "deadline") expect(all.clock.monotonic()).toBe(deadlineMs);
      }),
      RUNS,
    );
  });

  test("property 10: settles at once when aborted at any await; no request or usage row comes later", {
    timeout: LIMIT_MS,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scene, fc.nat(300), async (given, at) => {
        const all = world(given);
        const controller = new AbortController();
        const { outcome, seen } = begun(all, given, controller.signal);
        await untilTick(all, at, () => seen.settled);
        const wasSettled = seen.settled;
        const requests = callsOf(all).length;
        const atMs = all.clock.monotonic();
        controller.abort();
        await quiet();
        expect(seen.settled).toBe(true);
        const end = await outcome;
        if (!wasSettled && isModelError(end)) expect(end.attempts).toHaveLength(callsOf(all).length);
        // An attempt that was just being opened finds its scope cancelled, and sends nothing.
        expect(callsOf(all).length).toBeLessThanOrEqual(wasSettled ? requests : requests + 1);
        const rows = [callsOf(all).length, all.factory.usage().requests, end.attempts.length];
        await all.clock.advance(200_000);
        expect([callsOf(all).length, all.factory.usage().requests, end.attempts.length]).toEqual(rows);
        expect(all.clock.monotonic()).toBe(atMs + 200_000);
      }),
      RUNS,
    );
  });

  test("property 11: leaves no timer, listener, attempt or slot", { timeout: LIMIT_MS }, async () => {
    const abortAt = fc.option(fc.constantFrom(0, 40, 600, 2_500), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(scene, abortAt, async (given, abortAtMs) => {
        const all = world(given);
        const controller = new AbortController();
        const offAbort = abortAtMs === undefined ? () => {} : all.clock.schedule(() => controller.abort(), abortAtMs);
        await all.clock.settle(begun(all, given, controller.signal).outcome);
        offAbort();
        await quiet();
        expect(all.clock.pending).toBe(0);
        expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
        expect(callsOf(all).map(({ end }) => end)).not.toContain("open");
        const again = await all.clock.settle(begun(all, given).outcome);
        const codes = [again, ...(isModelError(again) ? again.errors : [])].map((one) => isModelError(one) && one.code);
        expect(codes).not.toContain("bulkhead_full");
      }),
      RUNS,
    );
  });
});

function expectWhole(reply: Reply, { streaming }: Scene, seen: { texts: readonly string[]; finishes: number }): void {
  const { text, finishReason } = reply;
  const author = text.slice(0, 2);
  expect(finishReason).toBe("stop");
  expect(text.endsWith(`${author}.end`)).toBe(true);
  for (const piece of text.trim().split(" ")) expect(piece.startsWith(`${author}.`)).toBe(true);
  if (streaming) expect([seen.texts.join(""), seen.finishes]).toEqual([text, 1]);
}

/** The plan of each request of an entry; the last one repeats. */
function playedBy(given: Scene, entry: string): readonly Plan[] {
  const plans = entry === "a" ? given.a : given.b;
  return Array.from({ length: 8 }, (_, index) => plans[Math.min(index, plans.length - 1)] as Plan);
}

/** An attempt that was followed by another one on the same model. */
function expectRepeatable(plan: Plan, given: Scene): void {
  if (!timesOut(plan, given)) {
    expect(plan.end).not.toBe("finish");
    expect(ERROR_CODES[plan.end as ModelErrorCode].retry).not.toBe("never");
  }
  if (given.streaming) expect(plan.pieces > 0 && plan.delayMs < given.timeoutMs).toBe(false);
}

/** Whether the clock of the attempt may run out before the script comes to its end. */
function timesOut({ end, delayMs, pieces, gapMs }: Plan, { timeoutMs }: Scene): boolean {
  return end === "hang" || delayMs + pieces * gapMs >= timeoutMs;
}

/** A peer that never hears that nobody waits for it any more. */
function deafened(attempts: readonly ScriptedAttempt[]): ScriptedDialect {
  const inner = scripted(attempts);
  const open: ScriptedDialect["open"] = (call) => inner.open({ ...call, cancellation: new Cancellation() });
  return { ...inner, open, calls: inner.calls };
}

/** Lets a call run for that many turns of the microtask queue; time goes on whenever nothing else can. */
async function untilTick({ clock }: World, ticks: number, settled: () => boolean): Promise<void> {
  for (let tick = 0; tick < ticks && !settled(); tick++) {
    if (tick % 40 === 39) {
      await quiet();
      if (!settled() && clock.pending > 0) clock.next();
    } else await Promise.resolve();
  }
}
