#!lua flags=allow-oom
-- Ends entries of one destination: acknowledges and deletes them, counts their endings, keeps
-- those that were not delivered as dead letters. Allowed when memory is full, for it frees some.
--
-- KEYS: stream, counts, dead, the counter of the minute.
-- ARGV: the group; how many counters, their names and amounts; then for entries that end alike
--       their ending (delivered, rejected, expired, withheld), the dead letter of each or an empty
--       text, and their ids with spaces between.
-- An entry that another drain has settled already is left alone, so nothing is counted twice.

local position = 1
local function take()
  position = position + 1
  return ARGV[position]
end

local counters = {}
for i = 1, tonumber(take()) do
  counters[i] = { take(), take() }
end
local endings, ended = {}, {}
while position < #ARGV do
  local ending, letter, ids = take(), take(), take()
  for id in string.gmatch(ids, '%S+') do
    if redis.call('XACK', KEYS[1], ARGV[1], id) == 1 then
      ended[#ended + 1] = id
      endings[ending] = (endings[ending] or 0) + 1
      if letter ~= '' then
        redis.call('XADD', KEYS[3], '*', 'd', letter)
      end
    end
  end
end
for first = 1, #ended, 1000 do  -- Lua passes some thousand arguments at most
  redis.call('XDEL', KEYS[1], unpack(ended, first, math.min(first + 999, #ended)))
end
for ending, count in pairs(endings) do
  redis.call('HINCRBY', KEYS[2], ending, count)
end
for _, counter in ipairs(counters) do
  redis.call('HINCRBY', KEYS[2], counter[1], counter[2])
end
if endings.delivered then
  redis.call('INCRBY', KEYS[4], endings.delivered)
  redis.call('EXPIRE', KEYS[4], 300)
end
