-- Appends a group of events to the streams of their destinations, all or none, and counts them.
--
-- KEYS: for each destination its stream, counts, wake, drains, pause, and the prefix of its marks;
--       then the gateway's counts, the feed of the ledger, the prefix of commits, the quarantine;
--       of held consent what is due, what was said, and the prefixes of events and of withdrawals;
--       and the quarantined events of untrusted senders. On a cluster each call has keys of one
--       slot: that of one destination, with its own counts, feed and commits in the last places,
--       or that of the gateway, without destinations.
-- ARGV: the plan, in JSON; then the payloads. The plan:
--         commits       series and number of this commit, then of an earlier one that may have
--                       appended all that this series brings; empty if a repetition need not be
--                       recognised. The earlier one cannot be carried out any more afterwards. It
--                       counts as carried out only while this series has no commit, since the first
--                       commit of this series may hold only a part of it
--         commits_kept  for how many seconds the last number of a series is kept
--         counters      amounts by which the gateway's counters grow, by name
--         mark_ms       how long a wake mark lives
--         window        seconds in which an event with marks is taken only once
--         marks         for each payload the marks of its event: its own mark first, then those of
--                       others that it would repeat; empty for none
--         renewed       numbers of the payloads whose repetition renews their marks
--         parts         the number of parts into which the lifetime of marks is divided to count
--                       them
--         unmarked      places of the destinations where an event of an untrusted sender, which has
--                       several marks, leaves none of its own
--         quarantine    numbers of the payloads that enter the quarantine, each with whether its
--                       sender is trusted
--         released      ids of the entries that leave the quarantine
--         said          what pages state about consent
--         denied        what is denied for pages and visitors, each denial with the millisecond before
--                       which it stops events, 0 for until now
--         withdrawn_ms  how long a denial stops what was appended before it; 0 not at all
--         hold          how long an event is held in ms, how many of one page may be, and the
--                       reason by which further ones are counted
--         waiting       events to hold: page, payload, places of the destinations, day
--         release       when held events end: the page, its oldest held event (a payload), how many
--                       end (perhaps none), when the rest is due, and what the page had said when
--                       they were read
--         records       for the ledger, for each event: its record (a payload), its entries
--                       (payloads), its held event (a payload) or 0, and for each entry but the
--                       first the payload that the ledger gets instead if it also gets the first,
--                       or 0
--         passages      on a cluster, for each payload with a record: the receipt and passage of
--                       its event. They are the content of its mark, by which a repeated append is
--                       recognised
--         alone         the only destination that the records are about, or an empty text
--         unanswered    a record (a payload) of events that end with `release`, or 0
--         feed_bytes    how much the feed may hold before detail is left out
--         names         of the destinations, if there are records
--         destinations  for each of them, and each day (since 1970) on which its events came in: the
--                       day, how many were withheld by reason, the numbers of the payloads that it
--                       gets, the change in the number of its held events, and whether these events
--                       are in a later passage, in which no event is held
-- Returns the places (from 1) of the destinations that need a job, which the caller queues, and the
-- pages that state something while events of theirs are held. If one of `commits` was carried out
-- before, it only adds to the gateway's counters, and returns the places of all destinations.
-- Returns nothing, and does nothing, if the held events have been released already or their page
-- has stated something since. If entries have left the quarantine already, it does nothing and
-- fails with GONE and their ids. Needs letters.lua, feed.lua and counting.lua.

local PER_DESTINATION = 6

local plan = cjson.decode(ARGV[1])
local own = PER_DESTINATION * #plan.destinations
local totals, feed, committed, quarantine, due, said, events, withdrawn = KEYS[own + 1],
  KEYS[own + 2], KEYS[own + 3], KEYS[own + 4], KEYS[own + 5], KEYS[own + 6], KEYS[own + 7], KEYS[own + 8]
local aside = letters_of('quarantine', quarantine, KEYS[own + 9], totals)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local gone = {}
for _, id in ipairs(plan.released) do
  if #redis.call('XRANGE', quarantine, id, id) == 0 then
    gone[#gone + 1] = id
  end
end
if #gone > 0 then
  return redis.error_reply('GONE ' .. table.concat(gone, ' '))
end

local release = plan.release
if release ~= cjson.null then
  local waiting = events .. release.page
  if redis.call('LINDEX', waiting, 0) ~= ARGV[1 + release.first]
    or redis.call('LLEN', waiting) < release.count
    or (redis.call('HGET', said, release.page) or '') ~= release.said
  then
    return false
  end
  if release.count > 0 then  -- with 0, the range would end at -1: all; and Redis 7.0 rejects -0
    local bytes = 0
    for _, each in ipairs(redis.call('LRANGE', waiting, 0, release.count - 1)) do
      bytes = bytes + #each
    end
    redis.call('HINCRBY', totals, 'held_events', -release.count)
    redis.call('HINCRBY', totals, 'held_bytes', -bytes)
    redis.call('LTRIM', waiting, release.count, -1)
  end
  if redis.call('LLEN', waiting) == 0 then
    redis.call('ZREM', due, release.page)
    if redis.call('EXISTS', due) == 0 then  -- heals what an earlier version left
      redis.call('HDEL', totals, 'held_events', 'held_bytes')
    end
    redis.call('HDEL', said, release.page)
  else
    redis.call('ZADD', due, release.due, release.page)
  end
end

for name, amount in pairs(plan.counters) do
  redis.call('HINCRBY', totals, name, amount)
end

for _, commit in ipairs(plan.commits) do
  local last = tonumber(redis.call('GET', committed .. commit[1]))
  if last and last >= commit[2] then
    local all = {}
    for place in ipairs(plan.destinations) do
      all[place] = place
    end
    return { all, {} }
  end
  if last then
    break  -- this series has a commit, so the earlier one was not carried out
  end
end

for _, each in ipairs(plan.quarantine) do
  add_letter(aside, ARGV[1 + each[1]], each[2])
end

-- Counts marks that live for `ms` and were written at `written`; see gateway.queue.marks.
local function count_marks(prefix, ms, written, amount)
  local part = math.ceil(ms / plan.parts)
  local key = prefix .. '#' .. string.format('%.0f', math.floor(written / part))
  redis.call('INCRBY', key, amount)
  redis.call('PEXPIRE', key, ms + part)
end

local held, refused, unheld = {}, {}, {}
for _, each in ipairs(plan.waiting) do
  local page, number, places = each[1], each[2], each[3]
  local fate = refused
  if redis.call('LLEN', events .. page) < plan.hold[2] then
    redis.call('RPUSH', events .. page, ARGV[1 + number])
    redis.call('HINCRBY', totals, 'held_events', 1)
    redis.call('HINCRBY', totals, 'held_bytes', #ARGV[1 + number])
    redis.call('ZADD', due, 'NX', now + plan.hold[1], page)
    fate = held
  else
    unheld[number] = true
  end
  for _, place in ipairs(places) do
    local at = place .. ' ' .. each[4]
    fate[at] = (fate[at] or 0) + 1
  end
end

local awaited = {}
for page, states in pairs(plan.said) do
  if redis.call('EXISTS', events .. page) == 1 then
    local before = redis.call('HGET', said, page)
    local all = before and cjson.decode(before) or {}
    for kind, state in pairs(states) do
      all[kind] = state
    end
    redis.call('HSET', said, page, cjson.encode(all))
    awaited[#awaited + 1] = page
  end
end

if plan.withdrawn_ms > 0 then
  for visitor, kinds in pairs(plan.denied) do
    local left = redis.call('PTTL', withdrawn .. visitor)
    if left > 0 then
      count_marks(withdrawn, plan.withdrawn_ms, now + left - plan.withdrawn_ms, -1)
    end
    count_marks(withdrawn, plan.withdrawn_ms, now, 1)
    for kind, before in pairs(kinds) do
      local last = before == 0 and now or math.min(before, now) - 1
      if last > tonumber(redis.call('HGET', withdrawn .. visitor, kind) or 0) then
        redis.call('HSET', withdrawn .. visitor, kind, last)
      end
    end
    redis.call('PEXPIRE', withdrawn .. visitor, plan.withdrawn_ms)
  end
end

local function is_marked(seen, marks)
  for _, mark in ipairs(marks) do
    if redis.call('EXISTS', seen .. ':' .. mark) == 1 then
      return true
    end
  end
  return false
end

local renewed = {}
for _, number in ipairs(plan.renewed) do
  renewed[number] = true
end

local unmarked = {}
for _, place in ipairs(plan.unmarked) do
  unmarked[place] = true
end

local asleep, again, fresh, recorded = {}, {}, {}, {}
for place, each in ipairs(plan.destinations) do
  local first = 1 + PER_DESTINATION * (place - 1)
  local stream, counts, wake, drains, pause, seen =
    KEYS[first], KEYS[first + 1], KEYS[first + 2], KEYS[first + 3], KEYS[first + 4], KEYS[first + 5]
  local added, bytes, marked, bare, waiting = 0, 0, 0, 0, 0
  for _, row in ipairs(each) do
    local day, reasons, withheld, sent, repeated = row[1], row[2], 0, 0, 0
    local at, is_later = place .. ' ' .. day, row[5]
    if refused[at] then
      reasons[plan.hold[3]] = (reasons[plan.hold[3]] or 0) + refused[at]
    end
    for reason, amount in pairs(reasons) do
      count_reason(counts, reason, amount)
      withheld = withheld + amount
    end
    for _, number in ipairs(row[3]) do
      local marks, passage = plan.marks[number], plan.passages[tostring(number)]
      if passage and marks[1] and redis.call('GET', seen .. ':' .. marks[1]) == passage then
        recorded[number] = true
      end
      if recorded[number] or is_marked(seen, marks) then
        if not recorded[number] then
          repeated = repeated + 1
          if plan.names[place] then
            again[number] = again[number] or {}
            table.insert(again[number], plan.names[place])
          end
        end
        if renewed[number] then
          redis.call('EXPIRE', seen .. ':' .. marks[1], plan.window)
        end
      else
        redis.call('XADD', stream, '*', 'e', ARGV[1 + number])
        sent = sent + 1
        fresh[number] = true
        bytes = bytes + #ARGV[1 + number]
        if marks[2] and unmarked[place] and not renewed[number] then
          bare = bare + 1
        elseif marks[1] then
          redis.call('SET', seen .. ':' .. marks[1], passage or '', 'EX', plan.window)
          marked = marked + 1
        end
      end
    end
    local waits = row[4] + (held[at] or 0)
    count_passage(counts, day, 'accepted', withheld + sent + waits, is_later)
    count_passage(counts, day, 'withheld', withheld, is_later)
    count_passage(counts, day, 'repeated', repeated, is_later)
    added, waiting = added + sent, waiting + waits
  end
  if marked > 0 then
    count_marks(seen, 1000 * plan.window, now, marked)
  end
  if bare > 0 then
    redis.call('HINCRBY', counts, 'unmarked', bare)
  end
  if bytes > 0 then
    redis.call('HINCRBY', counts, 'pending_bytes', bytes)
  end
  if waiting ~= 0 then
    redis.call('HINCRBY', counts, 'held', waiting)
  end
  if added > 0
    and redis.call('ZCOUNT', drains, now, '+inf') == 0
    and redis.call('EXISTS', pause) == 0
    and redis.call('SET', wake, '1', 'NX', 'PX', plan.mark_ms)
  then
    asleep[#asleep + 1] = place
  end
end
local records = {}
for _, each in ipairs(plan.records) do
  local fields, detail, names, is_new = { 'd', ARGV[1 + each[1]] }, {}, {}, true
  for place, number in ipairs(each[2]) do
    is_new = is_new and not recorded[number]
    local told = fresh[number] and number or 0
    if told > 0 and place > 1 and fresh[each[2][1]] then
      told = each[4][place - 1]
    end
    if told > 0 then
      detail[#detail + 1], detail[#detail + 2] = 'e' .. number, ARGV[1 + told]
    end
    for _, name in ipairs(again[number] or {}) do
      names[#names + 1] = name
    end
  end
  if #names > 0 then
    fields[#fields + 1], fields[#fields + 2] = 'r', table.concat(names, ' ')
  end
  if unheld[each[3]] then
    fields[#fields + 1], fields[#fields + 2] = 'u', '1'
  end
  if plan.alone ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'n', plan.alone
  end
  if is_new then
    records[#records + 1] = { fields = fields, detail = detail }
  end
end
if plan.unanswered > 0 and plan.feed_bytes > 0 then
  records[#records + 1] = { fields = { 'w', ARGV[1 + plan.unanswered] } }
end
if #records > 0 then
  add_to_feed(feed, totals, plan.feed_bytes, records)
end
for _, id in ipairs(plan.released) do
  -- after the additions: these are refused when memory is full, and then nothing is lost
  remove_letter(aside, id)
end
-- at the end, so that a failed call may be repeated. The earlier commit may still be on its way:
-- from now on it is not carried out
for _, commit in ipairs(plan.commits) do
  redis.call('SET', committed .. commit[1], commit[2], 'EX', plan.commits_kept)
end
return {asleep, awaited}
