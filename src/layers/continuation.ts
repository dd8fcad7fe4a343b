import type { Call } from "../core/call.ts";
import type { DeliveredText } from "../core/delivered-text.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { ModelRequest } from "../core/request.ts";
import { addUsage } from "../core/usage.ts";
import { OverlapTrimmer } from "./overlap-trimmer.ts";

/**
 * Sends up to `continue_on_length` further requests for an answer that reached its token limit, and joins the parts. It is
 * above retry, so that each request has its own retries.
 */
export const continueOnLength: Layer = (call, next) => {
  const { delivered } = call.record;
  const most = call.input.continueOnLength ?? call.target.policy.continueOnLength;
  return delivered === undefined || most === 0 ? next(call) : lengthened(call, next, delivered, most);
};

async function* lengthened(call: Call, next: Next, delivered: DeliveredText, most: number): Events {
  let left = most;
  // A restart resets the count of requests, but only a limited number of times: otherwise alternating failures never end.
  let spare = most * call.target.policy.numRetries;
  for (let cut = true; cut; left--) {
    cut = false;
    for await (const batch of next(call)) {
      if (batch.some((event) => event.type === "reset")) {
        const regained = Math.min(most - left, spare);
        left += regained;
        spare -= regained;
      }
      const finish = batch.find((event) => event.type === "finish");
      if (finish !== undefined) cut = left > 0 && delivered.canContinue && finish.reason === "length";
      yield cut ? batch.filter((event) => event.type !== "finish") : batch;
    }
    if (cut) delivered.add(call.record.attempts.at(-1)?.usage);
  }
}

/** Errors after which the delivered text cannot be continued. */
const SPOILED: ReadonlySet<ModelErrorCode> = new Set(["degenerate_output", "refused", "content_filtered"]);

/** The reset event after a break, if the next target starts again. A continuation is reported where it joins. */
export function afterBreak(call: Call, code: ModelErrorCode, nextTarget: string): readonly (readonly FlowEvent[])[] {
  const delivered = call.onBreak === "continue" && !SPOILED.has(code) ? call.record.delivered : undefined;
  const broke = `${call.target.entry} broke off (${code})`;
  if (delivered?.canContinue !== true) {
    call.record.delivered?.forget();
    return [[{ type: "reset", reason: `${broke}; ${nextTarget} starts again` }]];
  }
  delivered.add(call.record.attempts.at(-1)?.usage, broke);
  return [];
}

const CONTINUE_PROMPT =
  "Your answer was cut off. Go on exactly where it ends: repeat nothing, explain nothing, and open no new code block.";

/** The request for the rest of an answer, or the original request before any text. */
export function continued(request: ModelRequest, delivered: DeliveredText | undefined): ModelRequest {
  if (delivered === undefined || !delivered.canContinue) return request;
  const asked = [
    { role: "assistant", content: delivered.text },
    { role: "user", content: CONTINUE_PROMPT },
  ] as const;
  return { ...request, messages: [...request.messages, ...asked], followsUp: true };
}

/**
 * The events of a continuation by `entry`: with a report of the join, without repeated text, and with the usage of the earlier
 * requests.
 */
export function joined(events: Events, delivered: DeliveredText | undefined, entry: string): Events {
  return delivered === undefined || !delivered.canContinue ? events : withoutRepetition(events, delivered, entry);
}

async function* withoutRepetition(
  events: Events,
  { text, usage: before, broke }: DeliveredText,
  entry: string,
): Events {
  const trimmer = new OverlapTrimmer(text);
  if (broke !== undefined) yield [joint(`${broke} after ${text.length} characters; ${entry} continued from there`)];
  for await (const batch of events) {
    const out = trimmer.pass(batch);
    yield before === undefined
      ? out
      : out.map((event) => (event.type === "usage" ? { ...event, usage: addUsage(before, event.usage) } : event));
  }
}

function joint(reason: string): FlowEvent {
  return { type: "adjustment", adjustment: { setting: "on_break", from: "one answer", to: "a joined answer", reason } };
}
