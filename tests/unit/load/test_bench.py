"""The bench can still be begun: whatever it measures is where its parts look for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_part_can_be_asked_for() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.load.bench"]
    done = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "webhooks, link" in " ".join(done.stdout.split())
    refused = subprocess.run([*command, "nothing"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "no such part: nothing" in refused.stderr
