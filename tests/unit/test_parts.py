"""`make test` runs tests in parts: each module is in one part, and in one only."""

from __future__ import annotations

from pathlib import Path

from infra import tests as runner


def test_every_module_is_run_by_one_part():
    paths = [path for part in runner._parts().values() for path in part]
    modules = [found.relative_to(runner.ROOT).as_posix() for found in (runner.ROOT / "tests").rglob("test_*.py")]
    for module in modules:
        assert sum(Path(module).is_relative_to(path) for path in paths) == 1, module
    assert all((runner.ROOT / path).exists() for path in paths)
