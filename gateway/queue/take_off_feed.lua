#!lua flags=allow-oom
-- Removes records that the ledger has stored from its feed. Another process may have removed the
-- first of them, or all, if it took over before this process could do so.
--
-- KEYS: the feed, the counts that have its size.
-- ARGV: the id of the first record that stays, how many of the records to remove could not be
--       stored, and the bytes of each record to remove, oldest first.

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
