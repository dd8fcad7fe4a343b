import type { Call } from "../../src/core/call.ts";
import { sleep } from "../../src/core/cancellation.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { Dialect } from "../../src/core/dialect.ts";
import { isModelError, ModelError } from "../../src/core/error.ts";
import { ERROR_CODES, type ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import type { Message } from "../../src/core/message.ts";
import { usageOf } from "../../src/core/usage.ts";
import type { Chance } from "../harness/chance.ts";
import { newWords, piecesOf, repetitionOf } from "./answer.ts";
import type { Behaviour } from "./behaviour.ts";
import type { EntryPlan } from "./plan.ts";
import type { WireRequest } from "./wire-request.ts";

export interface Desk {
  /** Called for each request; throws if it must not have been sent. */
  arrived(request: WireRequest): void;
  /** The complete answer for a caller whose text begins so. */
  wholeOf(caller: string, beginning: string): string | undefined;
  /** Prompt tokens; absent in worlds where they do not matter. */
  readonly count: ((texts: readonly string[], reported: boolean) => number) | undefined;
}

const HEALTHY: Behaviour = { kind: "healthy", latencyMs: 20, gapMs: 5 };

/** A provider whose behaviour over time is a table; after the last row it is healthy. */
export class VirtualProvider implements Dialect {
  readonly name: string;
  readonly requests: WireRequest[] = [];
  readonly #plan: EntryPlan;
  readonly #chance: Chance;
  readonly #desk: Desk;
  readonly #backAt = new Map<string | undefined, number>();
  /** Per key. */
  readonly #windows = new Map<string | undefined, { startedMs: number; used: number }>();

  constructor(plan: EntryPlan, chance: Chance, desk: Desk) {
    this.name = plan.name;
    this.#plan = plan;
    this.#chance = chance;
    this.#desk = desk;
  }

  /** Requests in progress; those of a deaf provider are independent of it. */
  get working(): number {
    return this.requests.filter(({ end, behaviour }) => end === "open" && behaviour.kind !== "deaf").length;
  }

  async *open(call: Call): Events {
    const request = this.#requestOf(call);
    this.requests.push(request);
    call.cancellation.onCancel(() => {
      request.leftMs ??= call.clock.monotonic();
    });
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
    const caller = call.input.tags[0] ?? "";
    const before = beginningOf(call.request.messages);
    const behaviour = this.#behaviourAt(call.clock);
    const whole = this.#wholeOf(caller, before);
    const texts = call.request.messages.map(({ content }) => String(content));
    const { admitted } = call;
    return {
      caller,
      callId: call.record.id,
      entry: call.target.entry,
      key: call.credential?.reveal(),
      tryIndex: call.tryIndex,
      startedMs: call.clock.monotonic(),
      before,
      // Ending at once when asked to continue means that nothing is missing.
      text: behaviour.kind === "empty" && before !== "" ? before : whole,
      price: this.#plan.price,
      texts,
      maxNewTokens: call.request.settings.maxNewTokens,
      admission: admitted && `${call.record.id}:${admitted.attempt}`,
      input: this.#desk.count?.(texts, true) ?? 10 + before.length,
      unreported: this.#desk.count?.(texts, false) ?? 10 + before.length,
      behaviour,
      output: 0,
      said: "",
      told: before,
      endedMs: undefined,
      leftMs: undefined,
      end: "open",
      askedMs: undefined,
    };
  }

  #wholeOf(caller: string, before: string): string {
    const known = before === "" || this.#plan.manner === "afresh" ? undefined : this.#desk.wholeOf(caller, before);
    return known ?? before + newWords(this.name, this.requests.length, this.#chance);
  }

  #behaviourAt(clock: Clock): Behaviour {
    const nowMs = clock.monotonic();
    return this.#plan.phases.find(({ untilMs }) => nowMs < untilMs)?.behaviour ?? HEALTHY;
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

  /** The retry-after varies, but never ends before one that was sent earlier. */
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
    const { behaviour, before, text } = request;
    const gapMs = "gapMs" in behaviour ? behaviour.gapMs : 0;
    const again = repetitionOf(before, this.#plan.manner, this.#chance);
    const pieces = behaviour.kind === "empty" ? [] : piecesOf(again + text.slice(before.length), this.#chance);
    const cutAfter = this.#breaks(behaviour) ? this.#chance.whole(0, pieces.length) : Number.POSITIVE_INFINITY;
    const brief = behaviour.kind === "brief" ? behaviour.most : Number.POSITIVE_INFINITY;
    const limit = Math.min(brief, request.maxNewTokens ?? brief);
    for (const piece of pieces.slice(0, Math.min(cutAfter, limit))) {
      await sleep(call.clock, gapMs, call.cancellation);
      request.output += 1;
      request.said += piece;
      request.told = before + request.said.slice(again.length);
      yield [{ type: "text-delta", text: piece, sample: 0 }];
    }
    if (cutAfter <= Math.min(pieces.length, limit)) return this.#cut(call, request);
    const limited = pieces.length > limit;
    const usage: FlowEvent = { type: "usage", usage: usageOf({ input: request.input, output: request.output }) };
    const finish: FlowEvent = { type: "finish", reason: limited ? "length" : "stop", sample: 0 };
    yield* this.#chance.pick([[[usage, finish]], [[usage], [finish]], [[finish], [usage]]]);
    if (limited) request.end = "length";
  }

  #breaks({ kind }: Behaviour): boolean {
    return kind === "cut" || (kind === "brief" && this.#chance.happens(0.2));
  }

  /** Gives a reason, or simply stops: an end without a finish reason does not complete an answer. */
  #cut(call: Call, request: WireRequest): void {
    const error = failure(call, request, this.#chance.pick(BREAKS));
    if (error.code !== "stream_truncated" || this.#chance.happens(0.5)) throw error;
    request.end = "stream_truncated";
  }
}

const BREAKS = ["stream_truncated", "stream_truncated", "overloaded", "server_error", "content_filtered"] as const;

/** The text that the model is asked to continue: its own text, before the caller's last message. */
function beginningOf(messages: readonly Message[]): string {
  const said = messages.at(-2);
  return said?.role === "assistant" && typeof said.content === "string" ? said.content : "";
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
