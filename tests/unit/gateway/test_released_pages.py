"""The public page on a licence that a tablet handed over: in the register, not yet there, and void."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rules import licence as licence_rule
from rules import release
from services.gateway.web.pages import verify
from tests.unit.gateway.ground import Service, client_of
from tests.unit.gateway.test_pages import csrf_of
from tests.unit.rules.test_release import DEVICE, MADE, NODE, STOLEN, TICKET, text_of

FOUND: dict[str, Any] = {
    "serial": TICKET.serial, "status": "not_reported_yet", "holder": TICKET.holder, "service_name": {"ar": "تجديد"},
    "unit_name": {"ar": "الزيتون"}, "valid_from": "2026-03-01", "valid_until": "2031-02-28", "since": None, "qr": None,
    "issued_on": "2026-03-01", "report_until": "2026-03-04", "released_on_the_spot": True}
VOID = {**FOUND, "status": "void", "holder": None, "valid_from": None, "valid_until": None, "issued_on": None,
        "report_until": None, "since": "2026-03-04"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    keys = licence_rule.public_keyring(f"k1:{licence_rule.public_text(NODE)}")
    monkeypatch.setattr(verify, "_keys", lambda: keys)
    return Service()


def shown(service: Service, given: str) -> str:
    client = client_of(service)
    answer = client.post("/ar/verify", data={"csrf": csrf_of(client), "given": given})
    return str(answer.get_data(as_text=True))


def test_a_code_that_both_signed_is_good_before_the_tablet_came_home(service: Service) -> None:
    service.answers["requests.licence"] = FOUND
    page = shown(service, text_of())
    assert 'class="state approved"' in page and "لم تصل إلى السجل بعد" in page and TICKET.holder in page


def test_a_serial_alone_proves_nothing_yet_and_asks_for_the_code(service: Service) -> None:
    service.answers["requests.licence"] = FOUND
    page = client_of(service).get(f"/ar/verify/{TICKET.serial}").get_data(as_text=True)
    assert 'class="state rejected"' in page and "امسح الرمز" in page


def test_a_void_serial_says_so_and_names_nobody_even_with_its_code(service: Service) -> None:
    service.answers["requests.licence"] = VOID
    page = shown(service, text_of())
    assert 'class="state rejected"' in page and "رقم لاغٍ" in page and TICKET.holder not in page


def test_a_reported_one_is_compared_with_the_register(service: Service) -> None:
    service.answers["requests.licence"] = {**FOUND, "status": "valid", "qr": text_of(), "report_until": None}
    assert 'class="state approved"' in shown(service, text_of())
    other = release.Release(MADE.released_at + timedelta(minutes=1), MADE.receipt_number + 1)
    assert 'class="state rejected"' in shown(service, text_of(made=other)), "the register knows the first"


@pytest.mark.parametrize("text", [
    text_of(device=STOLEN), text_of(node=DEVICE), text_of()[:-2], release.issue(TICKET, NODE),
    text_of(node=Ed25519PrivateKey.generate()),
    text_of(made=release.Release(datetime(2027, 1, 1, tzinfo=UTC), 1))])
def test_a_forged_code_is_refused_without_asking_anybody(service: Service, text: str) -> None:
    page = shown(service, text)
    assert "state approved" not in page
    assert service.called == []
