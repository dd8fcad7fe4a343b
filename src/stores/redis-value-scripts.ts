import { REDIS_CLOCK, type RedisScript, scriptOf } from "./redis-script.ts";
import { DELETE_AT_ONCE, EVICT_AT_ONCE } from "./text-store.ts";

export interface RedisValueScripts {
  readonly get: RedisScript;
  readonly set: RedisScript;
  readonly delete: RedisScript;
  readonly clear: RedisScript;
}

/**
 * Keys, all with the same hash tag, and with the version of this layout: another version sees none of them.
 *   :v1:=KEY    string: a text
 *   :v1:used    sorted set: key and the number of its last use; `:v1:ends` the time at which it expires
 *   :v1:bytes   hash: key and size; `:v1:total` their sum, and the number of uses
 * The server deletes everything by itself some time after the last value expired.
 */
const shared = (clock: string) => `
local V = KEYS[1] .. ':v1:'
local now = ${clock}
local function int(n) return string.format('%.0f', n) end
local function drop(key)
  local bytes = redis.call('HGET', V .. 'bytes', key)
  if not bytes then return end
  redis.call('UNLINK', V .. '=' .. key)
  redis.call('HDEL', V .. 'bytes', key)
  redis.call('ZREM', V .. 'used', key)
  redis.call('ZREM', V .. 'ends', key)
  redis.call('HINCRBY', V .. 'total', 'bytes', '-' .. bytes)
end
local function use(key)
  redis.call('ZADD', V .. 'used', redis.call('HINCRBY', V .. 'total', 'uses', 1), key)
end
local function entries() return redis.call('ZCARD', V .. 'used') end
local function bytes() return redis.call('HGET', V .. 'total', 'bytes') or '0' end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', V .. 'ends', '-inf', int(now), 'LIMIT', 0, ${DELETE_AT_ONCE})) do
  drop(key)
end
`;

/** ARGV: key, maximum size. The size is compared before the text is read: another program may have written it. */
const GET = `
local key, text = ARGV[1], false
local ends = redis.call('ZSCORE', V .. 'ends', key)
if ends and tonumber(ends) > now and redis.call('STRLEN', V .. '=' .. key) <= tonumber(ARGV[2]) then
  text = redis.call('GET', V .. '=' .. key)
  if text then use(key) else drop(key) end
end
return { text, entries(), bytes() }
`;

/** The index decides when a value expires; the server deletes what nobody asks for a moment later. */
const SLACK_MS = 10_000;

/** ARGV: key, text, size, time to live, maximum number, maximum size. */
const SET = `
local key, lives = ARGV[1], tonumber(ARGV[4])
drop(key)
redis.call('SET', V .. '=' .. key, ARGV[2], 'PX', int(lives + ${SLACK_MS}))
redis.call('HSET', V .. 'bytes', key, ARGV[3])
redis.call('HINCRBY', V .. 'total', 'bytes', ARGV[3])
redis.call('ZADD', V .. 'ends', int(now + lives), key)
use(key)
local evicted = 0
for _ = 1, ${EVICT_AT_ONCE} do
  if entries() <= tonumber(ARGV[5]) and tonumber(bytes()) <= tonumber(ARGV[6]) then break end
  local oldest = redis.call('ZRANGE', V .. 'used', 0, 0)[1]
  if tonumber(redis.call('ZSCORE', V .. 'ends', oldest)) > now then evicted = evicted + 1 end
  drop(oldest)
end
for _, index in ipairs({ 'used', 'ends', 'bytes', 'total' }) do
  if redis.call('PTTL', V .. index) < lives + ${SLACK_MS} then redis.call('PEXPIRE', V .. index, int(lives + ${SLACK_MS})) end
end
return { evicted, entries(), bytes() }
`;

const DELETE = `
drop(ARGV[1])
return { entries(), bytes() }
`;

/** ARGV: prefix, cursor. Returns the next cursor; "0" at the end. */
const CLEAR = `
local found = redis.call('HSCAN', V .. 'bytes', ARGV[2], 'COUNT', ${DELETE_AT_ONCE})
for index = 1, #found[2], 2 do
  if found[2][index]:sub(1, #ARGV[1]) == ARGV[1] then drop(found[2][index]) end
end
return { found[1], entries(), bytes() }
`;

/** `clock` is an expression in Lua. */
export function redisValueScripts(clock: string = REDIS_CLOCK): RedisValueScripts {
  const prelude = shared(clock);
  return {
    get: scriptOf(prelude + GET),
    set: scriptOf(prelude + SET),
    delete: scriptOf(prelude + DELETE),
    clear: scriptOf(prelude + CLEAR),
  };
}
