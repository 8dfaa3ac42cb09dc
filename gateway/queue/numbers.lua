#!lua flags=allow-oom
-- Reads the numbers of one destination at one moment, so that they add up; also without memory,
-- where a transaction is refused.
--
-- KEYS: the destination's counts, stream, pause, dead.
-- Returns the counts (names and values in turn), how many are pending, the id of the oldest of
-- them or "", the milliseconds that the pause still takes, how many dead letters there are.

local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
return {
  redis.call('HGETALL', KEYS[1]),
  redis.call('XLEN', KEYS[2]),
  first and first[1] or '',
  redis.call('PTTL', KEYS[3]),
  redis.call('XLEN', KEYS[4]),
}
