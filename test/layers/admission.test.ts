import { describe, expect, it } from "vitest";
import type { Budget, RateRule } from "../../src/core/budget.ts";
import { type CallInput, CallRecord } from "../../src/core/call.ts";
import type { Price } from "../../src/core/cost.ts";
import type { Next } from "../../src/core/layer.ts";
import type { ModelRequest } from "../../src/core/request.ts";
import type { CounterStore } from "../../src/core/store.ts";
import type { Policy, Target } from "../../src/core/target.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import type { SpentBefore } from "../../src/layers/charges.ts";
import { meter } from "../../src/layers/meter.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { MemoryCounters } from "../../src/stores/memory-counters.ts";
import { admissionLayer } from "../harness/admission-layer.ts";
import { abort, callOf, INPUT, read, targetOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

// Loaded on first use; the clock of these tests would not wait for it.
await import("../../src/core/calendar.ts");

const NANO = 1_000_000_000n;

function budget(fields: Partial<Budget> = {}): Budget {
  return {
    name: "team",
    nanoUsd: NANO,
    period: "month",
    timezone: "UTC",
    per: [],
    warnAt: 0.8,
    onExceeded: "refuse",
    unpriced: "refuse",
    maxWait: 10_000,
    maxCounters: 100,
    ...fields,
  };
}

function rule(fields: Partial<RateRule> = {}): RateRule {
  return {
    name: "openai",
    rates: [{ of: "requests", limit: 60, perMs: 60_000 }],
    per: [],
    onExceeded: "wait",
    maxWait: 30_000,
    queue: 1_000,
    ...fields,
  };
}

/** One token costs 0.001 USD; the answer may have 100 tokens, so a request reserves at least 0.10 USD. */
const PRICE: Price = { input: 0, output: 1_000 };
const ANSWER: ScriptedAttempt = [
  { delta: "a" },
  { delayMs: 1_000 },
  { usage: { input: 0, output: 10 } },
  { finish: "stop" },
];

const STORE_MS = 10;

/** Counters that answer later. */
function slowCounters(clock: FakeClock): CounterStore {
  const counters = new MemoryCounters(clock);
  return {
    admit: async (request) => {
      const answer = counters.admit(request);
      await new Promise<void>((resolve) => void clock.schedule(resolve, STORE_MS));
      return answer;
    },
    settle: (settlement) => counters.settle(settlement),
    renew: () => counters.renew(),
    pause: (counter, forMs) => counters.pause(counter, forMs),
    levels: (family) => counters.levels(family),
    close: () => counters.close(),
  };
}

interface World {
  readonly budgets?: readonly Budget[];
  readonly rates?: readonly RateRule[];
  readonly spentBefore?: SpentBefore;
  readonly script?: readonly ScriptedAttempt[];
  readonly target?: Partial<Omit<Target, "policy">>;
  readonly policy?: Partial<Policy>;
  readonly storeOf?: (clock: FakeClock) => CounterStore;
}

function world({
  budgets = [],
  rates = [],
  spentBefore,
  script = [ANSWER],
  target: fields = {},
  policy = {},
  storeOf,
}: World) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const layer = admissionLayer({
    clock,
    rules: { budgets, rates },
    store: storeOf?.(clock),
    ...(spentBefore && { spentBefore }),
  });
  const run = through([retry(new RetryBudgets()), layer, meter], dialect);
  const target = targetOf("main", { price: () => PRICE, settings: {}, ...fields }, { numRetries: 0, ...policy });
  const start = ({ settings, ...input }: Partial<CallInput> = {}, more: Partial<Parameters<typeof callOf>[0]> = {}) => {
    const call = callOf({
      clock,
      target,
      input: { ...INPUT, ...input, settings: { ...settings, maxNewTokens: 100 } },
      request: {
        messages: INPUT.messages,
        settings: { maxNewTokens: 100 },
        samples: 1,
        extraBody: {},
        extraHeaders: {},
      },
      ...more,
    });
    return { call, reading: read(run(call)) };
  };
  const startedAt = () => dialect.calls.map(({ startedMs }) => startedMs);
  return { clock, dialect, start, startedAt };
}

describe("a budget", () => {
  it("never grants more than fits, for twenty concurrent calls", async () => {
    const { clock, dialect, start } = world({ budgets: [budget({ maxWait: 0 })] });
    const seen = await clock.settle(Promise.all(Array.from({ length: 20 }, () => start().reading)));
    expect(dialect.calls).toHaveLength(10);
    expect(seen.filter(({ error }) => error === undefined)).toHaveLength(10);
    const refused = seen.flatMap(({ error }) => error ?? []);
    expect(refused.map(({ code }) => code)).toEqual(Array(10).fill("budget_exceeded"));
    expect(refused[0]?.message).toBe(
      'main: budget "team": $0.00 spent and $1.00 reserved by other requests of $1.00, and this request may use up to $0.10; resets at 2026-02-01T00:00:00.000Z. Raise usd of [budgets.team], lower max_new_tokens, wait for the other requests (max_wait), or wait until the budget resets',
    );
  });

  it("books what was used, so that the rest can be used again", async () => {
    const { clock, dialect, start } = world({ budgets: [budget()] });
    for (let call = 0; call < 91; call++) expect((await clock.settle(start().reading)).error).toBeUndefined();
    const refused = await clock.settle(start().reading);
    expect(refused.error?.message).toContain("$0.91 spent of $1.00");
    expect(refused.error?.retryAfterMs).toBe(Date.UTC(2026, 1, 1) - clock.now());
    expect(dialect.calls).toHaveLength(91);
  });

  it("lets a call wait while only reservations are in the way, and refuses at once when it is spent", async () => {
    const { clock, start, startedAt } = world({ budgets: [budget({ nanoUsd: NANO / 10n })] });
    const [first, second] = [start().reading, start().reading];
    expect((await clock.settle(first)).error).toBeUndefined();
    expect((await clock.settle(second)).error).toMatchObject({ code: "budget_exceeded" });
    expect(startedAt()).toEqual([0]);
    expect(clock.monotonic()).toBe(1_000);
  });

  it("starts a waiting call when the reservation is settled", async () => {
    const { clock, start, startedAt } = world({ budgets: [budget({ nanoUsd: 150_000_000n })] });
    const seen = await clock.settle(Promise.all([start().reading, start().reading, start().reading]));
    expect(seen.map(({ error }) => error?.code)).toEqual([undefined, undefined, undefined]);
    expect(startedAt()).toEqual([0, 1_000, 2_000]);
  });

  it("asks the ledger once what a new counter has spent, however many calls wait for it", async () => {
    const asked: string[] = [];
    const spentBefore = async (_family: string, member: string) => {
      asked.push(member);
      return 850_000_000n;
    };
    const { clock, dialect, start } = world({ budgets: [budget({ per: ["user"], maxWait: 0 })], spentBefore });
    const users = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? "ann" : "bob"));
    await clock.settle(Promise.all(users.map((user) => start({ settings: { user } }).reading)));
    expect(asked).toEqual(["ann", "bob"]);
    expect(dialect.calls.map(({ call }) => call.input.settings.user)).toEqual(["ann", "bob"]);
  });

  it("starts at zero in the next period", async () => {
    const { clock, start } = world({ budgets: [budget({ nanoUsd: NANO / 10n, period: "day" })] });
    await clock.settle(start().reading);
    expect((await clock.settle(start().reading)).error?.code).toBe("budget_exceeded");
    await clock.advance(86_400_000);
    expect((await clock.settle(start().reading)).error).toBeUndefined();
  });

  it("starts a waiting call when the next period begins", async () => {
    const { clock, start, startedAt } = world({ budgets: [budget({ nanoUsd: 100_000_000n, period: "day" })] });
    await clock.advance(86_400_000 - 500);
    const seen = await clock.settle(Promise.all([start().reading, start().reading]));
    expect(seen.map(({ error }) => error?.code)).toEqual([undefined, undefined]);
    expect(startedAt()).toEqual([86_400_000 - 500, 86_400_000]);
  });

  it("books the reservation of an attempt whose cost is unknown", async () => {
    const { clock, start } = world({
      budgets: [budget({ nanoUsd: 150_000_000n })],
      script: [
        [{ delta: "a" }, { usage: { input: 0, output: 10, details: { webSearchRequests: 1 } } }, { finish: "stop" }],
      ],
    });
    expect((await clock.settle(start().reading)).error).toBeUndefined();
    expect((await clock.settle(start().reading)).error?.message).toContain("$0.10 spent");
  });

  it("frees the reservation of an aborted call, and books what it may be billed for", async () => {
    const { clock, start } = world({
      budgets: [budget({ nanoUsd: 110_000_000n })],
      script: [[{ delta: "one two three" }, { hang: true }], ANSWER],
    });
    const { call, reading } = start();
    await quiet();
    call.cancellation.cancel(abort());
    expect((await reading).error?.code).toBe("aborted");
    expect((await clock.settle(start().reading)).error).toBeUndefined();
  });

  it.each([
    ["nothing of the answer has arrived", [{ hang: true }]],
    ["only the usage of the prompt has arrived", [{ usage: { input: 3, output: 1 } }, { hang: true }]],
  ] satisfies [string, ScriptedAttempt][])(
    "books the reservation of a call that is aborted when %s",
    async (_, first) => {
      const tokens = budget({ name: "tokens", nanoUsd: undefined, tokens: 1_000n });
      const { clock, start } = world({ budgets: [budget({ nanoUsd: 150_000_000n }), tokens], script: [first, ANSWER] });
      const { call, reading } = start();
      await quiet();
      call.cancellation.cancel(abort());
      expect((await reading).error?.code).toBe("aborted");
      expect((await clock.settle(start().reading)).error?.message).toContain("$0.10 spent of $0.15");
    },
  );

  it("books no answer for a request that met an idle connection which the server had closed", async () => {
    const closed = { error: { code: "connection_failed", message: "closed", reusedSocket: true } } as const;
    const { clock, start } = world({ budgets: [budget({ nanoUsd: 150_000_000n })], script: [[closed], ANSWER] });
    expect((await clock.settle(start().reading)).error?.code).toBe("connection_failed");
    expect((await clock.settle(start().reading)).error).toBeUndefined();
  });

  it.each([
    ["in USD", { nanoUsd: NANO }, PRICE, /\$0.006 spent/],
    ["in tokens", { nanoUsd: undefined, tokens: 1_000n }, PRICE, /22 tokens spent/],
  ])(
    "books an aborted call %s twice, because more may have been generated than arrived",
    async (_, limit, price, spent) => {
      const { start } = world({
        budgets: [budget(limit)],
        script: [[{ delta: "one two three" }, { hang: true }]],
        target: { price: () => price },
      });
      const { call, reading } = start();
      await quiet();
      call.cancellation.cancel(abort());
      await reading;
      const { error } = await start(
        {},
        {
          request: {
            messages: INPUT.messages,
            settings: { maxNewTokens: 100_000 },
            samples: 1,
            extraBody: {},
            extraHeaders: {},
          },
        },
      ).reading;
      expect(error?.message).toMatch(spent);
    },
  );

  it("books an aborted call with at most what was reserved for it", async () => {
    const { clock, start } = world({
      budgets: [budget({ nanoUsd: 150_000_000n })],
      script: [[{ delta: "word ".repeat(70) }, { hang: true }], ANSWER],
    });
    const { call, reading } = start();
    await quiet();
    call.cancellation.cancel(abort());
    await reading;
    expect((await clock.settle(start().reading)).error?.message).toContain("$0.10 spent of $0.15");
  });

  it("reserves the answers of all samples", async () => {
    const { clock, dialect, start } = world({ budgets: [budget({ nanoUsd: 250_000_000n })] });
    const settings = { maxNewTokens: 100 };
    const request = { messages: INPUT.messages, settings, samples: 3, extraBody: {}, extraHeaders: {} };
    const { error } = await clock.settle(start({}, { request }).reading);
    expect(error?.message).toContain("this request may use up to $0.30");
    expect(dialect.calls).toEqual([]);
  });

  it("has a counter for each user, tag or combination", async () => {
    const { clock, start } = world({ budgets: [budget({ nanoUsd: NANO / 10n, per: ["user"] })] });
    const ask = async (user?: string) => (await clock.settle(start({ settings: { user } }).reading)).error?.code;
    expect([await ask("ann"), await ask("bob"), await ask(), await ask("ann")]).toEqual([
      ...[undefined, undefined, undefined],
      "budget_exceeded",
    ]);
  });

  it("charges each of several tags", async () => {
    const { clock, start } = world({ budgets: [budget({ nanoUsd: NANO / 10n, per: ["tag"] })] });
    const ask = async (...tags: string[]) => (await clock.settle(start({ tags }).reading)).error?.message;
    expect(await ask("a", "b")).toBeUndefined();
    expect(await ask("b", "c")).toContain('budget "team" of tag "b"');
    expect(await ask("c")).toBeUndefined();
  });

  it("refuses a new counter beyond max_counters", async () => {
    const { clock, start } = world({ budgets: [budget({ per: ["user"], maxCounters: 1 })] });
    const ask = async (user: string) => (await clock.settle(start({ settings: { user } }).reading)).error?.code;
    expect([await ask("ann"), await ask("bob"), await ask("ann")]).toEqual([undefined, "state_unavailable", undefined]);
  });

  it.each([
    [{ models: ["other"] }, undefined],
    [{ models: ["main"] }, "budget_exceeded"],
    [{ providers: ["scripted"], tags: ["x"] }, undefined],
    [{ tags: ["ci", "x"] }, "budget_exceeded"],
    [{ users: ["bob"] }, undefined],
    [{ users: ["ann"], tags: ["ci"] }, "budget_exceeded"],
  ])("applies to calls that match %j", async (match, code) => {
    const { clock, start } = world({ budgets: [budget({ nanoUsd: 0n, match })] });
    expect((await clock.settle(start({ tags: ["ci"], settings: { user: "ann" } }).reading)).error?.code).toBe(code);
  });

  it("refuses a call without a price, or ignores it", async () => {
    const unpriced = { target: { price: () => undefined } };
    const { clock, start } = world({ budgets: [budget()], ...unpriced });
    expect((await clock.settle(start().reading)).error?.message).toBe(
      'main: its price is unknown, so budget "team" cannot limit the request; add [models.main.pricing] or price_as, or set unpriced = "allow"',
    );
    const free = world({ budgets: [budget({ unpriced: "allow", nanoUsd: 1n })], ...unpriced });
    expect((await free.clock.settle(free.start().reading)).error).toBeUndefined();
  });

  describe("reserves the worst case of a request with", () => {
    const plain = { messages: INPUT.messages, settings: { maxNewTokens: 100 }, samples: 1 };
    const asked = async (fields: Partial<ModelRequest>, target: World["target"] = {}, limits: Partial<Budget> = {}) => {
      const { clock, dialect, start } = world({ budgets: [budget({ nanoUsd: 0n, ...limits })], target });
      const request = { ...plain, extraBody: {}, extraHeaders: {}, ...fields };
      const { error } = await clock.settle(start({}, { request }).reading);
      expect(dialect.calls).toHaveLength(error === undefined ? 1 : 0);
      return error?.message;
    };
    const image = { type: "image", url: "https://example.com/a.png" } as const;
    const pdf = { type: "file", url: "https://example.com/a.pdf", mediaType: "application/pdf" } as const;
    const text = { type: "file", data: btoa("a".repeat(3_000)), mediaType: "text/plain" } as const;
    const saying = (part: typeof image | typeof pdf | typeof text) => ({
      messages: [{ role: "user" as const, content: [part] }],
    });
    const tokenLimit = { nanoUsd: undefined, tokens: 1n };

    it.each([
      [{ max_tokens: 50_000 }, "$50.00"],
      [{ max_completion_tokens: 500, max_tokens: 5 }, "$0.50"],
      [{ max_output_tokens: 500 }, "$0.50"],
      [{ max_tokens: 50 }, "$0.10"],
      [{ n: 20 }, "$2.00"],
      [{ generationConfig: { maxOutputTokens: 200, candidateCount: 3 } }, "$0.60"],
    ])("extra_body %j", async (extraBody, most) => {
      expect(await asked({ extraBody })).toContain(`may use up to ${most},`);
    });

    it.each([{ max_tokens: -1 }, { max_tokens: null }, { max_completion_tokens: "9" }, { n: 1.5 }])(
      "the unlimited extra_body %j as an unknown price",
      async (extraBody) => {
        const field = `extra_body.${Object.keys(extraBody)[0]}`;
        const words = `the length of the answer, because ${field} is not a positive integer, is unknown, so budget "team"`;
        expect(await asked({ extraBody })).toContain(words);
        expect(await asked({ extraBody }, {}, { nanoUsd: NANO, unpriced: "allow" })).toBeUndefined();
      },
    );

    it("the schema of the answer", async () => {
      const properties = Object.fromEntries(
        Array.from({ length: 3_000 }, (_, id) => [`field_${id}`, { type: "string" }]),
      );
      const responseFormat = { type: "json_schema", name: "x", schema: { type: "object", properties } } as const;
      const settings = { maxNewTokens: 100, responseFormat };
      const message = await asked({ settings }, {}, tokenLimit);
      expect(Number(/up to (\d+) tokens/.exec(message ?? "")?.[1])).toBeGreaterThan(30_000);
    });

    it.each([
      [image, "the number of tokens of an image"],
      [pdf, "the number of tokens of a file that is sent by its URL or id"],
      [{ ...pdf, url: undefined, data: "AAAA" }, 'the number of tokens of a file of type "application/pdf"'],
    ])("the part %j as an unknown price", async (part, what) => {
      const words = `main: ${what} is unknown, so budget "team" cannot limit the request; set unpriced = "allow" to reserve a typical size, or send what can be counted`;
      expect(await asked(saying(part as typeof pdf))).toBe(words);
      expect(await asked(saying(part as typeof pdf), {}, tokenLimit)).toBe(words);
      expect(await asked(saying(part as typeof pdf), {}, { nanoUsd: NANO, unpriced: "allow" })).toBeUndefined();
    });

    it("an image at a provider with a known maximum, and a file of text", async () => {
      const target = { quirks: { maxImageTokens: 9_000 } };
      expect(await asked(saying(image), target, tokenLimit)).toContain("up to 9107 tokens");
      expect(await asked(saying(text), {}, tokenLimit)).toMatch(/up to 310\d tokens/);
    });
  });

  it("sends and reserves the smallest max_output for calls without max_new_tokens", async () => {
    const others = [900, 700].map((maxOutput) => budget({ name: `up to ${maxOutput}`, maxOutput }));
    const budgets = others.toSpliced(1, 0, budget({ maxOutput: 500 }));
    const { clock, dialect, start } = world({ budgets });
    const request = { messages: INPUT.messages, settings: {}, samples: 1, extraBody: {}, extraHeaders: {} };
    const { events, error } = await clock.settle(start({}, { request }).reading);
    expect(error).toBeUndefined();
    expect(dialect.calls[0]?.call.request.settings.maxNewTokens).toBe(500);
    expect(events[0]).toEqual({
      type: "adjustment",
      adjustment: { setting: "max_new_tokens", from: undefined, to: 500, reason: 'max_output of budget "team"' },
    });
  });

  it("limits tokens", async () => {
    const { clock, start } = world({ budgets: [budget({ nanoUsd: undefined, tokens: 130n })] });
    expect((await clock.settle(start().reading)).error).toBeUndefined();
    expect((await clock.settle(start().reading)).error).toBeUndefined();
    expect((await clock.settle(start().reading)).error?.message).toMatch(/20 tokens spent of 130 tokens/);
  });
});

describe("a rate limit", () => {
  it("lets the 61st request of a minute wait for its slot", async () => {
    const { clock, start, startedAt } = world({ rates: [rule()] });
    await clock.settle(Promise.all(Array.from({ length: 62 }, () => start().reading)));
    expect(startedAt().slice(0, 60)).toEqual(Array(60).fill(0));
    expect(startedAt().slice(60)).toEqual([1_000, 2_000]);
  });

  it("refuses at once with on_exceeded = refuse, and when the wait would exceed max_wait or the deadline", async () => {
    const one = [{ of: "requests", limit: 1, perMs: 60_000 }] as const;
    const refuse = world({ rates: [rule({ rates: one, onExceeded: "refuse" })] });
    await refuse.clock.settle(refuse.start().reading);
    expect((await refuse.clock.settle(refuse.start().reading)).error?.message).toBe(
      'main: rate limit "openai" (1 requests per minute) is reached, retry in 59 s',
    );
    const wait = world({ rates: [rule({ rates: one })] });
    await wait.clock.settle(wait.start().reading);
    const { error } = await wait.clock.settle(wait.start().reading);
    expect(error?.message).toBe(
      'main: rate limit "openai" (1 requests per minute) has no room within max_wait (30 s), retry in 59 s',
    );
    expect(error).toMatchObject({ code: "limit_exceeded", retryAfterMs: 59_000 });
    expect(wait.clock.monotonic()).toBe(1_000);
    const late = world({ rates: [rule({ rates: one, maxWait: 600_000 })] });
    await late.clock.settle(late.start().reading);
    const hurried = late.start({}, { deadlineAtMs: 20_000 });
    expect((await late.clock.settle(hurried.reading)).error?.code).toBe("limit_exceeded");
    expect(late.clock.monotonic()).toBe(1_000);
  });

  it("debits the prompt at first, and the rest when the answer is complete", async () => {
    const { clock, start, startedAt } = world({
      rates: [rule({ rates: [{ of: "tokens", limit: 100, perMs: 10_000 }] })],
      script: [[{ delta: "a" }, { usage: { input: 20, output: 100 } }, { finish: "stop" }]],
    });
    await clock.settle(start().reading);
    await clock.settle(start().reading);
    expect(startedAt()).toEqual([0, 2_800]);
  });

  it("refuses a request that is larger than the limit", async () => {
    const { clock, start } = world({ rates: [rule({ rates: [{ of: "tokens", limit: 1, perMs: 1_000 }] })] });
    expect((await clock.settle(start().reading)).error?.message).toContain(
      "the request alone is larger than the limit",
    );
  });

  it("rejects when queue attempts wait already", async () => {
    const { clock, start } = world({
      rates: [rule({ rates: [{ of: "requests", limit: 1, perMs: 10_000 }], queue: 1 })],
    });
    const seen = await clock.settle(Promise.all([start().reading, start().reading, start().reading]));
    expect(seen.map(({ error }) => error?.message)).toEqual([
      ...[undefined, undefined],
      'main: rate limit "openai": 1 requests wait already (queue)',
    ]);
  });

  it("limits the attempts in flight with max_parallel", async () => {
    const { clock, dialect, start } = world({ rates: [rule({ rates: [], maxParallel: 3 })] });
    await clock.settle(Promise.all(Array.from({ length: 20 }, () => start().reading)));
    expect(dialect.peak).toBe(3);
    expect(dialect.calls).toHaveLength(20);
  });
});

describe("attempts that wait", () => {
  const ONE_SLOT = { rates: [rule({ rates: [], maxParallel: 1, maxWait: 600_000 })] };
  /** The order in which calls were sent, by their user. */
  async function order(w: ReturnType<typeof world>, calls: readonly Partial<CallInput>[]) {
    const readings = calls.map((input) => w.start(input).reading);
    await w.clock.settle(Promise.all(readings));
    return w.dialect.calls.map(({ call }) => call.input.settings.user);
  }

  it("are served by priority, then in turns of their users", async () => {
    const calls = [
      ...["first", "a1", "a1", "a1", "b"].map((user) => ({ settings: { user } })),
      { settings: { user: "urgent" }, priority: 0 },
      { settings: { user: "late" }, priority: 255 },
    ];
    expect(await order(world(ONE_SLOT), calls)).toEqual(["first", "urgent", "a1", "b", "a1", "a1", "late"]);
  });

  it("let a more urgent attempt go first when a rate limit has room again", async () => {
    const rates = [rule({ rates: [{ of: "requests", limit: 1, perMs: 1_000 }] })];
    const calls = [
      { settings: { user: "first" } },
      { settings: { user: "late" }, priority: 255 },
      { settings: { user: "urgent" }, priority: 0 },
    ];
    expect(await order(world({ rates }), calls)).toEqual(["first", "urgent", "late"]);
  });

  it("lose no turn of their user when others of that user are aborted", async () => {
    const w = world(ONE_SLOT);
    const asUser = (user: string) => w.start({ settings: { user } });
    const first = asUser("first");
    const kept = asUser("ann");
    const aborted = Array.from({ length: 5 }, () => asUser("ann"));
    await quiet();
    for (const { call } of aborted) call.cancellation.cancel(abort());
    await Promise.all(aborted.map(({ reading }) => reading));
    const rest = ["ann", "bob", "bob", "bob"].map((user) => asUser(user));
    await w.clock.settle(Promise.all([first, kept, ...rest].map(({ reading }) => reading)));
    const sent = w.dialect.calls.map(({ call }) => call.input.settings.user);
    expect(sent).toEqual(["first", "ann", "bob", "ann", "bob", "bob"]);
  });

  it("are not overtaken by a later attempt whose smaller claim would fit at once", async () => {
    const { clock, dialect, start } = world({ budgets: [budget({ nanoUsd: 150_000_000n })] });
    const readings = [start({ settings: { user: "first" } }).reading, start({ settings: { user: "large" } }).reading];
    await quiet();
    const settings = { maxNewTokens: 30 };
    const request = { messages: INPUT.messages, settings, samples: 1, extraBody: {}, extraHeaders: {} };
    readings.push(start({ settings: { user: "small" } }, { request }).reading);
    await clock.settle(Promise.all(readings));
    const sent = dialect.calls.map(({ call, startedMs }) => [call.input.settings.user, startedMs]);
    expect(sent).toEqual([
      ["first", 0],
      ["large", 1_000],
      ["small", 1_000],
    ]);
  });

  it("gain priority while they wait, so that none waits forever", async () => {
    const w = world(ONE_SLOT);
    const low = w.start({ settings: { user: "busy" } });
    const waiting = w.start({ settings: { user: "low" }, priority: 255 }).reading;
    const others: Promise<unknown>[] = [low.reading];
    let sent = false;
    waiting.then(() => {
      sent = true;
    });
    for (let second = 0; second < 60 && !sent; second++) {
      others.push(w.start({ settings: { user: "busy" } }).reading, w.start({ settings: { user: "busy" } }).reading);
      await w.clock.advance(1_000);
    }
    expect(sent).toBe(true);
    expect(w.clock.monotonic()).toBeLessThan(30_000);
    await w.clock.settle(Promise.all(others));
  });

  it("hold nothing: an attempt that waits for one limit does not block another limit", async () => {
    const narrow = rule({ name: "narrow", rates: [], maxParallel: 1, match: { tags: ["narrow"] }, maxWait: 600_000 });
    const wide = rule({ name: "wide", rates: [], maxParallel: 2, maxWait: 600_000 });
    const { clock, start, startedAt } = world({ rates: [narrow, wide] });
    const tags = ["narrow"];
    await clock.settle(Promise.all([start({ tags }).reading, start({ tags }).reading, start().reading]));
    expect(startedAt()).toEqual([0, 0, 1_000]);
  });

  it("are refused without a wait when a budget is exhausted", async () => {
    const { clock, start } = world({ ...ONE_SLOT, budgets: [budget({ nanoUsd: 0n, match: { tags: ["poor"] } })] });
    const first = start().reading;
    await quiet();
    const second = start().reading;
    await quiet();
    expect((await start({ tags: ["poor"] }).reading).error?.code).toBe("budget_exceeded");
    expect(clock.monotonic()).toBe(0);
    await clock.settle(Promise.all([first, second]));
  });

  it("do not ask out of turn when their time has passed", async () => {
    const rates = [rule({ rates: [{ of: "requests", limit: 1, perMs: 1_000 }], maxWait: 1_000 })];
    const w = world({ rates, budgets: [] });
    const calls = ["first", "a1", "b1", "a2", "b2"].map((user) => ({ settings: { user } }));
    const readings = calls.map((input) => w.start(input).reading);
    const seen = await w.clock.settle(Promise.all(readings));
    expect(w.dialect.calls.map(({ call }) => call.input.settings.user)).toEqual(["first", "a1"]);
    expect(seen.map(({ error }) => error?.code)).toEqual([undefined, undefined, ...Array(3).fill("limit_exceeded")]);
  });

  it("take a slot that becomes free while they are on their way into the line", async () => {
    for (let ticks = 0; ticks < 30; ticks++) {
      const { clock, start } = world({ policy: { maxParallel: 1, queue: 10 } });
      const first = start().reading;
      await quiet();
      clock.next();
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      const second = start().reading;
      expect((await clock.settle(Promise.all([first, second]))).map(({ error }) => error)).toEqual([
        undefined,
        undefined,
      ]);
    }
  });

  it("take a slot that another one gives back because a shared store refuses it", async () => {
    const budgets = [budget({ nanoUsd: 0n, match: { tags: ["poor"] } })];
    const { clock, start, startedAt } = world({
      budgets,
      policy: { maxParallel: 1, queue: 10 },
      storeOf: (own) => slowCounters(own),
    });
    const poor = start({ tags: ["poor"] }).reading;
    await quiet();
    const seen = await clock.settle(Promise.all([poor, start().reading]));
    expect(seen.map(({ error }) => error?.code)).toEqual(["budget_exceeded", undefined]);
    expect(startedAt()).toEqual([2 * STORE_MS]);
  });

  it("are ended by their deadline, not by a full queue, when a slot is taken at that moment", async () => {
    const { clock, start } = world({ policy: { maxParallel: 1, queue: 10 } });
    const first = start().reading;
    await quiet();
    const second = start({}, { deadlineAtMs: 1_000 });
    const third = start({ priority: 0 }).reading;
    await clock.advance(1_000);
    second.call.cancellation.cancel(abort());
    expect((await second.reading).error?.code).toBe("aborted");
    await clock.settle(Promise.all([first, third]));
  });

  it("leave no timer and no line behind when they are aborted", async () => {
    const { clock, start } = world(ONE_SLOT);
    const first = start();
    const second = start();
    await quiet();
    second.call.cancellation.cancel(abort());
    expect((await second.reading).error?.code).toBe("aborted");
    await clock.settle(first.reading);
    expect(clock.pending).toBe(0);
    expect((await clock.settle(start().reading)).error).toBeUndefined();
  });
});

describe("a provider's limits", () => {
  it.each([
    ["requests", { limit: 60, remaining: 0, resetMs: 5_000 }, 5_000],
    ["tokens", { limit: 60, remaining: 0, resetMs: 7_000 }, 7_000],
    ["requests", { limit: 60, remaining: 1, resetMs: 5_000 }, 0],
    ["requests", { limit: 0, remaining: 0, resetMs: 5_000 }, 0],
    ["requests", { limit: 60, remaining: 0 }, 0],
  ] as const)("pause the callers of a key when no %s remain: %j", async (name, window, waitMs) => {
    const clock = new FakeClock();
    const run = admissionLayer({ clock });
    const limited: Next = async function* (call) {
      call.record.rateLimit = { [name]: window };
      yield* through([meter], scripted([[{ delta: "a" }, { finish: "stop" }]]))(call);
    };
    await clock.settle(read(run(callOf({ clock }), limited)));
    await clock.settle(read(run(callOf({ clock }), limited)));
    expect(clock.monotonic()).toBe(waitMs);
  });
});

describe("observers of budgets", () => {
  it("are told once when a budget reaches its warning level, and once when it is exceeded", async () => {
    const notices: unknown[] = [];
    const { clock, start } = world({ budgets: [budget({ nanoUsd: 120_000_000n, warnAt: 0.1 })] });
    for (let count = 0; count < 5; count++) {
      const record = new CallRecord(`call-${count}`, clock.monotonic());
      record.observers = { budgetNoticed: (_, notice) => notices.push(notice) };
      await clock.settle(start({}, { record }).reading);
    }
    expect(notices).toEqual([
      { name: "team", state: "warning", used: expect.closeTo(1 / 6) },
      { name: "team", state: "exceeded", used: 1 },
    ]);
  });
});
