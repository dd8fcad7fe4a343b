import { own } from "../../core/own.ts";
import type { WireName } from "../../core/wire-name.ts";
import type { Json } from "./json.ts";

/** A request from any wire format, from which an answer is generated. */
export interface SimulatedRequest {
  readonly wire: WireName;
  readonly path: string;
  readonly model: string;
  readonly stream: boolean;
  /** Instructions: system and developer messages. */
  readonly system: string;
  /** The conversation without the instructions. */
  readonly turns: readonly SimulatedTurn[];
  /** Text of the last user message with text. */
  readonly prompt: string;
  readonly tools: readonly SimulatedTool[];
  readonly toolChoice: "auto" | "none" | "required" | { readonly names: readonly string[] };
  readonly parallelTools: boolean;
  /** `json`: any object; a schema: an answer that satisfies it. */
  readonly output: "text" | "json" | { readonly schema: unknown };
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly samples: number;
  readonly reasoning: ReasoningWish | undefined;
  readonly seed: number | undefined;
  /** The prompt in the order it is counted and cached. */
  readonly segments: readonly PromptSegment[];
  /** The body as it was received. */
  readonly body: Json;
}

export interface SimulatedTurn {
  readonly role: "user" | "assistant";
  readonly text: string;
  /** Attachments: a media type or a file name each. */
  readonly media: readonly string[];
  readonly results: readonly ToolResult[];
}

export interface ToolResult {
  readonly id: string;
  readonly name: string | undefined;
  readonly text: string;
}

export interface SimulatedTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: unknown;
}

export interface ReasoningWish {
  /** Amount of reasoning, 0 to 1. */
  readonly amount: number;
  /** Whether the answer includes the reasoning text. */
  readonly visible: boolean;
}

/** A part of the prompt; `cacheTtl` marks the end of a prefix to cache. */
export interface PromptSegment {
  readonly text: string;
  readonly tokens: number;
  readonly cacheTtl?: "5m" | "1h" | undefined;
}

const AMOUNTS: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 0.1,
  low: 0.25,
  medium: 0.5,
  high: 0.75,
  xhigh: 0.9,
  max: 1,
};

/** Amount of reasoning for an effort level; an unknown level counts as medium. */
export function amountOfEffort(effort: string): number {
  return own(AMOUNTS, effort.toLowerCase()) ?? 0.5;
}

/** The text that an answer refers to. */
export function promptOf(turns: readonly SimulatedTurn[]): string {
  return turns.findLast((turn) => turn.role === "user" && turn.text.trim() !== "")?.text ?? "";
}
