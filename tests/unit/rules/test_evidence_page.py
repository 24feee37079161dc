"""docs/evidence.md is enough to write a reader from: the one that stands there proves a file, and finds a change."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from rules import evidence, link
from tests.unit.rules.test_evidence import CAIRO, CENTRE, FILE, SUEZ, entries, written

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "evidence.md").read_text()
(READER,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
KEYS = "\n".join(f"{place}=k1:{b64encode(key.public_key().public_bytes_raw()).decode()}"
                 for place, key in (("EG", CENTRE), ("EG-C", CAIRO), ("EG-SUZ", SUEZ)))  # fmt: skip


def read(folder: Path, lines: list[bytes], keys: str = KEYS) -> subprocess.CompletedProcess[str]:
    """The page's reader in a process of its own, which imports nothing of ours."""
    (folder / "reader.py").write_text(READER)
    (folder / "log.jsonl").write_bytes(b"".join(lines))
    (folder / "keys").write_text(keys)
    return subprocess.run([sys.executable, "-I", "reader.py", "log.jsonl", "keys"], cwd=folder, capture_output=True,
                          text=True, timeout=60, env={})  # fmt: skip


def test_its_reader_proves_a_whole_file(tmp_path: Path) -> None:
    done = read(tmp_path, written(entries(parked=[2])))
    assert done.returncode == 0 and done.stdout == "whole: 8\n", done.stderr


@pytest.mark.parametrize("lines", [
    [*FILE[:3], FILE[3].replace(b"moved", b"m0ved"), *FILE[4:]],
    [*FILE[:3], *FILE[4:]],
    [FILE[0], FILE[2], FILE[1], *FILE[3:]],
    FILE[:-1],
    [FILE[0].replace(b"received", b"sent"), *FILE[1:]],
])  # fmt: skip
def test_and_finds_what_was_done_to_one(tmp_path: Path, lines: list[bytes]) -> None:
    assert read(tmp_path, lines).returncode == 1


@pytest.mark.parametrize(("place", "ends", "code"), [("EG-C", "@1/3", 1), ("EG-C", "@1/5", 0), ("EG", "@9/1", 1)])
def test_and_finds_what_a_revoked_key_signed(tmp_path: Path, place: str, ends: str, code: int) -> None:
    keys = "\n".join(line + ends * line.startswith(f"{place}=") for line in KEYS.splitlines())
    assert read(tmp_path, FILE, keys).returncode == code


def test_the_page_names_every_field_in_its_order() -> None:
    for line, kind in ((FILE[0], "header"), (FILE[1], "entry"), (FILE[-1], "head")):
        part = PAGE.partition(f'`kind` "{kind}"')[2]
        places = [part.find(f"`{name}`") for name in re.findall(rb'"(\w+)":', line)[1:] for name in [name.decode()]
                  if name != "state"]  # fmt: skip
        assert -1 not in places and places == sorted(places), kind
    assert evidence.FORMAT in PAGE and link._PURPOSE.decode() in PAGE
