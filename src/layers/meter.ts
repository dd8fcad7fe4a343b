import type { Attempt } from "../core/attempt.ts";
import type { Call } from "../core/call.ts";
import { costOf } from "../core/cost.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import { estimateTextTokens, estimateTokens } from "../core/estimate.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { type Usage, usageOf } from "../core/usage.ts";

/** One row per request that left: its time, tokens, money, and whether it may be billed although it failed. Innermost. */
export const meter: Layer = async function* (call, next) {
  const row = new AttemptRow(call);
  // Written at once: what is below may take its time to hear of it, or never do.
  const off = call.cancellation.onCancel((reason) => row.close("error", reason));
  try {
    for await (const batch of next(call)) yield row.note(batch);
    row.close("ok", undefined);
  } catch (error) {
    row.close("error", error);
    throw error;
  } finally {
    off();
    row.close("aborted", undefined);
  }
};

class AttemptRow {
  readonly #call: Call;
  readonly #startedMs: number;
  #usage: Usage | undefined;
  #outputText = "";
  #closed = false;

  constructor(call: Call) {
    this.#call = call;
    this.#startedMs = call.clock.monotonic();
    call.record.exchange = undefined;
  }

  /** Remembers usage; where a provider gives none, an estimate goes before the first finish. */
  note(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    let finish = -1;
    for (let index = 0; index < batch.length; index++) {
      const event = batch[index] as FlowEvent;
      if (event.type === "usage") this.#usage = event.usage;
      else if (event.type === "text-delta" || event.type === "reasoning-delta") this.#outputText += event.text;
      else if (event.type === "tool-call-delta") this.#outputText += event.json;
      else if (event.type === "finish" && finish < 0) finish = index;
    }
    if (finish < 0 || this.#usage !== undefined) return batch;
    this.#usage = this.#estimate();
    return batch.toSpliced(finish, 0, { type: "usage", usage: this.#usage });
  }

  #estimate(): Usage {
    const { request } = this.#call;
    return usageOf({
      input: estimateTokens(request.messages, request.settings.tools),
      output: estimateTextTokens(this.#outputText),
      estimated: true,
    });
  }

  close(outcome: Attempt["outcome"], error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    const { record, target, clock } = this.#call;
    const failure = isModelError(error) ? error : undefined;
    if (failure !== undefined && !this.#left(failure)) return;
    const aborted = outcome === "aborted" || failure?.code === "aborted";
    record.attempts.push({
      model: target.entry,
      provider: target.provider,
      startedMs: this.#startedMs - record.startedMs,
      durationMs: clock.monotonic() - this.#startedMs,
      outcome: aborted ? "aborted" : outcome,
      ...(failure !== undefined && {
        error: {
          code: failure.code,
          message: failure.message,
          ...(failure.status !== undefined && { status: failure.status }),
        },
      }),
      ...(this.#usage !== undefined && { usage: this.#usage, cost: costOf(this.#usage, target.price()) }),
      possiblyBilled: outcome !== "ok" && this.#mayBeBilled(),
    });
  }

  /** Whether a request went out, or at least tried to: an attempt that never had a connection is shown too. */
  #left(failure: ModelError): boolean {
    const { exchange } = this.#call.record;
    if (exchange !== undefined) return exchange.sent || TRIED.has(failure.code);
    // A dialect without our transport: an answer has a status, a request refused on the way out has none.
    return failure.status !== undefined || (failure.code !== "unsupported" && failure.code !== "invalid_request");
  }

  #mayBeBilled(): boolean {
    const { exchange } = this.#call.record;
    return exchange === undefined || (exchange.sent && !((exchange.response?.status ?? 200) >= 400));
  }
}

const TRIED: ReadonlySet<ModelError["code"]> = new Set(["connection_failed", "timed_out", "proxy_refused"]);
