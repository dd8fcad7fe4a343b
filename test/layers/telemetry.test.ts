import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { Layer } from "../../src/core/layer.ts";
import type { LogFields, Logger } from "../../src/core/logger.ts";
import { usageOf } from "../../src/core/usage.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { callLog } from "../../src/layers/call-log.ts";
import { meter } from "../../src/layers/meter.ts";
import { telemetry } from "../../src/layers/telemetry.ts";
import { UsageTotals } from "../../src/layers/usage-totals.ts";
import { callOf, INPUT, read, targetOf, through } from "../harness/call-of.ts";
import { CountedCancellation } from "../harness/counted-cancellation.ts";
import { FakeClock } from "../harness/fake-clock.ts";

type Line = { readonly level: string; readonly message: string; readonly fields: LogFields };

function logged(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } };
}

function setUp(
  script: readonly ScriptedAttempt[],
  { logContent = false, layers = [] as Layer[], call = callOf() } = {},
) {
  const { logger, lines } = logged();
  const run = through([telemetry([callLog(logger, logContent)]), ...layers], scripted(script));
  return { lines, call, run, seen: () => read(run(call)) };
}

describe("telemetry", () => {
  it.each([
    ["an answer", ["hi"], { ok: true }],
    ["a failure", [[{ error: { code: "server_error", message: "x" } }]], { ok: false }],
  ] as const)("settles the call once after %s", async (_, script, outcome) => {
    const { call, seen } = setUp(script);
    const outcomes: unknown[] = [];
    call.record.onSettle((settled) => outcomes.push(settled));
    await seen();
    expect(outcomes).toMatchObject([outcome]);
  });

  it("settles the call and closes the inner layers when its reader stops", async () => {
    const { call, run } = setUp([[{ delta: "a" }, { hang: true }]]);
    const outcomes: unknown[] = [];
    call.record.onSettle((settled) => outcomes.push(settled));
    const iterator = run(call)[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    expect(outcomes).toMatchObject([{ ok: false, error: { code: "aborted" } }]);
    expect(call.cancellation.reason?.code).toBe("aborted");
  });

  it("converts other errors to one ModelError", async () => {
    const { logger } = logged();
    const broken = {
      open: async function* () {
        yield [];
        throw new TypeError("surprise");
      },
    };
    const { error } = await read(through([telemetry([callLog(logger, false)])], broken)(callOf()));
    expect(error).toMatchObject({ code: "protocol_error", model: "main" });
    expect(error?.cause).toBeInstanceOf(TypeError);
  });

  it("logs how a call ended and its failed attempts", async () => {
    const { lines, seen } = setUp([[{ error: { code: "server_error", message: "broken" } }]], { layers: [meter] });
    await seen();
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "debug call started",
      "warn attempt failed",
      "error call failed",
    ]);
    expect(lines.at(-1)?.fields).toMatchObject({ model: "main", code: "server_error", attempts: 1 });
  });

  it("keeps prompts and answers out of the log unless asked", async () => {
    const quiet = setUp(["a secret answer"]);
    await quiet.seen();
    expect(JSON.stringify(quiet.lines)).not.toMatch(/hello|secret/);
    const open = setUp(["a secret answer"], { logContent: true });
    await open.seen();
    expect(JSON.stringify(open.lines)).toMatch(/hello.*a secret answer/s);
  });

  it("logs adjustments, restarts and the duration", async () => {
    const clock = new FakeClock();
    await clock.advance(1_000);
    const adjustment = { setting: "seed", from: 1, to: undefined, reason: "no seed there" } as const;
    const script: ScriptedAttempt = [
      {
        events: [
          { type: "adjustment", adjustment },
          { type: "usage", usage: usageOf({ input: 1, output: 1 }) },
        ],
      },
      { events: [{ type: "reset", reason: "it broke" }] },
      { delayMs: 250 },
      { delta: "a" },
      { finish: "stop" },
    ];
    const { lines, seen, call } = setUp([script], { layers: [meter], call: callOf({ clock }) });
    await clock.settle(seen());
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "debug call started",
      "warn request adjusted",
      "warn answer starts again",
      "info call answered",
      "warn price unknown, cost is null",
    ]);
    expect(lines[1]?.fields).toEqual({ call: call.record.id, model: "main", ...adjustment });
    expect(lines[2]?.fields).toEqual({ call: call.record.id, reason: "it broke" });
    expect(lines[3]?.fields).toMatchObject({ ms: 250, attempts: 1 });
  });

  it("distinguishes an abort from a failure", async () => {
    const { lines, run, call } = setUp([[{ delta: "a" }, { hang: true }]]);
    const iterator = run(call)[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    expect(lines.at(-1)).toMatchObject({ level: "info", message: "call aborted" });
  });

  it("logs the text of an answer, not its reasoning", async () => {
    const { lines, seen } = setUp([[{ reasoning: "hm" }, { delta: "yes" }, { finish: "stop" }]], { logContent: true });
    await seen();
    expect(lines.find(({ message }) => message === "call content")?.fields).toMatchObject({ text: "yes" });
  });

  it("releases the cancellation scope of an ended call", async () => {
    const cancellation = new CountedCancellation();
    const signal = new AbortController().signal;
    cancellation.follow(signal);
    const { seen } = setUp(["hi"], { call: callOf({ cancellation }) });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await seen();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(cancellation.cancelled).toBe(false);
  });

  it("does not warn when the price is known", async () => {
    const call = callOf({ target: targetOf("main", { price: () => ({ input: 1, output: 1 }) }) });
    const { lines, seen } = setUp(["hi"], { layers: [meter], call });
    await seen();
    expect(lines.filter(({ level }) => level === "warn")).toEqual([]);
  });

  it("warns once per model that its price is unknown", async () => {
    const { logger, lines } = logged();
    const run = through([telemetry([callLog(logger, false)]), meter], scripted(["hi"]));
    await read(run(callOf()));
    await read(run(callOf()));
    expect(lines.filter(({ message }) => message.startsWith("price unknown"))).toHaveLength(1);
  });
});

describe("the totals of a factory", () => {
  it("count calls, requests, tokens and cost by model, provider, tag and day", async () => {
    const clock = new FakeClock(Date.UTC(2026, 2, 4, 23, 59));
    const totals = new UsageTotals();
    const run = through(
      [telemetry([totals]), meter],
      scripted([[{ delta: "x" }, { usage: { input: 1_000_000, output: 0 } }, { finish: "stop" }]]),
    );
    const target = targetOf("main", { price: () => ({ input: 3, output: 1 }) });
    await read(run(callOf({ clock, target, input: { ...INPUT, tags: ["team", "nightly"] } })));
    await read(run(callOf({ clock, target, input: { ...INPUT, tags: ["team"] } })));
    expect(totals.total()).toMatchObject({
      calls: 2,
      requests: 2,
      usage: { input: 2_000_000, total: 2_000_000 },
      cost: { usd: 6 },
    });
    expect(totals.by("tag")).toMatchObject({
      team: { calls: 2, cost: { usd: 6 } },
      nightly: { calls: 1, cost: { usd: 3 } },
    });
    expect(Object.keys(totals.by("day"))).toEqual(["2026-03-04"]);
    expect(totals.by("model")).toMatchObject({ main: { requests: 2 } });
    expect(totals.by("provider")).toMatchObject({ scripted: { requests: 2 } });
  });

  it("count failed calls and those without a request too", async () => {
    const totals = new UsageTotals();
    const call = callOf();
    const run = through([telemetry([totals])], scripted([[{ error: { code: "unsupported", message: "x" } }]]));
    await read(run(call));
    expect(totals.total()).toMatchObject({ calls: 1, requests: 0, cost: { usd: 0 } });
  });

  it("have an unknown cost if one price is unknown", async () => {
    const totals = new UsageTotals();
    const run = through([telemetry([totals]), meter], scripted(["hi"]));
    await read(run(callOf()));
    expect(totals.total().cost.usd).toBeNull();
  });
  it("are estimated if one part is", async () => {
    const totals = new UsageTotals();
    const counted: ScriptedAttempt = [{ delta: "x" }, { usage: { input: 1, output: 1 } }, { finish: "stop" }];
    const run = through([telemetry([totals]), meter], scripted([counted, "hi", counted]));
    const estimated: boolean[] = [];
    for (let calls = 0; calls < 3; calls++) {
      await read(run(callOf({ target: targetOf("main", { price: () => ({ input: 3, output: 1 }) }) })));
      estimated.push(totals.total().cost.estimated);
    }
    expect(estimated).toEqual([false, true, true]);
  });
});
