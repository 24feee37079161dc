-- Shared by all scripts: counts answers by status and prints one line of JSON at the end.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function count_status(status)
  if status >= 200 and status < 300 then ok = (ok or 0) + 1
  elseif status == 503 then busy = (busy or 0) + 1
  else other = (other or 0) + 1; last = status end
end

function done(summary, latency, requests)
  local ok, busy, other, last = 0, 0, 0, 0
  for _, thread in ipairs(threads) do
    ok = ok + (thread:get("ok") or 0)
    busy = busy + (thread:get("busy") or 0)
    other = other + (thread:get("other") or 0)
    last = thread:get("last") or last
  end
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"seconds":%.6f,"requests":%d,"ok":%d,"busy":%d,"other":%d,"other_status":%d,"broken":%d,' ..
    '"timeouts":%d,"p50_ms":%.2f,"p95_ms":%.2f,"p99_ms":%.2f,"max_ms":%.2f}\n',
    summary.duration / 1e6, summary.requests, ok, busy, other, last, e.connect + e.read + e.write, e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
