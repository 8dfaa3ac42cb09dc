#!lua flags=allow-oom
-- Takes a lock that ends by itself. Allowed when memory is full: delivery needs it to free some, and
-- operators to get in.
-- KEYS: the lock. ARGV: its holder, and how many ms it lasts. Returns whether it was free.

return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
