-- POST of prepared bodies, each once: every line of the file is "<idempotency key>\t<body>". Threads share the file by
-- taking every n-th line; a thread whose lines are used up stops.
dofile(os.getenv("WRK_REPORT"))
dofile(os.getenv("WRK_LINES"))

local path = os.getenv("WRK_PATH")

function request()
  local line = next_line()
  local tab = line:find("\t", 1, true)
  return wrk.format("POST", path, {
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = line:sub(1, tab - 1),
  }, line:sub(tab + 1))
end

function response(status) count_status(status) end
