-- Puts dead letters of one destination back into its stream, as entries that have not been tried.
-- Needs letters.lua.
--
-- KEYS: dead, untrusted, counts, stream.
-- ARGV: for each dead letter its id, and the entry that it becomes.
-- Returns how many were put back. One that is gone already is left alone, so that two operators
-- at once replay nothing twice.

local keys = { dead = KEYS[1], untrusted = KEYS[2], counts = KEYS[3] }
local stream = KEYS[4]
local replayed, bytes = 0, 0
for i = 1, #ARGV, 2 do
  if #redis.call('XRANGE', keys.dead, ARGV[i], ARGV[i]) == 1 then
    -- the addition comes first: when memory is full it is refused, and nothing is lost
    redis.call('XADD', stream, '*', 'e', ARGV[i + 1])
    remove_letter(keys, ARGV[i])
    replayed = replayed + 1
    bytes = bytes + #ARGV[i + 1]
  end
end
if replayed > 0 then
  redis.call('HINCRBY', keys.counts, 'accepted', replayed)
  redis.call('HINCRBY', keys.counts, 'replayed', replayed)
  redis.call('HINCRBY', keys.counts, 'pending_bytes', bytes)
end
return replayed
