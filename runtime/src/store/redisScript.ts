// The one script of the Redis ledger: every operation on an account is one step there, so nothing comes between.
// Dollars are whole billionths. A hold is known by its id, so an operation that is sent twice counts once.

/** Billionths of a dollar in a dollar. Whole numbers stay exact up to nine million dollars. */
export const NANO = 1e9;

/** Where an argument says that there is none. */
export const NONE = -1;

/**
 * KEYS: account hash, sorted set of holds by expiry, hash of the rolling window. All three have one hash tag.
 * ARGV: operation, hold, time (NONE: the server's), time to live of a hold, window, time that the account is kept, dollars,
 * tokens, and for `reserve` the limits of calls, dollars, tokens.
 * Gives: 1 or 0 (short), spent dollars, tokens, calls, reserved dollars, tokens, calls; if short also the unit and what
 * was wanted of it.
 */
export const SCRIPT = `
local account, holds, window = KEYS[1], KEYS[2], KEYS[3]
local op, id = ARGV[1], ARGV[2]
local now, ttl, span, keep = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local amount = { u = tonumber(ARGV[7]), t = tonumber(ARGV[8]), c = 1 }
if op == 'reset' then
  redis.call('DEL', account, holds, window)
  return { 1, 0, 0, 0, 0, 0, 0 }
end
if now < 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local function text(number) return string.format('%.0f', number) end
local function get(field) return tonumber(redis.call('HGET', account, field) or '0') end
local function add(field, by)
  if by ~= 0 then redis.call('HINCRBY', account, field, text(by)) end
end
local function hold(usd, tokens)
  redis.call('HSET', account, 'h:' .. id, text(usd) .. ':' .. text(tokens))
  redis.call('ZADD', holds, text(now + ttl), id)
  add('ru', usd) add('rt', tokens) add('rc', 1)
end
local function giveBack(held)
  local usd, tokens = string.match(held, '^(%d+):(%d+)$')
  if usd then add('ru', -tonumber(usd)) add('rt', -tonumber(tokens)) add('rc', -1) end
end

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', holds, '-inf', text(now))) do
  giveBack(redis.call('HGET', account, 'h:' .. gone) or '')
  redis.call('HDEL', account, 'h:' .. gone)
  redis.call('ZREM', holds, gone)
end
local slot = 0
if span > 0 then
  slot = math.floor(now / (span / 60))
  local fields = redis.call('HGETALL', window)
  for index = 1, #fields, 2 do
    local at, unit = string.match(fields[index], '^(%d+)(%a)$')
    if tonumber(at) < slot - 60 then
      add('s' .. unit, -tonumber(fields[index + 1]))
      redis.call('HDEL', window, fields[index])
    end
  end
end

local answer = { 1 }
local known = redis.call('HGET', account, 'h:' .. id)
if op == 'reserve' and not known then
  local limits = { c = tonumber(ARGV[9]), u = tonumber(ARGV[10]), t = tonumber(ARGV[11]) }
  local busy = get('rc') > 0
  local wanted = {
    c = 1,
    u = amount.u < 0 and (busy and get('mu') or 0) or amount.u,
    t = amount.t < 0 and (busy and get('mt') or 0) or amount.t,
  }
  for position, unit in ipairs({ 'c', 'u', 't' }) do
    local limit = limits[unit]
    if limit >= 0 and answer[1] == 1 then
      local used = get('s' .. unit) + get('r' .. unit)
      local short
      if wanted[unit] > 0 then short = used + wanted[unit] > limit else short = used >= limit end
      if short then
        answer[1] = 0
        answer[8] = position
        answer[9] = wanted[unit]
      end
    end
  end
  if answer[1] == 1 then
    hold(amount.u < 0 and math.max(wanted.u, get('mu')) or wanted.u, amount.t < 0 and math.max(wanted.t, get('mt')) or wanted.t)
  end
elseif op == 'renew' and known ~= 'done' then
  if known then redis.call('ZADD', holds, text(now + ttl), id) else hold(amount.u, amount.t) end
elseif (op == 'settle' or op == 'release') and known ~= 'done' then
  if known then giveBack(known) end
  redis.call('HSET', account, 'h:' .. id, 'done')
  redis.call('ZADD', holds, text(now + ttl), id)
  if op == 'settle' then
    for _, unit in ipairs({ 'u', 't', 'c' }) do
      add('s' .. unit, amount[unit])
      if span > 0 and amount[unit] > 0 then redis.call('HINCRBY', window, text(slot) .. unit, text(amount[unit])) end
      if unit ~= 'c' and amount[unit] > get('m' .. unit) then redis.call('HSET', account, 'm' .. unit, text(amount[unit])) end
    end
  end
end

answer[2] = get('su') answer[3] = get('st') answer[4] = get('sc')
answer[5] = get('ru') answer[6] = get('rt') answer[7] = get('rc')
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, text(keep)) end
return answer
`;
