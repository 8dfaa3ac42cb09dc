#!lua flags=allow-oom
-- Reads the numbers of one destination at one moment, so that they add up. Works when memory is
-- full too, where a transaction would be refused. Needs submitted.lua.
--
-- KEYS: the destination's counts, stream, pause, dead.
-- ARGV: the group.
-- Returns the counts (names and values in turn), the number of pending entries, the id of the
-- oldest of them that the vendor does not have yet or "", the milliseconds until the pause ends,
-- the number of dead letters.

local stream, group = KEYS[2], ARGV[1]

-- The oldest of the entries that no drain has read yet or that wait for no verdict.
local function oldest_unsubmitted()
  local oldest = redis.call('XRANGE', stream, '(' .. last_read(stream, group), '+', 'COUNT', 1)[1]
  for _, consumer in ipairs(redis.call('XPENDING', stream, group)[4] or {}) do
    if consumer[1] ~= SUBMITTED then
      local first = redis.call('XPENDING', stream, group, '-', '+', 1, consumer[1])[1]
      if first and (not oldest or is_before(first[1], oldest[1])) then
        oldest = first
      end
    end
  end
  return oldest
end

local first
if redis.call('HEXISTS', KEYS[1], 'submitted') == 1 then
  first = oldest_unsubmitted()
else
  first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
end
return {
  redis.call('HGETALL', KEYS[1]),
  redis.call('XLEN', stream),
  first and first[1] or '',
  redis.call('PTTL', KEYS[3]),
  redis.call('XLEN', KEYS[4]),
}
