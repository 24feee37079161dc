-- POST of prepared bodies, each once: every line of the file is "<idempotency key>\t<body>". Threads share the file by
-- taking every n-th line; a thread whose lines are used up stops.
dofile(os.getenv("WRK_REPORT"))

local lines, at, path = {}, 0, os.getenv("WRK_PATH")

function init(args)
  local threads, n = tonumber(os.getenv("WRK_THREADS")), 0
  for line in io.lines(os.getenv("WRK_BODIES")) do
    if n % threads == number then table.insert(lines, line) end
    n = n + 1
  end
end

function request()
  at = at + 1
  local line = lines[at]
  if line == nil then
    wrk.thread:stop()
    line = lines[#lines]
  end
  local tab = line:find("\t", 1, true)
  return wrk.format("POST", path, {
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = line:sub(1, tab - 1),
  }, line:sub(tab + 1))
end

function response(status) count_status(status) end
