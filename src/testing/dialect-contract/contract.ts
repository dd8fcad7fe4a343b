import type { Dialect, FinishReason, ModelErrorCode, Usage } from "../../index.ts";

/** A response of the provider. Without `stream` and `body`, the dialect answers without a request. */
export interface DialectResponse {
  /** HTTP status. Default 200. */
  readonly status?: number;
  /** Default: `content-type` is `text/event-stream` for `stream`, `application/json` for `body`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The response to a streaming request, in the parts in which the provider sends it. */
  readonly stream?: readonly string[];
  /** The response to other requests: a string is sent unchanged, other values as JSON. */
  readonly body?: unknown;
}

/** What a reply must have. Absent fields are not checked, except that both forms of a response must give the same reply. */
export interface ExpectedReply {
  readonly text?: string;
  readonly reasoning?: string;
  readonly refusal?: string;
  /** The complete list of tool calls, in order. */
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly finishReason?: FinishReason;
  /** The provider's word for it. */
  readonly rawFinishReason?: string;
  readonly usage?: Partial<Usage>;
}

/** One answer of a model, and the reply that it becomes. */
export interface DialectAnswer extends DialectResponse {
  /** Default: "Hello". */
  readonly prompt?: string;
  readonly reply: ExpectedReply;
}

/** A response that fails the call with this code. */
export interface DialectFailure extends DialectResponse {
  readonly code: ModelErrorCode;
}

/** What `testDialect` needs to know about a dialect. */
export interface DialectContract {
  /** The `test` or `it` of vitest, node:test, or another test runner. */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  readonly dialect: Dialect;
  /** Answers by name, as the provider sends them; `text` is also cut, aborted and split into single bytes. */
  readonly answers: { readonly text: DialectAnswer } & Readonly<Record<string, DialectAnswer>>;
  /** Failures by name, with a status or inside an answer. */
  readonly failures?: Readonly<Record<string, DialectFailure>>;
  /** The response to a request for embeddings of `texts`, and the vectors in it. */
  readonly embed?: DialectResponse & {
    readonly texts: readonly string[];
    readonly vectors: readonly (readonly number[])[];
  };
  /** The response to a request for a token count, and the number in it. */
  readonly countTokens?: DialectResponse & { readonly tokens: number };
  /** The response to a request for the list of models, and the ids in it. */
  readonly listModels?: DialectResponse & { readonly ids: readonly string[] };
  /** More keys for the entry of models.toml that is tested, such as `name`. */
  readonly entry?: Readonly<Record<string, string | number | boolean>>;
}

export type Form = "stream" | "body";

/** A dialect without requests is tested in both forms. */
export function formsOf({ stream, body }: DialectResponse): readonly [Form, ...Form[]] {
  if (body === undefined && stream !== undefined) return ["stream"];
  if (stream === undefined && body !== undefined) return ["body"];
  return ["stream", "body"];
}

/** Whether the dialect sends a request for it. */
export function isSent({ stream, body }: DialectResponse): boolean {
  return stream !== undefined || body !== undefined;
}

/** A failed check: what the dialect did, and what it must do. */
export function broken(what: string): Error {
  return new Error(what);
}

export function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
