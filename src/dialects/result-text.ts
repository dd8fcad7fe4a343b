import type { ToolResultPart } from "../core/message.ts";

/** The texts of a result, each on lines of its own. */
export function resultText({ content }: ToolResultPart): string {
  if (typeof content === "string") return content;
  return content.flatMap((item) => (item.type === "text" ? [item.text] : [])).join("\n");
}
