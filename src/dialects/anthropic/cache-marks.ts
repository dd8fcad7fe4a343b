import type { Anthropic } from "@anthropic-ai/sdk";
import type { CachePoint } from "../../core/option-values.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import type { Report } from "../report.ts";
import type { Block } from "./content.ts";
import type { Conversation } from "./messages.ts";

/** Maximum number of cache markers in one request. */
const MAX_MARKS = 4;
const DEFAULT_POINTS: readonly CachePoint[] = ["system", "tools", "first-user"];

type Markable = { cache_control?: Anthropic.CacheControlEphemeral | null };

/** Marks the ends of prompt-cache prefixes in place: parts marked by the caller first, then the configured points. */
export function markCache(
  request: ModelRequest,
  conversation: Conversation,
  tools: readonly Anthropic.ToolUnion[],
  target: Target,
  report: Report,
): void {
  const { promptCache } = request.settings;
  if (promptCache === false || target.facts.capabilities.promptCache === false) return;
  const options = typeof promptCache === "object" ? promptCache : {};
  const points = promptCache === undefined ? [] : (options.points ?? DEFAULT_POINTS);
  const wanted = new Set<object>(conversation.marked);
  for (const point of points) {
    const block = blockAt(point, conversation, tools);
    if (block !== undefined) wanted.add(block);
  }
  const marks = [...wanted] as Markable[];
  if (marks.length > MAX_MARKS) {
    report("prompt_cache", marks.length, MAX_MARKS, `one request supports at most ${MAX_MARKS} cache markers`);
  }
  for (const block of marks.slice(0, MAX_MARKS)) {
    block.cache_control = { type: "ephemeral", ...(options.ttl !== undefined && { ttl: options.ttl }) };
  }
}

function blockAt(point: CachePoint, { system, turns }: Conversation, tools: readonly object[]): object | undefined {
  switch (point) {
    case "system":
      return system.at(-1);
    case "tools":
      return tools.at(-1);
    case "first-user":
      return lastMarkable(turns.find((turn) => turn.role === "user")?.content);
    case "last-user":
      return lastMarkable(turns.findLast((turn) => turn.role === "user")?.content);
  }
}

function lastMarkable(content: readonly Block[] | undefined): Block | undefined {
  return content?.findLast((block) => block.type !== "thinking" && block.type !== "redacted_thinking");
}
