"""Pages: what they promise to a browser, and forms that work without scripts."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.errors import RemoteFailure, Unavailable
from rules import licence as rules_licence
from services.gateway import accounts
from services.gateway.web.pages.cashier import piastres
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.ground import BILL_ID, NUMBER, Service, client_of, csrf_of, definitions

WEB = Path(__file__).resolve().parents[3] / "services" / "gateway" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))


def test_every_text_is_there_in_both_languages() -> None:
    for key, (arabic, english) in TEXTS.items():
        if key not in ("nav.other_language", "fee.per_unit"):
            assert re.search("[\u0600-\u06ff]", arabic) and re.search("[a-z]", english), key
        assert sorted(re.findall(r"\{\w+\}", arabic)) == sorted(re.findall(r"\{\w+\}", english)), key


def test_no_text_takes_the_place_of_another() -> None:
    told: Counter[str] = Counter()
    for path in sorted((WEB / "pages").glob("texts*.py")):
        told.update(re.findall(r'^    "([a-z_]+\.[\w./]+)": ', path.read_text(encoding="utf-8"), re.M))
    assert [key for key, count in told.items() if count > 1] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_use_known_texts_and_nothing_the_policy_forbids(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    unknown = [key for key in re.findall(r"\bt\('([\w.]+)'[,)]", text) if key not in TEXTS]
    assert unknown == []
    scripts = r"<script (type=\"module\" )?src=\"{{ static_url\('[a-z/_-]+\.js'\) }}\"( defer)?></script>"
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://|\|\s*safe", re.sub(scripts, "", text))
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
