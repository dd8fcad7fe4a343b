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
  /** Settings the wire can carry; the others are dropped or refused before `open`. Absent: all. */
  readonly settings?: ReadonlySet<SettingName>;
  /** Completions one API call can be asked for: any number, or one. */
  readonly manySamples?: boolean;
  /** Answers that may have more tokens than this are streamed, whether the caller reads a stream or not. */
  readonly longAnswerTokens?: number;
  /** Why the wire cannot carry an image, a file or audio; absent: it carries all of them. */
  mediaRefusal?(part: MediaPart): string | undefined;
  /** Loads what the first request needs, such as an SDK; `undefined` once it is loaded. `timeout` does not count it. */
  load?(): Promise<unknown> | undefined;
  /** Sends the request of `call` to its target and yields the answer. Errors are ModelErrors. */
  open(call: Call): Events;
  /** The provider's own count of the prompt's tokens; absent where it has no such endpoint. */
  countTokens?(operation: RequestOperation): Promise<number>;
  /** The provider's list of its models; absent where it has none. */
  listModels?(operation: Operation): Promise<readonly OfferedModel[]>;
}

/** What an encoder makes: the SDK's parameters, and what had to be changed for the wire. Pure. */
export interface Encoded<Params> {
  readonly params: Params;
  readonly adjustments: readonly Adjustment[];
}
export type Encode<Params> = (request: ModelRequest, target: Target, streaming: boolean) => Encoded<Params>;

/**
 * Turns wire events into flow events. Pure but for its own state: the same input gives the same output whether it comes
 * from a socket or an array.
 */
export interface Decoder {
  /** True once the answer is complete and nothing more needs to be read. */
  readonly done: boolean;
  /** One event of a stream. `data` is the raw text after `data:`, `event` the SSE event name. Throws a ModelError on an error event. */
  push(data: string, event: string | undefined, out: FlowEvent[]): void;
  /** The body of a non-streaming answer. */
  body(json: unknown, out: FlowEvent[]): void;
  /**
   * The body has ended, or `broken` where the connection broke; emits what was held back. Throws `stream_truncated` when
   * the answer had not ended.
   */
  end(out: FlowEvent[], broken?: boolean): void;
}

/** The only code of a dialect that touches its SDK as a value. */
export interface Client<Params> {
  send(params: Params, operation: Operation, exchange: Exchange): Promise<WireResponse>;
}
