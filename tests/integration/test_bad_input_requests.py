"""Everything that may not be done to a request, over HTTP in a whole node: a wrong transition, a wrong role, a wrong
unit, a stale version, a document that is broken, too large or not what it says, an upload sent again. Each gets a clear
answer in both languages that names the field, and nothing changes."""

from __future__ import annotations

import base64
import hashlib
import struct
import uuid
import zlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from contracts.requests_intake import PIECE_BYTES
from infra.demo.walk import API, Walk, application
from tests.support.refusals import problem, state

ELSEWHERE = "EG-C-02"
REASON = "سبب مكتوب بوضوح"


@pytest.fixture(scope="module")
def town(node: Any) -> Iterator[Any]:
    """One request before the officer, one taken back, one rejected, one whose licence was issued and handed over; and
    people of another unit."""
    for name, role, department, unit in (
            ("town-head", "unit_head", "leadership", ELSEWHERE), ("town-clerk", "window_clerk", None, ELSEWHERE),
            ("town-manager", "centre_manager", None, ELSEWHERE), ("manager-here", "centre_manager", None, "EG-C-01")):
        node.employ(name, role, department, unit)
    walk = Walk(node.url, node.peers.pay)
    found = SimpleNamespace(walk=walk, node=node)
    issued = walk.run()
    found.issued, found.serial = issued["tracking_number"], issued["serial"]
    walk.fetch_licence(found.issued)
    walk.post(f"/register/{found.serial}/delivery", {"identity": "national_id"}, as_="clerk")
    found.rejected = walk.lodge()["tracking_number"]
    walk.pay_bill(found.rejected, "inspection")
    for name, action in (("officer", "accept"), ("inspector", "report"), ("head", "reject")):
        walk.act(name, action)
    found.reopening = public(found, f"/requests/{found.rejected}/reopenings", {"reason": REASON}).json()["reopening_id"]
    found.withdrawn = walk.lodge()["tracking_number"]
    assert public(found, f"/requests/{found.withdrawn}/withdrawal", {}).status_code == 200
    found.held = walk.lodge()["tracking_number"]
    walk.pay_bill(found.held, "inspection")
    found.task = walk.until(lambda: walk.post("/tasks/next", {}, as_="officer")["task"], bool)["task_id"]
    found.complaint = public(found, f"/requests/{found.held}/complaints", {
        "kind": "delay", "text": "تأخر طلبي ولم يتصل بي أحد"}).json()["complaint_number"]
    settled(found)
    yield found
    walk.post(f"/tasks/{found.task}/actions", {"action": "send_back", "inputs": {}, "reason": REASON}, as_="officer")
    walk.until(node.settled, bool)


def settled(town: Any) -> None:
    """Until nothing of it moves by itself."""
    town.walk.until(town.node.settled, bool)
    town.walk.until(lambda: town.node.sql("requests", "SELECT 1 FROM document WHERE status = 'quarantined'"),
                    lambda rows: not rows)
    town.walk.until(lambda: town.node.sql("notifications", "SELECT 1 FROM message WHERE state NOT IN "
                                                           "('delivered', 'failed') AND channel = 'sms'"),
                    lambda rows: not rows)


def public(town: Any, path: str, body: Any, key: str | None = None) -> requests.Response:
    """As the applicant, who knows both numbers."""
    return requests.post(f"{town.node.url}{API}{path}", json=body, timeout=20, headers={
        "X-Phone-Last4": town.walk.last4, "Idempotency-Key": key or str(uuid.uuid4())})


def staff(town: Any, who: str, path: str, body: Any, method: str = "POST") -> requests.Response:
    return requests.request(method, f"{town.node.url}{API}{path}", json=body, timeout=20, headers={
        "Authorization": f"Bearer {town.walk.token(who)}", "Idempotency-Key": str(uuid.uuid4())})


def sample(name: str | None = None) -> dict[str, Any]:
    return {"reason": REASON, **({"applicant": {"name": name}} if name else {})}


WRONG_TRANSITION = [
    (None, "/requests/{held}/completion", {}, 409, "not_waiting_for_applicant"),
    (None, "/requests/{issued}/completion", {}, 409, "not_waiting_for_applicant"),
    (None, "/requests/{issued}/withdrawal", {}, 409, "withdrawal_not_offered"),
    (None, "/requests/{withdrawn}/withdrawal", {}, 409, "withdrawal_not_offered"),
    (None, "/requests/{held}/appeal", {"reason": REASON}, 409, "appeal_not_offered"),
    (None, "/requests/{issued}/appeal", {"reason": REASON}, 409, "appeal_not_offered"),
    (None, "/requests/{held}/reopenings", {"reason": REASON}, 409, "reopening_not_possible"),
    (None, "/requests/{issued}/reopenings", {"reason": REASON}, 409, "reopening_not_possible"),
    (None, "/requests/{rejected}/reopenings", {"reason": REASON}, 409, "reopening_asked_before"),
    (None, "/requests/{held}/complaints", {"kind": "delay", "text": "مرة أخرى عن الأمر نفسه"}, 409, "complaint_open"),
    (None, "/requests/{held}/documents", {"documents": [{"code": "id_copy", "document_id": str(uuid.uuid4())}]}, 409,
     "not_waiting_for_applicant"),
    ("officer", "/tasks/{task}/actions", {"action": "approve"}, 422, "action_unknown"),
    ("officer", "/tasks/{task}/actions", {"action": "paid"}, 422, "action_unknown"),
    ("officer", "/tasks/{task}/actions", {"action": "silence"}, 422, "action_unknown"),
    ("officer", "/tasks/{task}/actions", {"action": "send_back"}, 422, "nothing_missing"),
    ("officer", "/tasks/{task}/actions", {"action": "accept", "legal_reason": "none"}, 422, "legal_reason_unknown"),
    ("officer", "/tasks/{task}/letter/sending", {"how": "hand"}, None, "letter_unknown"),
    ("head", "/register/{serial}/resumption", {"reason": REASON}, 409, "licence_act_refused"),
    ("clerk", "/register/{serial}/delivery", {"identity": "national_id"}, 409, "delivered_before"),
    ("clerk", "/requests/{issued}/corrections", sample("محمود حسن علي"), 409, "correction_too_late"),
    ("clerk", "/requests/{held}/corrections", sample("محمود عبد الله حسن"), 422, "nothing_corrected"),
    ("head", "/extensions", {"tracking_number": "{issued}", "days": 3, "reason": REASON}, None, "period_unknown"),
    ("head", "/extensions", {"tracking_number": "{held}", "period": "nothing", "days": 3, "reason": REASON}, None,
     "period_unknown"),
    ("head", "/reopenings/{reopening}/decision", {"grant": True, "reason": REASON}, 403, "apart_by_design"),
    ("manager-here", "/complaints/K-C-2026-000001-T/answer", {"upheld": True, "answer": REASON}, None, None),
]  # fmt: skip

WRONG_ROLE = [
    ("clerk", "/tasks/{task}/actions", {"action": "accept"}),
    ("officer", "/register/{serial}/suspension", {"reason": REASON}),
    ("officer", "/requests/{held}/corrections", sample("محمود حسن علي")),
    ("officer", "/extensions", {"tracking_number": "{held}", "days": 3, "reason": REASON}),
    ("clerk", "/register/{serial}/cancellation", {"reason": REASON}),
    ("cashier", "/requests", {}),
    ("head", "/register/{serial}/delivery", {"identity": "national_id"}),
    ("officer", "/complaints/{complaint}/answer", {"upheld": True, "answer": REASON}),
    ("manager-here", "/tasks/{task}/take-back", {"reason": REASON}),
    ("manager-here", "/reopenings/{reopening}/decision", {"grant": True, "reason": REASON}),
]

WRONG_UNIT = [
    ("town-head", "/tasks/{task}/take-back", {"reason": REASON}, 404, "task_unknown"),
    ("town-head", "/register/{serial}/suspension", {"reason": REASON}, 403, "forbidden"),
    ("town-head", "/register/{serial}/replacement", {"reason": REASON}, 403, "forbidden"),
    ("town-head", "/extensions", {"tracking_number": "{held}", "days": 3, "reason": REASON}, 403, "forbidden"),
    ("town-head", "/reopenings/{reopening}/decision", {"grant": True, "reason": REASON}, 403, "forbidden"),
    ("town-head", "/tasks/{task}/actions", {"action": "accept"}, 404, "task_unknown"),
    ("town-clerk", "/register/{serial}/delivery", {"identity": "national_id"}, 403, "forbidden"),
    ("town-clerk", "/register/{serial}/prints", {"purpose": "window"}, 403, "forbidden"),
    ("town-clerk", "/requests/{held}/corrections", sample("محمود حسن علي"), 403, "forbidden"),
    ("town-clerk", "/requests", application([]), 403, "forbidden"),
    ("town-manager", "/complaints/{complaint}/answer", {"upheld": True, "answer": REASON}, 403, "forbidden"),
]

STALE = [
    ("officer", "/tasks/{task}/actions", {"action": "accept", "version": 1}, "version"),
    ("head", "/tasks/{task}/take-back", {"reason": REASON, "version": 9}, "version"),
    ("head", "/register/{serial}/suspension", {"reason": REASON, "version": 9}, "version"),
    ("head", "/register/{serial}/cancellation", {"reason": REASON, "version": 9}, "version"),
    ("clerk", "/requests/{held}/corrections", {**sample("محمود حسن علي"), "corrected": 7}, "corrected"),
    ("manager-here", "/complaints/{complaint}/answer", {"upheld": True, "answer": REASON, "version": 9}, "version"),
]  # fmt: skip


def filled(town: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: filled(town, one) for name, one in value.items()}
    return value.format(**vars(town)) if isinstance(value, str) else value


def sent(town: Any, who: str | None, path: str, body: Any) -> requests.Response:
    path, body = filled(town, path), filled(town, body)
    return public(town, path, body) if who is None else staff(town, who, path, body)


def refused(town: Any, send: Any, status: int | None, code: str | None, field: str | None = None) -> dict[str, Any]:
    """Whatever is sent is refused, clearly, and nothing changes."""
    before = state(town.node)
    response = send()
    body = problem(response, status or response.status_code, code or response.json()["code"], field)
    assert 400 <= response.status_code < 500
    assert state(town.node) == before
    return body


@pytest.mark.parametrize(("who", "path", "body", "status", "code"), WRONG_TRANSITION)
def test_a_wrong_transition(town: Any, who: str | None, path: str, body: Any, status: int | None,
                            code: str | None) -> None:
    refused(town, lambda: sent(town, who, path, body), status, code)


@pytest.mark.parametrize(("who", "path", "body"), WRONG_ROLE)
def test_a_wrong_role(town: Any, who: str, path: str, body: Any) -> None:
    refused(town, lambda: sent(town, who, path, body), 403, "forbidden")


@pytest.mark.parametrize(("who", "path", "body", "status", "code"), WRONG_UNIT)
def test_a_wrong_unit(town: Any, who: str, path: str, body: Any, status: int, code: str) -> None:
    refused(town, lambda: sent(town, who, path, body), status, code)


@pytest.mark.parametrize(("who", "path", "body", "field"), STALE)
def test_a_stale_version(town: Any, who: str, path: str, body: Any, field: str) -> None:
    refused(town, lambda: sent(town, who, path, body), 409, "conflict", field)


# -- documents ---------------------------------------------------------------------------------------------------------


def png(broken: bool = False) -> bytes:
    """A picture of one pixel; broken, the pixel is missing."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = b"" if broken else zlib.compress(b"\x00\xff\xff\xff")
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def upload(town: Any, content: bytes, key: str | None = None, name: str = "paper.pdf") -> requests.Response:
    return public(town, "/documents", {"file_name": name, "content": base64.b64encode(content).decode()}, key)


@pytest.mark.parametrize("content", [
    b"MZ\x90\x00 a program", b"PK\x03\x04 an archive", b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"<html><script>alert(1)</script></html>", b"GIF89a\x01\x00\x01\x00", b"\x7fELF\x02", b"%!PS-Adobe-3.0", b" %PDF-",
    "صورة البطاقة".encode()])
def test_a_disguised_document(town: Any, content: bytes) -> None:
    refused(town, lambda: upload(town, content), 422, "document_type_refused")


def test_an_empty_document(town: Any) -> None:
    refused(town, lambda: upload(town, b""), 422, None)


def test_a_document_that_is_no_base64(town: Any) -> None:
    refused(town, lambda: public(town, "/documents", {"file_name": "a.pdf", "content": "%%%"}), 422,
            "content_not_base64", "content")


def test_an_oversized_document(town: Any) -> None:
    refused(town, lambda: upload(town, b"%PDF-" + bytes(6 * 1024 * 1024)), 413, None)
    refused(town, lambda: public(town, "/uploads", {"file_name": "a.pdf", "size": 6 * 1024 * 1024}), None,
            "document_too_large", "size")


def test_a_broken_file_is_refused_once_its_content_was_looked_at(town: Any) -> None:
    """It is kept in quarantine until it is judged; then it serves no request, and the window is told why."""
    broken = [upload(town, content).json()["document_id"] for content in (
        png(broken=True), png()[:-20], b"%PDF-1.4\nnothing", b"\xff\xd8\xff\xe0 no picture")]
    lease = town.walk.upload("lease.pdf")
    settled(town)
    for document in broken:
        body = application([{"code": "id_copy", "document_id": document},
                            {"code": "lease_contract", "document_id": lease}])
        refused(town, lambda body=body: public(town, "/requests", body), 422, None, "documents/id_copy")


def test_an_upload_that_is_sent_again(town: Any) -> None:
    """The same under the same key is the same document; something else under it is refused; one document serves one
    request."""
    key = str(uuid.uuid4())
    first = upload(town, png(), key)
    settled(town)
    before = state(town.node)
    again = upload(town, png(), key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert state(town.node) == before
    refused(town, lambda: upload(town, png(broken=True), key), 422, "idempotency_key_reused")
    [taken] = town.node.sql("requests", "SELECT document.id FROM document JOIN request ON request.id = request_id "
                                        "WHERE tracking_number = %s AND code = 'id_copy'", town.held)
    body = application([{"code": code, "document_id": str(taken.id)} for code in ("id_copy", "lease_contract")])
    refused(town, lambda: public(town, "/requests", body), 422, None)


def test_pieces_that_are_sent_again_or_do_not_fit(town: Any) -> None:
    content = png() + bytes(PIECE_BYTES)
    begun = public(town, "/uploads", {"file_name": "a.png", "size": len(content)}).json()["upload_id"]

    def piece(number: int, data: bytes, of: str = begun) -> requests.Response:
        return requests.put(f"{town.node.url}{API}/uploads/{of}/pieces/{number}", data=data, timeout=20,
                            headers={"Content-Type": "application/octet-stream"})

    def end(digest: str | None = None) -> requests.Response:
        return public(town, f"/uploads/{begun}/document", {"sha256": digest})

    assert piece(0, content[:PIECE_BYTES]).status_code == 200
    before = state(town.node)
    assert piece(0, content[:PIECE_BYTES]).status_code == 200
    assert state(town.node) == before
    refused(town, lambda: piece(0, content[:PIECE_BYTES - 1] + b"x"), None, "upload_piece_differs", "number")
    refused(town, lambda: piece(1, content[PIECE_BYTES:] + b"x"), None, "upload_piece_wrong", "content")
    refused(town, lambda: piece(7, b"x"), None, "upload_piece_wrong", "content")
    refused(town, lambda: piece(0, b"x", str(uuid.uuid4())), 404, "upload_unknown", "upload_id")
    refused(town, end, None, "upload_incomplete", "upload_id")
    assert piece(1, content[PIECE_BYTES:]).status_code == 200
    refused(town, lambda: end("0" * 64), None, "checksum_differs", "sha256")
    assert end(hashlib.sha256(content).hexdigest()).status_code == 201
    settled(town)
    refused(town, end, 404, "upload_unknown", "upload_id")
