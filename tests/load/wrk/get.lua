-- GET of the address on the command line, again and again.
dofile(os.getenv("WRK_REPORT"))

function response(status) count_status(status) end
