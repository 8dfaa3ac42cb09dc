-- A library: events that are kept for a person to look at, within bounds: the dead letters of one
-- destination, and the quarantine. Only `letters_of` knows the names of what changes together:
--
--   stored     stream; an entry has the event in the field `field`, and in `n` the bytes it counts
--              for
--   untrusted  stream with the ids of the entries from untrusted senders
--   counts     hash; its field `bytes` is the sum of all n, and fields that begin with `removed` count
--              what was removed, by the reason
--
-- An entry without n was written by an earlier version: it counts no bytes, and its sender counts
-- as trusted.

local KINDS = {
  dead = { field = 'd', bytes = 'dead_bytes', removed = 'removed:' },
  quarantine = { field = 'q', bytes = 'quarantine_bytes', removed = 'quarantine_removed:' },
}

local function letters_of(kind, stored, untrusted, counts)
  local names = KINDS[kind]
  return {
    stored = stored, untrusted = untrusted, counts = counts,
    field = names.field, bytes = names.bytes, removed = names.removed,
  }
end

local function add_letter(keys, letter, trusted)
  if redis.call('XLEN', keys.stored) == 0 then  -- heals what an earlier version or a person left
    redis.call('DEL', keys.untrusted)
    redis.call('HDEL', keys.counts, keys.bytes)
  end
  local id = redis.call('XADD', keys.stored, '*', keys.field, letter, 'n', #letter)
  redis.call('HINCRBY', keys.counts, keys.bytes, #letter)
  if not trusted then
    redis.call('XADD', keys.untrusted, id, 'id', '')
  end
end

-- Returns whether it existed.
local function remove_letter(keys, id)
  local entry = redis.call('XRANGE', keys.stored, id, id)[1]
  redis.call('XDEL', keys.untrusted, id)
  if not entry then
    return false
  end
  redis.call('XDEL', keys.stored, id)
  local fields = entry[2]
  if fields[3] == 'n' then
    redis.call('HINCRBY', keys.counts, keys.bytes, -tonumber(fields[4]))
  end
  return true
end

local function oldest_letter(keys, last)
  local entry = redis.call('XRANGE', keys.stored, '-', last, 'COUNT', 1)[1]
  return entry and entry[1]
end

local function oldest_untrusted(keys)
  local entry = redis.call('XRANGE', keys.untrusted, '-', '+', 'COUNT', 1)[1]
  return entry and entry[1]
end

-- The id of the next letter to remove, and why; nothing when all are within `bounds`.
local function next_to_remove(keys, bounds, too_old)
  local old = too_old and oldest_letter(keys, too_old)
  if old then
    return old, 'age'
  end
  local reason = nil
  if redis.call('XLEN', keys.stored) > bounds.letters then
    reason = 'count'
  elseif tonumber(redis.call('HGET', keys.counts, keys.bytes) or 0) > bounds.bytes then
    reason = 'bytes'
  end
  if reason then
    return oldest_untrusted(keys) or oldest_letter(keys, '+'), reason
  end
end

-- Removes letters beyond `bounds` (letters, bytes, ms), in at most `most` steps, and counts them by
-- reason. Returns how many were removed.
local function trim_letters(keys, bounds, most)
  local time = redis.call('TIME')
  local last = time[1] * 1000 + math.floor(time[2] / 1000) - bounds.ms - 1
  local too_old = last >= 0 and string.format('%.0f', last)
  local removed, total = {}, 0
  for _ = 1, most do
    local id, reason = next_to_remove(keys, bounds, too_old)
    if not id then
      break
    end
    if remove_letter(keys, id) then
      removed[reason] = (removed[reason] or 0) + 1
      total = total + 1
    end
  end
  for reason, count in pairs(removed) do
    redis.call('HINCRBY', keys.counts, keys.removed .. reason, count)
  end
  return total
end
