"""Around an application: through which channel it came, and what is handed on of a document."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest

from contracts.requests_intake import PIECE_BYTES
from services.gateway.web.api.requests import EXAMPLE
from tests.unit.gateway.applicants import Keeping
from tests.unit.gateway.ground import BILL_ID, Service, client_of, hidden


def calls(service: Service) -> list[tuple[str, Any]]:
    return [(one.method, one.payload) for one in service.called]


@pytest.mark.parametrize("channel", ["centre", "post_office", "mobile_district"])
def test_a_request_bears_the_channel_of_whoever_took_it_in(channel: str) -> None:
    service = Keeping()
    token = service.log_in("window_clerk")
    next(iter(service.sessions.values())).channel = channel
    body = {**EXAMPLE, "documents": []}
    headers = {"Idempotency-Key": "key-12345"}
    client_of(service).post("/api/v1/requests", json=body, headers=headers)
    client_of(service).post("/api/v1/requests", json=body, headers={**headers, "Authorization": f"Bearer {token}"})
    assert [payload["channel"] for method, payload in calls(service) if method == "requests.submit"] == [
        "portal", channel]


@pytest.mark.parametrize("size", [PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7])
def test_a_large_document_is_handed_on_piece_by_piece(size: int) -> None:
    content = b"%PDF-1.4" + bytes(size - 8)
    service = Service()
    kept = {"document_id": BILL_ID, "size": size, "sha256": hashlib.sha256(content).hexdigest(),
            "media_type": "application/pdf", "status": "quarantined"}
    service.answers |= {
        "requests.add_document": kept, "requests.end_upload": kept,
        "requests.begin_upload": {"upload_id": BILL_ID, "piece_bytes": PIECE_BYTES, "pieces": 4},
        "requests.add_piece": {"upload_id": BILL_ID, "piece_bytes": PIECE_BYTES, "missing": []}}
    answer = client_of(service).post(
        "/api/v1/documents", data={"file": (io.BytesIO(content), "paper.pdf")},
        headers={"Idempotency-Key": "key-12345"})
    assert answer.status_code == 201 and answer.json["document_id"] == BILL_ID
    methods = [method for method, _ in calls(service)]
    if size <= PIECE_BYTES:
        assert methods == ["requests.add_document"]
        return
    pieces = [base64.b64decode(payload["content"]) for method, payload in calls(service)
              if method == "requests.add_piece"]
    assert b"".join(pieces) == content and max(map(len, pieces)) == PIECE_BYTES
    assert methods[0] == "requests.begin_upload" and methods[-1] == "requests.end_upload"




PHONE = "Mozilla/5.0 (Linux; Android 14; SM-A146B) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.mark.parametrize(("headers", "channel"), [
    ({"User-Agent": PHONE}, "mobile"), ({"User-Agent": DESK}, "portal"), ({}, "portal"),
    ({"User-Agent": DESK, "Sec-CH-UA-Mobile": "?1"}, "mobile"),
    ({"User-Agent": PHONE, "Sec-CH-UA-Mobile": "?0"}, "portal")])  # its user asked for the desk's page
def test_a_visitor_on_a_telephone_is_counted_as_such(headers: dict[str, str], channel: str) -> None:
    service = Keeping()
    client_of(service).post("/api/v1/requests", json={**EXAMPLE, "documents": []},
                            headers={"Idempotency-Key": "key-12345", **headers})
    assert [payload["channel"] for method, payload in calls(service) if method == "requests.submit"] == [channel]


def test_where_telephones_are_not_offered_it_stays_the_portal() -> None:
    service = Keeping()
    for row in service.definitions:
        if row.code == EXAMPLE["service_code"]:
            row.document["channels"] = ["centre", "portal"]
    client_of(service).post("/api/v1/requests", json={**EXAMPLE, "documents": []},
                            headers={"Idempotency-Key": "key-12345", "User-Agent": PHONE})
    assert [payload["channel"] for method, payload in calls(service) if method == "requests.submit"] == ["portal"]


SOUND = {"id": "7d1f6f0a-0c8e-4a53-9a0e-6a9c4f7f5d11", "unit": "EG-C-01", "applicant": {}, "answers": {},
         "documents": {}}  # fmt: skip


@pytest.mark.parametrize("part", [
    {"answers": "x"}, {"applicant": []}, {"documents": {"id_copy": 1}}, {"applicant": {"heirs": 5}}, {"id": "x"},
    {"answers": {"area": {"a": 1}}}, {"seen": 3}, {"unit": None}, {"account": {"a": 1}}, {"scans": [{}]},
    {"documents": {"id_copy": {"document_id": "x", "file_name": "<script>", "size": 1}}}, None,
])  # fmt: skip
def test_a_draft_that_a_program_kept_in_another_shape_is_no_draft_of_the_pages(part: dict[str, Any] | None) -> None:
    service = Keeping()
    token = "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ"
    client = client_of(service)
    page = client.get("/ar/drafts").text
    data = {"csrf": hidden(page, "csrf"), "token": token}
    service.drafts[token] = {"service_code": "shop-licence", "draft": {**SOUND, **part} if part else {}}
    answer = client.post("/ar/drafts", data=data)
    assert answer.status_code == 422 and 'href="#token"' in answer.text
    service.drafts[token] = {"service_code": "shop-licence", "draft": SOUND}
    assert client.post("/ar/drafts", data=data).status_code == 303
