#!lua flags=no-writes,allow-oom
-- Returns when the vendor has to be asked about a ticket.
--
-- KEYS: polls, polled.
-- Returns the milliseconds until then, or nothing without tickets.

local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #first == 0 then
  return
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return math.max(0, math.ceil(first[2] - now), redis.call('PTTL', KEYS[2]))
