#!lua
-- Deducts what senders have spent from the budgets that all web processes share: token buckets,
-- which are full if there is no key.
--
-- KEYS: one for each sender.
-- ARGV: for each sender and each of requests, events and bytes: the tokens of a full bucket, the
--       tokens added each second, and the tokens that were spent.
-- Returns for each sender the tokens of requests, events and bytes that are left.

local KINDS = { 'requests', 'events', 'bytes' }
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local answer = {}
for i, key in ipairs(KEYS) do
  local bucket = redis.call('HMGET', key, 'at', unpack(KINDS))
  local elapsed = math.max(0, now - (tonumber(bucket[1]) or now))
  local state, left, seconds = { 'at', string.format('%.6f', now) }, {}, 1
  for j, kind in ipairs(KINDS) do
    local place = 9 * (i - 1) + 3 * (j - 1)
    local amount, flow, spent =
      tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2]), tonumber(ARGV[place + 3])
    local tokens = math.min(amount, (tonumber(bucket[j + 1]) or amount) + elapsed * flow) - spent
    if tokens < amount and flow > 0 then
      seconds = math.max(seconds, (amount - tokens) / flow)
    end
    left[j] = string.format('%.6f', tokens)
    state[2 * j + 1], state[2 * j + 2] = kind, left[j]
  end
  redis.call('HSET', key, unpack(state))
  redis.call('EXPIRE', key, math.ceil(seconds))
  answer[i] = left
end
return answer
