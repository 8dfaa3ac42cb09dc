#!lua flags=allow-oom
-- Removes the oldest events in quarantine, and counts them.
--
-- KEYS: quarantine, the gateway's counts.
-- ARGV: how many events may stay, and for how many milliseconds.
-- Returns how many were removed.

local time = redis.call('TIME')
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[2]
local removed = redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', math.max(0, oldest)))
  + redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[1])
if removed > 0 then
  redis.call('HINCRBY', KEYS[2], 'quarantine_removed', removed)
end
return removed
