#!lua flags=allow-oom
-- Stores a token. Allowed when memory is full, for delivery needs it to free some.
-- KEYS: the token. ARGV: what is stored, and for how many seconds.

redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
