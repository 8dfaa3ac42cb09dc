#!lua flags=allow-oom
-- Removes events in quarantine beyond the bounds, and counts them. Needs letters.lua.
--
-- KEYS: quarantine, those of untrusted senders, the gateway's counts.
-- ARGV: how many may stay, how many bytes, for how many ms; how many are removed at most.
-- Returns how many were removed.

local keys = letters_of('quarantine', KEYS[1], KEYS[2], KEYS[3])
local bounds = { letters = tonumber(ARGV[1]), bytes = tonumber(ARGV[2]), ms = tonumber(ARGV[3]) }
return trim_letters(keys, bounds, tonumber(ARGV[4]))
