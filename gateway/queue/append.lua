-- Appends a group of events to the streams of their destinations, all or none, and counts them.
--
-- KEYS: the gateway's counts; then for each destination its stream, counts, wake, drains, pause,
--       and what its marks are named after.
-- ARGV: the plan, in JSON; then the payloads. The plan:
--         counters      amounts by which the gateway's counters grow, by name
--         mark_ms       how long a wake mark lives
--         window        seconds in which an event is taken once; 0 for any number of times
--         marks         for each payload what its event is known by; "" for nothing
--         destinations  for each of them how many events were withheld, and the numbers of the
--                       payloads that it gets
-- Returns the places (from 1) of the destinations that need a job: the caller queues them.

local plan = cjson.decode(ARGV[1])
for name, amount in pairs(plan.counters) do
  redis.call('HINCRBY', KEYS[1], name, amount)
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local asleep = {}

for place, each in ipairs(plan.destinations) do
  local first = 2 + (place - 1) * 6
  local stream, counts, wake, drains, pause, seen =
    KEYS[first], KEYS[first + 1], KEYS[first + 2], KEYS[first + 3], KEYS[first + 4], KEYS[first + 5]
  local withheld, sent, repeated = each[1], 0, 0
  for _, number in ipairs(each[2]) do
    local mark = plan.window > 0 and plan.marks[number] ~= ''
      and seen .. ':' .. plan.marks[number]
    if mark and redis.call('EXISTS', mark) == 1 then
      repeated = repeated + 1
    else
      redis.call('XADD', stream, '*', 'e', ARGV[1 + number])
      sent = sent + 1
      if mark then
        redis.call('SET', mark, '', 'EX', plan.window)
      end
    end
  end
  redis.call('HINCRBY', counts, 'accepted', withheld + sent)
  if withheld > 0 then
    redis.call('HINCRBY', counts, 'withheld', withheld)
  end
  if repeated > 0 then
    redis.call('HINCRBY', counts, 'repeated', repeated)
  end
  if sent > 0
    and redis.call('ZCOUNT', drains, now, '+inf') == 0
    and redis.call('EXISTS', pause) == 0
    and redis.call('SET', wake, '1', 'NX', 'PX', plan.mark_ms)
  then
    asleep[#asleep + 1] = place
  end
end
return asleep
