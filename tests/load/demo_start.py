"""Figure 5: from `python -m infra.demo` to the first page, with everything installed: the first start, which makes the
database and loads the guide, and a second one, which finds them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from infra.devstack import free_port
from tests.load.ground import ROOT

PATIENCE = 60.0


def measure(folder: Path) -> dict[str, Any]:
    """Seconds from the command to HTTP 200 of `/`, and to the guide being there."""
    # PostgreSQL runs as a user of its own when started by root, and must be able to walk here.
    folder.chmod(0o755)
    return {"first": _start(folder / "demo-data"), "second": _start(folder / "demo-data")}


def _start(data: Path) -> dict[str, float]:
    port = free_port()
    environment = {**os.environ, "SHUBBAK_DEMO_DATA": str(data), "ONCE": ""}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.demo", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        page = _until(process, lambda: requests.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200)
        guide = _until(
            process,
            lambda: len(requests.get(f"http://127.0.0.1:{port}/api/v1/services", timeout=5).json()["services"]) >= 3,
        )
        return {"first_page_seconds": round(page - started, 2), "guide_seconds": round(guide - started, 2)}
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(process: subprocess.Popen[bytes], there: Any) -> float:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"the demo ended with {process.returncode}")
        try:
            if there():
                return time.monotonic()
        except requests.RequestException:
            pass
        time.sleep(0.03)
    raise TimeoutError("the demo did not answer")
