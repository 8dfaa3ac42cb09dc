#!lua
-- Adds refused requests to their sample. Only a few of each group are kept: a new request replaces
-- the one that came least often, so that a flood of odd requests displaces none that come
-- repeatedly.
--
-- KEYS: the sample, a hash. Its fields are a group, a line feed and a request, its values when it
--       was first and last seen (Unix seconds) and how often.
-- ARGV: seconds for which a request is kept; requests in a group; requests in all; then for each
--       request its field, when it was first and last seen, and how often.

local key, age, most, most_of_all = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = tonumber(redis.call('TIME')[1])
local known, groups, total = {}, {}, 0

local function group_of(field)
  return string.match(field, '^(.*)\n')
end

local function add(field, first, last, count)
  local group = group_of(field)
  known[field] = { first = first, last = last, count = count, field = field }
  groups[group] = groups[group] or {}
  table.insert(groups[group], known[field])
  total = total + 1
end

local function is_weaker(one, other)
  if one.count ~= other.count then
    return one.count < other.count
  end
  return one.last < other.last
end

local function drop_weakest(group)
  local weakest = 1
  for i = 2, #group do
    if is_weaker(group[i], group[weakest]) then
      weakest = i
    end
  end
  local dropped = table.remove(group, weakest)
  redis.call('HDEL', key, dropped.field)
  known[dropped.field] = nil
  total = total - 1
end

local function largest()
  local found
  for _, group in pairs(groups) do
    if found == nil or #group > #found then
      found = group
    end
  end
  return found
end

local rows = redis.call('HGETALL', key)
for i = 1, #rows, 2 do
  local first, last, count = string.match(rows[i + 1], '^(%S+) (%S+) (%S+)$')
  if last ~= nil and tonumber(last) > now - age then
    add(rows[i], tonumber(first), tonumber(last), tonumber(count))
  else
    redis.call('HDEL', key, rows[i])
  end
end

for i = 4, #ARGV, 4 do
  local field, first, last, count =
    ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local seen = known[field]
  if seen then
    seen.first, seen.last = math.min(seen.first, first), math.max(seen.last, last)
    seen.count = seen.count + count
  else
    local group = groups[group_of(field)] or {}
    if #group >= most then
      drop_weakest(group)
    elseif total >= most_of_all then
      drop_weakest(largest())
    end
    add(field, first, last, count)
    seen = known[field]
  end
  local value = string.format('%.3f %.3f %d', seen.first, seen.last, seen.count)
  redis.call('HSET', key, field, value)
end
redis.call('EXPIRE', key, age)
