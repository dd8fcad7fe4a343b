import type { Waiter } from "../../../src/layers/line.ts";
import { type Broken, EPSILON_MS } from "../broken.ts";
import type { AskingAttempt, Attempts, Standing } from "./attempts.ts";
import type { BudgetPlan, MoneyPlan, RatePlan } from "./money-plan.ts";
import { lineOfClaim } from "./rules.ts";

/** A priority level is worth this much waiting. */
const AGING_MS = 100;
/** Waits are rounded up to milliseconds. */
const TIMERS_MS = 1.5;

/** The attempts in each queue, what they wait for, and the order in which they are served. */
export class LinePromises {
  readonly #attempts: Attempts;
  readonly #waitOf: (line: string) => number;
  readonly #broken: Broken;
  readonly #lines = new Map<string, Standing[]>();
  /** Since when everything that the attempts of a queue need has been free. */
  readonly #freeSinceMs = new Map<string, number>();
  /** Queues that have held several priorities since they were last empty. */
  readonly #mixed = new Set<string>();
  /** The longest each queue has been. */
  readonly #longest = new Map<string, number>();

  constructor(attempts: Attempts, waitOf: (line: string) => number, broken: Broken) {
    this.#attempts = attempts;
    this.#waitOf = waitOf;
    this.#broken = broken;
  }

  longest(line: string): number {
    return this.#longest.get(line) ?? 0;
  }

  entered(
    line: string,
    { caller: path, priority }: Waiter,
    caller: string | undefined,
    nowMs: number,
  ): (leftMs: number) => void {
    const attempt = this.#attempts.lastOf(caller);
    const user = path.at(-1) ?? "";
    const others = this.#lines.get(line) ?? [];
    this.#lines.set(line, others);
    const ownBefore = others.filter((other) => other.user === user && other.priority === priority).length;
    const standing = {
      line,
      user,
      priority,
      sinceMs: nowMs,
      ownBefore,
      servedBefore: new Map(),
      overtakenBy: new Map(),
      attempt,
    };
    if (others.length === 0) this.#mixed.delete(line);
    else if (others.some((other) => other.priority !== priority)) this.#mixed.add(line);
    others.push(standing);
    this.#longest.set(line, Math.max(this.longest(line), others.length));
    if (attempt !== undefined) attempt.standing = standing;
    return (leftMs) => this.#left(standing, leftMs);
  }

  /** Checked when an attempt is admitted: no attempt waiting for the same thing was entitled to go first. */
  granted(attempt: AskingAttempt, nowMs: number): void {
    const isAlone = (one: AskingAttempt | undefined) => one?.caller?.entry.hedgeMs === undefined;
    if (!isAlone(attempt)) return;
    const { standing } = attempt;
    for (const line of new Set(attempt.claims.map(lineOfClaim))) {
      const others = (this.#lines.get(line) ?? []).filter((one) => one !== standing && isAlone(one.attempt));
      // Attempts that arrive at the same instant may have been queued in any order.
      const waiting = others.filter(({ sinceMs }) => sinceMs < nowMs);
      if (waiting.length === 0) continue;
      if (standing === undefined)
        this.#broken("P9", `${attempt.id} overtook ${waiting.map(words).join(", ")} in ${line}`);
      else if (standing.line === line) this.#checkTurn(standing, waiting, nowMs);
    }
  }

  #checkTurn(served: Standing, waiting: readonly Standing[], nowMs: number): void {
    const rank = ({ priority, sinceMs }: Standing) => priority - (nowMs - sinceMs) / AGING_MS;
    for (const one of waiting) {
      const equals = waiting.filter(({ priority }) => priority === one.priority);
      // The first of its priority, unless its user had to wait for a turn.
      const isFirst = one.ownBefore === 0 && one === equals[0];
      if (isFirst && rank(one) < rank(served) - EPSILON_MS)
        this.#broken("P9", `${words(served)} served before ${words(one)} in ${served.line}`);
      if (one.priority !== served.priority || one.user === served.user) continue;
      const isLater = !this.#isBefore(served, one);
      const before = count(one.servedBefore, served.user);
      const overtaken = isLater ? count(one.overtakenBy, served.user) : 0;
      // Users take turns: behind other attempts of its own user, an attempt waits for as many of each other user.
      if (overtaken > one.ownBefore || (!this.#mixed.has(served.line) && before > one.ownBefore + 2))
        this.#broken("P9", `${words(one)} waits while ${before} of ${served.user} are served, ${overtaken} came later`);
    }
  }

  #isBefore(one: Standing, other: Standing): boolean {
    const line = this.#lines.get(one.line) ?? [];
    return line.indexOf(one) < line.indexOf(other);
  }

  /** Checked whenever all promises have settled: nothing waits for free capacity, except for timers of this instant. */
  checkRest(fits: (attempt: AskingAttempt) => boolean, nowMs: number): void {
    for (const [line, standings] of this.#lines) {
      const attempts = standings.flatMap(({ attempt }) => attempt ?? []);
      const isKnown = attempts.length === standings.length && !attempts.some(({ caller }) => caller?.entry.hedgeMs);
      if (attempts.length === 0 || !isKnown || !attempts.every(fits)) {
        this.#freeSinceMs.delete(line);
        continue;
      }
      const sinceMs = this.#freeSinceMs.get(line) ?? nowMs;
      this.#freeSinceMs.set(line, sinceMs);
      if (nowMs - sinceMs > TIMERS_MS)
        this.#broken("P9", `${attempts.map(({ id }) => id).join(", ")} wait for ${line}, and all is free`);
    }
  }

  #left(standing: Standing, nowMs: number): void {
    const { attempt, line, sinceMs } = standing;
    const standings = this.#lines.get(line) ?? [];
    standings.splice(standings.indexOf(standing), 1);
    if (attempt?.standing === standing) attempt.standing = undefined;
    attempt?.waits.push({ line, leftMs: nowMs });
    const { caller, firstMs = sinceMs } = attempt ?? {};
    if (caller === undefined || caller.entry.hedgeMs !== undefined) return;
    const waitedMs = nowMs - firstMs;
    const mayMs = this.#waitOf(line);
    if (nowMs > sinceMs && waitedMs > mayMs + EPSILON_MS)
      this.#broken("P9", `${attempt?.id} waited ${waitedMs} ms for ${line}, max_wait ${mayMs} ms`);
    if (nowMs > sinceMs && nowMs > caller.deadlineAtMs + EPSILON_MS && !caller.isWaitedFor)
      this.#broken("P9", `${attempt?.id} waited for ${line} beyond its deadline`);
  }
}

function words({ attempt, user, priority, sinceMs }: Standing): string {
  return `${attempt?.id} (${user}, ${priority}, since ${sinceMs} ms)`;
}

function count(counts: Map<string, number>, name: string): number {
  const times = (counts.get(name) ?? 0) + 1;
  counts.set(name, times);
  return times;
}

/** The rule that an attempt waits for; undefined for the slots of an entry, which have no wait limit. */
export function ruleOfLine(
  { budgets }: MoneyPlan,
  limits: readonly RatePlan[],
  line: string,
): BudgetPlan | RatePlan | undefined {
  const [first, second] = [...line.matchAll(/"([^"]*)"/g)].map(([, name]) => name);
  if (first === "slots of entry") return undefined;
  return budgets.find(({ name }) => name === first) ?? limits.find(({ name }) => name === second);
}
