#!lua flags=allow-oom
-- Runs one command on one key, even when memory is full.
--
-- KEYS: the key.
-- ARGV: the command, and its arguments after the key.

return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
