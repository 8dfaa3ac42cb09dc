#!lua flags=allow-oom
-- Gives a lock back, if the given holder still has it.
-- KEYS: the lock. ARGV: its holder.

if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
