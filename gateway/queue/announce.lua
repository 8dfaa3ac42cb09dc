#!lua flags=allow-oom
-- Announces a gateway by the set of its destinations, and finds gateways with other sets.
--
-- KEYS: gateways.
-- ARGV: the names of the destinations, sorted, in JSON; the milliseconds that an announcement lives;
--       1 to announce only if there is no conflict, else 0.
-- Returns for each conflicting set the names, in JSON, and the milliseconds until its announcement
-- expires. Two sets conflict unless one of them contains the other.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local own, lives = ARGV[1], tonumber(ARGV[2])

local function contains(names, others)
  local has = {}
  for _, name in ipairs(names) do
    has[name] = true
  end
  for _, name in ipairs(others) do
    if not has[name] then
      return false
    end
  end
  return true
end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
-- from before the clock was set back: gateways still at work announce themselves again
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. now + lives, '+inf')
local names, conflicts = cjson.decode(own), {}
local rows = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #rows, 2 do
  local others = cjson.decode(rows[i])
  if not contains(names, others) and not contains(others, names) then
    conflicts[#conflicts + 1] = { rows[i], rows[i + 1] - now }
  end
end
if #conflicts == 0 or ARGV[3] == '0' then
  redis.call('ZADD', KEYS[1], now + lives, own)
  redis.call('PEXPIRE', KEYS[1], lives)
end
return conflicts
