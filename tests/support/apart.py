"""Browser journeys run in a pytest process of their own, inside the same session's count and summary.

Playwright's own event loop hangs in a process that eventlet has patched (it never sees its driver end). So when the
first journey's turn comes, all selected journeys are run by a second, unpatched pytest, and its reports are taken over
one by one as if the tests had run here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import SEED

__all__ = ["pytest_runtest_logreport", "pytest_runtest_protocol"]

GREEN = os.environ.get("SHUBBAK_TESTS_GREEN", "1") != "0"
_TARGET = "SHUBBAK_TESTS_REPORTS"
_taken = pytest.StashKey[tuple[dict[str, list[Any]], str]]()
_config: list[pytest.Config] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Here a journey is not run but taken over from the other process; everything else runs as ever."""
    if not _config:
        _config.append(item.config)
    if not GREEN or item.get_closest_marker("journey") is None:
        return None
    stash = item.session.stash
    if _taken not in stash:
        stash[_taken] = _run_apart(item.session)
    reports, output = stash[_taken]
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    mine = reports.get(item.nodeid, [])
    if not any(report.when == "teardown" for report in mine):
        mine = [*mine, _never_ran(item, output)]
    for report in mine:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In the other process: write each report down for the first one."""
    target = os.environ.get(_TARGET)
    if target and not GREEN:
        config = _config[0]
        data = config.hook.pytest_report_to_serializable(config=config, report=report)
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(json.dumps(data) + "\n")


def _run_apart(session: pytest.Session) -> tuple[dict[str, list[Any]], str]:
    chosen = [item.nodeid for item in session.items if item.get_closest_marker("journey")]
    with tempfile.TemporaryDirectory(prefix="shubbak-journeys-") as folder:
        target = Path(folder) / "reports.jsonl"
        target.touch()
        environment = os.environ | {
            "SHUBBAK_TESTS_GREEN": "0",
            "SHUBBAK_TEST_SEED": str(SEED),
            _TARGET: str(target),
        }
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *chosen],
            cwd=session.config.rootpath,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        reports: dict[str, list[Any]] = {}
        for line in target.read_text(encoding="utf-8").splitlines():
            report = session.config.hook.pytest_report_from_serializable(config=session.config, data=json.loads(line))
            if isinstance(report.longrepr, list):
                report.longrepr = tuple(report.longrepr)  # (path, line, reason) of a skip; JSON knows no tuple
            reports.setdefault(report.nodeid, []).append(report)
    return reports, done.stdout


def _never_ran(item: pytest.Item, output: str) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome="failed",
        longrepr=f"the process of the journeys ended before this test did:\n{output[-4000:]}",
        when="call",
    )
