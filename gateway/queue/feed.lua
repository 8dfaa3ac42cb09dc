-- A library: the feed of the ledger, a stream with a bound in bytes.

-- Adds a record. fields: names and values. detail: names and values that are left out first.
-- Above `most` bytes records lose their detail; above one and a half times as many, no record is
-- added. Both are counted in `totals`, and neither stops the step that the record is about.
local function add_to_feed(feed, totals, most, fields, detail)
  local used = tonumber(redis.call('HGET', totals, 'feed_bytes') or 0)
  if used > 1.5 * most then
    redis.call('HINCRBY', totals, 'feed_dropped', 1)
    return
  end
  if used > most then
    if #detail > 0 then
      redis.call('HINCRBY', totals, 'feed_cut', 1)
    end
  else
    for _, each in ipairs(detail) do
      fields[#fields + 1] = each
    end
  end
  local bytes = 0
  for _, each in ipairs(fields) do
    bytes = bytes + #each
  end
  redis.call('XADD', feed, '*', unpack(fields))
  redis.call('HINCRBY', totals, 'feed_bytes', bytes)
end
