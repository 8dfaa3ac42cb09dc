#!lua flags=no-writes,allow-oom
-- Reads those of the given entries that wait for a vendor's verdict. Needs submitted.lua.
--
-- KEYS: stream.
-- ARGV: the group, the ids.
-- Returns for each its id, its number of deliveries, and its fields.

local found = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local rows = redis.pcall('XPENDING', KEYS[1], ARGV[1], id, id, 1, SUBMITTED)
  if rows.err then
    break  -- no stream or group yet
  end
  local row = rows[1]
  local entry = row and redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then
    found[#found + 1] = { id, row[4], entry[2] }
  end
end
return found
