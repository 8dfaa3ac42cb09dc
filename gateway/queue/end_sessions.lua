#!lua flags=allow-oom
-- Ends all sessions of the console that have started until now.
-- KEYS: the time before which all have ended. ARGV: the seconds for which it has to be known.

local time = redis.call('TIME')
redis.call('SET', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), 'EX', ARGV[1])
