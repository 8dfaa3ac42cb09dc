#!lua flags=allow-oom
-- Removes the records of the ledger's feed that the ledger has stored. Another process may have removed
-- the first of them, or all: one that took over while the first one had yet to take off.
--
-- KEYS: the feed, the counts in which its size is counted.
-- ARGV: the id of the first record that stays, how many of those that go could not be stored, and the
--       bytes of each of those that go, oldest first.

local removed = redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1])
if redis.call('XLEN', KEYS[1]) == 0 then
  redis.call('HDEL', KEYS[2], 'feed_bytes')
elseif removed > 0 then
  local change = 0
  for i = math.max(3, #ARGV - removed + 1), #ARGV do
    change = change - ARGV[i]
  end
  redis.call('HINCRBY', KEYS[2], 'feed_bytes', change)
end
if removed > 0 and tonumber(ARGV[2]) > 0 then
  redis.call('HINCRBY', KEYS[2], 'feed_dropped', ARGV[2])
end
