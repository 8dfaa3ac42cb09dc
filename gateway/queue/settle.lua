#!lua flags=allow-oom
-- Ends entries of one destination: acknowledges and deletes them, counts their endings, adds their
-- dead letters, and removes dead letters beyond the bounds. Allowed when memory is full, since it
-- frees some. Needs letters.lua, feed.lua, counting.lua and submitted.lua.
--
-- KEYS: stream, counts, dead, untrusted, the counter of the minute, tickets, polls; with a ledger
--       also its feed and the counts that have the size of the feed.
-- ARGV: the group; the bounds of dead letters: number, bytes, ms; how many more dead letters may be
--       removed than are added; the record for the ledger, or an empty text, and how many bytes its
--       feed may hold; the number of counters, their names and amounts; if the entries end by the
--       verdicts on a ticket, its name, else an empty text. With a name: what is stored for the
--       ticket, what to store from now on or an empty text, the milliseconds until the vendor is
--       asked again, the consumer that gets back entries to send once more, how many these are, and
--       for each its id and its number of deliveries.
--       Then for entries that end alike: their ending (delivered, warned, rejected, expired,
--       withheld), the reason if they are withheld, the day (since 1970) on which they came in, the
--       dead letter of each or an empty text, 1 if their senders are trusted or else 0, 1 if they
--       are in a later passage or else 0, and the id and the size in bytes of each entry, separated
--       by spaces.
-- Returns how many dead letters were removed; -1, and does nothing, if another drain has changed the
-- ticket.
-- An entry that another drain has settled already is left alone, so nothing is counted twice.

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end

local stream, counts, minute, tickets, polls = KEYS[1], KEYS[2], KEYS[5], KEYS[6], KEYS[7]
local keys = letters_of('dead', KEYS[3], KEYS[4], counts)
local group = take()
local bounds = { letters = tonumber(take()), bytes = tonumber(take()), ms = tonumber(take()) }
local most = tonumber(take())
local record, feed_bytes = take(), tonumber(take())
local counters = {}
for i = 1, tonumber(take()) do
  counters[i] = { take(), take() }
end
local answered, answered_bytes = 0, 0
local ticket = take()
if ticket ~= '' then
  local before, left, again_ms, consumer = take(), take(), take(), take()
  if redis.call('HGET', tickets, ticket) ~= before then
    return -1
  end
  if left == '' then
    redis.call('HDEL', tickets, ticket)
    redis.call('ZREM', polls, ticket)
  else
    redis.call('HSET', tickets, ticket, left)
    redis.call('ZADD', polls, now_ms() + again_ms, ticket)
  end
  for _ = 1, tonumber(take()) do
    local id, deliveries = take(), take()
    if hand_over(stream, group, SUBMITTED, consumer, id, deliveries) then
      answered, answered_bytes = answered + 1, answered_bytes + size_of(stream, id)
    end
  end
end
local any_submitted = redis.call('HEXISTS', counts, 'submitted') == 1
local endings, reasons, delivered, ended, others, bytes = {}, {}, 0, {}, {}, 0
while position < #ARGV do
  local ending, reason, day = take(), take(), take()
  local letter, trusted, is_later = take(), take() == '1', take() == '1'
  local ids, before = take(), #ended
  for id, size in string.gmatch(ids, '(%S+) (%S+)') do
    local was_submitted = any_submitted and is_submitted(stream, group, id)
    local is_there = redis.call('XACK', stream, group, id) == 1
      or ending == 'withheld' and #redis.call('XRANGE', stream, id, id) == 1  -- no drain has read it
    if is_there then
      ended[#ended + 1] = id
      if was_submitted then
        answered, answered_bytes = answered + 1, answered_bytes + size
      end
      bytes = bytes + size
      if letter ~= '' then
        add_letter(keys, letter, trusted)
        most = most + 1
      end
    else
      others[#others + 1] = id
    end
  end
  local of_day = endings[day] or {}
  endings[day] = of_day
  of_day[ending] = (of_day[ending] or 0) + #ended - before
  if is_later then
    local again = 'again:' .. (ending == 'warned' and 'delivered' or ending)
    of_day[again] = (of_day[again] or 0) + #ended - before
  end
  if ending == 'withheld' then
    reasons[reason] = (reasons[reason] or 0) + #ended - before
  elseif ending == 'delivered' or ending == 'warned' then
    delivered = delivered + #ended - before
  end
end
for first = 1, #ended, 1000 do  -- Lua passes some thousand arguments at most
  redis.call('XDEL', stream, unpack(ended, first, math.min(first + 999, #ended)))
end
if redis.call('XLEN', stream) == 0 then  -- heals what an earlier version or a person left
  redis.call('HDEL', counts, 'pending_bytes', 'submitted', 'submitted_bytes')
  redis.call('DEL', tickets, polls)
elseif bytes > 0 then
  redis.call('HINCRBY', counts, 'pending_bytes', -bytes)
end
count_submitted(counts, -answered, -answered_bytes)
for day, of_day in pairs(endings) do
  if of_day.warned then
    of_day.delivered = (of_day.delivered or 0) + of_day.warned
  end
  for ending, number in pairs(of_day) do
    count(counts, day, ending, number)
  end
end
for reason, number in pairs(reasons) do
  count_reason(counts, reason, number)
end
for _, counter in ipairs(counters) do
  redis.call('HINCRBY', counts, counter[1], counter[2])
end
if record ~= '' then
  local fields = { 's', record }
  if #others > 0 then
    fields[3], fields[4] = 'o', table.concat(others, ' ')
  end
  add_to_feed(KEYS[8], KEYS[9], feed_bytes, { { fields = fields } })
end
if delivered > 0 then
  redis.call('INCRBY', minute, delivered)
  redis.call('EXPIRE', minute, 300)
end
return trim_letters(keys, bounds, most)
