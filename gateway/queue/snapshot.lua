#!lua flags=allow-oom
-- Reads the counts of destinations and the id of the newest record in the ledger's feed, at one
-- moment. The records are read afterwards, page by page: all at once would keep Redis busy too
-- long.
--
-- KEYS: the counts that have the size of the feed, the feed, its name; then for each destination
--       its counts, its stream.
-- ARGV: how many days before today are read.
-- Returns the name of the feed, how many records were left out of it, the id of its newest record or
-- "", for each destination its counts (names and values in turn), the length of its stream, and the
-- counts of each day; and the first of these days (since 1970). The last day is tomorrow, since
-- clocks differ.

local today = math.floor(redis.call('TIME')[1] / 86400)
local first, destinations = today - ARGV[1], {}
for i = 4, #KEYS, 2 do
  local days = {}
  for day = first, today + 1 do
    days[#days + 1] = redis.call('HGETALL', KEYS[i] .. ':' .. day)
  end
  destinations[#destinations + 1] = {
    redis.call('HGETALL', KEYS[i]),
    redis.call('XLEN', KEYS[i + 1]),
    days,
  }
end
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
return {
  redis.call('GET', KEYS[3]) or '',
  tonumber(redis.call('HGET', KEYS[1], 'feed_dropped') or 0),
  newest and newest[1] or '',
  destinations,
  first,
}
