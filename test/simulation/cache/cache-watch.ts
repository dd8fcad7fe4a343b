import type { FlowEvent } from "../../../src/core/event.ts";
import type { CacheOutcome, ModelFactory } from "../../../src/index.ts";
import type { Broken } from "../broken.ts";
import type { VirtualCaller } from "../caller.ts";
import { isSameUsd, priceOf } from "../money-promises.ts";
import type { VirtualTime } from "../virtual-time.ts";
import { cameToAnEnd, partsBefore } from "../wire-request.ts";
import { type CachePlan, modeOf, nameOf } from "./cache-plan.ts";
import { Flights } from "./flights.ts";
import { type BookedAnswer, ValueBooks } from "./value-books.ts";
import type { ValueWatcher } from "./watch-values.ts";

/** Checks everything that a world stores, finds and shares. */
export class CacheWatch implements ValueWatcher {
  readonly #plan: CachePlan;
  readonly #callers: ReadonlyMap<string, VirtualCaller>;
  readonly #time: VirtualTime;
  readonly #broken: Broken;
  readonly #books: ValueBooks;
  readonly #flights: Flights;
  /** Keys of the store by the names of what they stand for, and the other way round. */
  readonly #keys = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** What calls found; null if they found nothing. */
  readonly #found = new Map<VirtualCaller, BookedAnswer | null>();
  readonly #written = new Map<string, Set<string>>();
  readonly #events = new Map<VirtualCaller, CacheOutcome>();
  readonly #saved: (number | null)[] = [];
  #stored = 0;

  constructor(plan: CachePlan, callers: ReadonlyMap<string, VirtualCaller>, time: VirtualTime, broken: Broken) {
    this.#plan = plan;
    this.#callers = callers;
    this.#time = time;
    this.#broken = broken;
    this.#books = new ValueBooks(plan.maxEntries);
    this.#flights = new Flights(plan, broken);
  }

  started(caller: VirtualCaller): void {
    this.#flights.started(caller);
  }

  arrived(caller: VirtualCaller): void {
    this.#flights.arrived(caller);
    const mode = modeOf(caller.plan);
    if (mode === "only") this.#say(caller, "a request although only a stored answer was wanted");
    if (this.#found.get(caller) != null) this.#say(caller, "a request although its answer is stored");
  }

  look(): void {
    this.#flights.look();
  }

  looked(caller: VirtualCaller, outcome: CacheOutcome): void {
    if (this.#events.has(caller)) this.#say(caller, `${outcome} after ${this.#events.get(caller)}`);
    this.#events.set(caller, outcome);
  }

  reading(key: string, id: string | undefined): (value: unknown) => void {
    const caller = this.#callers.get(id ?? "") as VirtualCaller;
    const mode = modeOf(caller.plan);
    if (mode === "bypass" || mode === "refresh") this.#say(caller, `read with ${mode}`);
    const due = this.#books.get(this.#nameOf(caller, key), this.#time.monotonic());
    this.#found.set(caller, due ?? null);
    caller.stored = due?.text;
    if (due !== undefined) this.#saved.push(due.cost);
    return (value) => {
      const text = value === undefined ? undefined : textOf(value as Stored);
      if (text !== due?.text) this.#say(caller, `read ${JSON.stringify(text)} instead of ${JSON.stringify(due?.text)}`);
    };
  }

  writing(key: string, value: unknown, ttlMs: number, id: string | undefined): void {
    const caller = this.#callers.get(id ?? "") as VirtualCaller;
    const { plan } = caller;
    const mode = modeOf(plan);
    if (mode === "bypass" || mode === "only") this.#say(caller, `written with ${mode}`);
    const dueMs = plan.cache?.ttlMs ?? this.#plan.ttlMs;
    if (ttlMs !== dueMs) this.#say(caller, `written for ${ttlMs} ms instead of ${dueMs} ms`);
    const stored = value as Stored;
    const text = textOf(stored);
    const told = answerBy(caller, text);
    if (told === undefined || reasonOf(stored) !== "stop")
      this.#say(caller, `written, but not a complete answer of ${plan.entry}: ${JSON.stringify(text)}`);
    const answer = { text, ...(told ?? { cost: null, input: 0, output: 0 }) };
    if (!isSameUsd(stored.cost?.usd ?? null, answer.cost, 1e-12))
      this.#say(caller, `written with a cost of ${stored.cost?.usd} instead of ${answer.cost}`);
    const name = this.#nameOf(caller, key);
    const nowMs = this.#time.monotonic();
    this.#books.set(name, answer, nowMs + dueMs, nowMs);
    this.#written.set(name, (this.#written.get(name) ?? new Set()).add(text));
    this.#stored += 1;
  }

  /** Equal calls have equal keys, and others have other keys. */
  #nameOf(caller: VirtualCaller, key: string): string {
    const name = nameOf(caller.plan, this.#plan);
    const isKnown = (this.#keys.get(name) ?? key) === key && (this.#names.get(key) ?? name) === name;
    if (!isKnown) this.#say(caller, `${name} has the key of ${this.#names.get(key)}, or several keys`);
    this.#keys.set(name, key);
    this.#names.set(key, name);
    return name;
  }

  /** Checked when a call has settled. */
  settled(caller: VirtualCaller): void {
    caller.accounted = this.#flights.requestsOf(caller);
    const { plan, reply, error } = caller;
    const found = this.#found.get(caller);
    const cached = reply?.cached;
    const isHit = this.#events.get(caller) === "hit";
    if (isHit !== (found != null)) this.#say(caller, `found ${JSON.stringify(found)}, but a hit: ${isHit}`);
    if (found != null && error !== undefined && error.code !== "aborted" && plan.restMs === 0)
      this.#say(caller, `${error.code} although its answer is stored`);
    if (modeOf(plan) === "only" && found === null && error?.code !== "not_found" && error?.code !== "aborted")
      this.#say(caller, `${error?.code} although its answer is not stored`);
    if (reply === undefined) return;
    if (found != null || cached?.outcome === "hit") this.#checkCached(caller, "hit", found ?? undefined);
    else if (cached !== undefined) this.#checkJoined(caller);
    else this.#checkWritten(caller);
  }

  #checkCached(caller: VirtualCaller, outcome: CacheOutcome, due: BookedAnswer | undefined): void {
    const { reply } = caller;
    const told = `${reply?.cached?.outcome} ${JSON.stringify(reply?.text)}`;
    if (reply?.cached?.outcome !== outcome || reply.text !== due?.text) {
      this.#say(caller, `${told} instead of ${outcome} ${JSON.stringify(due?.text)}`);
      return;
    }
    const { input, output } = reply.usage;
    if (input !== due.input || output !== due.output)
      this.#say(caller, `usage ${input} + ${output} instead of ${due.input} + ${due.output}`);
    if (!isSameUsd(reply.cached.savedUsd, due.cost, 1e-12))
      this.#say(caller, `saved ${reply.cached.savedUsd} instead of ${due.cost}`);
    if (reply.model !== caller.plan.entry) this.#say(caller, `answered by ${reply.model}`);
  }

  /** The request of an equal call has ended while this one waited. */
  #checkJoined(caller: VirtualCaller): void {
    const { reply, plan, startedMs } = caller;
    if (modeOf(plan) !== "use" || plan.way !== "codegen") this.#say(caller, "joined another call");
    const text = reply?.text ?? "";
    const answers = caller.mates().map((mate) => answerBy(mate, text, startedMs));
    const told = answers.find((answer) => answer !== undefined);
    this.#saved.push(told?.cost ?? null);
    this.#checkCached(caller, "joined", told && { text, ...told });
  }

  /** A complete answer of the first model is stored, unless it was joined from several. */
  #checkWritten(caller: VirtualCaller): void {
    const { plan, reply } = caller;
    const mode = modeOf(plan);
    const isWhole = reply?.finishReason === "stop" && reply.model === plan.entry;
    const isJoined = reply?.adjustments.some(({ setting }) => setting === "on_break");
    if (!isWhole || isJoined || (mode !== "use" && mode !== "refresh")) return;
    if (this.#written.get(nameOf(plan, this.#plan))?.has(reply.text) !== true) this.#say(caller, "not stored");
  }

  end(factory: ModelFactory<Record<never, never>>): void {
    this.#flights.end();
    const { hits, misses, stored, joined, evicted, tooLarge, entries, savedUsd } = factory.cache.stats();
    const told = { hits, misses, stored, joined, evicted, tooLarge, entries };
    const outcomes = (outcome: CacheOutcome, but?: string) =>
      [...this.#events].filter(([{ plan }, one]) => one === outcome && modeOf(plan) !== but).length;
    const due = {
      ...{ hits: outcomes("hit"), misses: outcomes("miss", "refresh"), stored: this.#stored },
      ...{ joined: outcomes("joined"), evicted: this.#books.evicted, tooLarge: 0 },
      entries: this.#books.living(this.#time.monotonic()),
    };
    if (JSON.stringify(told) !== JSON.stringify(due))
      this.#broken("P10", `stats ${JSON.stringify(told)} instead of ${JSON.stringify(due)}`);
    const saved = this.#saved.reduce((sum, usd) => (sum === null || usd === null ? null : sum + usd), 0);
    for (const usd of [savedUsd, factory.usage().savedUsd])
      if (!isSameUsd(usd, saved, 1e-9)) this.#broken("P10", `saved ${usd} instead of ${saved}`);
  }

  #say({ plan: { id } }: VirtualCaller, what: string): void {
    this.#broken("P10", `${id}: ${what}`);
  }
}

interface Stored {
  readonly events: readonly FlowEvent[];
  readonly cost?: { readonly usd: number | null };
}

function textOf({ events }: Stored): string {
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}

function reasonOf({ events }: Stored): string | undefined {
  return events.find((event) => event.type === "finish")?.reason;
}

/** The complete answer with this text that the first model gave to a call; its cost is that of all complete requests. */
function answerBy(
  { plan, requests }: VirtualCaller,
  text: string,
  sinceMs = Number.NEGATIVE_INFINITY,
): Omit<BookedAnswer, "text"> | undefined {
  const at = requests.findLastIndex(
    ({ entry, end, text: whole, endedMs = 0 }) =>
      entry === plan.entry && end === "complete" && whole === text && endedMs >= sinceMs,
  );
  const served = requests[at];
  if (served === undefined) return undefined;
  const parts = [...partsBefore(served, requests.slice(0, at)), served];
  const costs = requests.filter(cameToAnEnd).map(priceOf);
  return {
    cost: costs.reduce((sum, usd) => (sum === null || usd === null ? null : sum + usd), 0),
    input: parts.reduce((sum, { input }) => sum + input, 0),
    output: parts.reduce((sum, { output }) => sum + output, 0),
  };
}
