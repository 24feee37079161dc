"""Start the sandboxes as a process of their own and talk to them: for the demo, tests and benches.

    with Peers.running() as peers:
        peers.pay(reference, "duplicate"); peers.sms(); peers.control(smsc={"reject": "throttled"})
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Peers:
    """A running process of sandboxes."""

    process: subprocess.Popen[bytes]
    host: str
    http: int
    smpp: int
    smtp: int
    url: str
    sms_http: str  # address of the operator over HTTP

    @classmethod
    def start(cls, *, http: int = 0, smpp: int = 0, smtp: int = 0, state: Path | None = None,
              env: dict[str, str] | None = None, timeout: float = 90.0, sms_callback: str | None = None,
              tls: tuple[str, str] | None = None) -> Peers:
        """Start and wait (at most `timeout` seconds) until all three doors are open. The process ends by `stop()`,
        and also when this process dies, since it watches its standard input."""
        command = [sys.executable, "-m", "infra.peers", "--until-eof", "--http", str(http), "--smpp", str(smpp),
                   "--smtp", str(smtp)]
        if state is not None:
            command += ["--state", str(state)]
        if sms_callback is not None:
            command += ["--sms-callback", sms_callback]
        if tls is not None:
            command += ["--tls-certificate", tls[0], "--tls-key", tls[1]]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        try:
            ready = json.loads(_first_line(process, timeout))
        except BaseException:
            process.kill()
            process.wait()
            raise
        return cls(process, ready["host"], ready["http"], ready["smpp"], ready["smtp"], ready["url"],
                   ready["sms_http"])

    @classmethod
    @contextlib.contextmanager
    def running(cls, **options: Any) -> Iterator[Peers]:
        peers = cls.start(**options)
        try:
            yield peers
        finally:
            peers.stop()

    def stop(self) -> None:
        """Ask it to end, then insist."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def get(self, path: str, **query: str) -> Any:
        answer = requests.get(self.url + path, params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def charges(self) -> list[dict[str, Any]]:
        return list(self.get("/charges"))

    def pay(self, reference: str, behaviour: str | None = None) -> dict[str, Any]:
        """Pay at the kiosk; the callback follows by itself."""
        answer = requests.post(f"{self.url}/pay/{reference}", json={"behaviour": behaviour}, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def callbacks(self, merchant_reference: str | None = None) -> list[dict[str, Any]]:
        query = {"merchant_reference": merchant_reference} if merchant_reference else {}
        return list(self.get("/sent", **query)["callbacks"])

    def sms(self, to: str | None = None) -> list[dict[str, Any]]:
        return list(self.get("/sms", **({"to": to} if to else {}))["messages"])

    def write_back(self, number: str, text: str) -> None:
        """A handset sends a text to our sender; somebody has to be bound who takes it."""
        requests.post(self.url + "/sms/replies", json={"from": number, "text": text}, timeout=30).raise_for_status()

    def mail(self, to: str | None = None) -> list[dict[str, Any]]:
        return list(self.get("/mail", **({"to": to} if to else {}))["messages"])

    def forget(self) -> None:
        """Empty the records of callbacks, SMS and mail; charges stay."""
        for path in ("/sent", "/sms", "/mail"):
            requests.delete(self.url + path, timeout=30).raise_for_status()

    def control(self, **settings: dict[str, Any]) -> dict[str, Any]:
        """Change behaviour: `control(rail={...}, smsc={...}, smtp={...})`; answers all settings."""
        answer = requests.post(self.url + "/control", json=settings, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())


def _first_line(process: subprocess.Popen[bytes], timeout: float) -> bytes:
    pipe = process.stdout
    end, read = time.monotonic() + timeout, b""
    if pipe is None:
        raise ValueError("the process has no pipe to read from")
    while not read.endswith(b"\n"):
        left = end - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise TimeoutError("the sandboxes did not start in time")
        piece = os.read(pipe.fileno(), 4096)
        if not piece:
            raise RuntimeError(f"the sandboxes ended at start with {process.wait()}")
        read += piece
    return read
