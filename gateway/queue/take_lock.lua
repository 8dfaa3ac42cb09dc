#!lua flags=allow-oom
-- Takes a lock that ends by itself. Allowed when memory is full, for delivery needs it to free some.
-- KEYS: the lock. ARGV: its holder, and how many ms it lasts. Returns whether it was free.

return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
