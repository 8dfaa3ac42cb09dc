-- Appends a group of events to the streams of their destinations, all or none, and counts them.
--
-- KEYS: the gateway's counts; then for each destination its stream, counts, wake, drains, pause.
-- ARGV: how many payloads, the payloads; how many counters of the gateway, their names and
--       amounts; the milliseconds that a wake mark lives; then for each destination how many
--       events were withheld, how many it gets, and for each of these the number of its payload.
-- Returns the places (from 1) of the destinations that need a job: the caller queues them.

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end

local payloads = {}
for i = 1, tonumber(take()) do
  payloads[i] = take()
end
for _ = 1, tonumber(take()) do
  local name = take()
  redis.call('HINCRBY', KEYS[1], name, take())
end

local mark_lives = take()
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local asleep = {}

for destination = 1, (#KEYS - 1) / 5 do
  local first = 2 + (destination - 1) * 5
  local stream, counts, wake, drains, pause =
    KEYS[first], KEYS[first + 1], KEYS[first + 2], KEYS[first + 3], KEYS[first + 4]
  local withheld, sent = tonumber(take()), tonumber(take())
  for _ = 1, sent do
    redis.call('XADD', stream, '*', 'e', payloads[tonumber(take())])
  end
  redis.call('HINCRBY', counts, 'accepted', withheld + sent)
  if withheld > 0 then
    redis.call('HINCRBY', counts, 'withheld', withheld)
  end
  if sent > 0
    and redis.call('ZCOUNT', drains, now, '+inf') == 0
    and redis.call('EXISTS', pause) == 0
    and redis.call('SET', wake, '1', 'NX', 'PX', mark_lives)
  then
    asleep[#asleep + 1] = destination
  end
end
return asleep
