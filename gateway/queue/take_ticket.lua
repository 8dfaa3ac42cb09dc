#!lua flags=allow-oom
-- Takes the ticket that the vendor has to be asked about now. Needs submitted.lua.
--
-- KEYS: counts, tickets, polls, polled.
-- ARGV: the milliseconds for which no other drain takes it; the milliseconds between two questions;
--       the milliseconds after which a ticket is no longer asked about; how many entries may wait
--       for a verdict, and how many bytes of them.
-- Returns its name, its content, its age in milliseconds, and 1 if it has to end without a
-- question, because it is too old or too many entries wait (then it is the ticket whose next
-- question is the latest). Returns nothing if no ticket is due or the last question was too recent.

local now, deadline = now_ms(), tonumber(ARGV[3])
local waiting = redis.call('HMGET', KEYS[1], 'submitted', 'submitted_bytes')
local too_many = tonumber(waiting[1] or 0) > tonumber(ARGV[4])
  or tonumber(waiting[2] or 0) > tonumber(ARGV[5])
local name
if too_many then
  name = redis.call('ZREVRANGE', KEYS[3], 0, 0)[1]
else
  name = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 1)[1]
end
if not name then
  return
end
local stored = redis.call('HGET', KEYS[2], name)
if not stored then  -- heals what a person left
  redis.call('ZREM', KEYS[3], name)
  return
end
local age = now - tonumber(string.match(name, '^%d+'))
local ends = too_many or age >= deadline
local spacing = tonumber(ARGV[2])
if not ends and spacing > 0 and not redis.call('SET', KEYS[4], 1, 'PX', spacing, 'NX') then
  return
end
redis.call('ZADD', KEYS[3], now + ARGV[1], name)
return { name, stored, age, ends and 1 or 0 }
