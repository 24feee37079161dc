"""What the comparisons stand on: a broker and a database of their own, and a virtual host for stock nameko beside
ours on the same broker."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.broker import topology
from infra.devstack import Devstack
from tests.support import databases

ROOT = Path(__file__).resolve().parents[2]
STOCK_VHOST = "stock"
START = 30.0


class Ground:
    """`with Ground.standing("gateway", "catalog") as ground`: the named services' databases have their tables."""

    def __init__(self, stack: Devstack) -> None:
        self.stack = stack
        self.environments: dict[str, dict[str, str]] = {}
        self.stock_amqp = self._add_stock_vhost()

    @classmethod
    @contextmanager
    def standing(cls, *services: str) -> Iterator[Ground]:
        with Devstack() as stack:
            ground = cls(stack)
            databases.migrate(*services, url=stack.postgres.url)
            yield ground

    def environment(self, service: str, **extra: str) -> dict[str, str]:
        """A service's environment, as production gives it; warnings only are logged."""
        return self.stack.environment(service, extra={"SHUBBAK_LOG_LEVEL": "WARNING", **extra})

    @contextmanager
    def child(self, module: str, *arguments: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """A Python process, ended when the block ends."""
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONWARNINGS": "ignore", **env},
            stdout=subprocess.PIPE,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _add_stock_vhost(self) -> str:
        user, vhost = topology.OPERATOR, STOCK_VHOST
        everything = '<<".*">>'
        self.stack.broker.evaluate(
            f'rabbit_vhost:add(<<"{vhost}">>, <<"bench">>), rabbit_auth_backend_internal:set_permissions('
            f'<<"{user}">>, <<"{vhost}">>, {everything}, {everything}, {everything}, <<"bench">>).'
        )
        return self.stack.broker.amqp_url().removesuffix(topology.VHOST) + vhost


def line_of(process: subprocess.Popen[bytes], start: str, seconds: float = START) -> str:
    """The first line on a child's standard output that begins with `start`; RuntimeError when it does not come."""
    assert process.stdout is not None
    ends, read = time.monotonic() + seconds, b""
    while True:
        for line in read.decode(errors="replace").splitlines(keepends=True):
            if line.startswith(start) and line.endswith("\n"):
                return line.rstrip("\n")
        left = ends - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise RuntimeError(f"no line {start!r} in {seconds} s; got {read[-2000:]!r}")
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            raise RuntimeError(f"{process.args!r} ended with {process.wait()}; got {read[-2000:]!r}")
        read += piece


def result_of(process: subprocess.Popen[bytes], seconds: float = START) -> dict:
    """What a child printed as its result."""
    return json.loads(line_of(process, "RESULT ", seconds).removeprefix("RESULT "))
