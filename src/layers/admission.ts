import type { Attempt } from "../core/attempt.ts";
import type { Admitted, Booked, Call } from "../core/call.ts";
import { keyFingerprint, userOf } from "../core/caller.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { LedgerBudget } from "../core/ledger.ts";
import { passage } from "../core/passage.ts";
import {
  type Awaitable,
  type BudgetClaim,
  type Claim,
  type Level,
  type PauseClaim,
  type Settled,
  type SettledClaim,
  type SlotClaim,
  StoreUnavailable,
} from "../core/store.ts";
import {
  budgetExceeded,
  bulkheadFull,
  limitExceeded,
  queueFull,
  stateUnavailable,
  tooManyMembers,
} from "./admission-errors.ts";
import type { BudgetNotices } from "./budget-notices.ts";
import { type Charge, type Charges, lineOf, type Rules, usedBy, withMaxOutput } from "./charges.ts";
import { Patience, waitForKey } from "./key-pause.ts";
import type { KeyStates } from "./key-states.ts";
import type { Lines, Place, Waiter } from "./line.ts";
import type { Held, RefusedClaim, Reservations } from "./reservations.ts";
import { WorstCase } from "./worst-case.ts";

export interface AdmissionParts {
  readonly keys: KeyStates;
  readonly charges: Charges;
  readonly notices: BudgetNotices;
  readonly reservations: Reservations;
  /** The attempts of this process that wait. */
  readonly lines: Lines;
  /** Throws if the factory has closed the counters: then the store has not failed. */
  readonly requireOpen: () => void;
}

const DEFAULT_PRIORITY = 128;
/** How often a shared counter is read again while other processes hold it. */
const FIRST_POLL_MS = 50;
const MAX_POLL_MS = 500;
/** The period changes between two tries of one attempt at most once; more means that the clocks disagree. */
const MAX_PERIODS = 5;

/**
 * Before each attempt, waits until its key is not paused, and takes all matching budgets, rate limits and slots in one atomic
 * step, or none: an attempt that waits holds nothing. An exhausted budget refuses without a wait. What the attempt really used
 * is booked when it ends, also above a limit.
 */
export function admission(parts: AdmissionParts): Layer {
  return (call, next) => {
    const { keys, charges, reservations } = parts;
    const rules = charges.rulesFor(call);
    const share = (pauseMs: number | undefined) => {
      if (pauseMs !== undefined) reservations.pause(pauseOf(call).counter, pauseMs);
    };
    const onFailure = (error: ModelError) => share(keys.heed(error, call));
    const onRecorded = () => {
      const { rateLimit } = call.record;
      if (rateLimit !== undefined) share(keys.learn(rateLimit, call));
    };
    const heeding = { ...call, onFailure, onRecorded };
    const isFree =
      rules.budgets.length === 0 && rules.rates.length === 0 && call.target.policy.maxParallel === undefined;
    if (isFree && keys.restMs(call) === 0 && !reservations.isShared) return next(heeding);
    return new Admission(parts, heeding, rules).run(next);
  };
}

/** Where an attempt waits, and how long at most. */
interface Wait {
  readonly line: string;
  /** When to ask again, if nothing becomes free before; on the monotonic clock. */
  readonly retryAtMs: number;
  /** When the attempt gives up. */
  readonly untilMs: number;
  readonly queue: number;
  readonly givesUp: () => ModelError;
  readonly isFull: () => ModelError;
}

/** One attempt on its way to the provider. */
class Admission {
  readonly #parts: AdmissionParts;
  readonly #call: Call;
  readonly #rules: Rules;
  readonly #worst: WorstCase;
  readonly #attempt: number;
  readonly #id: string;
  readonly #startedMs: number;
  readonly #own: readonly Charge[];
  readonly #adjusted: ReturnType<typeof withMaxOutput>;
  readonly #patience: Patience;
  #charges: readonly Charge[] = [];
  #polls = 0;
  #settling: Awaitable<Booked> | undefined;

  constructor(parts: AdmissionParts, call: Call, rules: Rules) {
    this.#parts = parts;
    this.#adjusted = withMaxOutput(call.request, call.target, rules.budgets);
    this.#call = this.#adjusted === undefined ? call : { ...call, request: this.#adjusted.request };
    this.#rules = rules;
    this.#worst = new WorstCase(this.#call.request, call.target);
    this.#attempt = call.record.nextAttempt();
    this.#id = `${call.record.id}:${this.#attempt}`;
    this.#startedMs = call.clock.monotonic();
    this.#own = slotsOf(call);
    this.#patience = new Patience(call);
  }

  run(next: Next): Events {
    let held: Held;
    const keep = (granted: Held) => {
      held = granted;
    };
    const onRecorded = (attempt: Attempt, unseen: boolean) => {
      this.#call.onRecorded?.(attempt, unseen);
      this.#settle(held, attempt, unseen);
    };
    return passage({
      enter: () => {
        const granted = this.#enterAtOnce();
        return granted === undefined ? this.#enter().then(keep) : keep(granted);
      },
      events: () => {
        const events = next({ ...this.#call, onRecorded, admitted: this.#admitted(held) });
        return this.#adjusted === undefined ? events : preceded(adjustmentEvent(this.#adjusted), events);
      },
      leave: () => void this.#settle(held, undefined),
    });
  }

  /** Most attempts wait for nothing: no other one waits, and the counters are in this process. */
  #enterAtOnce(): Held | undefined {
    const { lines, keys, charges, reservations } = this.#parts;
    if (reservations.isShared || !lines.empty || keys.restMs(this.#call) > 0) return undefined;
    this.#call.cancellation.throwIfCancelled();
    const own = charges.atOnce(this.#call, this.#rules, this.#worst, reservations.nowMs);
    if (own === undefined) return undefined;
    this.#charges = own;
    const claims: Claim[] = [];
    for (const { claim } of this.#all()) claims.push(claim);
    return reservations.reserveAtOnce(this.#id, claims);
  }

  #admitted({ nowMs }: Held): Admitted {
    return {
      ...{ attempt: this.#attempt, timeMs: nowMs, worst: this.#worst },
      budgets: reservedIn(this.#charges),
      booked: () => this.#settling ?? NOTHING_BOOKED,
    };
  }

  async #enter(): Promise<Held> {
    const { lines, charges, reservations } = this.#parts;
    this.#charges = await charges.of(this.#call, this.#rules, this.#worst, reservations.nowMs);
    let place: Place | undefined;
    const leave = () => {
      place?.leave();
      place = undefined;
    };
    try {
      for (;;) {
        if (this.#parts.keys.restMs(this.#call) > 0) {
          leave();
          await waitForKey(this.#call, this.#parts.keys, this.#patience);
        }
        const busy = place === undefined ? this.#busyCharge() : undefined;
        const answer = await this.#reserve(busy !== undefined);
        if (answer.ok && busy === undefined) return answer;
        if (!answer.ok && answer.reason === "paused") {
          leave();
          await this.#patience.wait(answer.waitMs ?? 0);
          continue;
        }
        const wait = answer.ok ? this.#waitFor(busy as Charge) : this.#afterRefusal(answer);
        if (place?.key !== wait.line) {
          leave();
          if (lines.sizeOf(wait.line) >= wait.queue) throw wait.isFull();
          place = lines.enter(wait.line, this.#waiter());
          // Then the store is asked again: something may have become free before this attempt stood in the line.
          if (!(await place.turn(wait.untilMs))) throw wait.givesUp();
        } else if (!(await place.pause(wait.retryAtMs, wait.untilMs))) throw wait.givesUp();
      }
    } finally {
      leave();
    }
  }

  /** The claim of this attempt that others wait for already. */
  #busyCharge(): Charge | undefined {
    const { lines } = this.#parts;
    return lines.empty ? undefined : this.#all().find(({ claim }) => lines.sizeOf(lineOf(claim)) > 0);
  }

  #all(): readonly Charge[] {
    return this.#own.length === 0 ? this.#charges : [...this.#charges, ...this.#own];
  }

  async #reserve(probe: boolean): Promise<Held | RefusedClaim> {
    const { reservations, charges } = this.#parts;
    for (let periods = 0; ; periods++) {
      const answer = await this.#ask(probe);
      if (answer.ok || periods === MAX_PERIODS) return answer;
      if (answer.reason === "period")
        this.#charges = await charges.of(this.#call, this.#rules, this.#worst, reservations.nowMs);
      else if (answer.reason === "missing")
        this.#charges = await unlessCancelled(charges.seeded(this.#charges), this.#call.cancellation);
      else return answer;
    }
  }

  async #ask(probe: boolean): Promise<Held | RefusedClaim> {
    const { reservations } = this.#parts;
    const { cancellation, target } = this.#call;
    const shared: Claim[] = this.#charges.map(({ claim }) => claim);
    if (reservations.isShared) shared.push(pauseOf(this.#call));
    const own = this.#own.map(({ claim }) => claim);
    const onFreed = () => this.#poke(this.#own);
    const asked = reservations.reserve({ id: this.#id, shared, own, probe, onFreed });
    try {
      const answer = await unlessCancelled(asked, cancellation);
      cancellation.throwIfCancelled();
      return answer;
    } catch (error) {
      // The caller left while the store was asked, which may still grant the claims.
      if (cancellation.cancelled && !probe) reservations.abandon(asked, (held) => this.#settle(held, undefined));
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#parts.requireOpen();
      throw stateUnavailable(target, error);
    }
  }

  /** @throws ModelError if a wait does not help, or would be too long. */
  #afterRefusal({ claim, reason, waitMs, level, nowMs }: RefusedClaim): Wait {
    const { target } = this.#call;
    const line = lineOf(claim);
    const charge = this.#all().find((one) => lineOf(one.claim) === line);
    if (charge === undefined) throw new TypeError(`no charge for the refused claim ${line}`);
    if ("budget" in charge) {
      const { budget } = charge;
      if (reason === "members") throw tooManyMembers(target, budget);
      if (reason === "exhausted" && level !== undefined)
        this.#parts.notices.note(this.#call, budget, charge.claim, charge.claim.limit);
      const exceeded = () =>
        budgetExceeded(target, { budget, claim: charge.claim, level: level ?? { spent: 0n, reserved: 0n }, nowMs });
      if (reason !== "reserved" || budget.maxWait === 0) throw exceeded();
      return this.#within(this.#waitFor(charge, undefined, exceeded));
    }
    return this.#within(this.#waitFor(charge, waitMs), waitMs);
  }

  /** A call whose time would end during the wait, as far as known, fails at once. At its deadline, the deadline ends it. */
  #within(wait: Wait, waitMs = 0): Wait {
    const { clock, deadlineAtMs = Number.POSITIVE_INFINITY } = this.#call;
    const nowMs = clock.monotonic();
    if (nowMs >= wait.untilMs || nowMs + waitMs > Math.min(wait.untilMs, deadlineAtMs)) throw wait.givesUp();
    return wait;
  }

  #waitFor(charge: Charge, waitMs?: number, exceeded?: () => ModelError): Wait {
    const { target, clock } = this.#call;
    const nowMs = clock.monotonic();
    const retryAtMs = nowMs + (waitMs ?? this.#pollMs());
    const line = lineOf(charge.claim);
    if ("budget" in charge) {
      const { budget, claim } = charge;
      const level = { spent: 0n, reserved: claim.limit };
      const givesUp = exceeded ?? (() => budgetExceeded(target, { budget, claim, level, nowMs: clock.now() }));
      const untilMs = this.#startedMs + budget.maxWait;
      // The next period starts at zero.
      const periodMs = nowMs + claim.endsMs - this.#parts.reservations.nowMs;
      const queue = Number.POSITIVE_INFINITY;
      return { line, untilMs, retryAtMs: Math.min(retryAtMs, periodMs), queue, givesUp, isFull: givesUp };
    }
    if ("rule" in charge) {
      const { rule } = charge;
      const givesUp = () => limitExceeded(target, rule, "rate" in charge ? charge.rate : undefined, waitMs);
      if (rule.onExceeded === "refuse" || waitMs === Number.POSITIVE_INFINITY) throw givesUp();
      const untilMs = this.#startedMs + rule.maxWait;
      return { line, retryAtMs, untilMs, queue: rule.queue, givesUp, isFull: () => queueFull(target, rule) };
    }
    const full = () => bulkheadFull(target);
    const untilMs = Number.POSITIVE_INFINITY;
    return { line, retryAtMs, untilMs, queue: target.policy.queue, givesUp: full, isFull: full };
  }

  /** Other processes do not tell us when they free something; our own attempts do. */
  #pollMs(): number {
    if (!this.#parts.reservations.isShared) return Number.POSITIVE_INFINITY;
    const pollMs = Math.min(MAX_POLL_MS, FIRST_POLL_MS * 2 ** this.#polls);
    this.#polls++;
    return pollMs * (0.5 + this.#call.random() / 2);
  }

  #waiter(): Waiter {
    const { input, cancellation } = this.#call;
    const caller = [input.gatewayKey ?? "", userOf(this.#call) ?? ""];
    return { priority: input.priority ?? DEFAULT_PRIORITY, caller, cancellation };
  }

  /** Books what the attempt used, once, and lets others that wait for it ask again. */
  #settle(held: Held, attempt: Attempt | undefined, unseen = false): Awaitable<Booked> {
    if (this.#settling !== undefined) return this.#settling;
    const charges = this.#all();
    const used = charges.map((charge) => usedBy(charge, attempt, unseen));
    const book = ({ overruns }: Settled): Booked => {
      this.#poke(charges);
      return { budgets: budgetsIn(used), overrun: this.#overrun(overruns) };
    };
    const settled = held.settle(used);
    this.#settling = "then" in settled ? settled.then(book) : book(settled);
    this.#notice(held.levels, used);
    return this.#settling;
  }

  /** As far as this process knows: others may have spent more since the grant. */
  #notice(levels: readonly Level[], used: readonly SettledClaim[]): void {
    if (this.#call.record.observers.budgetNoticed === undefined) return;
    let budgets = 0;
    this.#charges.forEach((charge, index) => {
      if (!("budget" in charge)) return;
      const spent = (levels[budgets]?.spent ?? 0n) + (used[index]?.used ?? 0n);
      budgets++;
      this.#parts.notices.note(this.#call, charge.budget, charge.claim, spent);
    });
  }

  /** Of budgets in USD. */
  #overrun(overruns: readonly bigint[]): bigint {
    if (overruns.every((overrun) => overrun === 0n)) return 0n;
    const budgets = this.#charges.flatMap((charge) => ("budget" in charge ? [charge.budget] : []));
    let largest = 0n;
    overruns.forEach((overrun, index) => {
      if (budgets[index]?.tokens === undefined && overrun > largest) largest = overrun;
    });
    return largest;
  }

  #poke(charges: readonly Charge[]): void {
    const { lines } = this.#parts;
    if (!lines.empty) for (const { claim } of charges) lines.poke(lineOf(claim));
  }
}

async function* preceded(first: FlowEvent, events: Events): Events {
  yield [first];
  yield* events;
}

const NOTHING_BOOKED: Booked = { budgets: [], overrun: 0n };

function reservedIn(charges: readonly Charge[]): readonly LedgerBudget[] {
  const budgets: LedgerBudget[] = [];
  for (const { claim } of charges) if (claim.kind === "budget") budgets.push(chargedTo(claim, claim.amount));
  return budgets;
}

function budgetsIn(settled: readonly SettledClaim[]): readonly LedgerBudget[] {
  const budgets: LedgerBudget[] = [];
  for (const { claim, used } of settled) if (claim.kind === "budget") budgets.push(chargedTo(claim, used));
  return budgets;
}

function chargedTo({ family, member }: BudgetClaim, amount: bigint): LedgerBudget {
  return { family, member, amount };
}

/** Processes that share a key share its pauses. */
function pauseOf(call: Call): PauseClaim {
  return { kind: "pause", counter: JSON.stringify(["pause", call.target.key, keyFingerprint(call) ?? ""]) };
}

function slotsOf({ target }: Call): readonly Charge[] {
  const { maxParallel } = target.policy;
  if (maxParallel === undefined) return [];
  // A reload may change the limit.
  const counter = JSON.stringify(["slots of entry", target.entry, maxParallel]);
  const claim: SlotClaim = { kind: "slot", counter, limit: maxParallel };
  return [{ target, claim }];
}

function adjustmentEvent({ adjustment }: NonNullable<ReturnType<typeof withMaxOutput>>): FlowEvent {
  return { type: "adjustment", adjustment };
}
