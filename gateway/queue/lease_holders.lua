#!lua flags=no-writes,allow-oom
-- Returns the drains that hold a lease now, by the server's clock.
--
-- KEYS: drains.
-- ARGV: the milliseconds from now until the latest end of a lease.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], now, now + ARGV[1])
