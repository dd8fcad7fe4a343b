import type { Call } from "../../core/call.ts";
import { sleep } from "../../core/cancellation.ts";
import type { Dialect } from "../../core/dialect.ts";
import { ModelError, type ModelErrorInit } from "../../core/error.ts";
import type { Events, FinishReason, FlowEvent } from "../../core/event.ts";
import { type UsageCounts, usageOf } from "../../core/usage.ts";
import { checkScript } from "./check-script.ts";

/** One step of a scripted model. A step with several events emits them as one batch. */
export type ScriptStep =
  /** Text, word by word. */
  | { readonly text: string; readonly sample?: number }
  /** Exactly one text delta. */
  | { readonly delta: string; readonly sample?: number }
  | { readonly reasoning: string; readonly sample?: number }
  | {
      readonly toolCall: { readonly name: string; readonly arguments?: unknown; readonly id?: string };
      readonly sample?: number;
    }
  | { readonly usage: Partial<UsageCounts> }
  | { readonly finish: FinishReason; readonly raw?: string; readonly sample?: number }
  /** Events as they are, for what the other steps cannot say. */
  | { readonly events: readonly FlowEvent[] }
  /** Ends the attempt with this error; provider and model are filled in. */
  | { readonly error: ModelErrorInit }
  /** Waits on the factory's clock. */
  | { readonly delayMs: number }
  /** Says nothing more until the attempt is cancelled. */
  | { readonly hang: true };

/** The steps of one attempt, or a string for a complete answer. Steps without a `finish` are a truncated stream. */
export type ScriptedAttempt = string | readonly ScriptStep[];

/** One recorded attempt. */
export interface ScriptedCall {
  readonly call: Call;
  /** Milliseconds on the factory's clock. */
  readonly startedMs: number;
  endedMs: number | undefined;
  /** How it ended; "left" if the reader stopped before the end. */
  end: "open" | "complete" | "failed" | "left";
}

export interface ScriptedDialect extends Dialect {
  /** All attempts so far, in order. */
  readonly calls: readonly ScriptedCall[];
  /** Maximum number of attempts in flight. */
  readonly peak: number;
}

/**
 * A model that plays a script, one entry per attempt; the last one repeats. Needs no network.
 * @throws ModelError `invalid_request` for a step with an unknown key or a value of another type.
 *
 * @example
 * import { ModelFactory } from "modelwright";
 * import { scripted } from "modelwright/testing";
 *
 * const fake = scripted([[{ error: { code: "overloaded", message: "busy" } }], "hello"]);
 * const toml = `[models.m]\nname = "fake-1"\nprovider = "fake"\nretry_min_wait = "1ms"`;
 * await using factory = ModelFactory.parse(toml, { providers: { fake } });
 * console.log((await factory.create().codegen("Hi")).text, fake.calls.length); // hello 2
 */
export function scripted(
  script: readonly ScriptedAttempt[],
  options: Partial<Omit<Dialect, "open">> = {},
): ScriptedDialect {
  checkScript(script, options);
  const calls: ScriptedCall[] = [];
  let peak = 0;
  return {
    name: "scripted",
    manySamples: true,
    ...options,
    calls,
    get peak() {
      return peak;
    },
    async *open(call) {
      const attempt = script[Math.min(calls.length, script.length - 1)] ?? [];
      const seen: ScriptedCall = { call, startedMs: call.clock.monotonic(), endedMs: undefined, end: "open" };
      calls.push(seen);
      peak = Math.max(peak, calls.filter(({ end }) => end === "open").length);
      yield* noted(play(typeof attempt === "string" ? [{ text: attempt }, { finish: "stop" }] : attempt, call), seen);
    },
  };
}

async function* noted(events: Events, seen: ScriptedCall): Events {
  let end: ScriptedCall["end"] = "left";
  try {
    yield* events;
    end = "complete";
  } catch (error) {
    end = "failed";
    throw error;
  } finally {
    seen.end = end;
    seen.endedMs = seen.call.clock.monotonic();
  }
}

async function* play(steps: readonly ScriptStep[], call: Call): Events {
  let tools = 0;
  for (const step of steps) {
    call.cancellation.throwIfCancelled();
    if ("error" in step) throw failed(call, step.error);
    if ("delayMs" in step) await sleep(call.clock, step.delayMs, call.cancellation);
    else if ("hang" in step) await untilCancelled(call);
    else if ("text" in step)
      for (const word of step.text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? []) yield [textDelta(word, step.sample)];
    else yield eventsOf(step, tools);
    if ("toolCall" in step) tools++;
  }
  if (!steps.some(isEnd)) throw failed(call, { code: "stream_truncated", message: "the script ends without a finish" });
}

function isEnd(step: ScriptStep): boolean {
  return "finish" in step || ("events" in step && step.events.some(({ type }) => type === "finish"));
}

function untilCancelled({ cancellation }: Call): Promise<never> {
  return new Promise((_, reject) => cancellation.onCancel(reject));
}

function failed({ target }: Call, init: ModelErrorInit): ModelError {
  return new ModelError({ provider: target.provider, model: target.entry, ...init });
}

function textDelta(text: string, sample = 0): FlowEvent {
  return { type: "text-delta", text, sample };
}

type EventStep = Exclude<
  ScriptStep,
  { error: ModelErrorInit } | { delayMs: number } | { hang: true } | { text: string }
>;

function eventsOf(step: EventStep, index: number): readonly FlowEvent[] {
  if ("events" in step) return step.events;
  if ("delta" in step) return [textDelta(step.delta, step.sample)];
  if ("usage" in step) return [{ type: "usage", usage: usageOf({ input: 0, output: 0, ...step.usage }) }];
  const sample = step.sample ?? 0;
  if ("reasoning" in step) return [{ type: "reasoning-delta", text: step.reasoning, sample }];
  if ("finish" in step)
    return [{ type: "finish", reason: step.finish, ...(step.raw !== undefined && { raw: step.raw }), sample }];
  const { name, arguments: args = {}, id = `call_${index}` } = step.toolCall;
  const json = JSON.stringify(args);
  return [
    { type: "tool-call-start", index, id, name, sample },
    { type: "tool-call-delta", index, json, sample },
    { type: "tool-call-end", index, call: { id, name, arguments: args, json }, sample },
  ];
}
