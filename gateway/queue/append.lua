-- Appends a group of events to the streams of their destinations, all or none, and counts them.
--
-- KEYS: for each destination its stream, counts, wake, drains, pause, and what its marks are named
--       after; then, unless the plan says nothing of them, the gateway's counts, the quarantine; of
--       late consent what is due, what was said, and what the names of events and of withdrawals
--       begin with. On a cluster each call has keys of one slot.
-- ARGV: the plan, in JSON; then the payloads. The plan:
--         counters      amounts by which the gateway's counters grow, by name
--         mark_ms       how long a wake mark lives
--         window        seconds in which an event is taken once; 0 for any number of times
--         marks         for each payload what its event is known by; "" for nothing
--         quarantine    numbers of the payloads that are kept aside
--         released      ids of the entries that leave the quarantine
--         said          what visitors state about consent
--         withdrawn_ms  how long a denial is remembered for what was appended before; 0 not at all
--         hold          how long an event waits in ms, and how many of one visitor
--         waiting       events that wait: visitor, payload, places of the destinations
--         release       if events have waited long enough: visitor, the first of them (a payload),
--                       how many, when the rest is due, and what was said when they were read
--         destinations  for each of them how many events were withheld, the numbers of the
--                       payloads that it gets, and by how much the number of its waiting ones grows
-- Returns the places (from 1) of the destinations that need a job: the caller queues them. Nothing,
-- and does nothing, when what is to be released has been released or has been spoken for anew; does
-- nothing and fails with GONE and their ids when entries have left the quarantine already.

local PER_DESTINATION = 6

local plan = cjson.decode(ARGV[1])
local own = PER_DESTINATION * #plan.destinations
local totals, quarantine, due, said, events, withdrawn =
  KEYS[own + 1], KEYS[own + 2], KEYS[own + 3], KEYS[own + 4], KEYS[own + 5], KEYS[own + 6]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local gone = {}
for _, id in ipairs(plan.released) do
  if #redis.call('XRANGE', quarantine, id, id) == 0 then
    gone[#gone + 1] = id
  end
end
if #gone > 0 then
  return redis.error_reply('GONE ' .. table.concat(gone, ' '))
end

local release = plan.release
if release ~= cjson.null then
  local waiting = events .. release.visitor
  if redis.call('LINDEX', waiting, 0) ~= ARGV[1 + release.first]
    or redis.call('LLEN', waiting) < release.count
    or (redis.call('HGET', said, release.visitor) or '') ~= release.said
  then
    return false
  end
  redis.call('LTRIM', waiting, release.count, -1)
  if redis.call('LLEN', waiting) == 0 then
    redis.call('ZREM', due, release.visitor)
    redis.call('HDEL', said, release.visitor)
  else
    redis.call('ZADD', due, release.due, release.visitor)
  end
end

for name, amount in pairs(plan.counters) do
  redis.call('HINCRBY', totals, name, amount)
end
for _, number in ipairs(plan.quarantine) do
  redis.call('XADD', quarantine, '*', 'q', ARGV[1 + number])
end

local held, refused = {}, {}
for _, each in ipairs(plan.waiting) do
  local visitor, number, places = each[1], each[2], each[3]
  local fate = refused
  if redis.call('LLEN', events .. visitor) < plan.hold[2] then
    redis.call('RPUSH', events .. visitor, ARGV[1 + number])
    redis.call('ZADD', due, 'NX', now + plan.hold[1], visitor)
    fate = held
  end
  for _, place in ipairs(places) do
    fate[place] = (fate[place] or 0) + 1
  end
end

for visitor, states in pairs(plan.said) do
  if redis.call('EXISTS', events .. visitor) == 1 then
    local before = redis.call('HGET', said, visitor)
    local all = before and cjson.decode(before) or {}
    for kind, state in pairs(states) do
      all[kind] = state
    end
    redis.call('HSET', said, visitor, cjson.encode(all))
    redis.call('ZADD', due, now, visitor)
  end
  for kind, state in pairs(states) do
    if state == 'denied' and plan.withdrawn_ms > 0 then
      redis.call('HSET', withdrawn .. visitor, kind, now)
      redis.call('PEXPIRE', withdrawn .. visitor, plan.withdrawn_ms)
    end
  end
end

local asleep = {}
for place, each in ipairs(plan.destinations) do
  local first = 1 + PER_DESTINATION * (place - 1)
  local stream, counts, wake, drains, pause, seen =
    KEYS[first], KEYS[first + 1], KEYS[first + 2], KEYS[first + 3], KEYS[first + 4], KEYS[first + 5]
  local withheld, sent, repeated = each[1] + (refused[place] or 0), 0, 0
  local waiting = each[3] + (held[place] or 0)
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
  redis.call('HINCRBY', counts, 'accepted', withheld + sent + waiting)
  if withheld > 0 then
    redis.call('HINCRBY', counts, 'withheld', withheld)
  end
  if waiting ~= 0 then
    redis.call('HINCRBY', counts, 'held', waiting)
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
for _, id in ipairs(plan.released) do
  -- the addition came first: when memory is full it is refused, and nothing is lost
  redis.call('XDEL', quarantine, id)
end
return asleep
