"""What an outside auditor proves with an export, signed heads kept elsewhere, and the public key alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import audit, audit_heads, metrics
from chassis.audit_cli import audit as commands
from chassis.database import Database
from chassis.ids import uuid7
from tests.integration.chassis.ground import context_of, environment, maker, rows, running, until
from tests.integration.chassis.test_audit import KEY, tamper, trail  # noqa: F401

PUBLIC = KEY.public_key().public_bytes_raw().hex()


@pytest.fixture
def exported(trail, tmp_path):  # noqa: F811
    """The file of thirty acts with three signed days."""
    path = tmp_path / "audit.jsonl"
    done = CliRunner().invoke(commands, ["export", "catalog", "--out", str(path)], env=environment("catalog", trail))
    assert done.exit_code == 0, done.output
    return path


def proved(path, *more, key=PUBLIC):
    """An outsider's run: another process, no settings of the node, no database."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHUBBAK")}
    return subprocess.run([sys.executable, "-m", "chassis", "audit", "verify", str(path), "--public-key", key, *more],
                          env=environ, capture_output=True, text=True, timeout=60)


def test_an_outsider_proves_an_export_with_the_public_key_alone(exported):
    done = proved(exported)
    assert done.returncode == 0 and "30 rows, 3 signed days: the chain is whole" in done.stdout, done.stderr


def test_a_file_does_not_vouch_for_itself(exported):
    done = CliRunner().invoke(commands, ["verify", str(exported)])
    assert done.exit_code == 1 and "--public-key" in done.output
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    done = CliRunner().invoke(commands, ["verify", str(exported), "--public-key", other])
    assert done.exit_code == 1 and "does not verify" in done.output


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def at(lines, position):
    return next(number for number, line in enumerate(lines) if line["kind"] == "row" and line["position"] == position)


def changed(lines):
    lines[at(lines, 7)]["actor_id"] = "somebody else"


def removed(lines):
    del lines[at(lines, 7)]


def inserted(lines):
    row = lines[at(lines, 6)]
    lines.insert(at(lines, 7), {**row, "position": 7, "id": 1000})
    for line in lines[at(lines, 7) + 1:]:
        line["position"] += 1


def twice(lines):
    lines.insert(at(lines, 7), dict(lines[at(lines, 6)]))


def reordered(lines):
    here = at(lines, 7)
    lines[here], lines[here + 1] = lines[here + 1], lines[here]


def reordered_and_renumbered(lines):
    reordered(lines)
    here = at(lines, 8)
    lines[here]["position"], lines[here + 1]["position"] = 7, 8


def end_cut(lines):
    del lines[at(lines, 26):]


def hashed_over(lines):
    """Row 7 changed, and everything after it chained anew: only signatures can tell."""
    from chassis.audit_export import _row

    last = audit.GENESIS
    lines[at(lines, 7)]["action"] = "harmless"
    for line in lines[at(lines, 1):]:
        last = audit.row_hash(last, _row(line))
        line["hash"] = last.hex()


def forged_seal(lines):
    seal = next(line for line in lines if line["kind"] == "seal" and line["position"] == 20)
    key = Ed25519PrivateKey.generate()
    seal["public_key"] = key.public_key().public_bytes_raw().hex()
    covered = audit.signed_bytes("catalog", datetime.fromisoformat(seal["day"]).date(), 20, bytes.fromhex(seal["hash"]))
    seal["signature"] = key.sign(covered).hex()


def head_dropped(lines):
    lines[:] = [line for line in lines if line["kind"] != "head"]


@pytest.mark.parametrize(("forge", "position", "says"), [
    (changed, 7, "row 7"), (removed, 7, "a row was removed"), (inserted, 7, "does not hash"),
    (twice, 7, "put in or moved"), (reordered, 7, "position 8 stands where 7 should"),
    (reordered_and_renumbered, 7, "does not hash"), (end_cut, 26, "30 rows were signed, 25 are here"),
    (hashed_over, 10, "rows 1 to 10"), (forged_seal, 20, "does not verify"), (head_dropped, 1, "head is missing"),
])
def test_the_first_broken_link_is_named(exported, forge, position, says):
    lines = lines_of(exported)
    forge(lines)
    exported.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    done = CliRunner().invoke(commands, ["verify", str(exported), "--public-key", PUBLIC])
    assert done.exit_code == 1 and says in done.output, done.output
    assert f"first broken link: position {position}\n" in done.output


def test_a_torn_line_is_told_with_its_number(exported):
    exported.write_bytes(exported.read_bytes()[:-20])
    done = CliRunner().invoke(commands, ["verify", str(exported), "--public-key", PUBLIC])
    assert done.exit_code == 1 and "cannot be read" in done.output


def test_newest_rows_cut_off_are_told_by_a_head_kept_outside(database, tmp_path, monkeypatch):
    monkeypatch.setattr(audit_heads, "APART", 0.0)
    kept = tmp_path / "heads.jsonl"
    environ = environment("catalog", database, AUDIT_HEADS=str(kept))
    with running(monkeypatch, {"catalog": environ}) as platforms:
        for number in range(5):
            platforms["catalog"].attempt(lambda work, number=number: work.audit("note.write", "x", number=number))
        until(lambda: kept.exists() and any(line["position"] == 5 for line in lines_of(kept)))
    verify = ["verify", "catalog", "--heads", str(kept)]
    assert CliRunner().invoke(commands, verify, env=environ).exit_code == 0
    tamper(database, "DELETE FROM audit WHERE position > 3")
    assert CliRunner().invoke(commands, verify[:2], env=environ).exit_code == 0  # what no head is kept for goes unseen
    done = CliRunner().invoke(commands, verify, env=environ)
    assert done.exit_code == 1 and "5 rows were signed, 3 are here" in done.output
    assert "first broken link: position 4\n" in done.output


def test_an_export_leaves_out_what_is_not_chained_and_says_how_many(database, tmp_path):
    context = context_of("catalog", database)
    for number in range(3):
        work = maker(context)()
        work.now = datetime.now(UTC) - timedelta(days=1)
        work.audit("note.write", str(uuid7()), number=number)
        work.commit()
        if number == 1:
            session = Database(database, 1).session()
            with session.cursor() as cursor:
                audit.seal(cursor)
            session.close()
    context.database.close()
    path = tmp_path / "audit.jsonl"
    CliRunner().invoke(commands, ["export", "catalog", "--out", str(path)], env=environment("catalog", database),
                       catch_exceptions=False)
    header, *_ = lines_of(path)
    assert (header["rows"], header["unchained"]) == (2, 1)


def test_the_window_in_which_a_row_is_unchained_is_measured_and_short(database, monkeypatch):
    before = windows()
    with running(monkeypatch, {"catalog": environment("catalog", database)}) as platforms:
        for _ in range(200):
            platforms["catalog"].attempt(lambda work: work.audit("note.write", "x"))
        until(lambda: rows(database, "SELECT count(*) AS n FROM audit WHERE position IS NULL")[0].n == 0)
    count, within = (after - old for after, old in zip(windows(), before, strict=True))
    assert count > 0 and count == within


def windows():
    """Batches chained so far, and those whose oldest row waited at most five seconds."""
    found = {}
    for line in metrics.render().decode().splitlines():
        if line.startswith("shubbak_audit_window_seconds") and 'service="catalog"' in line:
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return (found.get('shubbak_audit_window_seconds_count{service="catalog"}', 0.0),
            found.get('shubbak_audit_window_seconds_bucket{le="5.0",service="catalog"}', 0.0))
