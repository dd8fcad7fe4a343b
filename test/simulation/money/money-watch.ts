import type { AdmitRequest, CounterStore, Grant, Refusal, Settled, Settlement } from "../../../src/core/store.ts";
import type { ModelError, ModelFactory } from "../../../src/index.ts";
import type { Waiter } from "../../../src/layers/line.ts";
import { MemoryCounters } from "../../../src/stores/memory-counters.ts";
import type { Broken } from "../broken.ts";
import type { VirtualCaller } from "../caller.ts";
import type { EntryPlan, WorldPlan } from "../plan.ts";
import type { VirtualTime } from "../virtual-time.ts";
import { isOpen, type WireRequest } from "../wire-request.ts";
import { checkAdmitted } from "./admission-promises.ts";
import { type AskingAttempt, Attempts } from "./attempts.ts";
import { checkBooked, checkPeriods, type LoggedRequest } from "./bill-promises.ts";
import { Books } from "./books.ts";
import { checkSlots, checkWindows } from "./limit-promises.ts";
import { LinePromises, ruleOfLine } from "./line-promises.ts";
import type { MoneyPlan, RatePlan } from "./money-plan.ts";
import { isExplainedByLimits, isUnpriced } from "./refusal-promises.ts";
import type { Watcher } from "./watch.ts";

/** Checks everything that a world reserves, queues, spends and rejects. */
export class MoneyWatch implements Watcher {
  readonly #plan: MoneyPlan;
  readonly #isShared: boolean;
  readonly #limits: readonly RatePlan[];
  readonly #time: VirtualTime;
  readonly #broken: Broken;
  readonly #books = new Map<CounterStore, Books>();
  readonly #attempts = new Attempts();
  readonly #callers = new Map<string, VirtualCaller>();
  readonly #lines: LinePromises;
  readonly #log: LoggedRequest[] = [];
  #open: LoggedRequest[] = [];

  constructor(plan: MoneyPlan, { entries, state }: WorldPlan, time: VirtualTime, broken: Broken) {
    this.#plan = plan;
    this.#isShared = state !== undefined;
    this.#limits = [...plan.rates, ...entries.flatMap(({ rateLimit }) => rateLimit ?? [])];
    this.#time = time;
    this.#broken = broken;
    this.#lines = new LinePromises(this.#attempts, (line) => this.waitOf(line), broken);
  }

  called(caller: VirtualCaller): void {
    this.#callers.set(caller.callId, caller);
  }

  attemptOf(id: string): AskingAttempt | undefined {
    return this.#attempts.get(id);
  }

  spent(counter: string): bigint {
    return [...this.#books.values()].reduce((sum, books) => sum + books.spent(counter), 0n);
  }

  admitted(store: CounterStore, request: AdmitRequest, answer: Grant | Refusal): void {
    const nowMs = this.#time.monotonic();
    const { id, claims, probe } = request;
    this.#booksOf(store).admitted(request, answer, this.#time.now());
    const isPart = this.#isPart(store);
    const others = isPart ? [] : (this.#attempts.get(id)?.own ?? []);
    const all = [...claims.filter(({ kind }) => kind !== "pause"), ...others];
    const attempt = this.#attempts.asked(id, this.#callers.get(id.split(":")[0] ?? ""), all, nowMs);
    if (!answer.ok) {
      const { reason, refused, waitMs } = answer;
      const claim = claims[refused];
      if (claim !== undefined) attempt.refusals.push({ atMs: nowMs, reason, claim, waitMs });
    } else if (isPart) attempt.own = claims;
    else if (probe !== true) {
      attempt.grantedMs = nowMs;
      this.#lines.granted(attempt, nowMs);
    }
  }

  settled(store: CounterStore, settlement: Settlement, settled: Settled): void {
    this.#booksOf(store).settled(settlement, settled, this.#time.now());
    const attempt = this.#attempts.get(settlement.id);
    if (attempt === undefined) return;
    const isPart = this.#isPart(store);
    // What was only granted by one of two stores is freed again.
    if (isPart && attempt.grantedMs === undefined) return;
    attempt.settled = [...(attempt.settled ?? []), ...settlement.claims];
    if (!isPart) attempt.overruns = settled.overruns;
  }

  entered(line: string, waiter: Waiter, caller: string | undefined): () => void {
    const left = this.#lines.entered(line, waiter, caller, this.#time.monotonic());
    return () => left(this.#time.monotonic());
  }

  arrived(request: WireRequest, caller: VirtualCaller, entry: EntryPlan): void {
    const attempt = this.#attempts.get(request.admission);
    const asking = { caller: caller.plan, entry, key: request.key };
    const nowMs = this.#time.now();
    checkAdmitted(this.#plan, asking, request, attempt, nowMs, this.#broken);
    if (attempt !== undefined) attempt.request = request;
    const logged = { request, asking, attempt, atMs: nowMs };
    this.#log.push(logged);
    this.#open = [...this.#open.filter(({ request }) => isOpen(request)), logged];
    checkSlots(this.#plan, this.#open, this.#broken);
  }

  look(): void {
    const books = [...this.#books.values()];
    const fits = ({ claims }: AskingAttempt) => books.every((one) => one.fits(claims, this.#time.now()));
    if (books.length > 0) this.#lines.checkRest(fits, this.#time.monotonic());
  }

  explains(error: ModelError, caller: VirtualCaller, chain: readonly EntryPlan[]): boolean {
    return isExplainedByLimits(
      error,
      caller,
      caller.mates().flatMap((mate) => this.#attempts.of(mate)),
      chain,
      this.#plan,
      this,
    );
  }

  /** Whether a call to a healthy provider may end without a request because its own limits leave no room. */
  mayRefuse(caller: VirtualCaller): boolean {
    return (
      this.#attempts.of(caller).some(({ refusals }) => refusals.length > 0) ||
      isUnpriced(caller, [caller.entry], this.#plan)
    );
  }

  waitOf(line: string): number {
    const rule = ruleOfLine(this.#plan, this.#limits, line);
    return rule === undefined ? Number.POSITIVE_INFINITY : rule.maxWaitMs;
  }

  queueOf(line: string): number {
    const rule = ruleOfLine(this.#plan, this.#limits, line);
    if (rule === undefined || !("queue" in rule)) return Number.POSITIVE_INFINITY;
    return rule.onExceeded === "refuse" ? 0 : rule.queue;
  }

  longest(line: string): number {
    return this.#lines.longest(line);
  }

  hadPause(untilMs: number): boolean {
    return this.#log.some(({ request: { askedMs, endedMs = 0 } }) => askedMs !== undefined && endedMs <= untilMs);
  }

  /** At the end nothing is reserved, and every request was booked as its provider bills it. */
  async end(factory: ModelFactory<Record<never, never>>): Promise<void> {
    for (const books of this.#books.values())
      if (books.open.length > 0) this.#broken("P8", `held at the end: ${books.open.slice(0, 5).join("; ")}`);
    for (const attempt of this.#attempts.all) checkBooked(attempt, this.#plan, this.#broken);
    checkPeriods(this.#plan, this.#log, this.#broken);
    checkWindows(this.#plan, this.#log, this.#broken);
    for (const { name, reserved } of await factory.budgets.status())
      if (reserved !== 0) this.#broken("P8", `budget ${name}: ${reserved} reserved at the end`);
  }

  /** Slots of entries are counted in memory, whatever store the others are in. */
  #isPart(store: CounterStore): boolean {
    return this.#isShared && store instanceof MemoryCounters;
  }

  #booksOf(store: CounterStore): Books {
    let books = this.#books.get(store);
    if (books === undefined) {
      books = new Books((what) => this.#broken("P8", what));
      this.#books.set(store, books);
    }
    return books;
  }
}
