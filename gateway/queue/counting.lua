-- A library: the counts of one destination, in total and by the UTC day on which its events came
-- in; withheld events also by reason. See gateway.queue.counting.

local DAYS_KEPT, MOST_REASONS = 35, 100

-- Adds to the counter `name` in `counts`, and to the one of `day` (days since 1970), the day on
-- which the events came in. The counts of a day that is no longer kept vanish at once.
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

-- Adds to the counter `name`, and for events in a later passage also to the counter of those.
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
