#!lua flags=allow-oom
-- Gives a lock back, if it is still held by the one that gives it back.
-- KEYS: the lock. ARGV: its holder.

if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
