import type { Adjustment } from "../../core/attempt.ts";
import { sha256 } from "../../core/node-crypto.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";

/**
 * Only for hosts that take the field; models known to be cached by their host need nothing. OpenAI caches prefixes by itself; the key sends requests with one prefix to one machine. Equal for requests that share
 * model, instructions and tools.
 */
export function promptCacheKey(request: ModelRequest, target: Target, adjustments: Adjustment[]): string | undefined {
  const { promptCache, tools } = request.settings;
  if (promptCache === undefined || promptCache === false) return undefined;
  if (target.quirks.promptCacheKey !== true) {
    const reason = `${target.provider} has no parameter for it`;
    if (target.facts.capabilities.promptCache !== true)
      adjustments.push({ setting: "prompt_cache", from: promptCache, to: undefined, reason });
    return undefined;
  }
  if (promptCache !== true && (promptCache.ttl !== undefined || promptCache.points !== undefined)) {
    const reason = "this wire caches every prefix by itself and takes neither a time nor points";
    adjustments.push({ setting: "prompt_cache", from: promptCache, to: true, reason });
  }
  const leading = request.messages.filter((message) => message.role === "system").map((message) => message.content);
  const prefix = JSON.stringify([target.modelId, leading, tools ?? []]);
  return `mw-${sha256(prefix).slice(0, 32)}`;
}
