"""`verify-log` as an outsider calls it: a file, public keys, nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import evidence_cli
from chassis.cli import main
from rules import evidence
from tests.unit.rules.test_evidence import CAIRO, CENTRE, FILE, SUEZ, entries, written

ROOT = Path(__file__).resolve().parents[3]


def shown(place: str, private: Ed25519PrivateKey, after: str = "") -> str:
    return f"{place}=k1:{b64encode(private.public_key().public_bytes_raw()).decode()}{after}"


KEYS = [shown("EG", CENTRE), shown("EG-C", CAIRO), shown("EG-SUZ", SUEZ)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(FILE))
    return path


def verify(path: Path, *keys: str, earlier: Path | None = None) -> Result:
    given = [part for key in keys or (",".join(KEYS),) for part in ("--keys", key)]
    return CliRunner().invoke(main, ["verify-log", str(path), *given,
                                     *(["--earlier", str(earlier)] if earlier else [])])  # fmt: skip


def test_a_whole_file_is_said_to_be_whole_and_what_stands_in_it(file: Path) -> None:
    done = verify(file)
    assert done.exit_code == 0, done.output
    assert "whole. 8 messages received by EG, positions 1 to 8" in done.output
    assert "EG-C 4, EG-SUZ 4" in done.output


def test_it_needs_no_settings_and_reaches_nobody(file: Path, tmp_path: Path) -> None:
    """In a process of its own, without one setting, in which every connection is refused."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\ndef no(*_):\n    raise SystemExit('the network was asked')\n"
        "socket.socket.connect = socket.socket.connect_ex = no\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHUBBAK_")}
    done = subprocess.run(
        [sys.executable, "-m", "chassis", "verify-log", str(file), "--keys", ",".join(KEYS)], cwd=ROOT, text=True,
        capture_output=True, env={**environ, "PYTHONPATH": str(tmp_path)}, timeout=60)  # fmt: skip
    assert done.returncode == 0 and "whole" in done.stdout, done.stderr


def test_a_changed_line_is_named_in_words(file: Path) -> None:
    file.write_bytes(b"".join([*FILE[:4], FILE[4].replace(b"moved", b"m0ved"), *FILE[5:]]))
    done = verify(file)
    assert done.exit_code == 1 and "line 5: this line, or one before it, was changed" in done.output


@pytest.mark.parametrize("why", evidence.WHYS)
def test_every_way_of_not_holding_has_its_words(why: str) -> None:
    assert evidence_cli._said(evidence.Broken(3, why)).startswith("line 3: ")


def test_an_earlier_file_shows_what_was_cut_off_since(file: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.jsonl"
    later.write_bytes(b"".join(written(entries()[:6])))
    assert verify(later).exit_code == 0
    done = verify(later, earlier=file)
    assert done.exit_code == 1 and "rewritten or cut since" in done.output


def test_a_revoked_key_proves_nothing_from_its_place_on(file: Path) -> None:
    done = verify(file, KEYS[0], shown("EG-C", CAIRO, "@1/3"), KEYS[2])
    assert done.exit_code == 1 and "line 6: the sender did not sign this message (key_revoked)" in done.output
    assert verify(file, KEYS[0], shown("EG-C", CAIRO, "@1/5"), KEYS[2]).exit_code == 0


def test_both_ends_tell_a_key_and_a_revocation_counts_whoever_tells_it(file: Path) -> None:
    assert verify(file, *KEYS, KEYS[1]).exit_code == 0
    for given in ((*KEYS, shown("EG-C", CAIRO, "@1/3")), (shown("EG-C", CAIRO, "@1/3"), *KEYS)):
        assert "line 6" in verify(file, *given).output


def test_a_head_under_a_revoked_key_is_refused_and_one_that_was_kept_before_counts(file: Path) -> None:
    assert "have the log exported again" in verify(file, shown("EG", CENTRE, "@7/1"), *KEYS[1:]).output
    run, keys = CliRunner(), ["--keys", ",".join(KEYS)]

    def told(*more: str) -> Result:
        return run.invoke(main, ["verify-log", str(file), *keys, *more])

    done = told("--revoked", "EG=k1@7/1")
    assert done.exit_code == 1 and "head is signed under a key that was revoked" in done.output
    assert "line 6" in told("--revoked", "EG-C=k1@1/3").output
    assert told("--revoked", "EG-C=k1@1/5").exit_code == 0
    for wrong in ("EG-C=k1", "EG-C=k9@1/3", "EG-ALX=k1@1/3"):
        assert told("--revoked", wrong).exit_code == 1
    later = file.with_name("later.jsonl")
    later.write_bytes(b"".join(written(entries(), key_id="k2", private=SUEZ)))
    new = ["--keys", f"{shown('EG', CENTRE, '@7/1')},{shown('EG', SUEZ).replace('k1', 'k2')},{','.join(KEYS[1:])}"]
    done = run.invoke(main, ["verify-log", str(later), *new, "--earlier", str(file)])
    assert done.exit_code == 0, done.output


def test_keys_come_from_a_file_too(file: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("# of the country\n" + "\n".join(KEYS) + "\n")
    assert verify(file, str(tmp_path / "keys")).exit_code == 0


@pytest.mark.parametrize("keys", ["nothing-here", "EG=k1", "EG=k1:short", "EG=K 1:AAAA", f"{KEYS[0]}@3",
                                  f"{KEYS[0]},{shown('EG', SUEZ)}"])  # fmt: skip
def test_what_is_no_key_is_said(file: Path, keys: str) -> None:
    done = verify(file, keys)
    assert done.exit_code == 1 and ("key" in done.output)
    assert "Traceback" not in done.output


def test_a_file_of_something_else_is_said(file: Path) -> None:
    file.write_bytes(b"")
    assert "no file of a message log" in verify(file).output
    file.write_text('{"kind":"header","format":"shubbak-audit-1"}\n')
    assert "no file of a message log" in verify(file).output
