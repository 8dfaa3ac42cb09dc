#!lua flags=allow-oom
-- Deletes the consumers of a group that hold no lease and no entry, and were idle for long enough.
-- This is one step, since deleting a consumer also removes its pending entries.
--
-- KEYS: stream, drains.
-- ARGV: the group, the milliseconds.

local rows = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if rows.err then
  return  -- no stream or group yet
end
for _, row in ipairs(rows) do
  local consumer = {}
  for i = 1, #row, 2 do
    consumer[row[i]] = row[i + 1]
  end
  if consumer.pending == 0
    and consumer.idle >= tonumber(ARGV[2])
    and redis.call('ZSCORE', KEYS[2], consumer.name) == false
  then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
  end
end
