import { createHash } from "node:crypto";

export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** Milliseconds since 1970 by the clock of Redis. */
export const REDIS_CLOCK =
  "(function() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end)()";

export function scriptOf(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
