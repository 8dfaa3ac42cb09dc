#!lua flags=allow-oom
-- Takes or renews the lease of a drain, unless enough others hold one.
--
-- KEYS: drains.
-- ARGV: the drain, how many may hold a lease, the milliseconds of a lease, the milliseconds from
--       now until the latest possible end of a lease (a later one was taken before the clock was
--       set back).
-- Returns 1 when it is taken, 0 when there are enough.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. now + ARGV[4], '+inf')
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == false
  and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2])
then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
