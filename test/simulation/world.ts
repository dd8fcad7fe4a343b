// The product loads these when it needs them, and virtual time does not wait for that.
import "../../src/core/calendar.ts";
import "../../src/stores/sqlite-counters.ts";
import type { HookCall, Hooks } from "../../src/core/hooks.ts";
import { ModelFactory } from "../../src/index.ts";
import { Chance } from "../harness/chance.ts";
import { checkSettled, checkShown } from "./answer-promises.ts";
import { HOUR_MS } from "./behaviour.ts";
import { CacheWatch } from "./cache/cache-watch.ts";
import { watchValues } from "./cache/watch-values.ts";
import { VirtualCaller } from "./caller.ts";
import { checkGoingOn } from "./continuation-promises.ts";
import { LedgerWatch } from "./ledger/ledger-watch.ts";
import { tokensOf } from "./money/bills.ts";
import { MoneyWatch } from "./money/money-watch.ts";
import { StateThread } from "./money/state-thread.ts";
import { watchMoney } from "./money/watch.ts";
import { isSameUsd, sumOf } from "./money-promises.ts";
import type { CallerPlan, EntryPlan, WorldPlan } from "./plan.ts";
import { planSeed } from "./plan-seed.ts";
import { type Desk, VirtualProvider } from "./provider.ts";
import { checkBudget, checkNamedTime, checkRequest, checkWaiting } from "./request-promises.ts";
import { during, RUNNING } from "./running.ts";
import { tomlOf } from "./toml.ts";
import { onVirtualTime, VirtualTime } from "./virtual-time.ts";
import { limitedAt, type WireRequest } from "./wire-request.ts";

/** What happened in a world; the same for the same seed. */
export interface WorldReport {
  readonly seed: number;
  /** Broken promises, with the instant; empty if all were kept. */
  readonly broken: readonly string[];
  readonly calls: number;
  readonly answers: number;
  /** Answers that more than one request contributed to. */
  readonly joined: number;
  readonly requests: number;
  /** Answers from the cache, or from the request of an equal call. */
  readonly cached: number;
  /** Rows of the ledger. */
  readonly rows: number;
  readonly virtualMs: number;
  /** Log of events, for comparing two runs of one seed. */
  readonly story: readonly string[];
}

/** Runs one seed for an hour and checks every promise at every step. */
export function liveOneHour(seed: number): Promise<WorldReport> {
  return new World(seed).live();
}

/** How long after the hour it may take until a recovered provider receives a request again. */
const RECOVERY_MS = 600_000;
const PROBE_EVERY_MS = 7_000;
const UNCACHED = { mode: "bypass", ttlMs: undefined, namespace: undefined } as const;
/** Factor applied to the token count of the simple tokenizer. */
const GREED = 40;

class World {
  readonly #seed: number;
  readonly #plan: WorldPlan;
  readonly #time: VirtualTime;
  readonly #factory: ModelFactory<Record<never, never>>;
  readonly #entries: ReadonlyMap<string, EntryPlan>;
  readonly #providers: ReadonlyMap<string, VirtualProvider>;
  readonly #callers = new Map<string, VirtualCaller>();
  /** Tries after the first, per origin. */
  readonly #retries = new Map<string, Set<string>>();
  readonly #broken: string[] = [];
  readonly #money: MoneyWatch | undefined;
  readonly #cache: CacheWatch | undefined;
  readonly #ledger: LedgerWatch | undefined;
  readonly #waiting = new Set<VirtualCaller>();

  constructor(seed: number) {
    this.#seed = seed;
    this.#plan = planSeed(seed);
    const chance = new Chance(seed + 0.5 * 2 ** 31);
    const { money, cache, ledger } = this.#plan;
    this.#time = new VirtualTime(chance.next, money?.startsAt);
    this.#money = money && new MoneyWatch(money, this.#plan, this.#time, this.#breaks);
    this.#ledger = ledger && new LedgerWatch(this.#breaks);
    this.#cache = cache && new CacheWatch(cache, this.#callers, this.#time, this.#breaks);
    this.#entries = new Map(this.#plan.entries.map((entry) => [entry.name, entry]));
    const desk: Desk = {
      arrived: (request) => this.#arrived(request),
      wholeOf: (caller, beginning) => this.#callers.get(caller)?.wholeOf(beginning),
      count: money && ((texts, reported) => tokensOf(texts) * (reported && money.greedy ? GREED : 1)),
    };
    this.#providers = new Map(this.#plan.entries.map((plan) => [plan.name, new VirtualProvider(plan, chance, desk)]));
    this.#factory = ModelFactory.parse(tomlOf(this.#plan), {
      env: {},
      clock: this.#time,
      random: chance.next,
      providers: Object.fromEntries(this.#providers),
      hooks: this.#hooks(),
    });
  }

  /** A call's first tag is its name. */
  #hooks(): Hooks {
    const callerOf = ({ tags }: HookCall) => this.#callers.get(tags[0] ?? "") as VirtualCaller;
    return {
      request: (event) => {
        const caller = callerOf(event);
        caller.callId = event.callId;
        this.#money?.called(caller);
      },
      cache: (event) => {
        const caller = callerOf(event);
        caller.isCached = event.outcome !== "miss";
        this.#cache?.looked(caller, event.outcome);
      },
    };
  }

  live(): Promise<WorldReport> {
    const offs = this.#money === undefined ? [] : [...watchMoney(this.#money)];
    if (this.#cache !== undefined) offs.push(watchValues(this.#cache));
    if (this.#plan.state !== undefined) offs.push(new StateThread().replace(this.#time));
    if (this.#ledger !== undefined) offs.push(this.#ledger.watch());
    return onVirtualTime(this.#time, () => during(offs, () => this.#live()));
  }

  async #live(): Promise<WorldReport> {
    for (const plan of this.#plan.callers) this.#time.schedule(() => this.#start(plan), plan.atMs);
    await this.#run(() => this.#callers.size === this.#plan.callers.length && this.#waiting.size === 0);
    for (const entry of this.#plan.entries) await this.#recovers(entry);
    await this.#factory.ledger.flush();
    this.#checkEnd();
    this.#cache?.end(this.#factory);
    await this.#money?.end(this.#factory);
    await this.#ledger?.end(this.#factory, {
      callers: [...this.#callers.values()],
      startsAt: this.#time.startsAt,
      attemptOf: (id) => this.#money?.attemptOf(id),
      spent: (counter) => this.#money?.spent(counter) ?? 0n,
    });
    await this.#factory.close();
    return this.#report();
  }

  async #run(over: () => boolean): Promise<void> {
    const ended = await this.#time.run(over, () => this.#look());
    if (!ended) this.#breaks("P2", `nothing is scheduled, and ${[...this.#waiting].map(({ plan }) => plan.id)} wait`);
  }

  #breaks = (promise: string, what: string): void => {
    this.#broken.push(`${promise} at ${Math.round(this.#time.monotonic())} ms: ${what}`);
  };

  #start(plan: CallerPlan): VirtualCaller {
    const entry = this.#entry(plan.entry);
    const caller = new VirtualCaller(plan, entry, this.#time);
    this.#callers.set(plan.id, caller);
    this.#waiting.add(caller);
    caller.startedMs = this.#time.monotonic();
    this.#cache?.started(caller);
    caller.onShown = () => checkShown(caller, this.#breaks);
    const chain = this.#chainOf(entry);
    caller.explains = (error) => this.#money?.explains(error, caller, chain) ?? false;
    void RUNNING.run(plan.id, () => caller.run(this.#factory.get(plan.entry))).then(() => {
      this.#waiting.delete(caller);
      this.#cache?.settled(caller);
      checkSettled(caller, chain, (name) => this.#requestsAt(name), this.#breaks);
    });
    return caller;
  }

  #entry(name: string): EntryPlan {
    return this.#entries.get(name) as EntryPlan;
  }

  #chainOf(entry: EntryPlan): readonly EntryPlan[] {
    return [entry, ...[...entry.fallbacks, ...entry.policyFallbacks].map((name) => this.#entry(name))];
  }

  #requestsAt(entry: string): readonly WireRequest[] {
    return this.#providers.get(entry)?.requests ?? [];
  }

  #arrived(request: WireRequest): void {
    const caller = this.#callers.get(request.caller) as VirtualCaller;
    const entry = this.#entry(request.entry);
    checkRequest(caller, entry, request, this.#breaks);
    checkGoingOn(caller, entry, request, this.#breaks);
    checkNamedTime(request, caller, this.#requestsAt(request.entry), this.#breaks);
    this.#money?.arrived(request, caller, entry);
    this.#cache?.arrived(caller);
    caller.requests.push(request);
    if (request.tryIndex === 0) return;
    const retries = this.#retries.get(request.entry) ?? new Set();
    this.#retries.set(request.entry, retries.add(`${request.caller} ${request.tryIndex}`));
    const calls = [...this.#callers.values()].filter(({ entry }) =>
      this.#chainOf(entry).some(({ name }) => name === request.entry),
    );
    // Each part of a long answer counts as a call.
    const parts = limitedAt(request.entry, this.#requestsAt(request.entry));
    checkBudget(request.entry, retries.size, calls.length + parts, this.#breaks);
  }

  #look(): void {
    const nowMs = this.#time.monotonic();
    this.#money?.look();
    this.#cache?.look();
    for (const caller of this.#waiting) checkWaiting(caller, nowMs, this.#breaks);
    for (const { name, maxParallel = Number.POSITIVE_INFINITY } of this.#plan.entries) {
      const working = this.#providers.get(name)?.working ?? 0;
      if (working > maxParallel)
        this.#breaks("P7", `${name}: ${working} requests at a time, max_parallel ${maxParallel}`);
    }
  }

  /**
   * After the hour every provider is healthy: a slot, verdict or pause that was never released would block it forever.
   */
  async #recovers(entry: EntryPlan): Promise<void> {
    const untilMs = Math.max(this.#time.monotonic(), HOUR_MS) + RECOVERY_MS;
    for (let probe = 0; this.#time.monotonic() < untilMs; probe++) {
      const wakeMs = Math.max(HOUR_MS + PROBE_EVERY_MS, this.#time.monotonic() + PROBE_EVERY_MS);
      let awake = false;
      this.#time.schedule(() => {
        awake = true;
      }, wakeMs - this.#time.monotonic());
      await this.#run(() => awake);
      const plan = { way: "codegen", abortAfterMs: undefined, leaveAfter: undefined, restMs: 0 } as const;
      const id = `${entry.name}-probe-${probe}`;
      const asking = { id, atMs: wakeMs, entry: entry.name, prompt: "Hello", tags: [], cache: UNCACHED };
      const caller = this.#start({ ...plan, ...asking });
      await this.#run(() => caller.settled);
      if (caller.reply?.model === entry.name || this.#money?.mayRefuse(caller) === true) return;
    }
    this.#breaks("P7", `${entry.name}: not asked again although it recovered`);
  }

  #checkEnd(): void {
    const { pending } = this.#time;
    if (pending > 0) this.#breaks("P7", `${pending} timers left`);
    const working = [...this.#providers.values()].filter(({ working }) => working > 0);
    if (working.length > 0) this.#breaks("P7", `requests left open at ${working.map(({ name }) => name)}`);
    for (const { plan, rows, rowsAtEnd } of this.#callers.values())
      if (rows.length !== rowsAtEnd) this.#breaks("P6", `${plan.id}: a row was added after it had settled`);
    this.#checkTotals();
  }

  #checkTotals(): void {
    const { calls, requests, cost } = this.#factory.usage();
    const callers = [...this.#callers.values()];
    const rows = callers.flatMap((caller) => caller.rows);
    const sum = sumOf(rows);
    if (calls !== callers.length) this.#breaks("P6", `${calls} calls in the totals, ${callers.length} made`);
    if (requests !== rows.length) this.#breaks("P6", `${requests} requests in the totals, ${rows.length} rows`);
    if (!isSameUsd(cost.usd, sum, 1e-9)) this.#breaks("P6", `total ${cost.usd} USD, rows ${sum}`);
  }

  #report(): WorldReport {
    const callers = [...this.#callers.values()];
    return {
      seed: this.#seed,
      broken: this.#broken,
      calls: callers.length,
      answers: callers.filter(({ reply }) => reply !== undefined).length,
      joined: callers.filter(({ reply, requests }) => reply !== undefined && requests.at(-1)?.before !== "").length,
      requests: callers.reduce((total, { requests }) => total + requests.length, 0),
      cached: callers.filter(({ isCached }) => isCached).length,
      rows: this.#ledger?.rows ?? 0,
      virtualMs: this.#time.monotonic(),
      story: callers.map(
        ({ plan, settledMs, reply, error, requests }) =>
          `${plan.id} ${settledMs} ${error?.code ?? JSON.stringify(reply?.text)} ${requests.map(({ entry, end, startedMs, before, told }) => `${entry}@${startedMs}:${before.length}-${told.length}:${end}`)}`,
      ),
    };
  }
}
