import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import type { Exchange } from "../../src/core/transport.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { meter } from "../../src/layers/meter.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { timeout } from "../../src/layers/timeout.ts";
import { abort, callOf, read, targetOf, through } from "../harness/call-of.ts";
import { CountedCancellation } from "../harness/counted-cancellation.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

const price = { input: 1, output: 2 };

function setUp(
  script: readonly ScriptedAttempt[],
  { layers = [meter], sent }: { layers?: (typeof meter)[]; sent?: Partial<Exchange> } = {},
) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const open = (call: Call): Events => {
    if (sent !== undefined) call.record.exchange = { sent: true, response: undefined, ...sent } as Exchange;
    return dialect.open(call);
  };
  const run = through(layers, { open });
  const call = callOf({
    clock,
    target: targetOf("main", { price: () => price }, { attemptTimeoutMs: 5_000, numRetries: 1 }),
  });
  return { clock, run, call, seen: () => clock.settle(read(run(call))), rows: call.record.attempts };
}

describe("a prompt above the context window", () => {
  const facts = { known: true, capabilities: {}, context: 1_000 };
  const reportsOf = async (script: ScriptedAttempt, settings = {}) => {
    const { run, call, clock } = setUp([script]);
    const asked = { ...call, target: targetOf("main", { facts }), request: { ...call.request, settings } };
    const { events } = await clock.settle(read(run(asked)));
    return events.filter(({ type }) => type !== "text-delta").map(({ type }) => type);
  };
  const answer = (usage: object): ScriptedAttempt => [
    { usage },
    { delta: "a" },
    { usage: { ...usage, output: 5 } },
    { finish: "stop" },
  ];

  it("is reported once, after its usage", async () => {
    const usage = { input: 400, cacheRead: 400, cacheWrite: 201 };
    expect(await reportsOf(answer(usage))).toEqual(["usage", "adjustment", "usage", "finish"]);
  });

  it("is not reported for output tokens, searches or estimates", async () => {
    expect(await reportsOf(answer({ input: 1_000 }))).not.toContain("adjustment");
    expect(await reportsOf(answer({ input: 1_001 }), { webSearch: true })).not.toContain("adjustment");
    expect(await reportsOf(answer({ input: 1_001, estimated: true }))).not.toContain("adjustment");
  });
});

describe("the meter", () => {
  it("records one row per answered request, with usage and cost", async () => {
    const { seen, rows } = setUp([
      [{ delayMs: 200 }, { delta: "hi" }, { usage: { input: 1_000, output: 500 } }, { finish: "stop" }],
    ]);
    await seen();
    expect(rows).toEqual([
      {
        model: "main",
        provider: "scripted",
        startedMs: 0,
        durationMs: 200,
        outcome: "ok",
        usage: expect.objectContaining({ input: 1_000, output: 500, total: 1_500, estimated: false }),
        cost: { usd: 0.002, breakdown: { input: 0.001, cacheRead: 0, cacheWrite: 0, output: 0.001 }, estimated: false },
        possiblyBilled: false,
      },
    ]);
  });

  it("records one row per attempt, including failed ones", async () => {
    const { seen, rows } = setUp(
      [[{ delayMs: 100 }, { error: { code: "server_error", message: "broken", status: 500 } }], "fine"],
      { layers: [retry(new RetryBudgets()), meter] },
    );
    await seen();
    expect(
      rows.map(({ outcome, startedMs, error }) => ({ outcome, startedMs, code: error?.code, status: error?.status })),
    ).toEqual([
      { outcome: "error", startedMs: 0, code: "server_error", status: 500 },
      { outcome: "ok", startedMs: 600, code: undefined, status: undefined },
    ]);
  });

  it("emits estimated usage before finish when the provider reports none", async () => {
    const { seen, rows } = setUp(["hello there world"]);
    const { events } = await seen();
    expect(events.slice(-2).map(({ type }) => type)).toEqual(["usage", "finish"]);
    expect(events.at(-2)).toMatchObject({ usage: { estimated: true } });
    expect(rows[0]?.usage?.output).toBeGreaterThan(0);
    expect(rows[0]?.cost?.estimated).toBe(true);
  });

  it("emits no estimate when the provider reports usage", async () => {
    const { seen } = setUp([[{ delta: "hi" }, { usage: { input: 1, output: 1 } }, { finish: "stop" }]]);
    const { events } = await seen();
    expect(events.filter(({ type }) => type === "usage")).toHaveLength(1);
  });

  it.each([
    ["the connection broke after the request left", { sent: true, response: undefined }, "connection_failed", true],
    ["the provider answered with an error", { sent: true, response: { status: 500 } as never }, "server_error", false],
    ["the answer broke off", { sent: true, response: { status: 200 } as never }, "stream_truncated", true],
    ["nothing could be sent", { sent: false }, "connection_failed", false],
  ] as const)("says whether it may be billed: %s", async (_, sent, code, possiblyBilled) => {
    const { seen, rows } = setUp([[{ error: { code, message: "x" } }]], { sent });
    await seen();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ outcome: "error", possiblyBilled });
  });

  it("records no row for a request that was never sent", async () => {
    const { seen, rows } = setUp([[{ error: { code: "unsupported", message: "x" } }]], { sent: { sent: false } });
    await seen();
    expect(rows).toEqual([]);
  });

  it.each([
    [400, 1],
    [undefined, 0],
  ] as const)("uses the status of errors from a dialect without a transport: %s", async (status, count) => {
    const { seen, rows } = setUp([[{ error: { code: "invalid_request", message: "x", status } }]]);
    await seen();
    expect(rows).toHaveLength(count);
  });

  it("records an abandoned stream with its usage so far", async () => {
    const { run, call, rows } = setUp([
      [{ delta: "a" }, { usage: { input: 5, output: 1 } }, { delta: "b" }, { hang: true }],
    ]);
    const iterator = run(call)[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.next();
    await iterator.return?.();
    expect(rows).toMatchObject([{ outcome: "aborted", possiblyBilled: true, usage: { input: 5 } }]);
  });

  it("records an abort", async () => {
    const { run, call, rows } = setUp([[{ delta: "a" }, { hang: true }]]);
    const reading = read(run(call));
    await quiet();
    call.cancellation.cancel(abort());
    await reading;
    expect(rows).toMatchObject([{ outcome: "aborted", possiblyBilled: true, error: { code: "aborted" } }]);
  });

  it("records a timed-out attempt before the call ends, even if the dialect ignores the abort", async () => {
    const clock = new FakeClock();
    const deaf = {
      open: async function* () {
        await new Promise(() => {});
        yield [];
      },
    };
    const call = callOf({ clock, target: targetOf("main", {}, { attemptTimeoutMs: 5_000 }) });
    const { error } = await clock.settle(read(through([timeout, meter], deaf)(call)));
    expect(error?.code).toBe("timed_out");
    expect(call.record.attempts).toMatchObject([
      { outcome: "error", durationMs: 5_000, error: { code: "timed_out" }, possiblyBilled: true },
    ]);
  });

  it("treats events without an end as truncated, for any dialect", async () => {
    const open = async function* (): Events {
      yield [{ type: "text-delta", text: "half", sample: 0 }];
    };
    const call = callOf();
    const { error } = await read(through([meter], { open })(call));
    expect(error).toMatchObject({ code: "stream_truncated", model: "main", provider: "scripted" });
    expect(call.record.attempts).toMatchObject([{ outcome: "error", error: { code: "stream_truncated" } }]);
  });

  it("leaves no listener on the call", async () => {
    const cancellation = new CountedCancellation();
    await read(through([meter], scripted(["fine"]))(callOf({ cancellation })));
    expect(cancellation.listening.size).toBe(0);
  });
});

describe("the row of an attempt", () => {
  it("has times relative to the start of the call", async () => {
    const { seen, rows, clock, call } = setUp([[{ delayMs: 100 }, { delta: "a" }, { finish: "stop" }]]);
    await clock.advance(1_000);
    Object.assign(call.record, { startedMs: 700 });
    await seen();
    expect(rows).toMatchObject([{ startedMs: 300, durationMs: 100 }]);
  });

  it("has a status only if the error has one", async () => {
    const { seen, rows } = setUp([[{ error: { code: "server_error", message: "x" } }]]);
    await seen();
    expect(rows[0]?.error).toStrictEqual({ code: "server_error", message: "x" });
  });

  it.each(["rate_limited", "overloaded", "invalid_request"] as const)(
    "is not billed for %s in a 200 response without content",
    async (code) => {
      const sent = { response: { status: 200 } as never };
      const error = { error: { code, message: "x" } };
      const silent = setUp([[error]], { sent });
      await silent.seen();
      expect(silent.rows[0]).toMatchObject({ possiblyBilled: false });
      expect(silent.rows[0]?.usage).toBeUndefined();
      const said = setUp([[{ delta: "some words" }, error]], { sent });
      await said.seen();
      expect(said.rows[0]).toMatchObject({ possiblyBilled: true, usage: { estimated: true } });
    },
  );

  it.each([400, 500] as const)("is not billed for an answer with status %i", async (status) => {
    const { seen, rows } = setUp([[{ error: { code: "server_error", message: "x" } }]], {
      sent: { response: { status } as never },
    });
    await seen();
    expect(rows[0]).toMatchObject({ possiblyBilled: false });
  });

  it("is absent for a request that a dialect without a transport rejects", async () => {
    const { seen, rows } = setUp([[{ error: { code: "unsupported", message: "x" } }]]);
    await seen();
    expect(rows).toEqual([]);
  });

  it("exists for an attempt without a connection, but not for a rejected one", async () => {
    for (const [code, count] of [
      ["timed_out", 1],
      ["proxy_refused", 1],
      ["not_found", 0],
    ] as const) {
      const { seen, rows } = setUp([[{ error: { code, message: "x", status: 404 } }]], { sent: { sent: false } });
      await seen();
      expect(rows).toHaveLength(count);
    }
  });
});

describe("the usage of a failed attempt", () => {
  const words = "twelve words that the model has said before it broke off here";
  const told = { usage: { input: 10, output: 1 } } as const;
  const rowOf = async (script: ScriptedAttempt) => {
    const { seen, rows } = setUp([script]);
    await seen();
    return rows[0];
  };
  const cut = { error: { code: "stream_truncated", message: "x" } } as const;

  it("is at least the delivered tokens", async () => {
    const row = await rowOf([told, { delta: words }, cut]);
    const output = row?.usage?.output ?? 0;
    expect(output).toBeGreaterThan(8);
    expect(row?.usage).toMatchObject({ input: 10, total: 10 + output, estimated: true });
    const much = await rowOf([{ usage: { input: 10, output: 500 } }, { delta: words }, cut]);
    expect(much?.usage).toMatchObject({ output: 500, total: 510, estimated: true });
  });

  it.each([
    ["thoughts", { reasoning: words }],
    ["a call", { toolCall: { name: "f", arguments: { words } } }],
  ] as const)("count %s", async (_, step) => {
    expect((await rowOf([step, cut]))?.usage?.output).toBeGreaterThan(8);
  });

  it("is the reported usage when the answer was complete", async () => {
    const filtered = { error: { code: "content_filtered", message: "x" } } as const;
    expect((await rowOf([told, { delta: words }, filtered]))?.usage).toMatchObject({ output: 1, estimated: false });
  });
});

it("estimated usage comes before the first finish of several samples, even in one batch", async () => {
  const events: FlowEvent[] = [
    { type: "text-delta", text: "a", sample: 0 },
    { type: "finish", reason: "stop", sample: 0 },
    { type: "finish", reason: "stop", sample: 1 },
  ];
  const { seen, rows } = setUp([[{ events }]]);
  expect((await seen()).events.map(({ type }) => type)).toEqual(["text-delta", "usage", "finish", "finish"]);
  expect(rows).toHaveLength(1);
});
