-- POST of prepared requests, each once: every line of the file is "<path with query>\t<media type>\t<body>". Threads share
-- the file by taking every n-th line; a thread whose lines are used up stops.
dofile(os.getenv("WRK_REPORT"))
dofile(os.getenv("WRK_LINES"))

function request()
  local path, media_type, body = next_line():match("^([^\t]*)\t([^\t]*)\t(.*)$")
  return wrk.format("POST", path, { ["Content-Type"] = media_type }, body)
end

function response(status) count_status(status) end
