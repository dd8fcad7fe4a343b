import type { Call } from "../core/call.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Shown } from "../core/shown.ts";
import { addUsage } from "../core/usage.ts";
import { Seam } from "./seam.ts";

/**
 * Asks again, up to `continue_on_length` times, when the answer ran into its token limit; what comes is joined to what
 * was there. Stands above retry, so that each request has its own tries.
 */
export const continueOnLength: Layer = (call, next) => {
  const { shown } = call.record;
  const most = call.input.continueOnLength ?? call.target.policy.continueOnLength;
  return shown === undefined || most === 0 ? next(call) : lengthened(call, next, shown, most);
};

async function* lengthened(call: Call, next: Next, shown: Shown, most: number): Events {
  let left = most;
  // Each part has its own tries: without an end to it, parts that break in turns would start anew for ever.
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
      if (finish !== undefined) cut = left > 0 && shown.canGoOn && finish.reason === "length";
      yield cut ? batch.filter((event) => event.type !== "finish") : batch;
    }
    if (cut) shown.add(call.record.attempts.at(-1)?.usage);
  }
}

/** Failures after which the delivered text is not the beginning of a good answer. */
const SPOILED: ReadonlySet<ModelErrorCode> = new Set(["degenerate_output", "refused", "content_filtered"]);

/** The batches that tell of a break that is healed: it starts again; what is gone on with is told of when it is. */
export function afterBreak(call: Call, code: ModelErrorCode, heir: string): readonly (readonly FlowEvent[])[] {
  const shown = call.onBreak === "continue" && !SPOILED.has(code) ? call.record.shown : undefined;
  const broke = `${call.target.entry} broke off (${code})`;
  if (shown?.canGoOn !== true) {
    call.record.shown?.forget();
    return [[{ type: "reset", reason: `${broke}; ${heir} starts again` }]];
  }
  shown.add(call.record.attempts.at(-1)?.usage, broke);
  return [];
}

const GO_ON =
  "Your answer was cut off. Go on exactly where it ends: repeat nothing, explain nothing, and open no new code block.";

/** The request that asks for the rest of an answer, or the request itself while there is none. */
export function continued(request: ModelRequest, shown: Shown | undefined): ModelRequest {
  if (shown === undefined || !shown.canGoOn) return request;
  const asked = [
    { role: "assistant", content: shown.text },
    { role: "user", content: GO_ON },
  ] as const;
  return { ...request, messages: [...request.messages, ...asked] };
}

/**
 * The events of an answer that `entry` goes on with: where it was broken, what it repeats taken out, and the tokens of what
 * came before added.
 */
export function joined(events: Events, shown: Shown | undefined, entry: string): Events {
  return shown === undefined || !shown.canGoOn ? events : withoutRepetition(events, shown, entry);
}

async function* withoutRepetition(events: Events, { text, usage: before, broke }: Shown, entry: string): Events {
  const seam = new Seam(text);
  if (broke !== undefined) yield [joint(`${broke} after ${text.length} characters; ${entry} went on from there`)];
  for await (const batch of events) {
    const out = seam.pass(batch);
    yield before === undefined
      ? out
      : out.map((event) => (event.type === "usage" ? { ...event, usage: addUsage(before, event.usage) } : event));
  }
}

function joint(reason: string): FlowEvent {
  return { type: "adjustment", adjustment: { setting: "on_break", from: "one answer", to: "a joined answer", reason } };
}
