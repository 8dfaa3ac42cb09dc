#!lua flags=allow-oom
-- Takes a lock that expires. Allowed when memory is full: delivery needs it to free memory, and
-- operators to sign in.
-- KEYS: the lock. ARGV: its holder, and how many ms it lasts. Returns whether it was free.

return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
