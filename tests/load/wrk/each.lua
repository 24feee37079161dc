-- POST of prepared requests, each once: every line of the file is "<path with query>\t<media type>\t<body>". Threads share
-- the file by taking every n-th line; a thread whose lines are used up stops.
dofile(os.getenv("WRK_REPORT"))

local lines, at = {}, 0

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
  local path, media_type, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
  return wrk.format("POST", path, { ["Content-Type"] = media_type }, body)
end

function response(status) count_status(status) end
