import type { Call } from "../../src/core/call.ts";
import { sleep } from "../../src/core/cancellation.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { Dialect } from "../../src/core/dialect.ts";
import { ERROR_CODES, isModelError, ModelError, type ModelErrorCode } from "../../src/core/error.ts";
import type { Events } from "../../src/core/event.ts";
import { usageOf } from "../../src/core/usage.ts";
import type { Behaviour, Phase } from "./behaviour.ts";
import type { Chance } from "./chance.ts";

/** One request as a provider saw it. */
export interface WireRequest {
  readonly caller: string;
  readonly entry: string;
  readonly key: string | undefined;
  readonly tryIndex: number;
  readonly startedMs: number;
  /** What a whole answer says. */
  readonly text: string;
  readonly output: number;
  readonly behaviour: Behaviour;
  endedMs: number | undefined;
  end: "open" | "complete" | "left" | ModelErrorCode;
  /** How long it told its caller to stay away. */
  askedMs: number | undefined;
}

export interface Desk {
  /** A request came; throws when it must not have. */
  arrived(request: WireRequest): void;
}

const HEALTHY: Behaviour = { kind: "healthy", latencyMs: 20, gapMs: 5 };

/** A provider whose behaviour over time is a table; after it, it is healthy. */
export class VirtualProvider implements Dialect {
  readonly name: string;
  readonly requests: WireRequest[] = [];
  readonly #phases: readonly Phase[];
  readonly #chance: Chance;
  readonly #desk: Desk;
  readonly #backAt = new Map<string | undefined, number>();
  /** Of each key. */
  readonly #windows = new Map<string | undefined, { startedMs: number; used: number }>();

  constructor(name: string, phases: readonly Phase[], chance: Chance, desk: Desk) {
    this.name = name;
    this.#phases = phases;
    this.#chance = chance;
    this.#desk = desk;
  }

  /** Requests it works on; those that are deaf are on their own. */
  get working(): number {
    return this.requests.filter(({ end, behaviour }) => end === "open" && behaviour.kind !== "deaf").length;
  }

  async *open(call: Call): Events {
    const request = this.#requestOf(call);
    this.requests.push(request);
    this.#desk.arrived(request);
    let end: WireRequest["end"] = "left";
    try {
      yield* this.#answer(call, request);
      end = request.end === "open" ? "complete" : request.end;
    } catch (error) {
      if (isModelError(error)) end = error.code;
      throw error;
    } finally {
      request.end = end;
      request.endedMs = call.clock.monotonic();
    }
  }

  #requestOf(call: Call): WireRequest {
    const number = this.requests.length;
    const words = this.#chance.whole(1, 8);
    return {
      caller: call.input.tags[0] ?? "",
      entry: call.target.entry,
      key: call.credential?.reveal(),
      tryIndex: call.tryIndex,
      startedMs: call.clock.monotonic(),
      text: Array.from({ length: words }, (_, word) => `${this.name}-${number}-${word} `).join(""),
      output: words,
      behaviour: this.#behaviourAt(call.clock),
      endedMs: undefined,
      end: "open",
      askedMs: undefined,
    };
  }

  #behaviourAt(clock: Clock): Behaviour {
    const nowMs = clock.monotonic();
    return this.#phases.find(({ untilMs }) => nowMs < untilMs)?.behaviour ?? HEALTHY;
  }

  async *#answer(call: Call, request: WireRequest): Events {
    const { behaviour } = request;
    if (behaviour.kind === "hanging") await new Promise((_, reject) => call.cancellation.onCancel(reject));
    if (behaviour.kind === "deaf") await new Promise(() => {});
    if ("latencyMs" in behaviour) await sleep(call.clock, behaviour.latencyMs, call.cancellation);
    if (behaviour.kind === "failing") throw this.#fail(call, request, behaviour);
    if (behaviour.kind === "refusing" && request.key?.endsWith("-0") !== true)
      throw failure(call, request, behaviour.code);
    if (behaviour.kind === "moody" && this.#chance.happens(0.8))
      throw failure(call, request, this.#chance.pick(behaviour.codes));
    if (behaviour.kind === "limited") this.#admit(call, request, behaviour);
    yield* this.#say(call, request);
  }

  #fail(call: Call, request: WireRequest, { code, askMs }: Extract<Behaviour, { kind: "failing" }>): ModelError {
    return failure(call, request, code, askMs === undefined ? undefined : this.#ask(call, request, askMs));
  }

  /** Now this long, now that long, but never sooner than it said before. */
  #ask(call: Call, { key }: WireRequest, mostMs: number): number {
    const nowMs = call.clock.monotonic();
    const untilMs = this.#backAt.get(key) ?? 0;
    const askedMs = untilMs > nowMs ? untilMs - nowMs : mostMs * this.#chance.pick([0.01, 0.2, 1]);
    this.#backAt.set(key, nowMs + askedMs);
    return askedMs;
  }

  #admit(call: Call, request: WireRequest, { perWindow, windowMs }: Extract<Behaviour, { kind: "limited" }>): void {
    const nowMs = call.clock.monotonic();
    let window = this.#windows.get(request.key);
    if (window === undefined || nowMs >= window.startedMs + windowMs) window = { startedMs: nowMs, used: 0 };
    this.#windows.set(request.key, window);
    window.used += 1;
    if (window.used > perWindow) throw failure(call, request, "rate_limited", window.startedMs + windowMs - nowMs);
  }

  async *#say(call: Call, request: WireRequest): Events {
    const { behaviour, text } = request;
    const gapMs = "gapMs" in behaviour ? behaviour.gapMs : 0;
    const words = behaviour.kind === "empty" ? [] : text.split(/(?<= )/);
    const cutAfter = behaviour.kind === "cut" ? this.#chance.whole(0, words.length) : Number.POSITIVE_INFINITY;
    for (const [index, word] of words.entries()) {
      if (index >= cutAfter) return this.#cut(call, request);
      await sleep(call.clock, gapMs, call.cancellation);
      yield [{ type: "text-delta", text: word, sample: 0 }];
    }
    if (cutAfter === words.length) return this.#cut(call, request);
    yield [{ type: "usage", usage: usageOf({ input: 10, output: words.length }) }];
    yield [{ type: "finish", reason: "stop", sample: 0 }];
  }

  /** Says so, or simply stops: a bare end is no end of an answer. */
  #cut(call: Call, request: WireRequest): void {
    const error = failure(call, request, "stream_truncated");
    if (this.#chance.happens(0.5)) throw error;
    request.end = "stream_truncated";
  }
}

function failure(call: Call, request: WireRequest, code: ModelErrorCode, askedMs?: number): ModelError {
  request.askedMs = askedMs;
  const { entry, provider } = call.target;
  const { status } = ERROR_CODES[code];
  const noAnswer = code === "connection_failed" || code === "stream_truncated";
  return new ModelError({
    code,
    message: `${entry} says ${code}`,
    provider,
    model: entry,
    retryAfterMs: askedMs,
    ...(!noAnswer && { status }),
  });
}
