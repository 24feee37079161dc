"""Documents in pieces and in quarantine, over a real database."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.ids import uuid7
from contracts import requests_intake as language
from contracts.requests_intake import PIECE_BYTES
from rules.refusal import Refusal
from services.requests import documents, inquiry, quarantine, tasks, uploads
from tests.support.requests_ground import LAST4, OFFICER, PDF, Ground
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

DAMAGED = b"%PDF-1.7 nothing of a PDF behind it"


def large_picture() -> bytes:
    """A PNG of more than two pieces."""
    stream = io.BytesIO()
    noise = hashlib.shake_256(b"noise").digest(500 * 450 * 3)
    Image.frombytes("RGB", (500, 450), noise).save(stream, "PNG")
    assert len(stream.getvalue()) > 2 * PIECE_BYTES
    return stream.getvalue()


def begin(ground: Ground, size: int) -> UUID:
    body = load(language.BeginUpload(), {"file_name": "paper.png", "size": size})
    return UUID(ground.attempt(lambda work: uploads.begin(work, body), PUBLIC)["upload_id"])


def piece(ground: Ground, upload: UUID, number: int, content: bytes) -> list[int]:
    body = load(language.AddPiece(), {"upload_id": str(upload), "number": number,
                                      "content": base64.b64encode(content).decode()})
    missing: list[int] = ground.attempt(lambda work: uploads.add_piece(work, body), PUBLIC)["missing"]
    return missing


def end(ground: Ground, upload: UUID, sha256: str | None = None) -> dict[str, Any]:
    body = load(language.EndUpload(), {"upload_id": str(upload), "sha256": sha256})
    kept: dict[str, Any] = ground.attempt(lambda work: uploads.end(work, body), PUBLIC)
    return kept


def pieces(content: bytes) -> list[bytes]:
    return [content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES)]


def send(ground: Ground, content: bytes) -> dict[str, Any]:
    upload = begin(ground, len(content))
    for number, one in enumerate(pieces(content)):
        piece(ground, upload, number, one)
    return end(ground, upload, hashlib.sha256(content).hexdigest())


def refusing(code: str, run: Callable[[], Any]) -> None:
    with pytest.raises(Refusal) as refusal:
        run()
    assert refusal.value.code == code


def status_of(ground: Ground, document_id: str) -> tuple[str, str | None]:
    [row] = ground.rows("SELECT status, verdict FROM document WHERE id = :d", d=document_id)
    return row.status, row.verdict


# -- in pieces ---------------------------------------------------------------------------------------------------------


def test_a_document_in_pieces_is_taken_checked_and_opened_like_any_other(ground: Ground) -> None:
    content = large_picture()
    kept = send(ground, content)
    assert (kept["media_type"], kept["size"], kept["status"]) == ("image/png", len(content), "quarantined")
    assert kept["sha256"] == hashlib.sha256(content).hexdigest()
    body = ground.application(papers=("id_copy",))
    body["documents"].append({"code": "lease_contract", "document_id": kept["document_id"]})
    ground.pay(ground.submit(body))
    task = ground.next(OFFICER)
    assert task is not None
    ground.check_documents()
    found = ground.attempt(lambda work: tasks.document(
        work, UUID(task["task_id"]), UUID(kept["document_id"])), OFFICER)
    assert base64.b64decode(found["content"]) == content


def test_after_a_break_an_upload_goes_on_where_it_stopped(ground: Ground) -> None:
    content = large_picture()
    first, *rest = pieces(content)
    upload = begin(ground, len(content))
    assert piece(ground, upload, 0, first) == list(range(1, len(rest) + 1))
    refusing("upload_incomplete", lambda: end(ground, upload))
    left = uploads.standing(ground.unit_of_work(PUBLIC), {"upload_id": upload})["missing"]
    for number in reversed(left):
        piece(ground, upload, number, rest[number - 1])
    assert end(ground, upload)["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_same_piece_again_changes_nothing_and_another_in_its_place_is_refused(ground: Ground) -> None:
    content = large_picture()
    upload = begin(ground, len(content))
    first = pieces(content)[0]
    assert piece(ground, upload, 0, first) == piece(ground, upload, 0, first)
    refusing("upload_piece_differs", lambda: piece(ground, upload, 0, first[:-1] + b"x"))


@pytest.mark.parametrize(("number", "size"), [(0, PIECE_BYTES - 1), (0, 0), (1, PIECE_BYTES), (9, 10)])
def test_a_piece_of_the_wrong_place_or_size(ground: Ground, number: int, size: int) -> None:
    upload = begin(ground, PIECE_BYTES + 10)
    refusing("upload_piece_wrong", lambda: piece(ground, upload, number, bytes(size)))


def test_what_is_wrong_with_an_upload_is_told_as_soon_as_it_shows(ground: Ground) -> None:
    refusing("document_too_large", lambda: begin(ground, documents.LARGEST + 1))
    refusing("document_type_refused", lambda: piece(ground, begin(ground, 4), 0, b"MZ\x90\x00"))
    refusing("upload_unknown", lambda: piece(ground, uuid7(), 0, b"x"))
    upload = begin(ground, len(PDF))
    piece(ground, upload, 0, PDF)
    refusing("checksum_differs", lambda: end(ground, upload, "0" * 64))
    end(ground, upload)
    refusing("upload_unknown", lambda: end(ground, upload))


def test_a_document_whose_upload_has_not_ended_cannot_be_lodged(ground: Ground) -> None:
    body = ground.application(papers=("id_copy",))
    upload = begin(ground, len(PDF))
    piece(ground, upload, 0, PDF)
    body["documents"].append({"code": "lease_contract", "document_id": str(upload)})
    refusing("document_unknown", lambda: ground.submit(body))


def test_pieces_are_sealed_and_go_with_their_document(ground: Ground) -> None:
    picture = large_picture()
    send(ground, picture)
    begun = begin(ground, len(PDF))
    piece(ground, begun, 0, PDF)
    dump = b"".join(bytes(row.content) for row in ground.rows("SELECT content FROM document_piece"))
    assert len(dump) > len(picture) + len(PDF)
    spots = range(0, len(picture) - 16, PIECE_BYTES // 4)
    assert not any(clear in dump for clear in [PDF[:16], b"Catalog", *(picture[at : at + 16] for at in spots)])
    ground.wait(hours=25)
    ground.attempt(lambda work: documents.purge(work, work.now.replace(hour=0)))
    assert not ground.rows("SELECT 1 FROM document_piece") and not ground.rows("SELECT 1 FROM document")


# -- in quarantine -----------------------------------------------------------------------------------------------------


def test_no_department_opens_a_document_before_it_was_checked(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    [paper, *_] = ground.file(OFFICER, task)["documents"]

    def look() -> Any:
        return ground.attempt(
            lambda work: tasks.document(work, UUID(task["task_id"]), UUID(paper["document_id"])), OFFICER)

    assert paper["status"] == "quarantined"
    refusing("document_in_quarantine", look)
    ground.check_documents()
    assert base64.b64decode(look()["content"]) == PDF
    assert {one["status"] for one in ground.file(OFFICER, task)["documents"]} == {"clean"}


def test_a_document_found_bad_before_it_is_lodged_is_told_at_the_window(ground: Ground) -> None:
    bad = ground.upload(DAMAGED)
    ground.check_documents()
    assert status_of(ground, bad) == ("refused", "unreadable")
    body = ground.application(papers=("id_copy",))
    body["documents"].append({"code": "lease_contract", "document_id": bad})
    with pytest.raises(Refusal) as refusal:
        ground.submit(body)
    assert [(one.code, one.field) for one in refusal.value.faults] == [
        ("document_unreadable", "documents/lease_contract")]


def lodged_with_a_bad_paper(ground: Ground) -> tuple[dict[str, Any], str]:
    bad = ground.upload(DAMAGED)
    body = ground.application(papers=("id_copy",))
    body["documents"].append({"code": "lease_contract", "document_id": bad})
    lodged = ground.submit(body)
    ground.pay(lodged)
    ground.check_documents()
    return lodged, bad


def replace(ground: Ground, lodged: dict[str, Any], **papers: str) -> dict[str, Any]:
    body = load(language.ReplaceDocuments(), {
        "tracking_number": lodged["tracking_number"], "phone_last4": LAST4,
        "documents": [{"code": code, "document_id": one} for code, one in papers.items()]})
    answer: dict[str, Any] = ground.attempt(
        lambda work: quarantine.replace(work, inquiry.admitted(work, body), body["documents"]), PUBLIC)
    return answer


def test_the_applicant_of_a_bad_document_is_told_once_and_brings_another_where_the_file_lies(ground: Ground) -> None:
    lodged, bad = lodged_with_a_bad_paper(ground)
    [event] = ground.events(bad)
    assert (event.type, event.data["code"], event.data["reason"]) == (
        "requests.document.refused.v1", "lease_contract", "document_unreadable")
    [told] = ground.timeline(lodged)["documents_refused"]
    assert (told["code"], told["reason"]) == ("lease_contract", "document_unreadable")
    before = ground.row(lodged)

    good = ground.upload()
    assert replace(ground, lodged, lease_contract=good)["replaced"] == ["lease_contract"]

    after = ground.row(lodged)
    assert (after.state, after.version, after.due_on) == (before.state, before.version, before.due_on)
    assert ground.timeline(lodged)["documents_refused"] == []
    task = ground.next(OFFICER)
    assert task is not None
    assert {one["document_id"] for one in ground.file(OFFICER, task)["documents"]} >= {good}
    assert bad not in {one["document_id"] for one in ground.file(OFFICER, task)["documents"]}
    ground.check_documents()
    assert len(ground.events(bad)) == 1


def test_only_what_was_refused_is_replaced(ground: Ground) -> None:
    lodged, _ = lodged_with_a_bad_paper(ground)
    refusing("document_not_asked", lambda: replace(ground, lodged, id_copy=ground.upload()))
    replace(ground, lodged, lease_contract=ground.upload())
    refusing("not_waiting_for_applicant", lambda: replace(ground, lodged, lease_contract=ground.upload()))


def test_a_refused_document_does_not_count_as_brought_when_the_file_is_completed(ground: Ground) -> None:
    lodged, _ = lodged_with_a_bad_paper(ground)
    ground.do(OFFICER, "send_back", reason="العقد غير مقروء")
    refusing("document_missing", lambda: ground.resubmit(lodged))
    ground.resubmit(lodged, documents=[{"code": "lease_contract", "document_id": ground.upload()}])
    assert ground.timeline(lodged)["documents_refused"] == []


def test_a_document_found_bad_while_its_request_was_being_lodged_is_not_taken_unseen(ground: Ground) -> None:
    """The check commits between submit's reading and writing: the submit runs again and is told."""
    bad = ground.upload(DAMAGED)
    body = ground.application(papers=("id_copy",))
    body["documents"].append({"code": "lease_contract", "document_id": bad})
    check, lookup = documents.check, []

    def checked_meanwhile(*given: Any) -> None:
        check(*given)
        if not lookup:
            lookup.append(True)
            ground.check_documents()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(documents, "check", checked_meanwhile)
        refusing("document_unreadable", lambda: ground.submit(body))
    assert not ground.rows("SELECT 1 FROM request")


# -- malware -----------------------------------------------------------------------------------------------------------


class Scanner:
    """Speaks ClamAV's INSTREAM as its daemon does; finds whatever holds `EVIL`."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            with line, line.makefile("rb") as stream:
                assert stream.read(10) == b"zINSTREAM\0"
                content = b""
                while length := struct.unpack(">I", stream.read(4))[0]:
                    content += stream.read(length)
                line.sendall(b"stream: Evil FOUND\0" if b"EVIL" in content else b"stream: OK\0")


def test_a_scanner_that_is_named_finds_malware(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    scanner = Scanner()
    monkeypatch.setitem(ground.settings.environ, "SHUBBAK_CLAMD", scanner.address)
    bad, good = ground.upload(PDF + b"%EVIL"), ground.upload(PDF)
    ground.check_documents()
    scanner.close()
    assert (status_of(ground, bad), status_of(ground, good)) == (("refused", "infected"), ("clean", None))


def test_while_the_scanner_is_away_everything_stays_in_quarantine(
        ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    scanner = Scanner()
    scanner.close()
    monkeypatch.setitem(ground.settings.environ, "SHUBBAK_CLAMD", scanner.address)
    kept = ground.upload()
    assert ground.attempt(quarantine.check_next) is False
    assert status_of(ground, kept) == ("quarantined", None)


def test_nothing_of_the_refused_document_stands_in_its_event_but_its_kind(ground: Ground) -> None:
    _, bad = lodged_with_a_bad_paper(ground)
    [event] = ground.events(bad)
    assert "paper.pdf" not in json.dumps(event.data)
