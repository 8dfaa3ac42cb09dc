-- For wrk: posts events with ids of their own, and prints what came of it as JSON.
--
-- Arguments: a file with the JSON of an event, what ids begin with, and events in a request.

local event, prefix, batch, number = "", "", 1, 0
local headers = {
  ["content-type"] = "text/plain",
  ["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0",
  ["accept-language"] = "en",
}

function init(args)
  local file = assert(io.open(args[1]))
  event = file:read("*a")
  file:close()
  prefix, batch = args[2], tonumber(args[3])
end

local function next_event()
  number = number + 1
  return (event:gsub("@@", prefix .. "n" .. number))
end

function request()
  if batch == 1 then
    return wrk.format("POST", nil, headers, next_event())
  end
  local events = {}
  for place = 1, batch do
    events[place] = next_event()
  end
  return wrk.format("POST", nil, headers, '{"events":[' .. table.concat(events, ",") .. "]}")
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\n{"requests": %d, "refused": %d, "failed": %d, "seconds": %f, "p50": %f, "p99": %f}\n',
    summary.requests, errors.status, failed, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
