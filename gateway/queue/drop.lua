#!lua flags=allow-oom
-- Deletes dead letters of one destination, or events in quarantine, for good. Needs letters.lua.
--
-- KEYS: where they are, untrusted, counts.
-- ARGV: ``dead`` or ``quarantine``; their ids.
-- Returns how many of them existed.

local kind = ARGV[1]
local keys = letters_of(kind, KEYS[1], KEYS[2], KEYS[3])
local dropped = 0
for number = 2, #ARGV do
  if remove_letter(keys, ARGV[number]) then
    dropped = dropped + 1
  end
end
if dropped > 0 and kind == 'dead' then
  redis.call('HINCRBY', keys.counts, 'dropped', dropped)
end
return dropped
