"""The pages around an application: each kind of applicant, drafts, and what is handed on of a document."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from typing import Any

import pytest

from contracts.requests_intake import PIECE_BYTES
from services.gateway.web.api.requests import EXAMPLE
from tests.unit.gateway.ground import BILL_ID, Service, client_of
from tests.unit.gateway.test_pages import form, hidden, service_that_keeps_documents

APPLY = "/ar/services/shop-licence/apply"
TOKEN = "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ"
COMPANY = {"applicant/kind": "company", "applicant/company/name": "شركة النور",
           "applicant/company/commercial_register": "1234", "applicant/company/tax_number": "331-105-268"}


def lease() -> dict[str, Any]:
    return {"documents/lease_contract": (io.BytesIO(b"%PDF-1.4 lease"), "lease.pdf")}


def test_particulars_of_a_kind_are_asked_once_it_was_chosen_and_lodged_with_the_rest() -> None:
    service = service_that_keeps_documents()
    client = client_of(service)
    page = client.get(APPLY).text
    assert "applicant/company/name" not in page
    page = client.post(APPLY, data=form(client, page, **{"applicant/kind": "company"}, **lease())).text
    assert 'name="applicant/company/tax_number"' in page and "particulars:company" in page
    wrong = client.post(APPLY, data=form(client, page, **{**COMPANY, "applicant/company/tax_number": "12"}))
    assert wrong.status_code == 422 and "تسعة أرقام" in wrong.text
    checked = client.post(APPLY, data=form(client, wrong.text, **COMPANY))
    assert checked.status_code == 200 and "شركة النور" in checked.text
    client.post(APPLY + "/send", data={"csrf": hidden(checked.text, "csrf"), "draft": hidden(checked.text, "draft")})
    [sent] = [payload for method, payload in calls(service) if method == "requests.submit"]
    assert sent["applicant"]["company"] == {
        "name": "شركة النور", "commercial_register": "1234", "tax_number": "331-105-268"}
    assert sent["applicant"]["kind"] == "company" and "passport" not in sent["applicant"]


def calls(service: Service) -> list[tuple[str, Any]]:
    return [(one.method, one.payload) for one in service.called]


def test_the_form_asks_for_the_types_of_file_that_the_service_takes() -> None:
    service = service_that_keeps_documents()
    [one] = [found for found in service.definitions if found.code == "shop-licence"]
    first, *others = one.document["documents"]
    one.document = {**one.document, "documents": [{**first, "accepts": ["image/png"]}, *others]}
    page = client_of(service).get(APPLY).text
    assert re.search(rf'name="documents/{first["code"]}" type="file" accept="image/png"', page)


def test_a_draft_is_saved_as_it_stands_and_resumed_by_its_code() -> None:
    service = service_that_keeps_documents()
    service.answers["requests.save_draft"] = {
        "token": TOKEN, "service_code": "shop-licence", "saved_at": "2026-11-22T08:00:00+00:00",
        "ends_at": "2026-12-06T08:00:00+00:00"}
    client = client_of(service)
    page = client.get(APPLY).text
    saved = client.post(APPLY, data=form(client, page, save="1", **{"applicant/phone": "12"}))
    assert saved.status_code == 200 and TOKEN in saved.text
    [kept] = [payload for method, payload in calls(service) if method == "requests.save_draft"]
    assert kept["draft"]["answers"]["shop_name"] == "بقالة" and kept["draft"]["applicant"]["phone"] == "12"
    assert kept["documents"] == [BILL_ID]

    service.answers["requests.draft"] = {
        "service_code": "shop-licence", "draft": kept["draft"], "saved_at": "2026-11-22T08:00:00+00:00",
        "ends_at": "2026-12-06T08:00:00+00:00"}
    page = client.get("/ar/drafts").text
    resumed = client.post("/ar/drafts", data={"csrf": hidden(page, "csrf"), "token": TOKEN.lower()})
    assert 'value="بقالة"' in resumed.text and TOKEN.lower() not in re.sub(r'value="[^"]*"', "", resumed.text)


@pytest.mark.parametrize("channel", ["centre", "post_office", "mobile_district"])
def test_a_request_bears_the_channel_of_whoever_took_it_in(channel: str) -> None:
    service = service_that_keeps_documents()
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
    service = service_that_keeps_documents()
    client_of(service).post("/api/v1/requests", json={**EXAMPLE, "documents": []},
                            headers={"Idempotency-Key": "key-12345", **headers})
    assert [payload["channel"] for method, payload in calls(service) if method == "requests.submit"] == [channel]


def test_where_telephones_are_not_offered_it_stays_the_portal() -> None:
    service = service_that_keeps_documents()
    for row in service.definitions:
        if row.code == EXAMPLE["service_code"]:
            row.document["channels"] = ["centre", "portal"]
    client_of(service).post("/api/v1/requests", json={**EXAMPLE, "documents": []},
                            headers={"Idempotency-Key": "key-12345", "User-Agent": PHONE})
    assert [payload["channel"] for method, payload in calls(service) if method == "requests.submit"] == ["portal"]
