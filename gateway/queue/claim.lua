#!lua flags=allow-oom
-- Claims pending entries for a consumer, unless another one has claimed them meanwhile.
--
-- KEYS: stream.
-- ARGV: the group, the consumer; then for each entry its id, and the consumer and the number of
--       deliveries that it had when it was found.
-- Returns for each claimed entry its id, its new number of deliveries, and its fields.

local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local claimed = {}
for i = 3, #ARGV, 3 do
  local id, owner, deliveries = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local row = redis.call('XPENDING', stream, group, id, id, 1)[1]
  if row and row[2] == owner and row[4] == deliveries then
    local entry = redis.call('XCLAIM', stream, group, consumer, 0, id)[1]
    if entry then
      claimed[#claimed + 1] = { entry[1], deliveries + 1, entry[2] }
    end
  end
end
return claimed
