import type { ToolCall } from "./tool.ts";
import type { Usage } from "./usage.ts";

/** The part of an answer that arrived before the call failed. */
export interface PartialAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  readonly usage?: Usage;
  /** With several samples: the part of each. */
  readonly samples?: readonly {
    readonly text: string;
    readonly reasoning: string;
    readonly toolCalls: readonly ToolCall[];
  }[];
}
