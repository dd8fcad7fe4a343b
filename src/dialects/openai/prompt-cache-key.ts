import type { Adjustment } from "../../core/attempt.ts";
import { sha256 } from "../../core/node-crypto.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";

/**
 * A key that routes requests with the same prefix to the same machine, equal for requests with the same model, instructions and
 * tools. Only for hosts that support the field; OpenAI caches prefixes automatically.
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
    const reason = "this wire caches every prefix automatically and supports neither ttl nor points";
    adjustments.push({ setting: "prompt_cache", from: promptCache, to: true, reason });
  }
  const leading = request.messages.filter((message) => message.role === "system").map((message) => message.content);
  const prefix = JSON.stringify([target.modelId, leading, tools ?? []]);
  return `mw-${sha256(prefix).slice(0, 32)}`;
}

/** Whether a key was made here, of a prefix. */
export function isPrefixKey(key: string): boolean {
  return /^mw-[0-9a-f]{32}$/.test(key);
}
