import type { Adjustment } from "./attempt.ts";
import type { Call } from "./call.ts";
import type { Events, FlowEvent } from "./event.ts";
import type { MediaPart } from "./message.ts";
import type { OfferedModel } from "./offered-model.ts";
import type { Operation, RequestOperation } from "./operation.ts";
import type { ModelRequest, SettingName } from "./request.ts";
import type { Target } from "./target.ts";
import type { Exchange, WireResponse } from "./transport.ts";

/** One wire format. Custom providers registered from code implement this. */
export interface Dialect {
  readonly name: string;
  /** Settings that the wire format supports; others are dropped or rejected before `open`. Absent: all. */
  readonly settings?: ReadonlySet<SettingName>;
  /** Whether one API call can request several completions. */
  readonly manySamples?: boolean;
  /** Answers that may exceed this number of tokens are streamed on the wire even if the caller does not stream. */
  readonly longAnswerTokens?: number;
  /** Why the wire format does not support an image, a file or audio; absent: it supports all of them. */
  mediaRefusal?(part: MediaPart): string | undefined;
  /** Loads what the first request needs, such as an SDK; `undefined` once loaded. Not counted by `timeout`. */
  load?(): Promise<unknown> | undefined;
  /** Sends the request of `call` to its target and yields the answer. Errors are ModelErrors. */
  open(call: Call): Events;
  /**
   * Sends the texts of an embedding request and yields `embeddings` and `finish`, with `usage` before them if it was reported.
   * Absent if the wire format has no embeddings.
   */
  embed?(call: Call): Events;
  /** The provider's count of the prompt tokens; absent if it has no such endpoint. */
  countTokens?(operation: RequestOperation): Promise<number>;
  /** The provider's list of models; absent if it has none. */
  listModels?(operation: Operation): Promise<readonly OfferedModel[]>;
}

/** The result of an encoder: the SDK's parameters, and the changes that the wire format required. */
export interface Encoded<Params> {
  readonly params: Params;
  readonly adjustments: readonly Adjustment[];
}
export type Encode<Params> = (request: ModelRequest, target: Target, streaming: boolean) => Encoded<Params>;

/**
 * Turns wire events into flow events. Pure except for its own state: the same input gives the same output, from a socket or
 * from an array.
 */
export interface Decoder {
  /** True once the answer is complete and nothing more needs to be read. */
  readonly done: boolean;
  /** One event of a stream. `data` is the raw text after `data:`, `event` the SSE event name. Throws a ModelError on an error event. */
  push(data: string, event: string | undefined, out: FlowEvent[]): void;
  /** The body of a non-streaming response. */
  body(json: unknown, out: FlowEvent[]): void;
  /**
   * The body has ended, or the connection broke (`broken`); emits what was held back. Throws `stream_truncated` if the
   * answer is not complete.
   */
  end(out: FlowEvent[], broken?: boolean): void;
}

/** The only code of a dialect that imports its SDK at run time. */
export interface Client<Params> {
  send(params: Params, operation: Operation, exchange: Exchange): Promise<WireResponse>;
}
