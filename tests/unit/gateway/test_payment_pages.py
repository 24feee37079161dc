"""Pages of payments: the ways that a bill offers, and the slip of the card terminal at the cashier's."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules.refusal import Fault, Refusal
from tests.unit.gateway.ground import BILL_ID, NUMBER, Service, client_of, csrf_of, hidden

BILL: dict[str, Any] = {
    "bill_id": BILL_ID, "bill_number": "B-C-2026-000001-2", "tracking_number": NUMBER, "unit": "EG-C-01",
    "state": "created", "total": 15_000, "reference": None, "payments": [], "rails": ["efinance", "fawry", "pos"],
    "lines": [{"name": {"ar": "رسم معاينة", "en": "Inspection fee"}, "amount": 15_000}]}
PAGE = f"/ar/staff/cashier/bills/{BILL_ID}"
TYPED = {"terminal_id": "10000001", "batch": "١٢", "approval_code": "A1B2C3", "last4": "2346", "amount": "١٥٠٫٠٠"}


def cashier() -> tuple[Service, Any]:
    service = Service()
    token = service.log_in("cashier")
    service.answers.update({"payments.bill": BILL, "payments.take_slip": {"state": "paid"}})
    return service, client_of(service, token)


def enter(client: Any, **typed: str) -> Any:
    page = client.get(PAGE).get_data(as_text=True)
    form = {"csrf": csrf_of(client), "once": hidden(page, "once"), **TYPED, **typed}
    return client.post(f"{PAGE}/slip", data=form)


def test_a_bill_offers_the_payer_every_rail_of_the_node_but_the_cashiers_terminal() -> None:
    service = Service()
    service.answers.update({"requests.status": {"tracking_number": NUMBER}, "payments.bill": BILL})
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    page = client.get(f"/ar/follow/{NUMBER}/bills/{BILL_ID}").get_data(as_text=True)
    offered = [name for name in ("efinance", "fawry", "paymob", "pos") if f'name="rail" value="{name}"' in page]
    assert offered == ["efinance", "fawry"]


@pytest.mark.parametrize("reference", ["9311234567", None])
def test_while_one_rail_is_waited_for_the_others_are_offered(reference: str | None) -> None:
    state = "pending" if reference else "created"
    attempt = {"payment_id": BILL_ID, "late": False, "rail": "fawry", "state": state, "reference": reference,
               "pay_url": None}
    service = Service()
    service.answers.update({
        "requests.status": {"tracking_number": NUMBER},
        "payments.bill": {**BILL, "state": state, "reference": reference, "payments": [attempt],
                          "other_rails": ["efinance", "pos"]}})
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    page = client.get(f"/ar/follow/{NUMBER}/bills/{BILL_ID}").get_data(as_text=True)
    offered = [name for name in ("efinance", "fawry", "paymob", "pos") if f'name="rail" value="{name}"' in page]
    assert offered == ["efinance"]
    assert 'aria-live="polite"' in page and (reference is None or reference in page)


def waiting(**changes: Any) -> tuple[Service, Any, dict[str, Any]]:
    """A browser at a bill with a reference at Fawry."""
    attempt = {"payment_id": BILL_ID, "rail": "fawry", "state": "pending", "reference": "9311234567", "pay_url": None,
               "late": False}
    bill = {**BILL, "state": "pending", "reference": "9311234567", "payments": [attempt], "other_rails": ["efinance"],
            "receipt_number": None, "expires_at": None, **changes}
    service = Service()
    service.answers.update({"requests.status": {"tracking_number": NUMBER}, "payments.bill": bill,
                            "payments.start": {"state": "created"}})
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    return service, client, bill


FOLLOWED = f"/ar/follow/{NUMBER}/bills/{BILL_ID}"


def test_the_code_is_shown_large_with_its_qr_and_where_to_take_it() -> None:
    _, client, _ = waiting()
    page = client.get(FOLLOWED).get_data(as_text=True)
    assert '<p class="code-number"><bdi dir="ltr">9311234567</bdi></p>' in page and "منفذ فوري" in page
    assert page.count('class="qr"') == 2  # of the code, and of the bill for the window
    assert "B-C-2026-000001-2" in page.split("ادفع في الشباك")[1]


def test_choosing_a_way_leads_to_the_bills_own_page_and_starts_it_once() -> None:
    service, client, _ = waiting()
    page = client.get(FOLLOWED).get_data(as_text=True)
    form = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "rail": "efinance"}
    assert [client.post(FOLLOWED, data=form).location for _ in range(2)] == [FOLLOWED] * 2
    started = [one for one in service.called if one.method == "payments.start"]
    assert len({one.command_id for one in started}) == 1


def test_an_open_bill_learns_that_it_was_paid_without_a_reload() -> None:
    service, client, bill = waiting()
    page = client.get(FOLLOWED).get_data(as_text=True)
    asked = re.search(r'hx-get="([^"]+)"', page)
    assert asked is not None
    news, htmx = asked[1].replace("&amp;", "&"), {"HX-Request": "true"}
    assert client.get(news, headers=htmx).status_code == 204
    service.answers["payments.bill"] = {**bill, "state": "paid", "receipt_number": "R-C-2026-000001-U"}
    part = client.get(news, headers=htmx)
    text = part.get_data(as_text=True)
    assert part.status_code == 200 and "R-C-2026-000001-U" in text and "hx-get" not in text and "<html" not in text


def test_a_way_that_is_refused_says_so_on_the_bill() -> None:
    service, client, _ = waiting()
    page = client.get(FOLLOWED).get_data(as_text=True)
    service.answers["payments.start"] = Refusal([Fault("field_required", "rail")])
    refused = client.post(FOLLOWED, data={"csrf": hidden(page, "csrf"), "once": hidden(page, "once")})
    assert refused.status_code == 422 and 'id="faults"' in refused.get_data(as_text=True)


def test_a_slip_is_entered_and_its_receipt_shown() -> None:
    service, client = cashier()
    answer = enter(client)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}/receipt")
    [sent] = [one for one in service.called if one.method == "payments.take_slip"]
    assert sent.payload == {**TYPED, "amount": 15_000, "bill_id": BILL_ID}


def test_a_slip_that_is_held_leads_back_to_its_bill() -> None:
    service, client = cashier()
    service.answers["payments.take_slip"] = {"state": "under_review"}
    assert enter(client).location == PAGE


def test_every_wrong_field_is_marked_and_what_was_typed_stays() -> None:
    service, client = cashier()
    service.answers["payments.take_slip"] = Refusal([
        Fault("slip_field_invalid", "slip/batch"), Fault("slip_field_invalid", "slip/last4")])
    answer = enter(client, batch="first")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert page.count('class="field bad"') == 2
    assert 'value="first"' in page


@pytest.mark.parametrize("amount", ["", "many", "-5", "1.005"])
def test_what_is_no_amount_goes_nowhere(amount: str) -> None:
    service, client = cashier()
    assert enter(client, amount=amount).status_code == 422
    assert [one for one in service.called if one.method == "payments.take_slip"] == []
