#!lua flags=allow-oom
-- Removes the records of the ledger's feed that the ledger has stored. Another process may have been
-- first: one that took over while the first one had yet to take off.
--
-- KEYS: the feed, the counts in which its size is counted.
-- ARGV: the id of the first record that stays, the bytes of those that go, and how many of these could
--       not be stored.

local removed = redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1])
if redis.call('XLEN', KEYS[1]) == 0 then
  redis.call('HDEL', KEYS[2], 'feed_bytes')
elseif removed > 0 then
  redis.call('HINCRBY', KEYS[2], 'feed_bytes', -ARGV[2])
end
if removed > 0 and tonumber(ARGV[3]) > 0 then
  redis.call('HINCRBY', KEYS[2], 'feed_dropped', ARGV[3])
end
