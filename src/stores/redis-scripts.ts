import { KEEP_AFTER_PERIOD_MS, KEEP_SETTLED_MS } from "../core/store.ts";
import { REDIS_CLOCK, type RedisScript, scriptOf } from "./redis-script.ts";

export interface RedisScripts {
  readonly admit: RedisScript;
  readonly settle: RedisScript;
  readonly renew: RedisScript;
  readonly pause: RedisScript;
  readonly levels: RedisScript;
}

/**
 * Keys, all with the same hash tag:
 *   :c:FAMILY    hash: `s`MEMBER spent and `r`MEMBER reserved, or, if the counter was lost, spent and `u`MEMBER
 *   :a:ID        string: an attempt. Active or booked with what it holds; settled; or abandoned, because its admission was
 *                not confirmed in time. Its owner may have continued without the store, and may settle it later
 *   :o:OWNER     set of the active attempts of a process; `:leases` has the end of its lease
 *   :b:COUNTER   string: when a bucket will be full; `:k:` slots taken; `:p:` end of a pause
 * Amounts are strings of digits, because a number of Lua is a double. A comparison is exact: limits and amounts are at most
 * 9e15, and a larger sum exceeds every limit. Every script books a limited number of attempts whose owner's lease expired.
 */
const shared = (clock: string) => `
local P = KEYS[1]
local now = ${clock}
local ACTIVE, BOOKED, SETTLED, ABANDONED = 'a', 'b', 's', 'x'
local function int(n) return string.format('%.0f', n) end

local function add(family, field, amount)
  if amount ~= '0' and math.abs(tonumber(redis.call('HGET', family, field) or 0)) < 9e18 then
    redis.call('HINCRBY', family, field, amount)
  end
end
local function subtract(family, field, amount)
  if amount ~= '0' then redis.call('HINCRBY', family, field, '-' .. amount) end
end
local function keep(family, ends)
  if ends ~= '' then redis.call('PEXPIRE', family, int(math.max(1000, ends - now + ${KEEP_AFTER_PERIOD_MS}))) end
end
local function exists(family, member) return redis.call('HEXISTS', family, 's' .. member) == 1 end
local function freeSlot(counter)
  local key = P .. ':k:' .. counter
  if redis.call('DECR', key) <= 0 then redis.call('DEL', key) end
end

local function full(counter) return tonumber(redis.call('GET', P .. ':b:' .. counter) or now) end
local function debit(counter, limit, per, amount)
  local at = math.max(now, math.max(full(counter), now) + (amount * per) / limit)
  local key = P .. ':b:' .. counter
  if at > now then redis.call('SET', key, string.format('%.17g', at), 'PX', int(math.ceil(at - now) + 1000))
  else redis.call('DEL', key) end
end

local function expire()
  local due = redis.call('ZRANGEBYSCORE', P .. ':leases', '-inf', int(now), 'LIMIT', 0, 1)
  if #due == 0 then return end
  local attempts = P .. ':o:' .. due[1]
  for _, id in ipairs(redis.call('SPOP', attempts, 64)) do
    local key = P .. ':a:' .. id
    local attempt = redis.call('GET', key)
    if attempt and attempt:sub(1, 1) == ACTIVE then
      for index, held in ipairs(cjson.decode(attempt:sub(2))) do
        if index > 1 and held[1] == 'slot' then freeSlot(held[2])
        elseif index > 1 and held[1] == 'budget' and exists(P .. ':c:' .. held[2], held[3]) then
          subtract(P .. ':c:' .. held[2], 'r' .. held[3], held[4])
          add(P .. ':c:' .. held[2], 's' .. held[3], held[4])
        end
      end
      redis.call('SET', key, BOOKED .. attempt:sub(2), 'PX', ${KEEP_AFTER_PERIOD_MS})
    end
  end
  if redis.call('EXISTS', attempts) == 0 then redis.call('ZREM', P .. ':leases', due[1]) end
end
local function renew(owner, lease)
  redis.call('ZADD', P .. ':leases', 'GT', int(now + lease), owner)
end
expire()
`;

/** ARGV: id, owner, lease, probe, then the claims. Returns 1, now, levels; or 0, now, index, reason, wait, level. */
const ADMIT = `
local id, owner, probe = ARGV[1], ARGV[2], ARGV[4] == '1'
if not probe then
  if redis.call('EXISTS', P .. ':a:' .. id) == 1 then return redis.error_reply('SETTLED the attempt was settled') end
  renew(owner, ARGV[3])
end
local claims, held, at = {}, { owner }, 5
while ARGV[at] do
  local kind = ARGV[at]
  if kind == 'budget' then
    claims[#claims + 1] = { kind = kind, family = P .. ':c:' .. ARGV[at + 1], member = ARGV[at + 2],
      starts = ARGV[at + 3], ends = ARGV[at + 4], limit = ARGV[at + 5], amount = ARGV[at + 6], most = ARGV[at + 7], seed = ARGV[at + 8] }
    held[#held + 1] = { kind, ARGV[at + 1], ARGV[at + 2], ARGV[at + 6] }
    at = at + 9
  elseif kind == 'rate' then
    claims[#claims + 1] = { kind = kind, counter = ARGV[at + 1], limit = tonumber(ARGV[at + 2]), per = tonumber(ARGV[at + 3]), amount = tonumber(ARGV[at + 4]) }
    held[#held + 1] = { kind }
    at = at + 5
  elseif kind == 'slot' then
    claims[#claims + 1] = { kind = kind, counter = ARGV[at + 1], limit = tonumber(ARGV[at + 2]) }
    held[#held + 1] = { kind, ARGV[at + 1] }
    at = at + 3
  else
    claims[#claims + 1] = { kind = kind, counter = ARGV[at + 1] }
    held[#held + 1] = { kind }
    at = at + 2
  end
end

-- Returns the reason of a refusal; then how long to wait, or spent and reserved. The last value: whether time helps.
local function check(c)
  if c.kind == 'budget' then
    if now < tonumber(c.starts) or (c.ends ~= '' and now >= tonumber(c.ends)) then return 'period' end
    local level = redis.call('HMGET', c.family, 's' .. c.member, 'r' .. c.member)
    c.spent, c.reserved = level[1], level[2] or '0'
    if not c.spent and redis.call('HLEN', c.family) / 2 >= tonumber(c.most) then return 'members' end
    if not level[2] then
      if c.seed == '' then return 'missing' end
      c.lost = c.spent and true or false
      c.unseeded = true
      if not c.spent or tonumber(c.seed) > tonumber(c.spent) then c.spent = c.seed end
    end
    local fits = tonumber(c.spent) + tonumber(c.amount) <= tonumber(c.limit)
    if not fits then return 'exhausted', nil, c.spent, c.reserved end
    if tonumber(c.spent) + tonumber(c.reserved) + tonumber(c.amount) > tonumber(c.limit) then
      return 'reserved', 0, c.spent, c.reserved
    end
  elseif c.kind == 'rate' then
    if c.amount > c.limit then return 'rate', math.huge end
    local wait = math.max(full(c.counter), now) + (c.amount * c.per) / c.limit - c.per - now
    if wait > 0.1 then return 'rate', math.ceil(wait) end
  elseif c.kind == 'slot' then
    if tonumber(redis.call('GET', P .. ':k:' .. c.counter) or 0) >= c.limit then return 'slots', 0 end
  else
    local wait = tonumber(redis.call('GET', P .. ':p:' .. c.counter) or now) - now
    if wait > 0 then return 'paused', wait end
  end
end

local longest, longestWait
for index, c in ipairs(claims) do
  local reason, wait, spent, reserved = check(c)
  if reason then
    local words = '' 
    if reason == 'rate' or reason == 'paused' then words = wait == math.huge and 'inf' or int(wait) end
    local refusal = { 0, int(now), index - 1, reason, words, spent or '', reserved or '' }
    if not wait then return refusal end
    if not longest or wait > longestWait then longest, longestWait = refusal, wait end
  end
end
if longest then return longest end
local granted = { 1, int(now) }
if probe then return granted end

for _, c in ipairs(claims) do
  if c.kind == 'budget' then
    if c.unseeded then
      redis.call('HSET', c.family, 's' .. c.member, c.spent, 'r' .. c.member, '0')
      if c.lost then redis.call('HDEL', c.family, 'u' .. c.member) end
      keep(c.family, c.ends)
    end
    add(c.family, 'r' .. c.member, c.amount)
    local level = redis.call('HMGET', c.family, 's' .. c.member, 'r' .. c.member)
    granted[#granted + 1] = level[1]
    granted[#granted + 1] = level[2]
  elseif c.kind == 'rate' then debit(c.counter, c.limit, c.per, c.amount)
  elseif c.kind == 'slot' then redis.call('INCR', P .. ':k:' .. c.counter) end
end
redis.call('SET', P .. ':a:' .. id, ACTIVE .. cjson.encode(held))
redis.call('SADD', P .. ':o:' .. owner, id)
return granted
`;

/** ARGV: id, "settled" or "abandoned", then the claims. Returns what is now spent for each budget claim; nothing if it was settled before. */
const SETTLE = `
local id = ARGV[1]
local key = P .. ':a:' .. id
local attempt = redis.call('GET', key) or ''
local state = attempt:sub(1, 1)
local ends = ARGV[2] == 'abandoned' and ABANDONED or SETTLED
if state == SETTLED or state == ends then return {} end
if state == ABANDONED then state = '' end
local held = state ~= '' and cjson.decode(attempt:sub(2)) or {}

local function book(family, member, period, used, amount)
  if exists(family, member) then
    if state == ACTIVE and redis.call('HEXISTS', family, 'r' .. member) == 1 then subtract(family, 'r' .. member, amount) end
    if state == BOOKED then subtract(family, 's' .. member, amount) end
  elseif used ~= '0' then
    redis.call('HSET', family, 's' .. member, '0', 'u' .. member, '1')
    keep(family, period)
  end
  add(family, 's' .. member, used)
  return redis.call('HGET', family, 's' .. member) or '0'
end

local spent, at, index = {}, 3, 1
while ARGV[at] do
  index = index + 1
  local kind = ARGV[at]
  if kind == 'budget' then
    local amount = held[index] and held[index][4] or '0'
    spent[#spent + 1] = book(P .. ':c:' .. ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], amount)
    at = at + 5
  elseif kind == 'rate' then
    local reserved = state ~= '' and tonumber(ARGV[at + 5]) or 0
    debit(ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]) - reserved)
    at = at + 6
  elseif kind == 'slot' then
    if state == ACTIVE then freeSlot(ARGV[at + 1]) end
    at = at + 2
  else at = at + 1 end
end
if held[1] then redis.call('SREM', P .. ':o:' .. held[1], id) end
redis.call('SET', key, ends, 'PX', ${KEEP_SETTLED_MS})
return spent
`;

const RENEW = `
renew(ARGV[1], ARGV[2])
return 1
`;

const PAUSE = `
local key, ends = P .. ':p:' .. ARGV[1], now + ARGV[2]
if ends > now and ends > tonumber(redis.call('GET', key) or 0) then
  redis.call('SET', key, int(ends), 'PX', int(math.ceil(ends - now) + 1000))
end
return 1
`;

/** ARGV: family. Returns the fields of its counters; nothing while more leases have expired than one script books. */
const LEVELS = `
if #redis.call('ZRANGEBYSCORE', P .. ':leases', '-inf', int(now), 'LIMIT', 0, 1) > 0 then return false end
return redis.call('HGETALL', P .. ':c:' .. ARGV[1])
`;

/** `clock` is an expression in Lua. */
export function redisScripts(clock: string = REDIS_CLOCK): RedisScripts {
  const prelude = shared(clock);
  const script = (body: string) => scriptOf(`${prelude}${body}`);
  return {
    admit: script(ADMIT),
    settle: script(SETTLE),
    renew: script(RENEW),
    pause: script(PAUSE),
    levels: script(LEVELS),
  };
}
