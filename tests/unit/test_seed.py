"""One seed repeats a whole run: what tests draw, and the examples that Hypothesis tries of every property."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRAWING = """
from hypothesis import given, strategies as st

tried = []

@given(st.integers(), st.text())
def test_a_property(number, text):
    tried.append((number, text))

def test_by_chance(chance):
    with open({kept!r}, "w", encoding="utf-8") as file:
        file.write(ascii([tried, chance.random()]))
"""


def drawn(folder: Path, seed: str, *options: str, **environ: str) -> tuple[list[Any], float]:
    """The examples that a run with this seed, in a process of its own, tries of a property, and what a test draws."""
    module, kept = folder / "test_drawing.py", folder / "drawn.txt"
    module.write_text(DRAWING.format(kept=str(kept)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.fixtures", "-p", "no:cacheprovider", "--rootdir",
         str(folder), "-c", str(ROOT / "pyproject.toml"), *options, str(module)],
        cwd=ROOT, env={**os.environ, "SHUBBAK_TEST_SEED": seed, **environ}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    tried, number = ast.literal_eval(kept.read_text(encoding="utf-8"))
    return tried, number


@pytest.mark.parametrize("runner", ["", "true"], ids=["by hand", "by a CI"])
def test_the_same_seed_tries_the_same_and_another_something_else(tmp_path: Path, runner: str) -> None:
    first, again, other = (drawn(tmp_path, seed, CI=runner) for seed in ("271828", "271828", "314159"))
    assert len(first[0]) >= 10 and first == again
    assert first[0] != other[0] and first[1] != other[1]


def test_a_seed_that_hypothesis_is_given_goes_before(tmp_path: Path) -> None:
    one, other = (drawn(tmp_path, seed, "--hypothesis-seed=7") for seed in ("271828", "314159"))
    assert one[0] == other[0] and one[1] != other[1]
