#!lua flags=allow-oom
-- Takes one attempt to sign in from every pace, or none if a pace has none left.
--
-- KEYS: the paces. Each has the millisecond at which all its attempts are available again; after
-- that there is no key.
-- ARGV: for each pace its number of attempts, and the milliseconds in which one comes back.
-- Returns the milliseconds to wait, 0 if the attempt was taken.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local back, longest = {}, 0
for i, key in ipairs(KEYS) do
  local most, each = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local stored = tonumber(redis.call('GET', key) or 0)
  if stored > now + most * each then
    stored = 0  -- from before the clock was set back
  end
  back[i] = math.max(now, stored) + each
  longest = math.max(longest, back[i] - now - most * each)
end
if longest > 0 then
  return longest
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, back[i], 'PX', back[i] - now)
end
return 0
