import type { Message, ToolResultPart } from "./message.ts";
import type { Reply } from "./reply.ts";
import type { ToolCall } from "./tool.ts";

/** What a tool returned to the model. */
export interface ToolResult {
  /** The id of the tool call. */
  readonly id: string;
  readonly name: string;
  /** The content that is sent to the model. */
  readonly content: ToolResultPart["content"];
  /** Whether the tool failed: the content says why. */
  readonly error: boolean;
  readonly durationMs: number;
}

/** One answer of a run, and what its tools returned. */
export interface RunStep<Call extends ToolCall = ToolCall> {
  readonly reply: Reply<Call>;
  /** In the order of the calls; pending calls have none. */
  readonly toolResults: readonly ToolResult[];
}

/** The part of a run before it failed. `model.run(messages, { approved: pending.map(({ id }) => id) })` goes on. */
export interface PartialRun {
  readonly messages: readonly Message[];
  readonly steps: readonly RunStep[];
  /** The tool calls at the end of `messages` without a result: they did not run, or did not finish. */
  readonly pending: readonly ToolCall[];
}
