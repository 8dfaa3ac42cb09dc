#!lua flags=allow-oom
-- Reads the counts of destinations and the ledger's feed at one moment, so that they can be compared.
--
-- KEYS: the gateway's counts, the feed, its name; then for each destination its counts, its stream.
-- Returns the name of the feed, how many records were left out of it, its records, and for each
-- destination its counts (names and values in turn) and how long its stream is.

local destinations = {}
for i = 4, #KEYS, 2 do
  destinations[#destinations + 1] = {
    redis.call('HGETALL', KEYS[i]),
    redis.call('XLEN', KEYS[i + 1]),
  }
end
return {
  redis.call('GET', KEYS[3]) or '',
  tonumber(redis.call('HGET', KEYS[1], 'feed_dropped') or 0),
  redis.call('XRANGE', KEYS[2], '-', '+'),
  destinations,
}
