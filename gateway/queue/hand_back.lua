#!lua flags=allow-oom
-- Resets the number of deliveries of pending entries, as if the last delivery had not happened.
--
-- KEYS: stream.
-- ARGV: the group, the consumer; then for each entry its id, and the number of deliveries.
-- An entry that another consumer has claimed is left alone.

for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  if #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2]) == 1 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
  end
end
