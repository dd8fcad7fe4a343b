import type { Adjustment } from "../../core/attempt.ts";
import type { Settings } from "../../core/request.ts";
import type { Tool } from "../../core/tool.ts";
import { schemaAdjustment } from "./response-format.ts";
import { lowerToStrict } from "./strict-schema.ts";

export interface WireFunction {
  readonly name: string;
  readonly description?: string;
  readonly parameters: { [keyword: string]: unknown };
  /** Only the schemas of strict tools are converted and enforced. */
  readonly strict: boolean;
}

export function lowerTool(tool: Tool, adjustments: Adjustment[]): WireFunction {
  const named = { name: tool.name, ...(tool.description !== undefined && { description: tool.description }) };
  const plain = { ...named, parameters: { ...tool.parameters }, strict: false };
  if (tool.strict !== true) return plain;
  const lowered = lowerToStrict(tool.parameters);
  if (!lowered.strict) {
    const reason = `the parameters of ${tool.name} cannot be enforced by the provider: ${lowered.reason}`;
    adjustments.push({ setting: "tools", from: "strict", to: "not strict", reason });
    return plain;
  }
  adjustments.push(...lowered.changes.map((change) => schemaAdjustment("tools", change)));
  return { ...named, parameters: { ...lowered.schema }, strict: true };
}

type ToolSettings = Pick<Settings, "toolChoice" | "parallelToolCalls">;

/** The API rejects both settings in a request without tools. */
export function toolSettings(settings: Settings, hasTools: boolean, adjustments: Adjustment[]): ToolSettings {
  const { toolChoice, parallelToolCalls } = settings;
  if (hasTools) return { toolChoice, parallelToolCalls };
  const reason = "the request has no tools";
  if (toolChoice !== undefined && toolChoice !== "none" && toolChoice !== "auto") {
    adjustments.push({ setting: "tool_choice", from: toolChoice, to: undefined, reason });
  }
  if (parallelToolCalls !== undefined) {
    adjustments.push({ setting: "parallel_tool_calls", from: parallelToolCalls, to: undefined, reason });
  }
  return {};
}
