"""Pages of the cashier's shift: what is typed, what is sent, what is said back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rules import counter
from rules.refusal import Fault, Refusal
from tests.unit.gateway.ground import Service, client_of, csrf_of, hidden

PAGE = "/ar/staff/cashier/shift"
SHIFT: dict[str, Any] = {
    "shift_id": str(uuid4()), "counter": "EG-C-01.1", "counter_name": {"ar": "شباك التحصيل", "en": "Cash window"},
    "state": "open", "opened_at": "2026-03-01T10:00:00+00:00", "closed_at": None, "float": 0, "expected": 12_050,
    "counted": None, "pieces": None, "difference": None, "deposited": None, "reason": None, "slips": [],
    "moves": [{"kind": "cash_receipt", "amount": 12_050, "times": 1}]}
FOUND = {"shift": SHIFT, "counters": [], "pieces": list(counter.PIECES)}


def cashier(found: dict[str, Any] = FOUND) -> tuple[Service, Any]:
    service = Service()
    token = service.log_in("cashier")
    service.answers["payments.shift"] = found
    return service, client_of(service, token)


def send(client: Any, path: str, **typed: str) -> Any:
    page = client.get(PAGE).get_data(as_text=True)
    return client.post(PAGE + path, data={"csrf": csrf_of(client), "once": hidden(page, "once"), **typed})


def sent(service: Service, method: str) -> list[Any]:
    return [one.payload for one in service.called if one.method == method]


def test_one_button_opens_a_shift_at_the_first_window() -> None:
    service, client = cashier({**FOUND, "shift": None})
    service.answers["payments.open_shift"] = SHIFT
    answer = send(client, "")
    assert (answer.status_code, answer.location) == (303, "/ar/staff/cashier")
    assert sent(service, "payments.open_shift") == [{"counter": None, "float": 0}]


def test_the_count_is_read_in_both_kinds_of_digits_and_empty_is_none() -> None:
    service, client = cashier()
    service.answers["payments.close_shift"] = {**SHIFT, "state": "closed"}
    form = {"count/10000": "١", "count/2000": "1", "count/50": "1", "count/100": "", "reason": "",
            "shift_id": SHIFT["shift_id"]}
    answer = send(client, "/close", **form)
    assert (answer.status_code, answer.location) == (303, f"/ar/staff/shifts/{SHIFT['shift_id']}")
    assert sent(service, "payments.close_shift") == [
        {"count": {"10000": 1, "2000": 1, "50": 1}, "reason": None, "shift_id": SHIFT["shift_id"]}]


@pytest.mark.parametrize("typed", ["-1", "1.5", "many", "123456789"])
def test_what_is_no_number_of_pieces_goes_nowhere(typed: str) -> None:
    service, client = cashier()
    answer = send(client, "/close", **{"count/100": typed})
    assert answer.status_code == 422
    assert 'class="field bad"' in answer.get_data(as_text=True)
    assert sent(service, "payments.close_shift") == []


def test_a_difference_is_told_in_pounds_beside_the_reason_and_what_was_typed_stays() -> None:
    service, client = cashier()
    service.answers["payments.close_shift"] = Refusal(Fault("difference_reason_required", "reason", {
        "difference": -5_000, "expected": 12_050, "counted": 7_050, "pounds": "-50.00"}))
    answer = send(client, "/close", **{"count/5000": "1"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "-50.00" in page and page.count('class="field bad"') == 1
    assert 'name="count/5000" type="text" value="1"' in page


def test_an_amount_that_is_none_is_not_handed_over() -> None:
    service, client = cashier()
    assert send(client, "/hand-over", amount="-5").status_code == 422
    assert send(client, "/drawer", device_id="x").status_code == 422
    assert sent(service, "payments.hand_over") == sent(service, "payments.hand_in_drawer") == []
