import { digest } from "../dialects/served/hash.ts";
import { promptTokens } from "../dialects/served/prompt-segment.ts";
import type { PromptSegment, SimulatedRequest } from "../dialects/served/request.ts";

/** Cache reads and writes of one request, in tokens. */
export interface CacheUse {
  readonly read: number;
  readonly write5m: number;
  readonly write1h: number;
}

const BLOCK_TOKENS = 128;
const BLOCK_CHARACTERS = BLOCK_TOKENS * 4;
/** OpenAI and Gemini automatically cache repeated prefixes of at least this size. */
const IMPLICIT_MINIMUM = 1024;

/** More than a provider keeps for the 5 minutes of a prefix. */
const MAX_PREFIXES = 100_000;

/** Of a set or map, whose members are in the order of their insertion. */
export function dropOldest<T>(
  members: { readonly size: number } & Pick<Set<T>, "keys" | "delete">,
  most: number,
): void {
  for (const oldest of members.keys()) {
    if (members.size <= most) return;
    members.delete(oldest);
  }
}

/** Stores prompts. Marked prefixes are cached at any size, unmarked ones from 1024 tokens. */
export class PromptCache {
  readonly #known = new Set<string>();

  use(request: SimulatedRequest): CacheUse {
    const marked = request.segments.some((segment) => segment.cacheTtl !== undefined);
    if (marked) return this.#useMarked(request);
    if (request.wire === "anthropic") return { read: 0, write5m: 0, write1h: 0 };
    return this.#useImplicit(request);
  }

  clear(): void {
    this.#known.clear();
  }

  #useMarked(request: SimulatedRequest): CacheUse {
    const prefixes = prefixesOf(request);
    const last = prefixes.findLastIndex((prefix) => prefix.ttl !== undefined);
    const hit = prefixes.slice(0, last + 1).findLast((prefix) => this.#known.has(prefix.key));
    let covered = hit?.tokens ?? 0;
    const written = { "5m": 0, "1h": 0 };
    for (const prefix of prefixes) {
      if (prefix.ttl === undefined || prefix.tokens <= covered) continue;
      written[prefix.ttl] += prefix.tokens - covered;
      covered = prefix.tokens;
      this.#known.add(prefix.key);
    }
    dropOldest(this.#known, MAX_PREFIXES);
    return { read: hit?.tokens ?? 0, write5m: written["5m"], write1h: written["1h"] };
  }

  #useImplicit(request: SimulatedRequest): CacheUse {
    const text = request.segments.map((segment) => segment.text).join("\n");
    const keys: string[] = [];
    let key = digest(request.wire, request.model);
    for (let end = BLOCK_CHARACTERS; end <= text.length; end += BLOCK_CHARACTERS) {
      key = digest(key, text.slice(end - BLOCK_CHARACTERS, end));
      keys.push(key);
    }
    const blocks = keys.findLastIndex((candidate) => this.#known.has(candidate)) + 1;
    for (const seen of keys) this.#known.add(seen);
    dropOldest(this.#known, MAX_PREFIXES);
    const read = Math.min(blocks * BLOCK_TOKENS, promptTokens(request.segments));
    return { read: read >= IMPLICIT_MINIMUM ? read : 0, write5m: 0, write1h: 0 };
  }
}

interface Prefix {
  readonly key: string;
  readonly tokens: number;
  readonly ttl: PromptSegment["cacheTtl"];
}

function prefixesOf(request: SimulatedRequest): readonly Prefix[] {
  let key = digest(request.wire, request.model, "marked");
  let tokens = 0;
  return request.segments.map((segment) => {
    key = digest(key, segment.text);
    tokens += segment.tokens;
    return { key, tokens, ttl: segment.cacheTtl };
  });
}
