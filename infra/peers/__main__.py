"""`python -m infra.peers`: start the sandboxes, print one JSON line with the chosen ports, serve until SIGTERM.

Keys of the rails come from the variables that payments reads (SHUBBAK_FAWRY_KEY …); without them, the published test
keys (infra/peers/sample_keys.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from infra.peers.http import HttpDoor, build
from infra.peers.mail import MailSink
from infra.peers.rails import Rails
from infra.peers.sms_http import PREFIX, HttpOperator
from infra.peers.smsc import MessageCentre


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input ends when asked to."""
    door = HttpDoor(options.host, options.http)
    http_port = door.bind()
    rails = Rails(os.environ, options.state, options.public_url or f"http://{options.host}:{http_port}")
    rail = rails.rail
    tls = (options.tls_certificate, options.tls_key) if options.tls_certificate else None
    centre, mail, operator = MessageCentre(), MailSink(tls), HttpOperator()
    operator.settings["callback"] = options.sms_callback
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    if options.until_eof:
        threading.Thread(target=_wait_for_eof, args=(loop, stopped), daemon=True).start()
    await centre.start(options.host, options.smpp)
    await mail.start(options.host, options.smtp)
    door.serve(build(rails, centre, mail, operator, lambda: loop.call_soon_threadsafe(centre.cut)))
    rail.start()
    operator.start()
    print(json.dumps({"host": options.host, "http": http_port, "smpp": centre.port, "smtp": mail.port,
                      "url": f"http://{options.host}:{http_port}",
                      "sms_http": f"http://{options.host}:{http_port}{PREFIX}", "pid": os.getpid()}), flush=True)
    await stopped.wait()
    door.stop()
    rail.stop()
    operator.stop()
    await mail.stop()
    await centre.stop()


def _wait_for_eof(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(stopped.set)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.peers", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--http", type=int, default=0, help="port of the rails and of /sms, /mail, /sent, /control")
    parser.add_argument("--smpp", type=int, default=0)
    parser.add_argument("--smtp", type=int, default=0)
    parser.add_argument("--state", type=Path, default=None, help="folder where charges survive a restart")
    parser.add_argument("--public-url", default=None, help="address of the kiosk page as the citizen sees it")
    parser.add_argument("--sms-callback", default=None, help="where the HTTP operator reports delivery receipts")
    parser.add_argument("--tls-certificate", default=None, help="of the mail server, which then offers STARTTLS")
    parser.add_argument("--tls-key", default=None)
    parser.add_argument("--until-eof", action="store_true", help="also stop when standard input ends")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    asyncio.run(run(parser.parse_args()))
    # Everything is stopped and written. Threads that still answer somebody would make the interpreter's own shutdown
    # fall over their output now and then.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
