-- GET of the address on the command line, again and again, with the headers of WRK_HEADERS ("name: value" a line).
dofile(os.getenv("WRK_REPORT"))

for line in (os.getenv("WRK_HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^([^:]+): (.*)$")
  wrk.headers[name] = value
end

function response(status) count_status(status) end
