import type { Call, CallInput } from "../core/call.ts";
import { replyOf } from "../core/call-reply.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import { invalidOption } from "../core/check-options.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Hooks, RequestChange } from "../core/hooks.ts";
import type { Layer } from "../core/layer.ts";
import { ReplyFold } from "../core/reply.ts";
import type { ShouldRetry } from "../core/should-retry.ts";
import { nearest } from "../core/suggest.ts";
import { hookCallOf, reasonOf, requestOf } from "./hook-observer.ts";
import { checkedMiddleware, rejected } from "./middleware.ts";

/** Validates what `before` returned, and gives the input of the call with it. */
export type ReadChange = (call: Call, change: RequestChange) => CallInput;

/** The layers of the user's hooks, the outermost first: middleware, then `before` and `after`. */
export function hookLayers(hooks: Hooks, changed: ReadChange): readonly Layer[] {
  const { before, after, middleware = [], shouldRetry } = hooks;
  const own = before === undefined && after === undefined ? [] : [interception({ before, after }, changed)];
  return [...(shouldRetry === undefined ? [] : [retriesBy(shouldRetry)]), ...middleware.map(checkedMiddleware), ...own];
}

/** The function of the call decides first. */
function retriesBy(hook: ShouldRetry): Layer {
  return (call, next) => {
    const { shouldRetry: own } = call.input;
    const shouldRetry: ShouldRetry = own === undefined ? hook : (failure) => own(failure) ?? hook(failure);
    return next({ ...call, input: { ...call.input, shouldRetry } });
  };
}

function interception({ before, after }: { [name in "before" | "after"]: Hooks[name] }, changed: ReadChange): Layer {
  return async function* (call, next) {
    const asked = before === undefined ? call : await changedCall(call, before, changed);
    yield* after === undefined ? next(asked) : approved(next(asked), asked, after);
  };
}

async function changedCall(call: Call, before: NonNullable<Hooks["before"]>, changed: ReadChange): Promise<Call> {
  const change = await answerOf(call, "before", () => before(requestOf(call)));
  if (change === undefined || change === null) return call;
  const why = refusalIn(change);
  if (why !== undefined) throw rejected(call, `the before hook refused the request${why}`);
  const input = changed(call, change as RequestChange);
  // Enforced JSON is not continued.
  if ((input.settings.responseFormat?.type ?? "text") !== "text") call.record.delivered = undefined;
  return { ...call, input };
}

/** Delivers everything but the end; `after` sees the complete answer first. */
async function* approved(events: Events, call: Call, after: NonNullable<Hooks["after"]>): Events {
  const kept = new KeptEnd(call.input.samples);
  for await (const batch of events) {
    const ready = kept.take(batch);
    if (ready.length > 0) yield ready;
  }
  const reply = replyOf(kept.fold, call);
  const verdict = await answerOf(call, "after", () => after(reply, hookCallOf(call)), kept.fold);
  if (!isVerdict(verdict)) throw withPartial(invalidVerdict(call, verdict), kept.fold);
  const why = refusalIn(verdict);
  if (why !== undefined) throw withPartial(rejected(call, `the after hook refused the answer${why}`), kept.fold);
  if (kept.end.length > 0) yield kept.end;
}

/** Keeps the last `finish` of an answer, and what follows it, until the answer is approved. */
class KeptEnd {
  readonly fold = new ReplyFold();
  readonly #samples: number;
  #end: FlowEvent[] = [];

  constructor(samples: number) {
    this.#samples = samples;
  }

  get end(): readonly FlowEvent[] {
    return this.#end;
  }

  /** The events that may be delivered now. */
  take(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    const ready: FlowEvent[] = [];
    for (const event of batch) {
      this.fold.push(event);
      if (event.type === "reset") this.#end = [];
      const isLast = event.type === "finish" && this.fold.finished >= this.#samples;
      (isLast || this.#end.length > 0 ? this.#end : ready).push(event);
    }
    return ready;
  }
}

async function answerOf<T>(call: Call, hook: string, run: () => T, fold?: ReplyFold): Promise<Awaited<T>> {
  try {
    return await unlessCancelled(Promise.resolve(run()), call.cancellation);
  } catch (error) {
    if (call.cancellation.cancelled && error === call.cancellation.reason) throw error;
    throw withPartial(rejected(call, `the ${hook} hook refused: ${reasonOf(error)}`, error), fold);
  }
}

/** The reason of a refusal, as the end of a sentence; `undefined` if there is none. */
function refusalIn(answer: unknown): string | undefined {
  if (answer === false) return "";
  if (typeof answer !== "object" || answer === null || !("reject" in answer)) return undefined;
  return `: ${String(answer.reject)}`;
}

/** What `after` may return: nothing, or a refusal. */
function isVerdict(verdict: unknown): boolean {
  if (verdict === undefined || verdict === null || verdict === false) return true;
  if (typeof verdict !== "object" || Array.isArray(verdict)) return false;
  return Object.keys(verdict).join() === "reject";
}

function invalidVerdict({ target }: Call, verdict: unknown): ModelError {
  const place = `${target.entry}: after hook`;
  const isObject = typeof verdict === "object" && verdict !== null && !Array.isArray(verdict);
  const unknown = isObject ? Object.keys(verdict).find((name) => name !== "reject") : undefined;
  if (unknown === undefined)
    return invalidOption(`${place}: must return nothing, false or an object { reject: "the reason" }`);
  const near = nearest(unknown, ["reject"]);
  return invalidOption(`${place}: unknown key "${unknown}"${near === undefined ? "" : ` (did you mean "${near}"?)`}`);
}

function withPartial(error: ModelError, fold: ReplyFold | undefined): ModelError {
  error.partial = fold?.partial();
  return error;
}
