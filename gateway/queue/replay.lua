-- Puts events of one destination into its stream again, as entries that have not been tried.
-- Needs letters.lua, feed.lua and counting.lua.
--
-- KEYS: dead, untrusted, counts, stream, and the prefix of its replays; with a ledger also its feed
--       and the counts that have the size of the feed.
-- ARGV: the record for the ledger, or an empty text, and how many bytes its feed may hold; for how
--       many seconds a replay is remembered; then for each event the id of its dead letter, or an
--       empty text, its receipt and passage, or an empty text, the day (since 1970) on which it came
--       in, and its new entry.
-- Returns how many were put back. Leaves out events whose dead letter is gone or whose passage has
-- begun, so that two operators at once replay nothing twice.

local keys = letters_of('dead', KEYS[1], KEYS[2], KEYS[3])
local stream, replays = KEYS[4], KEYS[5]
local record, feed_bytes, seconds = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local replayed, letters, bytes, passages, days, later = 0, 0, 0, {}, {}, {}
for i = 4, #ARGV, 4 do
  local letter, passage, day, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local mark = passage ~= '' and replays .. ':' .. passage
  local waits = letter == '' or #redis.call('XRANGE', keys.stored, letter, letter) == 1
  if waits and not (mark and redis.call('EXISTS', mark) == 1) then
    -- the addition comes first: it is refused when memory is full, and then nothing is lost
    redis.call('XADD', stream, '*', 'e', entry)
    if mark then
      redis.call('SET', mark, '', 'EX', seconds)
      passages[#passages + 1] = passage
      later[day] = (later[day] or 0) + 1
    end
    if letter ~= '' then
      remove_letter(keys, letter)
      letters = letters + 1
    end
    days[day] = (days[day] or 0) + 1
    replayed = replayed + 1
    bytes = bytes + #entry
  end
end
for day, number in pairs(days) do
  count(keys.counts, day, 'accepted', number)
  count(keys.counts, day, 'again:accepted', later[day] or 0)
end
if replayed > 0 then
  redis.call('HINCRBY', keys.counts, 'pending_bytes', bytes)
end
if letters > 0 then
  redis.call('HINCRBY', keys.counts, 'replayed', letters)
end
if record ~= '' and #passages > 0 then
  local sent = table.concat(passages, ' ')
  add_to_feed(KEYS[6], KEYS[7], feed_bytes, { { fields = { 'p', record, 'a', sent } } })
end
return replayed
