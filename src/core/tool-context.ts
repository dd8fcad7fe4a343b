import type { Message } from "./message.ts";

/** What a tool is given besides its arguments. */
export interface ToolContext {
  /** Aborted when the run is aborted, its deadline passes, or the tool's `timeoutMs` is over. */
  readonly signal: AbortSignal;
  /** The id of the tool call. */
  readonly callId: string;
  /** The conversation up to and including the message with the call. */
  readonly messages: readonly Message[];
}
