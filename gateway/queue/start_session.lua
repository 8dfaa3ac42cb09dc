#!lua flags=allow-oom
-- Starts a session of the console, or makes a link to it. Allowed when memory is full: then operators need it most.
-- KEYS: the session. ARGV: its data, the milliseconds after which it ends, those after which it
-- ends without a request.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'started', now, 'ends', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], math.min(ARGV[2], ARGV[3]))
