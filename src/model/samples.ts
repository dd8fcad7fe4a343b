import type { CallInput } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { addCost } from "../core/cost.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { CachedAnswer } from "../core/notices.ts";
import type { PartialAnswer } from "../core/partial-answer.ts";
import type { Reply, Sample } from "../core/reply.ts";
import { addUsage, NO_USAGE, type Usage } from "../core/usage.ts";
import type { CallProgress, Opened } from "./reading.ts";

/** Splits the samples into API calls: 20 samples with a batch size of 8 are 8, 8 and 4. */
export function planSamples(input: CallInput, batchSize: number): readonly number[] {
  const plan: number[] = [];
  for (let left = input.samples; left > 0; left -= batchSize) plan.push(Math.min(left, batchSize));
  return plan;
}

function samplesOf(reply: Reply): readonly Sample[] {
  const { text, reasoning, toolCalls, finishReason, usage } = reply;
  return reply.samples ?? [{ text, ...(reasoning !== undefined && { reasoning }), toolCalls, finishReason, usage }];
}

/** Each adjustment once: the requests of one call mostly have the same ones. */
export function adjustmentsOf(replies: readonly Pick<Reply, "adjustments">[]): Reply["adjustments"] {
  return [
    ...new Map(
      replies.flatMap((reply) => reply.adjustments).map((adjustment) => [JSON.stringify(adjustment), adjustment]),
    ).values(),
  ];
}

/** Joins the replies of several calls; if one fails, rejects with the results of the others in `partial`. */
export async function joinSamples(calls: readonly Promise<Reply>[]): Promise<Reply> {
  const results = await Promise.allSettled(calls);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw withOthers(failed.reason, results);
  const replies = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  return { ...joined(replies), latencyMs: Math.max(...replies.map((reply) => reply.latencyMs)) };
}

/** The first reply, with the samples and the cost of all. */
function joined(replies: readonly Reply[]): Reply {
  const [first] = replies;
  if (first === undefined) throw new ModelError({ code: "protocol_error", message: "no samples were requested" });
  const { cached: _, ...rest } = first;
  return {
    ...rest,
    ...cachedIn(replies),
    usage: replies.map((reply) => reply.usage).reduce(addUsage),
    cost: replies.map((reply) => reply.cost).reduce(addCost),
    attempts: replies.flatMap((reply) => reply.attempts),
    adjustments: adjustmentsOf(replies),
    raw: replies.map((reply) => reply.raw),
    samples: replies.flatMap(samplesOf),
  };
}

/** Only if no reply needed a request. */
export function cachedIn(replies: readonly { readonly cached?: CachedAnswer | undefined }[]): Pick<Reply, "cached"> {
  const all = replies.flatMap(({ cached }) => cached ?? []);
  const [first] = all;
  if (first === undefined || all.length < replies.length) return {};
  const saved = all.map(({ savedUsd }) => savedUsd);
  const savedUsd = saved.includes(null) ? null : saved.reduce<number>((sum, usd) => sum + (usd ?? 0), 0);
  return { cached: { ...first, savedUsd } };
}

type Result = PromiseSettledResult<Reply>;

/** The error of one call, with the partial results and attempts of all, in order. */
function withOthers(failure: unknown, results: readonly Result[]): unknown {
  if (!isModelError(failure) || results.length === 1) return failure;
  const attempts = results.flatMap((result) => givenBy(result)?.attempts ?? []);
  const samples = results.flatMap(arrivedOf);
  const [first] = samples;
  failure.attempts = attempts;
  if (first !== undefined) failure.partial = { ...first, usage: results.map(usageIn).reduce(addUsage), samples };
  return failure;
}

function givenBy(result: Result): Reply | ModelError | undefined {
  if (result.status === "fulfilled") return result.value;
  return isModelError(result.reason) ? result.reason : undefined;
}

function usageIn(result: Result): Usage {
  const given = givenBy(result);
  return (isModelError(given) ? given.partial?.usage : given?.usage) ?? NO_USAGE;
}

type Arrived = NonNullable<PartialAnswer["samples"]>[number];

function arrivedOf(result: Result): readonly Arrived[] {
  const given = givenBy(result);
  if (given === undefined) return [];
  if (!isModelError(given))
    return samplesOf(given).map(({ text, reasoning = "", toolCalls }) => ({ text, reasoning, toolCalls }));
  const { partial } = given;
  if (partial === undefined) return [];
  return partial.samples ?? [{ text: partial.text, reasoning: partial.reasoning, toolCalls: partial.toolCalls }];
}

/** The calls of several samples as one stream: in sequence, with consecutive sample indexes and summed usage. */
export function openSamples(calls: readonly (() => Opened)[], clock: Clock): Opened {
  const [only] = calls as [() => Opened];
  if (calls.length === 1) return only();
  const opened: Opened[] = [];
  const listeners: ((reason: ModelError) => void)[] = [];
  const opening = calls.map((open) => () => {
    const call = open();
    for (const listener of listeners) call.onCancel(listener);
    return call;
  });
  return {
    events: chained(opening, opened),
    clock,
    note: () => {},
    reply: () => joined(opened.map((call) => call.reply())),
    failure(error) {
      const failure = opened.at(-1)?.failure(error) ?? error;
      const before = opened.slice(0, -1).map((call): Result => ({ status: "fulfilled", value: call.reply() }));
      return withOthers(failure, [...before, { status: "rejected", reason: failure }]);
    },
    complete: () => opened.length === calls.length && (opened.at(-1)?.complete() ?? false),
    progress: () => progressOf(opened),
    cancel: (reason) => opened.at(-1)?.cancel(reason),
    onCancel: (listener) => void listeners.push(listener),
    pauseLimitMs: () => opened.at(-1)?.pauseLimitMs(),
    pausedTooLong: () => (opened.at(-1) as Opened).pausedTooLong(),
  };
}

function progressOf(opened: readonly Opened[]): CallProgress {
  const all = opened.flatMap((call) => call.progress?.() ?? []);
  const attempts = all.flatMap((progress) => progress.attempts);
  return { callId: all[0]?.callId ?? "", attempts, cached: cachedIn(all).cached, rateLimit: all.at(-1)?.rateLimit };
}

async function* chained(calls: readonly (() => Opened)[], opened: Opened[]): Events {
  const before: Before = { samples: 0, usage: NO_USAGE, events: [] };
  for (const open of calls) {
    const call = open();
    const own: Before = { samples: 1, usage: NO_USAGE, events: [] };
    opened.push(call);
    for await (const batch of call.events) {
      const out: FlowEvent[] = [];
      for (const event of batch) {
        call.note(event);
        if ("sample" in event) own.samples = Math.max(own.samples, event.sample + 1);
        if (event.type === "usage") own.usage = event.usage;
        const shown = shift(event, before, opened.length === 1);
        if (event.type === "reset") own.events = [];
        else if (shown !== undefined && "sample" in shown) own.events.push(shown);
        if (shown !== undefined) out.push(shown);
        // A reset discards everything the reader has, but the earlier samples are still valid.
        if (event.type === "reset") out.push(...before.events);
      }
      yield out;
    }
    before.samples += own.samples;
    before.usage = addUsage(before.usage, own.usage);
    before.events.push(...own.events);
  }
}

/** Totals of the earlier calls of a stream. */
interface Before {
  samples: number;
  usage: Usage;
  events: FlowEvent[];
}

function shift(event: FlowEvent, before: Before, first: boolean): FlowEvent | undefined {
  if (event.type === "start" || event.type === "adjustment") return first ? event : undefined;
  if (event.type === "usage") return { type: "usage", usage: addUsage(before.usage, event.usage) };
  return "sample" in event ? { ...event, sample: event.sample + before.samples } : event;
}
