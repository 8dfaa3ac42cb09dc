#!lua flags=allow-oom
-- Makes a consumer group, and its stream, unless they exist.
--
-- KEYS: stream.
-- ARGV: the group.

local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
  return made
end
