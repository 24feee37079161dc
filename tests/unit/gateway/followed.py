"""A request as its timeline tells it, and a browser that has opened it."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.unit.gateway.ground import BILL_ID, NUMBER, Service, client_of, csrf_of

LODGED = "2026-02-01T08:00:00+00:00"
MOVED = "2026-02-12T08:00:00+00:00"
NAME = {"ar": "ترخيص محل", "en": "Shop licence"}
BILL: dict[str, Any] = {
    "bill_id": BILL_ID, "bill_number": "B-C-2026-000001-2", "tracking_number": NUMBER, "unit": "EG-C-01",
    "state": "created", "total": 15_000, "reference": None, "payments": [], "rails": ["efinance", "fawry", "pos"],
    "other_rails": [], "expires_at": None, "receipt_number": None, "paid_at": None,
    "lines": [{"name": {"ar": "رسم معاينة", "en": "Inspection fee"}, "amount": 15_000}]}  # fmt: skip


def entry(state: str, kind: str, at: str = MOVED, **more: Any) -> dict[str, Any]:
    return {"at": at, "state": state, "state_kind": kind, "state_name": {"ar": f"حالة {state}", "en": f"State {state}"},
            "department": None, "branch": None, "branch_name": None, "action": "move",
            "action_name": {"ar": "إجراء", "en": "A step"}, "note": None, "legal_reason": None, "missing": None,
            **more}  # fmt: skip


def timeline(**changes: Any) -> dict[str, Any]:
    """With the licensing department, due, the count running; `changes` make it another."""
    return {
        "request_id": BILL_ID, "tracking_number": NUMBER, "service_code": "shop-licence", "service_version": 1,
        "service_name": NAME, "unit": "EG-C-01", "unit_name": NAME, "state": "document_review", "state_kind": "task",
        "state_name": {"ar": "مراجعة المستندات", "en": "Review of documents"}, "stage": None,
        "department": "licensing", "body": None, "branches": [], "lodged_at": LODGED, "due_on": "2026-03-03",
        "clock": "running", "late": False, "days_left": 12, "periods": [], "deemed": None, "applicant_until": None,
        "may_withdraw": True, "outcome": None, "licence_serial": None, "language": "ar", "appeal": None, "actions": [],
        "as_of": "2026-02-13T08:00:00+00:00", "complaints": [], "reopening": None, "visit": None,
        "documents_refused": [],
        "entries": [entry("awaiting_inspection_fee", "payment", LODGED, action=None, action_name=None),
                    entry("document_review", "task", department="licensing")],
        "deadline": [{"from": "2026-02-12", "to": None, "clock": "running", "why": "document_review"}],
        **changes,
    }  # fmt: skip


def opened(found: dict[str, Any] | None = None, bills: list[dict[str, Any]] | None = None
           ) -> tuple[Service, FlaskClient]:
    """A service that tells this timeline, and a browser that gave number and digits."""
    service = Service()
    service.answers.update({
        "requests.status": found or timeline(), "requests.timeline": found or timeline(),
        "payments.bill": lambda asked: {"bills": bills or []} if "request_id" in asked else (bills or [BILL])[0],
    })  # fmt: skip
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    return service, client
