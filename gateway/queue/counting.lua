-- A library: the counts of one destination, in all and by the UTC day on which its events came in,
-- and of withheld events also by the reason. See gateway.queue.counting.

local DAYS_KEPT, MOST_REASONS = 35, 100

-- Adds to the counter `name` in `counts`, and to that of `day` (days since 1970). An event of an
-- earlier day ends on its day; the counts of a day that is kept no longer vanish at once.
local function count(counts, day, name, amount)
  if amount == 0 then
    return
  end
  local total, of_day = redis.call('HINCRBY', counts, name, amount), counts .. ':' .. day
  if redis.call('HINCRBY', of_day, name, amount) == amount then  -- the first of this day
    redis.call('EXPIREAT', of_day, (day + DAYS_KEPT + 1) * 86400)
    if name == 'accepted' and redis.call('HEXISTS', counts, 'days_from') == 0 then
      local tomorrow = math.floor(redis.call('TIME')[1] / 86400) + 1
      redis.call('HSET', counts, 'days_from', total == amount and 0 or tomorrow)
    end
  end
end

-- Adds to the counter `name`, and for events in a later passage also to that of these.
local function count_passage(counts, day, name, amount, again)
  count(counts, day, name, amount)
  if again then
    count(counts, day, 'again:' .. name, amount)
  end
end

-- Adds withheld events to their reason, or to `(other)` when there are too many reasons.
local function count_reason(counts, reason, amount)
  if amount == 0 then
    return
  end
  local field = 'withheld:' .. reason
  if redis.call('HINCRBY', counts, field, amount) == amount then  -- a new one
    if redis.call('HINCRBY', counts, 'withheld_reasons', 1) > MOST_REASONS then
      redis.call('HINCRBY', counts, 'withheld_reasons', -1)
      redis.call('HDEL', counts, field)
      redis.call('HINCRBY', counts, 'withheld::(other)', amount)
    end
  end
end
