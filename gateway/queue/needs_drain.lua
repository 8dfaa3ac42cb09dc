#!lua flags=no-writes,allow-oom
-- Returns whether a destination has events, no drain is at work on them, and none of some other
-- keys exists.
--
-- KEYS: drains, stream; then the keys that must not exist, one at least.
-- ARGV: the milliseconds from now until the latest end of a lease.
-- Returns 1 or nothing.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local busy = redis.call('EXISTS', unpack(KEYS, 3)) > 0
return not busy
  and redis.call('ZCOUNT', KEYS[1], now, now + ARGV[1]) == 0
  and redis.call('XLEN', KEYS[2]) > 0
