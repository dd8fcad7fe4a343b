import type { ProblemKind } from "./problem-kind.ts";

/** One answer of `mock_response`. Without `error` and `status` it is a normal answer; absent parts are generated. */
export interface MockAnswer {
  readonly text?: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }[];
  /** Answers with the provider's error for this kind. */
  readonly error?: ProblemKind;
  /** HTTP status, with the provider's error for it. */
  readonly status?: number;
  /** What the error asks to wait, milliseconds. */
  readonly retryAfter?: number;
  /** Time before the answer, milliseconds. */
  readonly delay?: number;
  /** Breaks the connection after this many events of a stream, or in the middle of a JSON body. */
  readonly breakAfter?: number;
}
