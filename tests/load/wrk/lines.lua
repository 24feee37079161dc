-- Shared by the scripts that send each line of a file once: threads share the file by taking every n-th line, and a thread
-- whose lines are used up stops.
local lines, at = {}, 0

function init(args)
  local threads, n = tonumber(os.getenv("WRK_THREADS")), 0
  for line in io.lines(os.getenv("WRK_BODIES")) do
    if n % threads == number then table.insert(lines, line) end
    n = n + 1
  end
end

function next_line()
  at = at + 1
  if lines[at] == nil then wrk.thread:stop() end
  return lines[at] or lines[#lines]
end
