import type { CallInput } from "./core/call.ts";
import { addCost } from "./core/cost.ts";
import { isModelError, ModelError, type Partial } from "./core/error.ts";
import type { Events, FlowEvent } from "./core/event.ts";
import type { Reply, Sample } from "./core/reply.ts";
import { addUsage, NO_USAGE, type Usage } from "./core/usage.ts";
import type { Opened } from "./model-stream.ts";

/** How many answers each API call is asked for, so that all samples come together: 20 in batches of 8 are 8, 8 and 4. */
export function planSamples(input: CallInput, batchSize: number): readonly number[] {
  const plan: number[] = [];
  for (let left = input.samples; left > 0; left -= batchSize) plan.push(Math.min(left, batchSize));
  return plan;
}

function samplesOf(reply: Reply): readonly Sample[] {
  const { text, reasoning, toolCalls, finishReason, usage } = reply;
  return reply.samples ?? [{ text, ...(reasoning !== undefined && { reasoning }), toolCalls, finishReason, usage }];
}

/** One reply out of several calls; a call that fails rejects with what the others gave. */
export async function joinSamples(calls: readonly Promise<Reply>[]): Promise<Reply> {
  const results = await Promise.allSettled(calls);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw withOthers(failed.reason, results);
  const replies = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const [first] = replies as [Reply];
  return {
    ...first,
    usage: replies.map((reply) => reply.usage).reduce(addUsage),
    cost: replies.map((reply) => reply.cost).reduce(addCost),
    attempts: replies.flatMap((reply) => reply.attempts),
    adjustments: first.adjustments,
    latencyMs: Math.max(...replies.map((reply) => reply.latencyMs)),
    raw: replies.map((reply) => reply.raw),
    samples: replies.flatMap(samplesOf),
  };
}

type Result = PromiseSettledResult<Reply>;

/** The error of one call with what all of them gave, in their order: what had arrived, and every attempt. */
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

type Arrived = NonNullable<Partial["samples"]>[number];

function arrivedOf(result: Result): readonly Arrived[] {
  const given = givenBy(result);
  if (given === undefined) return [];
  if (!isModelError(given)) return samplesOf(given).map(({ text, reasoning = "", toolCalls }) => ({ text, reasoning, toolCalls }));
  const { partial } = given;
  if (partial === undefined) return [];
  return partial.samples ?? [{ text: partial.text, reasoning: partial.reasoning, toolCalls: partial.toolCalls }];
}

/** The calls of several samples as one stream: one after the other, sample numbers counting on, usage adding up. */
export function openSamples(calls: readonly (() => Opened)[]): Opened {
  const [only] = calls as [() => Opened];
  if (calls.length === 1) return only();
  const opened: Opened[] = [];
  return {
    events: chained(calls, opened),
    note: () => {},
    reply: () => joined(opened),
    failure(error) {
      const failure = opened.at(-1)?.failure(error) ?? error;
      const before = opened.slice(0, -1).map((call): Result => ({ status: "fulfilled", value: call.reply() }));
      return withOthers(failure, [...before, { status: "rejected", reason: failure }]);
    },
    cancel: (reason) => opened.at(-1)?.cancel(reason),
  };
}

async function* chained(calls: readonly (() => Opened)[], opened: Opened[]): Events {
  let offset = 0;
  let usage: Usage = NO_USAGE;
  for (const open of calls) {
    const call = open();
    const first = opened.length === 0;
    opened.push(call);
    let highest = 0;
    let own: Usage = NO_USAGE;
    for await (const batch of call.events) {
      const out: FlowEvent[] = [];
      for (const event of batch) {
        call.note(event);
        if ("sample" in event) highest = Math.max(highest, event.sample);
        if (event.type === "usage") own = event.usage;
        const shifted = shift(event, offset, usage, first);
        if (shifted !== undefined) out.push(shifted);
      }
      yield out;
    }
    offset += highest + 1;
    usage = addUsage(usage, own);
  }
}

function shift(event: FlowEvent, offset: number, before: Usage, first: boolean): FlowEvent | undefined {
  if (event.type === "start" || event.type === "adjustment") return first ? event : undefined;
  if (event.type === "usage") return { type: "usage", usage: addUsage(before, event.usage) };
  return "sample" in event ? { ...event, sample: event.sample + offset } : event;
}

function joined(opened: readonly Opened[]): Reply {
  const replies = opened.map((call) => call.reply());
  const [first] = replies;
  if (first === undefined) throw new ModelError({ code: "protocol_error", message: "no sample was asked for" });
  return {
    ...first,
    usage: replies.map((reply) => reply.usage).reduce(addUsage),
    cost: replies.map((reply) => reply.cost).reduce(addCost),
    attempts: replies.flatMap((reply) => reply.attempts),
    raw: replies.map((reply) => reply.raw),
    samples: replies.flatMap(samplesOf),
  };
}
