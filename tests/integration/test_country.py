"""The small country as somebody who has just cloned the project starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra import processes
from infra.country.places import ROOT
from infra.devstack import free_port
from tests.support.line import until

Start = Callable[[int], subprocess.CompletedProcess[str]]


@pytest.fixture
def country(tmp_path: Path) -> Start:
    """`country(port)` walks once and ends; the data stays for the next call."""

    def run(port: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.country", "--once", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "SHUBBAK_COUNTRY_DATA": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            timeout=900,
        )

    return run


@pytest.mark.slow
def test_the_country_is_walked_and_a_second_start_finds_the_data_of_the_first(country: Start, tmp_path: Path) -> None:
    first, second = country(_three_free_ports()), country(_three_free_ports())

    assert first.returncode == 0, first.stdout + first.stderr
    assert second.returncode == 0, second.stdout + second.stderr
    assert "-000001-" in first.stdout.split("licence issued")[1]
    assert "-000002-" in second.stdout.split("licence issued")[1]
    assert "shop-licence version 2" in first.stdout
    assert "shop-licence version 3" in second.stdout
    assert "Traceback" not in first.stdout + first.stderr + second.stdout + second.stderr

    def left() -> list[psutil.Process]:
        return [process for process in psutil.process_iter(["cmdline"])
                if any(str(tmp_path) in part for part in process.info["cmdline"] or ())]  # fmt: skip

    until(lambda: not left(), 30, lambda: f"nothing that was started runs on: {left()}")


def test_a_port_that_is_taken_is_said_before_anything_is_started(country: Start, tmp_path: Path) -> None:
    port = _three_free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()
        answer = country(port)

    assert answer.returncode != 0
    assert "PORT=" in answer.stderr
    assert not (tmp_path / "data").exists()


def _three_free_ports() -> int:
    """The first of three free ones in a row, which nobody else is given meanwhile."""
    while True:
        port = free_port()
        with socket.socket() as one, socket.socket() as two, socket.socket() as three:
            try:
                for number, probe in enumerate((one, two, three)):
                    probe.bind(("127.0.0.1", port + number))
            except OSError:
                continue
        if all(processes._claim(port + number) for number in (1, 2)):
            return port
