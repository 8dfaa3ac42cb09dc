#!lua flags=allow-oom
-- Stores a token, or another value that operators or drains need, even when memory is full.
-- KEYS: where it is stored. ARGV: the value, and for how many seconds it is kept.

redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
