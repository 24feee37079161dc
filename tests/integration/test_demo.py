"""The demo as somebody who has just cloned the project starts it: one command, one process, nothing prepared."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from infra.devstack import free_port
from tests.support.node import ROOT


@pytest.fixture
def demo(tmp_path):
    """`demo(port)` walks one case and ends; the data stays for the next call."""

    def run(port):
        return subprocess.run(
            [sys.executable, "-m", "infra.demo", "--once", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "SHUBBAK_DEMO_DATA": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            timeout=400,
        )

    return run


def test_one_case_is_walked_and_a_second_start_finds_the_data_of_the_first(demo):
    first, second = demo(free_port()), demo(free_port())

    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    assert "-000001-" in first.stdout.split("licence issued")[1]
    assert "-000002-" in second.stdout.split("licence issued")[1]
    assert "Traceback" not in first.stdout + first.stderr + second.stdout + second.stderr


def test_a_port_that_is_taken_is_said_at_once(demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = demo(taken.getsockname()[1])

    assert answer.returncode != 0
    assert "PORT=" in answer.stderr


def test_what_a_node_needs_is_demanded_by_name_and_no_value_is_shown():
    bare = {"PATH": os.environ["PATH"], "SHUBBAK_KEYS_STORE": "k1:sample-visible"}

    answer = subprocess.run(
        [sys.executable, "-m", "chassis", "run", "requests"],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert answer.returncode == 2
    for name in ("NODE", "DATABASE_URL", "AMQP_URL", "KEY_LOOKUP", "KEYS_STORE"):
        assert f"SHUBBAK_{name}" in answer.stderr
    assert "visible" not in answer.stderr
