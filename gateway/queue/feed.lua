-- A library: the feed of the ledger, a stream with a bound in bytes.

-- Adds records. Each has `fields` (names and values), and may have `detail` (further names and
-- values). Above `most` bytes records lose their detail; above 1.5 times `most` no record is added.
-- Both are counted in `totals`, and neither stops the step that the record is about.
local function add_to_feed(feed, totals, most, records)
  local before = tonumber(redis.call('HGET', totals, 'feed_bytes') or 0)
  if before > most and redis.call('XLEN', feed) == 0 then  -- heals what a person left
    redis.call('HDEL', totals, 'feed_bytes')
    before = 0
  end
  local used, cut, dropped = before, 0, 0
  for _, record in ipairs(records) do
    local fields, detail = record.fields, record.detail or {}
    if used > 1.5 * most then
      dropped = dropped + 1
    else
      if used <= most then
        for _, each in ipairs(detail) do
          fields[#fields + 1] = each
        end
      elseif #detail > 0 then
        cut = cut + 1
      end
      for _, each in ipairs(fields) do
        used = used + #each
      end
      redis.call('XADD', feed, '*', unpack(fields))
    end
  end
  for name, amount in pairs({ feed_bytes = used - before, feed_cut = cut, feed_dropped = dropped }) do
    if amount > 0 then
      redis.call('HINCRBY', totals, name, amount)
    end
  end
end
