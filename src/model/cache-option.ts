import { DURATION_PATTERN, durationMs } from "../config/duration.ts";
import { isTable } from "../config/table.ts";
import type { CacheMode, CallInput } from "../core/call.ts";
import { nearest } from "../core/suggest.ts";

/** How one call uses the cache; what is absent is as in `[cache]`. */
export interface CacheOptions {
  /** Default "use". */
  readonly mode?: CacheMode | undefined;
  /** How long the answer of this call is reused: seconds, or a string such as "500ms", "30s", "2m" or "1h". */
  readonly ttl?: number | string | undefined;
  /** The part of the cache that this call reads and writes. */
  readonly namespace?: string | undefined;
}

type CacheFields = Pick<CallInput, "cache" | "cacheTtlMs" | "cacheNamespace">;

const MODES: readonly CacheMode[] = ["use", "refresh", "bypass", "only"];
const KEYS = ["mode", "ttl", "namespace"];

/** What is wrong with the option; `undefined` if nothing is. */
export function cacheProblem(cache: unknown): string | undefined {
  if (cache === undefined || typeof cache === "boolean") return undefined;
  if (!isTable(cache)) return modeProblem("cache", cache);
  const { mode, ttl, namespace } = cache;
  const unknown = Object.keys(cache).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `unknown key "${unknown}" in cache${suggestion(unknown, KEYS)}`;
  if (ttl !== undefined && !isDuration(ttl))
    return 'cache.ttl must be seconds as a number, or a string such as "500ms", "30s", "2m" or "1h"';
  if (namespace !== undefined && (typeof namespace !== "string" || namespace === ""))
    return "cache.namespace must be a string that is not empty";
  return mode === undefined ? undefined : modeProblem("cache.mode", mode);
}

/** The fields of a valid option. */
export function cacheFieldsOf(cache: CacheMode | CacheOptions | boolean | undefined): CacheFields {
  if (typeof cache === "boolean") return { cache: cache ? "use" : "bypass" };
  if (typeof cache !== "object") return { cache };
  const { mode, ttl, namespace } = cache;
  return { cache: mode, cacheTtlMs: ttl === undefined ? undefined : durationMs(ttl), cacheNamespace: namespace };
}

function modeProblem(place: string, mode: unknown): string | undefined {
  if (MODES.includes(mode as CacheMode)) return undefined;
  return `${place} must be one of ${MODES.join(", ")}${suggestion(String(mode), MODES)}`;
}

function suggestion(word: string, words: readonly string[]): string {
  const near = nearest(word, words);
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}

function isDuration(ttl: unknown): boolean {
  return typeof ttl === "number" ? Number.isFinite(ttl) && ttl >= 0 : DURATION_PATTERN.test(String(ttl));
}
