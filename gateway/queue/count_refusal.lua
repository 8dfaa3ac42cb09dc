#!lua flags=allow-oom
-- Counts a refused attempt to sign in.
-- KEYS: the attempts that no line of the log counts yet, whether a line was written lately.
-- ARGV: the seconds between two lines, those for which a count is kept.
-- Returns how many a line has to count now, 0 if none has to be written.

local refused = redis.call('INCR', KEYS[1])
if redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[1]) then
  redis.call('DEL', KEYS[1])
  return refused
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 0
