"""Files of rails that are sent in pieces and read by a process of its own; the day on which a rail's transfer is
expected; whose statements are."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook

from chassis.ids import uuid7
from contracts.events import Event
from contracts.payments_statements import PIECE_BYTES, STATEMENT_BYTES
from rules.refusal import Refusal
from services.payments import treasury
from services.payments.reconciliation import (
    differences,
    holidays,
    matching,
    reports,
    settlements,
    uploads,
)
from tests.support.payments_ground import NOON, Ground
from tests.support.statements import DAY, HEAD, HEADING, OFFICER, file_of, line, pay, read_in

BOUND = replace(OFFICER, id="staff:60", unit="EG-C-01")
OTHER = replace(OFFICER, id="staff:61")


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    assert made.faults() == []
    made.close()


def began(ground: Ground, content: bytes, **changes: Any) -> UUID:
    body = {"rail": "fawry", "format": None, "name": "day.csv", "since": DAY, "until": None, "size": len(content),
            **changes}
    upload: UUID = ground.attempt(lambda work: uploads.begin(work, body), OFFICER)["upload_id"]
    return upload


def add(ground: Ground, upload: UUID, number: int, piece: bytes, actor: Any = OFFICER) -> Any:
    body = {"upload_id": upload, "number": number, "content": base64.b64encode(piece).decode()}
    return ground.attempt(lambda work: uploads.add_piece(work, body), actor)


def ended(ground: Ground, upload: UUID, content: bytes, digest: str | None = None) -> dict[str, Any]:
    body = {"upload_id": upload, "sha256": digest or hashlib.sha256(content).hexdigest()}
    return dict(ground.attempt(lambda work: uploads.end(work, body), OFFICER))


def sent(ground: Ground, content: bytes, digest: str | None = None, **changes: Any) -> UUID:
    upload = began(ground, content, **changes)
    for number in range(-(-len(content) // PIECE_BYTES)):
        add(ground, upload, number, content[number * PIECE_BYTES:(number + 1) * PIECE_BYTES])
    ended(ground, upload, content, digest)
    return upload


def taken_in(ground: Ground, upload: UUID) -> dict[str, Any]:
    """Read in here what the process of its own reads in."""
    return uploads.take_in(ground.attempt, lambda account: lambda run: ground.attempt(
        run, replace(OFFICER, id=account)), upload)


def refused(run: Callable[[], Any]) -> list[str]:
    with pytest.raises(Refusal) as said:
        run()
    return [fault.code for fault in said.value.faults]


def test_a_file_in_pieces_is_read_in_in_the_name_of_who_sent_it(ground: Ground) -> None:
    paid = pay(ground)
    content = file_of(line(paid), *(f"7{n:09d},,PAYMENT,1.00,0,EGP,2026-03-01" for n in range(9_000)))
    assert len(content) > PIECE_BYTES
    upload = sent(ground, content)
    assert ground.rows("SELECT count(*) AS n FROM statement_piece WHERE upload_id = :u", u=upload)[0].n == 2
    raw = ground.rows("SELECT content FROM statement_piece WHERE upload_id = :u AND number = 0", u=upload)[0].content
    assert HEADING.encode() not in bytes(raw)  # sealed
    waiting = uploads.show(ground.unit_of_work(OFFICER), {"upload_id": upload})
    assert (waiting["state"], waiting["came"], waiting["lines"]) == ("waiting", len(content), 0)
    done = taken_in(ground, upload)
    assert (done["state"], done["lines"], done["matched"], done["faults"]) == ("read", 9_001, 9_001, [])
    [row] = ground.rows("SELECT imported_by FROM statement WHERE id = :s", s=done["statement_id"])
    assert row.imported_by == OFFICER.id
    assert not ground.rows("SELECT 1 FROM statement_piece WHERE upload_id = :u", u=upload)
    assert taken_in(ground, upload) == done  # read in once


def test_the_process_of_its_own_reads_in_what_waits_and_no_more(ground: Ground) -> None:
    upload = sent(ground, file_of(line(pay(ground))))
    assert uploads.run(ground) is True  # type: ignore[arg-type]
    assert uploads.show(ground.unit_of_work(OFFICER), {"upload_id": upload})["state"] == "read"
    assert uploads.run(ground) is False  # type: ignore[arg-type]


def test_what_is_no_statement_is_told_with_the_file_in_both_languages(ground: Ground) -> None:
    done = taken_in(ground, sent(ground, b"a,b\n1,2\n"))
    assert (done["state"], done["statement_id"]) == ("refused", None)
    [fault] = done["faults"]
    assert fault["code"] == "statement_heading_unknown" and "fawry_reference" in fault["ar"] and fault["en"]


def test_bytes_that_were_changed_on_their_way_are_not_read(ground: Ground) -> None:
    content = file_of("1,,PAYMENT,1.00,0,EGP,2026-03-01")
    done = taken_in(ground, sent(ground, content, digest="0" * 64))
    assert [fault["code"] for fault in done["faults"]] == ["statement_cut_off"]


def test_pieces_that_do_not_fit_or_come_from_another_are_refused(ground: Ground) -> None:
    content = b"x" * (PIECE_BYTES + 10)
    upload = began(ground, content)
    assert refused(lambda: add(ground, upload, 0, content)) == ["statement_piece_wrong"]
    assert refused(lambda: add(ground, upload, 2, b"x")) == ["statement_piece_wrong"]
    assert refused(lambda: add(ground, upload, 1, b"x" * 10, OTHER)) == ["statement_upload_unknown"]
    add(ground, upload, 1, b"x" * 10)
    assert refused(lambda: ended(ground, upload, content)) == ["statement_incomplete"]
    assert refused(lambda: began(ground, b"x", rail="nobody")) == ["rail_unknown"]
    assert refused(lambda: began(ground, b"x", since=DAY + timedelta(days=2))) == ["statement_days_ahead"]
    assert refused(lambda: began(ground, b"x", format="nobodys")) == ["statement_format_unknown"]
    assert refused(lambda: began(ground, content, size=STATEMENT_BYTES + 1)) == ["statement_too_large"]


def test_the_same_file_is_refused_before_it_is_read_again(ground: Ground) -> None:
    content = file_of(line(pay(ground)))
    read_in(ground, content)
    assert refused(lambda: sent(ground, content)) == ["statement_known"]


def test_a_reader_that_keeps_dying_is_not_started_for_ever(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[str] = []

    def dies(upload: str, _environ: dict[str, str]) -> tuple[int, str]:
        died.append(upload)
        return -9, "killed"

    monkeypatch.setattr(uploads, "_read_apart", dies)
    upload = sent(ground, file_of(line(pay(ground))))
    for _ in range(uploads.TRIES + 1):
        uploads.run(ground)  # type: ignore[arg-type]
        ground.wait(seconds=uploads.AGAIN.total_seconds())
    ended_as = uploads.show(ground.unit_of_work(OFFICER), {"upload_id": upload})
    assert died == [str(upload)] * uploads.TRIES
    assert (ended_as["state"], ended_as["faults"][0]["code"]) == ("refused", "statement_reading_failed")


def test_a_file_that_stopped_coming_is_given_up_after_a_day(ground: Ground) -> None:
    upload = began(ground, b"x" * 20)
    ground.wait(days=2)
    uploads.run(ground)  # type: ignore[arg-type]
    assert uploads.show(ground.unit_of_work(OFFICER), {"upload_id": upload})["faults"][0]["code"] == "statement_cut_off"


def test_a_workbook_that_breaks_off_further_on_counts_for_nothing(ground: Ground) -> None:
    book, whole, cut = Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(HEADING.split(","))
    for n in range(2_500):
        book.active.append([f"6{n:09d}", "", "PAYMENT", "1.00", "0", "EGP", "2026-03-01"])
    book.save(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(cut, "w") as made:
        for name in source.namelist():
            kept = source.read(name)
            made.writestr(name, kept[:-9_000] if name.endswith("sheet1.xml") else kept)
    assert refused(lambda: read_in(ground, cut.getvalue(), name="cut.xlsx")) == ["statement_unreadable"]
    [row] = ground.rows("SELECT state, lines FROM statement WHERE name = 'cut.xlsx'")
    assert (row.state, row.lines > 0) == ("set_aside", True)
    found = read_in(ground, whole.getvalue(), name="whole.xlsx")  # the rail sends a sound one
    assert found["found"]["missing_here"]["lines"] == 2_500


# -- the day of the transfer ---------------------------------------------------------------------------------------


def decree(ground: Ground, code: str, day: str, effect: str = "holiday", scope: dict[str, str] | None = None) -> None:
    timeline = [{"valid_from": "2026-01-01", "valid_until": None, "body": {
        "name": {"ar": "عطلة", "en": "Holiday"}, "effect": effect, "first": day, "last": day,
        "decree": {"number": "7", "date": "2026-02-01"}, "scope": scope}}]
    event = Event(uuid7(), "catalog.organisation.changed.v1", "urn:test", uuid7(), 1, ground.now, "test",
                  {"kind": "holiday", "code": code, "timeline": timeline})
    ground.attempt(lambda work: holidays.keep(work, event))


def day_of(ground: Ground, statement: Any) -> str:
    return str(matching.summary(ground.unit_of_work(), statement)["expected_on"])


def test_a_transfer_is_expected_on_a_working_day_as_it_is_decreed(database_url: Callable[..., str]) -> None:
    ground = Ground(database_url("payments"), now=NOON)
    ground.publish()
    wednesday = date(2026, 2, 25)
    found = read_in(ground, file_of("1,,PAYMENT,1.00,0,EGP,2026-02-25"), since=wednesday, name="a.csv")
    assert found["expected_on"] == "2026-02-26"
    thursday = read_in(ground, file_of("2,,PAYMENT,1.00,0,EGP,2026-02-26"), since=date(2026, 2, 26), name="b.csv")
    assert thursday["expected_on"] == "2026-03-01"  # over Friday and Saturday
    assert day_of(ground, thursday["statement_id"]) == "2026-03-01"
    decree(ground, "H-1", "2026-03-01")  # announced when the file was here
    assert day_of(ground, thursday["statement_id"]) == "2026-03-02"
    assert day_of(ground, found["statement_id"]) == "2026-02-26"  # that day is over
    decree(ground, "H-2", "2026-03-02", scope={"kind": "governorate", "code": "EG-ALX"})  # another governorate's
    assert day_of(ground, thursday["statement_id"]) == "2026-03-02"
    decree(ground, "H-3", "2026-03-02", scope={"kind": "governorate", "code": "EG-C"})
    assert day_of(ground, thursday["statement_id"]) == "2026-03-03"
    decree(ground, "H-1", "2026-03-01", "working_day")  # taken back
    assert day_of(ground, thursday["statement_id"]) == "2026-03-01"
    late = read_in(ground, file_of("3,,PAYMENT,1.00,0,EGP,2026-03-01"), since=date(2026, 3, 1), name="c.csv")
    assert late["expected_on"] == "2026-03-03"  # known when it was read in
    ground.close()


# -- whose statements are ------------------------------------------------------------------------------------------


def test_who_is_bound_to_a_unit_handles_no_statement_and_no_period(ground: Ground) -> None:
    some = uuid7()
    doors: list[Callable[[Any], Any]] = [
        lambda work: uploads.begin(work, {}),
        lambda work: uploads.add_piece(work, {"upload_id": some}),
        lambda work: uploads.end(work, {"upload_id": some}),
        lambda work: uploads.show(work, {"upload_id": some}),
        lambda work: reports.statements(work, {}),
        lambda work: reports.statement(work, {"statement_id": some}),
        lambda work: reports.lines(work, {"statement_id": some}),
        lambda work: differences.listed(work, {}),
        lambda work: differences.decide(work, {}),
        lambda work: settlements.receive(work, {}),
        lambda work: settlements.let_go(work, {}),
        lambda work: settlements.set_aside(work, {"statement_id": some}),
        lambda work: treasury.prepare(work, {}),
        lambda work: treasury.close(work, {"period_id": some}),
        treasury.listed,
        lambda work: treasury.file(work, {"period_id": some}),
    ]
    for door in doors:
        assert refused(lambda door=door: ground.attempt(door, BOUND)) == ["unit_bound"]  # type: ignore[misc]
    [denied] = ground.rows("SELECT count(*) AS n FROM audit WHERE action = 'denied' AND actor_id = :a", a=BOUND.id)
    assert denied.n == len(doors)


def test_what_was_reconciled_is_told_of_the_own_unit(ground: Ground) -> None:
    read_in(ground, file_of(line(pay(ground))), name="own.csv")
    asked = {"rail": None, "unit": None, "since": DAY, "until": DAY}
    whole = reports.reconciled(ground.unit_of_work(OFFICER), asked)
    own = reports.reconciled(ground.unit_of_work(BOUND), asked)
    assert own["unit"] == "EG-C-01" and {row["unit"] for row in own["rows"]} == {"EG-C-01"}
    assert own["total"] == sum(row["amount"] for row in whole["rows"] if row["unit"] == "EG-C-01") > 0
    assert refused(lambda: reports.reconciled(ground.unit_of_work(BOUND), {**asked, "unit": "EG-C-02"})) == [
        "forbidden"]
    assert reports.reconciled(ground.unit_of_work(HEAD), {**asked, "unit": "EG-C-02"})["rows"] == []


def test_two_who_send_the_same_file_at_once_read_it_in_once(ground: Ground) -> None:
    """Both were taken before either was read: the second is refused when its turn comes."""
    content = file_of(line(pay(ground)), "5,,PAYMENT,1.00,0,EGP,2026-03-01")
    first, second = sent(ground, content), sent(ground, content)
    assert taken_in(ground, first)["state"] == "read"
    late = taken_in(ground, second)
    assert (late["state"], late["faults"][0]["code"]) == ("refused", "statement_known")
    assert ground.rows("SELECT count(*) AS n FROM statement WHERE digest = :d",
                       d=hashlib.sha256(content).digest())[0].n == 1




def test_readers_that_are_killed_or_meet_read_a_file_in_once(ground: Ground) -> None:
    """Two were taken at once; both readers run, one is killed on the way, and whoever comes after goes on."""
    many = [f"8{n:09d},,PAYMENT,1.00,0,EGP,2026-03-01" for n in range(4_000)]
    content = file_of(*many)
    sending = [sent(ground, content), sent(ground, content)]
    environment = os.environ | dict(ground.settings.environ)

    def reader(upload: UUID) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-W", "ignore", "-m", "services.payments", "statement", "take-in", str(upload)]
        return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kept() -> int:
        return int(ground.rows("SELECT coalesce(max(last_line), 0) AS n FROM statement WHERE digest = :d",
                               d=hashlib.sha256(content).digest())[0].n)

    readers = [reader(upload) for upload in sending]
    while kept() < 1_000:
        assert any(one.poll() is None for one in readers) or kept(), "both ended before anything was kept"
    readers[0].send_signal(signal.SIGKILL)
    for one in readers:
        one.wait(120)
    for upload in sending:
        assert reader(upload).wait(120) == 0
    states = [uploads.show(ground.unit_of_work(OFFICER), {"upload_id": upload}) for upload in sending]
    assert {one["state"] for one in states} <= {"read", "refused"} and "read" in {one["state"] for one in states}
    assert [fault["code"] for one in states for fault in one["faults"]] in ([], ["statement_known"])
    [statement] = ground.rows("SELECT id, state, lines FROM statement WHERE digest = :d",
                              d=hashlib.sha256(content).digest())
    assert (statement.state, statement.lines) == ("matched", len(many))
    assert ground.rows("SELECT count(*) AS n FROM statement_line WHERE statement_id = :s AND kind IS NOT NULL",
                       s=statement.id)[0].n == len(many)
    assert ground.rows("SELECT count(*) AS n FROM difference WHERE statement_id = :s AND kind = 'missing_here'",
                       s=statement.id)[0].n == len(many)
