#!lua flags=allow-oom
-- Reads a session of the console for a request, which extends it, or a link that is used.
-- KEYS: the session, the time before which all have ended. ARGV: the milliseconds after which it
-- ends without a further request.
-- Returns its data, nothing if it has ended.

local session = redis.call('HMGET', KEYS[1], 'data', 'started', 'ends')
if not session[1] then
  return
end
local time = redis.call('TIME')
local left = session[3] - (time[1] * 1000 + math.floor(time[2] / 1000))
local ended = tonumber(redis.call('GET', KEYS[2]) or -1)
if left <= 0 or tonumber(session[2]) <= ended then
  redis.call('DEL', KEYS[1])
  return
end
redis.call('PEXPIRE', KEYS[1], math.min(left, ARGV[1]))
return session[1]
