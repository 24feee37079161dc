"""Helpers of tests about what a tablet uploads."""

from __future__ import annotations

import json
from typing import Any

from tests.support.requests_ground import HEAD, PDF
from tests.support.tablet import FieldTablet, Kept
from tests.support.visits_ground import VisitsGround

PAPERS = {"id_copy": PDF, "lease_contract": PDF + b"\n%lease"}


def taken(ground: VisitsGround, tablet: FieldTablet, **more: Any) -> Kept:
    return tablet.intake(ground.application(papers=()), PAPERS, **more)


def codes(kept: Kept) -> list[str]:
    assert kept.answer is not None
    return [fault["code"] for fault in kept.answer["faults"]]


def request_of(ground: VisitsGround, kept: Kept) -> Any:
    number = json.loads(kept.signed["body"])["tracking_number"]
    [row] = ground.rows("SELECT * FROM request WHERE tracking_number = :n", n=number)
    return row


def decided(ground: VisitsGround) -> dict[str, Any]:
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    return lodged


def with_ticket(ground: VisitsGround, tablet: FieldTablet) -> tuple[dict[str, Any], dict[str, Any]]:
    """A decided request, and the ticket that the tablet took along for it."""
    lodged = decided(ground)
    ground.plan(ground.order_for(lodged), tablet)
    tablet.take_along(ground.line(), numbers=5)
    [given] = tablet.taken["tickets"]
    return lodged, given["ticket"]


def cash_told(ground: VisitsGround) -> list[bool]:
    rows = ground.rows("SELECT body FROM event_log WHERE type = 'requests.release.reported.v1' ORDER BY occurred_at")
    return [json.loads(bytes(row.body))["data"]["applied"] for row in rows]
