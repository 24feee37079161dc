"""nameko 2.14.1 as it comes, to compare with: its own @rpc, RpcProxy and @http with their defaults.

    python -m tests.load.stock callee            serves
    python -m tests.load.stock web PORT          serves HTTP and calls the callee
    python -m tests.load.stock caller PID        calls the callee (process PID) and prints what a call cost

The callee's name is in STOCK_CALLEE, the broker's address in STOCK_AMQP, the workers of each
service (nameko's default is 10) in STOCK_WORKERS.
"""

import json
import logging
import os
import sys
import warnings

warnings.filterwarnings("ignore")
logging.getLogger("amqp").setLevel("CRITICAL")  # its reply queue says something when it closes
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
import eventlet  # noqa: E402

eventlet.monkey_patch()

from nameko.rpc import RpcProxy, rpc  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402
from nameko.testing.services import once  # noqa: E402
from nameko.web.handlers import http  # noqa: E402

from tests.load import driving  # noqa: E402

CALLEE = os.environ.get("STOCK_CALLEE", "callee")


class Callee:
    name = CALLEE

    @rpc
    def ping(self, text):
        return {"pong": text}


class Web:
    name = "web"
    callee = RpcProxy(CALLEE)

    @http("GET", "/ping/<text>")
    def ping(self, request, text):
        return json.dumps(self.callee.ping(text))


class Caller:
    name = "caller"
    callee = RpcProxy(CALLEE)

    @once
    def drive(self):
        driving.drive(lambda: self.callee.ping(driving.TEXT), callee_pid=int(sys.argv[2]))


def main() -> None:
    service = {"callee": Callee, "web": Web, "caller": Caller}[sys.argv[1]]
    config = {"AMQP_URI": os.environ["STOCK_AMQP"], "max_workers": int(os.environ.get("STOCK_WORKERS", "10"))}
    if service is Web:
        config["WEB_SERVER_ADDRESS"] = f"127.0.0.1:{sys.argv[2]}"
    runner = ServiceRunner(config)
    runner.add_service(service)
    runner.start()
    sys.stdout.write("started\n")
    sys.stdout.flush()
    runner.wait()


if __name__ == "__main__":
    main()
