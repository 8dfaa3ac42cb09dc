#!lua flags=allow-oom
-- Notes that a vendor has taken entries and gives its verdict later: they stay pending, but belong
-- to no drain. Allowed when memory is full, since they would otherwise be sent again. Needs
-- submitted.lua.
--
-- KEYS: stream, counts, tickets, polls.
-- ARGV: the group, the consumer that sent them, the vendor's ticket, the milliseconds until it is
--       first asked about; then the id of the entry in each row of the request.
-- Returns how many were noted. Entries that another consumer has claimed meanwhile are left alone.

local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local rows, taken, bytes, first = {}, 0, 0, nil
for i = 5, #ARGV do
  local id = ARGV[i]
  if hand_over(stream, group, consumer, SUBMITTED, id) then
    taken, bytes, first = taken + 1, bytes + size_of(stream, id), first or id
    rows[#rows + 1] = id
  else
    rows[#rows + 1] = '-'
  end
end
if taken > 0 then
  local now = now_ms()
  local name = string.format('%d:%s', now, first)
  redis.call('HSET', KEYS[3], name, ARGV[3] .. '\n' .. table.concat(rows, ' '))
  redis.call('ZADD', KEYS[4], now + ARGV[4], name)
  count_submitted(KEYS[2], taken, bytes)
end
return taken
