"""The ground that tests, benchmarks and fault runs stand on: a RabbitMQ and a PostgreSQL of their own.

    with Devstack() as stack:
        subprocess.Popen([...], env=stack.environment("payments"))

`python -m infra.devstack` starts both, prints the environment of each service and serves until Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Mapping
from types import TracebackType

from infra import secrets
from infra.postgres import Postgres
from infra.processes import free_port
from infra.rabbitmq import Broker

__all__ = ["Broker", "Devstack", "Postgres", "free_port"]


class Devstack:
    """Broker and database together, and the environment in which each service finds them."""

    def __init__(self, mode: str = "training", node: str = "EG-C") -> None:
        self.broker = Broker()
        self.postgres = Postgres()
        self.keys = secrets.keys()
        self.mode = mode
        self.node = node

    def start(self) -> Devstack:
        """Start both; about three seconds. From the main thread (infra.processes.spawn says why)."""
        self.postgres.start()
        self.broker.start()
        return self

    def close(self) -> None:
        """Stop both and remove what they wrote."""
        try:
            self.broker.close()
        finally:
            self.postgres.close()

    def __enter__(self) -> Devstack:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def environment(
        self, service: str, *, admin_port: int | None = None, extra: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The whole environment of one service's process: its own broker and database user, its keys, a free admin
        port."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SHUBBAK_")}
        environment |= {
            "SHUBBAK_MODE": self.mode,
            "SHUBBAK_NODE": self.node,
            "SHUBBAK_BUS": "rabbit",
            "SHUBBAK_AMQP_URL": self.broker.amqp_url(service),
            "SHUBBAK_DATABASE_URL": self.postgres.url(service),
            "SHUBBAK_ADMIN_PORT": str(admin_port or free_port()),
            "EVENTLET_NO_GREENDNS": "yes",
            **secrets.keys_of(service, self.keys),
        }
        return environment | dict(extra or {})


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    from infra.database import SERVICES

    with Devstack() as stack:
        for service in SERVICES:
            mine = {name: value for name, value in stack.environment(service).items() if name.startswith("SHUBBAK_")}
            print(json.dumps({service: mine}, indent=2))
        print(f"operator: {stack.broker.amqp_url()}\nadministrator: {stack.postgres.dsn()}", flush=True)
        over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: over.set())
        over.wait()


if __name__ == "__main__":
    main()
