"""A toy service as a process of its own, by the real runner: `python -m …toy_process catalog`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

# isort: off
import chassis.runner as runner
# isort: on
import requests as http

from infra.processes import free_port
from infra.rabbitmq import Broker
from tests.integration.chassis.ground import TOYS, Requests, environment, until

ROOT = Path(__file__).resolve().parents[3]


class Toy:
    """A toy service's process."""

    def __init__(self, service: str, url: str, broker: Broker, *arguments: str, folder: Path, **extra: str) -> None:
        self.url = url
        self.port = free_port()
        self.log = folder / f"{service}-{self.port}.log"
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("SHUBBAK_", "EVENTLET"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.chassis.toy_process", service, *arguments], cwd=ROOT,
            env=environ | environment(service, url, broker, ADMIN_PORT=str(self.port), **extra),
            stdout=self.log.open("ab"), stderr=subprocess.STDOUT)

    def health(self, word: str = "ready") -> int | None:
        try:
            return http.get(f"http://127.0.0.1:{self.port}/health/{word}", timeout=5).status_code
        except http.RequestException:
            return None

    def wait_ready(self) -> Any:
        until(lambda: self.health() == 200 or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.log.read_text()
        return self

    def terminate(self) -> Any:
        self.process.send_signal(signal.SIGTERM)
        return self

    def status(self, seconds: float = 60) -> int:
        return self.process.wait(seconds)


if __name__ == "__main__":
    runner.service_class = lambda name: TOYS[name]
    if len(sys.argv) > 2:
        Requests.slow = float(sys.argv[2])
    sys.exit(runner.run(sys.argv[1:2]))
