"""Pages: what they promise to a browser, and forms that work without scripts."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.errors import RemoteFailure, Unavailable
from rules import licence as rules_licence
from services.gateway import accounts
from services.gateway.web.pages.cashier import piastres
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.ground import BILL_ID, NUMBER, Service, client_of, csrf_of, definitions, hidden

WEB = Path(__file__).resolve().parents[3] / "services" / "gateway" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
APPLY = "/ar/services/shop-licence/apply"
SHOWN_AT_FIRST = ["shop_name", "activity", "address", "area_m2", "workers", "tenure", "notes", "document:id_copy",
                  "document:engineering_drawing"]  # fmt: skip


def form(client: Any, page: str, **more: Any) -> dict[str, Any]:
    """A filled-in application as a browser posts it."""
    return {
        "csrf": hidden(page, "csrf"), "draft": hidden(page, "draft"),
        "shown": re.findall(r'name="shown" value="([^"]+)"', page), "unit": "EG-C-01",
        "applicant/kind": "citizen", "applicant/name": "محمود حسن", "applicant/national_id": "28503150101232",
        "applicant/phone": "٠١٠١٢٣٤٥٦٧٨", "answers/shop_name": "بقالة", "answers/activity": "retail",
        "answers/address": "12 شارع", "answers/area_m2": "45", "answers/workers": "3", "answers/tenure": "leased",
        "documents/id_copy": (io.BytesIO(b"%PDF-1.4"), "id.pdf"), **more,
    }  # fmt: skip


def service_that_keeps_documents() -> Service:
    service = Service()
    service.answers["requests.add_document"] = {"document_id": BILL_ID, "size": 8, "sha256": "", "media_type": ""}
    service.answers["requests.submit"] = {"tracking_number": NUMBER}
    return service


def test_every_text_is_there_in_both_languages() -> None:
    for key, (arabic, english) in TEXTS.items():
        if key not in ("nav.other_language", "fee.per_unit"):
            assert re.search("[\u0600-\u06ff]", arabic) and re.search("[a-z]", english), key
        assert sorted(re.findall(r"\{\w+\}", arabic)) == sorted(re.findall(r"\{\w+\}", english)), key


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_use_known_texts_and_nothing_the_policy_forbids(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    unknown = [key for key in re.findall(r"\bt\('([\w.]+)'[,)]", text) if key not in TEXTS]
    assert unknown == []
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://|\|\s*safe", text)
    for posted in re.findall(r"<form method=\"post\".*?</form>", text, re.S):
        assert "csrf" in posted, "a form without a token"


@pytest.fixture(scope="module")
def whole_guide() -> Service:
    """For those who only read it: a platform reads and indexes all of it when it is first asked for a service."""
    return Service()


@pytest.mark.parametrize("lang", ["ar", "en"])
@pytest.mark.parametrize("code", [row.code for row in definitions()])
def test_every_service_of_the_guide_has_its_pages(whole_guide: Service, code: str, lang: str) -> None:
    client = client_of(whole_guide)
    for path in (f"/{lang}/services/{code}", f"/{lang}/services/{code}/apply"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert not re.search(r">\s*None\s*<|=\"None\"", answer.get_data(as_text=True))


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [(Unavailable("requests"), 503, "unavailable"), (RemoteFailure("requests"), 500, "internal")],
)
def test_a_page_that_cannot_be_made_says_so_and_what_to_do(failure: Exception, status: int, code: str) -> None:
    service = Service()
    service.answers["requests.licence"] = failure
    answer = client_of(service).get("/en/verify/C-2026-000001-T")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status and f'data-problem="{code}"' in page
    assert answer.headers["X-Correlation-Id"] in page and "/en/follow" in page
    assert ("Retry-After" in answer.headers) is (status == 503)


def test_headers_protect_every_page() -> None:
    headers = client_of(Service()).get("/ar/follow").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_a_form_from_elsewhere_is_refused() -> None:
    service = Service()
    client = client_of(service)
    csrf_of(client)
    stranger = client_of(service)
    for token in ("", "guess", csrf_of(stranger)):
        answer = client.post("/ar/follow", data={"csrf": token, "tracking_number": NUMBER, "phone_last4": "5678"})
        assert answer.status_code == 403 and 'data-problem="form_expired"' in answer.get_data(as_text=True)
    assert service.called == []


def test_a_question_that_depends_on_an_answer_is_asked_on_the_next_view() -> None:
    service = service_that_keeps_documents()
    client = client_of(service)
    page = client.get(APPLY).get_data(as_text=True)
    assert re.findall(r'name="shown" value="([^"]+)"', page) == SHOWN_AT_FIRST
    answer = client.post(APPLY, data=form(client, page, **{"answers/activity": "cafe"}))
    asked = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'name="answers/shisha"' in asked and 'name="documents/lease_contract"' in asked
    assert "ownership_contract" not in asked and "id.pdf" in asked
    lease = {"documents/lease_contract": (io.BytesIO(b"%PDF-1.4 lease"), "lease.pdf"), "answers/shisha": "true",
             "answers/activity": "cafe"}  # fmt: skip
    checked = client.post(APPLY, data=form(client, asked, **lease)).get_data(as_text=True)
    assert "2,500.00" in checked and "lease.pdf" in checked  # the fee of the shisha permit, before anything is lodged
    assert [call.method for call in service.called if call.method == "requests.submit"] == []


def test_sending_twice_is_one_command_and_the_digits_stay_out_of_the_address() -> None:
    service = service_that_keeps_documents()
    client = client_of(service)
    page = client.get(APPLY).get_data(as_text=True)
    asked = client.post(APPLY, data=form(client, page)).get_data(as_text=True)
    lease = {"documents/lease_contract": (io.BytesIO(b"%PDF-1.4 lease"), "lease.pdf")}
    checked = client.post(APPLY, data=form(client, asked, **lease)).get_data(as_text=True)
    sent = [client.post(APPLY + "/send", data={"csrf": hidden(checked, "csrf"), "draft": hidden(checked, "draft")})
            for _ in range(2)]  # fmt: skip
    assert all(answer.status_code == 303 and answer.location.endswith(f"/follow/{NUMBER}/received") for answer in sent)
    lodged = [call for call in service.called if call.method == "requests.submit"]
    assert lodged[0].command_id == lodged[1].command_id and lodged[0].payload == lodged[1].payload
    assert lodged[0].payload["channel"] == "portal" and lodged[0].payload["answers"]["area_m2"] == "45"
    service.answers["requests.timeline"] = {"tracking_number": NUMBER}
    client.get(f"/ar/follow/{NUMBER}")
    assert service.called[-1].payload["phone_last4"] == "5678"


def test_faults_come_with_a_summary_that_leads_to_each_field() -> None:
    client = client_of(service_that_keeps_documents())
    page = client.get(APPLY).get_data(as_text=True)
    answer = client.post(
        APPLY, data=form(client, page, **{"applicant/phone": "123", "answers/area_m2": "much", "unit": ""})
    )
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    links = re.findall(r'<li><a href="#([\w-]+)">', shown)
    assert links[:2] == ["applicant-phone", "unit"] and "answers-area_m2" in links
    for link in links:
        assert f'id="{link}"' in shown
    assert 'value="much"' in shown and 'aria-invalid="true"' in shown


def test_a_draft_of_another_service_or_a_changed_one_is_refused() -> None:
    client = client_of(Service())
    page = client.get(APPLY).get_data(as_text=True)
    other = "/ar/services/building-permit-new/apply"
    for path, draft in ((other, hidden(page, "draft")), (APPLY, "v1.AAAA"), (APPLY, "")):
        answer = client.post(path, data={"csrf": hidden(page, "csrf"), "draft": draft})
        assert 'data-problem="form_expired"' in answer.get_data(as_text=True)


def test_another_request_cannot_be_opened_with_this_browsers_cookie() -> None:
    service = Service()
    service.answers["requests.status"] = {"tracking_number": NUMBER}
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    asked = len(service.called)
    other = client.get("/ar/follow/01-26-99999999-X")
    assert other.status_code == 303 and "/ar/follow?number=" in other.location
    assert len(service.called) == asked


def test_a_bill_of_somebody_else_is_not_shown_under_my_number() -> None:
    service = Service()
    service.answers["requests.status"] = {"tracking_number": NUMBER}
    service.answers["payments.bill"] = {"bill_id": BILL_ID, "tracking_number": "01-26-99999999-X"}
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    assert client.get(f"/ar/follow/{NUMBER}/bills/{BILL_ID}").status_code == 404


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/ar//evil.example", "/ar/\\evil", "javascript:1",
     "/ar/staff\r\nSet-Cookie: a=b", "/ar/staff\n", "/ar/\t/evil.example", "/ar/\x7f"],
)
def test_logging_in_leads_to_our_own_pages_only(target: str) -> None:
    page = client_of(Service()).get("/ar/staff/login", query_string={"next": target}).get_data(as_text=True)
    assert 'name="next" value=""' in page


def test_logging_in_with_a_split_header_as_the_next_page_leads_home() -> None:
    service = Service()
    service.log_in("officer")
    row = next(iter(service.sessions.values()))
    row.password_hash, row.active = accounts._hasher.hash("a long password"), True
    service.accounts["officer"] = row
    client = client_of(service)
    answer = client.post("/ar/staff/login", data={
        "csrf": csrf_of(client), "username": "officer", "password": "a long password",
        "next": "/ar/staff\r\nX-Split: 1"})  # fmt: skip
    assert (answer.status_code, answer.location) == (303, "/ar/staff") and "X-Split" not in answer.headers


@pytest.mark.parametrize("data", [{"username": "a\x00b"}, {"password": "a\x00b"}, {"na\x00me": "x"}])
def test_nul_in_a_form_is_refused(data: dict[str, str]) -> None:
    client = client_of(Service())
    answer = client.post("/ar/staff/login", data={"csrf": csrf_of(client), "username": "a", "password": "b", **data})
    assert answer.status_code == 400 and 'data-problem="malformed"' in answer.get_data(as_text=True)


def test_the_other_language_is_the_same_page() -> None:
    page = client_of(Service()).get("/ar/services?q=محل").get_data(as_text=True)
    assert 'href="/en/services?q=محل"' in page


def test_a_clerk_lodges_through_the_window_and_for_the_own_unit() -> None:
    service = service_that_keeps_documents()
    client = client_of(service, service.log_in("window_clerk"))
    page = client.get(APPLY).get_data(as_text=True)
    assert '<option value="EG-C-01" selected>' in page
    asked = client.post(APPLY, data=form(client, page)).get_data(as_text=True)
    lease = {"documents/lease_contract": (io.BytesIO(b"%PDF-1.4 lease"), "lease.pdf")}
    checked = client.post(APPLY, data=form(client, asked, **lease)).get_data(as_text=True)
    client.post(APPLY + "/send", data={"csrf": hidden(checked, "csrf"), "draft": hidden(checked, "draft")})
    sent = service.called[-1]
    assert sent.payload["channel"] == "centre" and sent.actor.roles == ("window_clerk",)


def signed_licence() -> tuple[str, str]:
    """The text of a QR, and the public keyring that proves it."""
    key = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    said = rules_licence.Licence("C-2026-000001-T", "محمود", "ترخيص محل", "الزيتون", date(2026, 1, 1), None, "k1")
    return rules_licence.sign(said, key), f"k1:{rules_licence.public_text(key)}"


@pytest.mark.parametrize(("change", "shown"), [("", "رخصة صحيحة وسارية"), ("x", "لا يثبت رخصة")])
def test_the_text_of_a_qr_is_proved_before_anybody_is_asked(change: str, shown: str) -> None:
    text, keyring = signed_licence()
    service = Service()
    object.__setattr__(service.settings, "environ", {"SHUBBAK_GATEWAY_LICENCE_PUBLIC_KEYS": keyring})
    service.answers["requests.licence"] = {
        "serial": "C-2026-000001-T", "status": "valid", "holder": "محمود", "service_name": {"ar": "ترخيص محل"},
        "unit_name": {"ar": "الزيتون"}, "valid_from": "2026-01-01", "valid_until": None, "qr": text,
    }  # fmt: skip
    client = client_of(service)
    page = client.post("/ar/verify", data={"csrf": csrf_of(client), "given": f"  {text}{change}\n"})
    assert shown in page.get_data(as_text=True)
    assert len(service.called) == (change == "")


def test_a_genuine_code_that_differs_from_the_record_is_not_called_valid() -> None:
    text, keyring = signed_licence()
    service = Service()
    object.__setattr__(service.settings, "environ", {"SHUBBAK_GATEWAY_LICENCE_PUBLIC_KEYS": keyring})
    service.answers["requests.licence"] = {
        "serial": "C-2026-000001-T", "status": "valid", "holder": "غيره", "service_name": {"ar": "ترخيص محل"},
        "unit_name": {"ar": "الزيتون"}, "valid_from": "2026-01-01", "valid_until": None, "qr": "SHB1.other.code",
    }  # fmt: skip
    client = client_of(service)
    page = client.post("/ar/verify", data={"csrf": csrf_of(client), "given": text}).get_data(as_text=True)
    assert "لا تقبلها" in page and "رخصة صحيحة وسارية" not in page


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("250", 25000), ("250.5", 25050), ("٢٥٠٫٥٠", 25050), ("1,000", 100000), ("0", None), ("-5", None), ("1.234", None),
     ("ten", None), ("", None), ("NaN", None), ("Infinity", None), ("1e30", None)],
)  # fmt: skip
def test_an_amount_as_a_cashier_types_it(typed: str, meant: int | None) -> None:
    assert piastres(typed) == meant
