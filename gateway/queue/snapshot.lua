#!lua flags=allow-oom
-- Reads the counts of destinations and the ledger's feed at one moment, so that they can be compared.
--
-- KEYS: the counts in which the size of the feed is counted, the feed, its name; then for each
--       destination its counts, its stream.
-- ARGV: how many days before today are read.
-- Returns the name of the feed, how many records were left out of it, its records, for each
-- destination its counts (names and values in turn), how long its stream is, and the counts of each
-- day; and the first of these days (since 1970). The last one is tomorrow, for clocks differ.

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
return {
  redis.call('GET', KEYS[3]) or '',
  tonumber(redis.call('HGET', KEYS[1], 'feed_dropped') or 0),
  redis.call('XRANGE', KEYS[2], '-', '+'),
  destinations,
  first,
}
