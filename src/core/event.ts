import type { Adjustment } from "./attempt.ts";
import type { ToolCall } from "./tool.ts";
import type { Usage } from "./usage.ts";

export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter" | "refusal" | "unknown";

/** An event of a stream. Exactly one `finish` per sample; the last one ends the stream. Errors are thrown. */
export type ModelEvent =
  | { readonly type: "start"; readonly model: string; readonly provider: string; readonly id?: string }
  | { readonly type: "text-delta"; readonly text: string; readonly sample: number }
  | { readonly type: "reasoning-delta"; readonly text: string; readonly sample: number }
  | {
      readonly type: "tool-call-start";
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly sample: number;
    }
  | { readonly type: "tool-call-delta"; readonly index: number; readonly json: string; readonly sample: number }
  | { readonly type: "tool-call-end"; readonly index: number; readonly call: ToolCall; readonly sample: number }
  | { readonly type: "adjustment"; readonly adjustment: Adjustment }
  | { readonly type: "reset"; readonly reason: string }
  | { readonly type: "raw"; readonly event: unknown }
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly raw?: string; readonly sample: number };

/** A token with its log probability and those of the most likely tokens at its place. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[] | null;
  readonly top_logprobs?: readonly Omit<TokenLogprob, "top_logprobs">[];
}

/**
 * Facts for the reply that the dialect sends with the events and a stream's consumer does not see. `signature` closes the
 * current part of its kind with opaque provider data.
 */
export type FoldEvent =
  | { readonly type: "refusal-delta"; readonly text: string; readonly sample: number }
  | {
      readonly type: "signature";
      readonly part: "text" | "reasoning";
      readonly signature: string;
      readonly redacted?: boolean;
      readonly sample: number;
    }
  | {
      readonly type: "signature";
      readonly part: "tool-call";
      readonly index: number;
      readonly signature: string;
      readonly sample: number;
    }
  /** The vectors of an embedding request, one for each text, in their order. */
  | { readonly type: "embeddings"; readonly vectors: readonly Float32Array[] }
  /**
   * Output without a place in the reply, for example an image or a search that the provider ran; `raw` has it. `wire`: a
   * `wire-output` with all of it follows.
   */
  | { readonly type: "other-output"; readonly sample: number; readonly wire?: string }
  /** A block or an item as the provider sent it, or fields `ofMessage`, for clients of the same wire format. */
  | {
      readonly type: "wire-output";
      readonly ofMessage?: true;
      readonly wire: string;
      readonly block: Readonly<Record<string, unknown>>;
      readonly sample: number;
    }
  /** The end of a part of the text, and its citations as the provider sent them. */
  | {
      readonly type: "text-end";
      readonly wire: string;
      readonly annotations: readonly Readonly<Record<string, unknown>>[];
      readonly sample: number;
    }
  /** The log probabilities of the next text, in the format of chat completions; only `raw` and gateways have them. */
  | { readonly type: "logprobs"; readonly tokens: readonly TokenLogprob[]; readonly sample: number }
  | {
      readonly type: "response";
      readonly id?: string;
      readonly servedModel?: string;
      /** The tier the answer is charged at, as the provider reports it. */
      readonly serviceTier?: string;
      readonly body?: unknown;
    };

/** Every event that passes through the layers. */
export type FlowEvent = ModelEvent | FoldEvent;

/** One batch per network read: layers that do not look at events pay per batch, not per event. */
export type Events = AsyncIterable<readonly FlowEvent[]>;

/** Events with a part of the answer; after the first one, stream() no longer retries. */
export type ContentEvent = Exclude<
  Extract<FlowEvent, { sample: number }>,
  { type: "signature" | "other-output" | "wire-output" | "text-end" | "logprobs" }
>;

export function isContent(event: FlowEvent): event is ContentEvent {
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
    case "refusal-delta":
    case "tool-call-start":
    case "tool-call-delta":
    case "tool-call-end":
    case "finish":
      return true;
    default:
      return false;
  }
}

const FOLD_EVENTS: ReadonlySet<string> = new Set<FoldEvent["type"]>([
  "refusal-delta",
  "signature",
  "embeddings",
  "other-output",
  "wire-output",
  "text-end",
  "logprobs",
  "response",
]);

export function isPublic<Event extends { readonly type: string }>(event: Event): event is Exclude<Event, FoldEvent> {
  return !FOLD_EVENTS.has(event.type);
}
