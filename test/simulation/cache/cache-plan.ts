import type { CacheMode } from "../../../src/core/call.ts";
import type { Chance } from "../../harness/chance.ts";
import type { CallerPlan, WorldPlan } from "../plan.ts";

/** The `[cache]` table of a world. */
export interface CachePlan {
  readonly ttlMs: number;
  readonly maxEntries: number;
  readonly namespace: string | undefined;
}

/** The `cache` option of a call; what is absent is as in the table. */
export interface CallCachePlan {
  readonly mode: CacheMode | undefined;
  readonly ttlMs: number | undefined;
  readonly namespace: string | undefined;
}

/** A quarter of the seeds, with and without money; the others produce the same worlds as before there was a cache. */
export function hasCache(seed: number): boolean {
  return seed % 8 === 1 || seed % 8 === 3;
}

const TTLS = [2_000, 300_000, 3_600_000];

/** The same world with a cache, and with calls that repeat. */
export function withCache(plan: WorldPlan, chance: Chance): WorldPlan {
  const isCrowded = chance.happens(0.5);
  const [first = ""] = plan.entries.map(({ name }) => name);
  return {
    ...plan,
    callers: plan.callers.map((caller) => repeating(caller, isCrowded ? first : caller.entry, chance)),
    cache: {
      ttlMs: chance.pick(TTLS),
      maxEntries: chance.pick([1, 3, 1_000]),
      namespace: chance.happens(0.3) ? "table" : undefined,
    },
  };
}

function repeating(caller: CallerPlan, entry: string, chance: Chance): CallerPlan {
  const repeats = chance.happens(0.7);
  return {
    ...caller,
    entry,
    way: chance.happens(0.6) && caller.leaveAfter === undefined && caller.restMs === 0 ? "codegen" : caller.way,
    ...(repeats && { prompt: "Hello", user: undefined, maxNewTokens: undefined }),
    cache: chance.happens(0.4) ? undefined : planOption(chance),
  };
}

function planOption(chance: Chance): CallCachePlan {
  return {
    mode: chance.pick([undefined, "use", "use", "refresh", "bypass", "only"]),
    ttlMs: chance.happens(0.3) ? chance.pick(TTLS) : undefined,
    namespace: chance.happens(0.2) ? chance.pick(["table", "other"]) : undefined,
  };
}

export function cacheToml({ ttlMs, maxEntries, namespace }: CachePlan): string {
  const lines = ["[cache]", `ttl = "${ttlMs}ms"`, `max_entries = ${maxEntries}`];
  return `${[...lines, ...(namespace === undefined ? [] : [`namespace = "${namespace}"`])].join("\n")}\n`;
}

export function modeOf({ cache }: CallerPlan): CacheMode {
  return cache?.mode ?? "use";
}

/** Whether a call may share the request of an equal one. */
export function isSharing(caller: CallerPlan): boolean {
  return caller.way === "codegen" && modeOf(caller) === "use";
}

/** Equal for calls that may get the same answer. */
export function nameOf({ cache, entry, prompt, user, maxNewTokens }: CallerPlan, { namespace }: CachePlan): string {
  return JSON.stringify([cache?.namespace ?? namespace ?? "default", entry, prompt, user, maxNewTokens]);
}
