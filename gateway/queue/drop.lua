#!lua flags=allow-oom
-- Deletes dead letters of one destination for good. Needs letters.lua.
--
-- KEYS: dead, untrusted, counts.
-- ARGV: their ids.
-- Returns how many were there.

local keys = { dead = KEYS[1], untrusted = KEYS[2], counts = KEYS[3] }
local dropped = 0
for _, id in ipairs(ARGV) do
  if remove_letter(keys, id) then
    dropped = dropped + 1
  end
end
if dropped > 0 then
  redis.call('HINCRBY', keys.counts, 'dropped', dropped)
end
return dropped
