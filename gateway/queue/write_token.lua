#!lua flags=allow-oom
-- Stores a token, or something else that operators or deliveries need when memory is full.
-- KEYS: the token. ARGV: what is stored, and for how many seconds.

redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
