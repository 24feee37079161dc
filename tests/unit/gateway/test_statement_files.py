"""A rail's file is handed on while it comes in: bounded memory, one step a piece, the same steps for the same key."""

from __future__ import annotations

import base64
import hashlib
import tracemalloc
from typing import Any

import pytest

from contracts.payments_statements import PIECE_BYTES, STATEMENT_BYTES
from tests.unit.gateway.ground import BILL_ID, Service, client_of
from tests.unit.gateway.test_streamed_uploads import MEGABYTE, Line

ASKED = "/api/v1/statements?rail=fawry&since=2026-03-01&name=day.csv"


@pytest.fixture
def service() -> Service:
    made = Service()
    made.answers |= {
        "payments.begin_statement": {"upload_id": BILL_ID, "piece_bytes": PIECE_BYTES, "pieces": 1},
        "payments.add_statement_piece": {"upload_id": BILL_ID, "number": 0},
        "payments.end_statement": {"upload_id": BILL_ID, "state": "waiting"}}
    return made


def send(service: Service, line: Line, length: int | None, key: str = "key-12345", asked: str = ASKED) -> Any:
    told = {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}
    token = service.log_in("finance_officer")
    return client_of(service).post(asked, content_type="text/csv", headers={
        "Idempotency-Key": key, "Authorization": f"Bearer {token}"}, environ_overrides={"wsgi.input": line, **told})


@pytest.mark.parametrize("asked", [ASKED.replace("2026-03-01", "0001-01-01"), f"{ASKED}&until=9999-12-31"])
def test_days_at_the_end_of_the_calendar_are_refused_before_anything_is_kept(service: Service, asked: str) -> None:
    assert send(service, Line(5), 5, asked=asked).status_code == 422
    assert service.called == []


def test_a_file_goes_on_piece_by_piece_with_the_checksum_of_the_whole(service: Service) -> None:
    size = 2 * PIECE_BYTES + 5
    answer = send(service, Line(size), size)
    assert (answer.status_code, answer.location) == (202, f"/api/v1/statements/files/{BILL_ID}")
    assert [one.method for one in service.called] == [
        "payments.begin_statement", *["payments.add_statement_piece"] * 3, "payments.end_statement"]
    begun, *added, ended = (one.payload for one in service.called)
    assert (begun["rail"], begun["since"], begun["size"], begun["name"]) == ("fawry", "2026-03-01", size, "day.csv")
    assert [one["number"] for one in added] == [0, 1, 2]
    assert b"".join(base64.b64decode(one["content"]) for one in added) == b"x" * size
    assert ended["sha256"] == hashlib.sha256(b"x" * size).hexdigest()


def test_the_same_key_means_the_same_steps_and_another_key_others(service: Service) -> None:
    for key in ("key-12345", "key-12345", "key-54321"):
        send(service, Line(10), 10, key)
    ids = [one.command_id for one in service.called]
    assert ids[:3] == ids[3:6] and not set(ids[:3]) & set(ids[6:]) and len(set(ids[:3])) == 3


def test_no_more_than_a_few_pieces_are_held(service: Service) -> None:
    send(service, Line(10), 10)  # what is loaded once
    service.called.clear()
    tracemalloc.start()
    size = 24 * MEGABYTE
    assert send(service, Line(size), size).status_code == 202
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    held = sum(len(one.payload.get("content", "")) for one in service.called)  # by the test's own record
    assert peak - held < 6 * MEGABYTE


def test_a_file_that_breaks_off_is_told_and_not_ended(service: Service) -> None:
    answer = send(service, Line(PIECE_BYTES + 10, breaks_at=PIECE_BYTES + 3), PIECE_BYTES + 10)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "document_cut_off")
    assert "payments.end_statement" not in [one.method for one in service.called]


@pytest.mark.parametrize(("length", "asked", "code"), [
    (None, ASKED, "length_required"),
    (STATEMENT_BYTES + 1, ASKED, "too_large"),
    (10, ASKED.replace("2026-03-01", "yesterday"), "field_invalid"),
    (10, ASKED.replace("rail=fawry&", ""), "field_required"),
    (10, ASKED.replace("fawry", "../etc"), "field_invalid"),
])
def test_what_is_no_file_for_a_rail_is_refused_before_it_is_read(
        service: Service, length: int | None, asked: str, code: str) -> None:
    line = Line(length or 10)
    assert send(service, line, length, asked=asked).get_json()["code"] == code
    assert line.read_so_far == 0 and not service.called
