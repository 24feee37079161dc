"""The doors of refunds, of bills that people change, and of money that waits for a person."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.gateway.ground import Service, client_of

ONE = "01980c5e-7c00-7000-8000-000000000009"
KEY = {"Idempotency-Key": "01980c5e-7c00-7000-8000-0000000000aa"}
WHY = "سُدد الرسم مرتين"
LINE = {"name_ar": "غرامة", "name_en": "A fine", "account": "1102", "amount": 100}


@pytest.fixture
def service() -> Service:
    return Service()


def staff(service: Service, *roles: str) -> tuple[Any, dict[str, str]]:
    token = service.log_in(*roles, department="finance")
    return client_of(service), {**KEY, "Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("path", "body", "name", "more"), [
    ("/bills", {"request_id": ONE, "kind": "fine", "lines": [LINE], "reason": WHY}, "payments.issue_bill",
     {"request_id": ONE, "days": None}),
    (f"/bills/{ONE}/exemptions", {"reason": WHY, "legal_basis": "Law 144"}, "payments.request_exemption",
     {"bill_id": ONE, "lines": None}),
    (f"/bills/{ONE}/amendments", {"reason": WHY, "lines": [{"code": "stamp", "amount": 0}]}, "payments.amend_bill",
     {"bill_id": ONE}),
    (f"/bills/{ONE}/cancellation", {"reason": WHY}, "payments.cancel_bill", {"bill_id": ONE}),
    (f"/bills/{ONE}/extension", {"days": 30, "reason": WHY}, "payments.extend_bill", {"bill_id": ONE}),
    (f"/bill-changes/{ONE}/decision", {"approve": True, "reason": WHY}, "payments.decide_change", {"change_id": ONE}),
    (f"/payments/reviews/{ONE}/decision", {"decision": "return", "reason": WHY}, "payments.settle_review",
     {"review_id": ONE}),
    (f"/bills/{ONE}/refunds", {"reason": WHY, "lines": [{"code": "stamp", "amount": 1}]}, "payments.request_refund",
     {"bill_id": ONE}),
    (f"/credits/{ONE}/refunds", {"reason": WHY}, "payments.request_refund", {"credit_id": ONE}),
    (f"/refunds/{ONE}/decision", {"approve": True, "reason": WHY}, "payments.decide_refund",
     {"refund_id": ONE, "way": None}),
    (f"/refunds/{ONE}/payment", {}, "payments.hand_over_refund", {"refund_id": ONE, "reference": None}),
    (f"/refunds/{ONE}/steering", {"act": "sent_again", "reason": WHY}, "payments.steer_refund", {"refund_id": ONE}),
    (f"/bills/{ONE}/disputes", {"reason": WHY}, "payments.open_dispute", {"bill_id": ONE}),
    (f"/bills/{ONE}/disputes/decision", {"won": False, "reason": WHY}, "payments.close_dispute", {"bill_id": ONE}),
])
def test_the_finance_officer_acts_and_a_cashier_does_not(
        service: Service, path: str, body: dict[str, Any], name: str, more: dict[str, Any]) -> None:
    service.answers[name] = {"done": True}
    client, headers = staff(service, "finance_officer")
    answered = client.post(f"/api/v1{path}", json=body, headers=headers)
    assert answered.status_code in (200, 201) and answered.get_json() == {"done": True}
    payload = service.called[-1].payload
    assert {**body, **more}.items() <= payload.items()
    client, headers = staff(service, "window_clerk")
    assert client.post(f"/api/v1{path}", json=body, headers=headers).status_code == 403


@pytest.mark.parametrize(("path", "name"), [
    ("/refunds", "payments.refunds"), (f"/bills/{ONE}/refunds", "payments.refunds"),
    ("/bill-changes", "payments.bill_changes"), (f"/bills/{ONE}/changes", "payments.bill_changes"),
    ("/payments/reviews", "payments.reviews")])
def test_what_waits_is_listed(service: Service, path: str, name: str) -> None:
    service.answers[name] = {"listed": []}
    client, headers = staff(service, "finance_officer")
    assert client.get(f"/api/v1{path}", headers=headers).get_json() == {"listed": []}
    assert service.called[-1].payload == ({"bill_id": ONE} if ONE in path else {})


@pytest.mark.parametrize("amount", [-1, 0, 0.5, "10", True, 10**12 + 1, None])
@pytest.mark.parametrize(("path", "body", "field"), [
    (f"/bills/{ONE}/refunds", {"reason": WHY, "lines": [{"code": "stamp", "amount": 1}]}, "lines/0/amount"),
    ("/bills", {"request_id": ONE, "kind": "fine", "lines": [LINE], "reason": WHY}, "lines/0/amount")])
def test_what_is_no_amount_is_refused_by_field(
        service: Service, path: str, body: dict[str, Any], field: str, amount: Any) -> None:
    client, headers = staff(service, "finance_officer")
    wrong = {**body, "lines": [{**body["lines"][0], "amount": amount}]}
    answered = client.post(f"/api/v1{path}", json=wrong, headers=headers)
    assert answered.status_code == 422, answered.get_json()
    assert field in [fault["field"] for fault in answered.get_json()["errors"]]
    assert service.called == []


@pytest.mark.parametrize(("path", "body"), [
    (f"/refunds/{ONE}/decision", {"approve": True, "reason": WHY, "way": "pigeon"}),
    (f"/refunds/{ONE}/steering", {"act": "forget", "reason": WHY}),
    ("/bills", {"request_id": ONE, "kind": "gift", "lines": [LINE], "reason": WHY}),
    ("/bills", {"request_id": ONE, "kind": "fine", "lines": [{**LINE, "currency": "USD"}], "reason": WHY}),
    ("/bills", {"request_id": ONE, "kind": "fine", "lines": [], "reason": WHY}),
    (f"/bills/{ONE}/exemptions", {"reason": WHY}), (f"/payments/reviews/{ONE}/decision", {"decision": "keep",
                                                                                         "reason": WHY})])
def test_a_wish_that_cannot_be_is_refused_at_the_door(service: Service, path: str, body: dict[str, Any]) -> None:
    client, headers = staff(service, "finance_officer")
    assert client.post(f"/api/v1{path}", json=body, headers=headers).status_code == 422
    assert service.called == []
