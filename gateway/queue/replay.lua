-- Puts dead letters of one destination back into its stream, as entries that nobody has tried.
--
-- KEYS: dead, stream, counts.
-- ARGV: for each dead letter its id, and the entry that it becomes.
-- Returns how many were put back. One that is gone already is left alone, so that two operators
-- at once replay nothing twice.

local replayed = 0
for i = 1, #ARGV, 2 do
  if #redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i]) == 1 then
    -- the addition comes first: when memory is full it is refused, and nothing is lost
    redis.call('XADD', KEYS[2], '*', 'e', ARGV[i + 1])
    redis.call('XDEL', KEYS[1], ARGV[i])
    replayed = replayed + 1
  end
end
if replayed > 0 then
  redis.call('HINCRBY', KEYS[3], 'accepted', replayed)
  redis.call('HINCRBY', KEYS[3], 'replayed', replayed)
end
return replayed
