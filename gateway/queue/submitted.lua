-- A library: entries that a vendor has taken and gives its verdict on later. They stay pending,
-- under the name of a consumer that is not a drain. See gateway.queue.submitted.

local SUBMITTED = 'submitted'

-- Moves a pending entry from `owner` to `consumer`, if `owner` still has it. deliveries: its new
-- number of deliveries, nil to keep it. Returns whether it was moved.
local function hand_over(stream, group, owner, consumer, id, deliveries)
  local row = redis.call('XPENDING', stream, group, id, id, 1, owner)[1]
  if not row then
    return false
  end
  local count = deliveries or row[4]
  redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', count, 'JUSTID')
  return true
end

local function is_submitted(stream, group, id)
  return #redis.call('XPENDING', stream, group, id, id, 1, SUBMITTED) == 1
end

local function size_of(stream, id)
  local entry = redis.call('XRANGE', stream, id, id)[1]
  return entry and #entry[2][2] or 0
end

-- Counts `amount` more submitted entries, with `bytes` in total; both may be negative.
local function count_submitted(counts, amount, bytes)
  if amount == 0 then
    return
  end
  if redis.call('HINCRBY', counts, 'submitted', amount) <= 0 then
    redis.call('HDEL', counts, 'submitted', 'submitted_bytes')
  elseif bytes ~= 0 and redis.call('HINCRBY', counts, 'submitted_bytes', bytes) < 0 then
    redis.call('HDEL', counts, 'submitted_bytes')  -- heals what an earlier version did not count
  end
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The id of the newest entry that a drain has read.
local function last_read(stream, group)
  for _, row in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local of = {}
    for i = 1, #row, 2 do
      of[row[i]] = row[i + 1]
    end
    if of.name == group then
      return of['last-delivered-id']
    end
  end
  return '0-0'
end

-- Whether the id `a` is older than `b`.
local function is_before(a, b)
  local a_ms, a_number = string.match(a, '(%d+)-(%d+)')
  local b_ms, b_number = string.match(b, '(%d+)-(%d+)')
  if a_ms ~= b_ms then
    return tonumber(a_ms) < tonumber(b_ms)
  end
  return tonumber(a_number) < tonumber(b_number)
end
