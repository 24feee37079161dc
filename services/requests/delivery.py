"""Handing over: which print went to whom, how, and what identity was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_afterwards import DELIVERED
from rules import register as rule
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import board_counts, licences
from services.requests import tables_afterwards as tables

RECEIVER = "requests.delivery.receiver_name"

_BEFORE = Statement(text("SELECT at FROM delivery WHERE licence_id = :licence_id AND edition = :edition"))
_ADD = Statement.insert(tables.delivery)


def deliver(work: UnitOfWork, body: Mapping[str, Any], at: datetime | None = None) -> dict[str, Any]:
    """Record that the print of a licence was handed over, now or `at`. Refuses licence_not_ready, licence_not_in_force,
    delivered_before."""
    row = licences.by_serial(work, body["serial"])
    work.require("licence.deliver", row.unit)
    if row.document is None:
        raise refuse("licence_not_ready")
    status = rule.status(row.state, row.valid_from, row.valid_until, cairo_date(work.now))
    if status in (rule.SUSPENDED, rule.CANCELLED, rule.REPLACED, rule.TRANSFERRED):
        arabic, english = rule.STATUS_NAMES[status]
        raise refuse("licence_not_in_force", "serial", status=status, status_ar=arabic, status_en=english)
    before = work.scalar(_BEFORE, licence_id=row.id, edition=row.edition)
    if before is not None:
        raise refuse("delivered_before", "serial", on=cairo_date(before).isoformat())
    delivery_id, name = uuid7(), body["receiver_name"]
    work.write(
        _ADD,
        licence_id=row.id,
        edition=row.edition,
        id=delivery_id,
        at=at or work.now,
        actor_id=work.actor.id,
        how=body["how"],
        receiver=body["receiver"],
        receiver_name=work.privacy.seal(name, field=RECEIVER) if name else None,
        identity=body["identity"],
        reference=body["reference"],
    )
    board_counts.delivered(work, row.request_id, at or work.now)
    work.append(
        DELIVERED,
        delivery_id,
        1,
        {
            "delivery_id": delivery_id,
            "request_id": row.request_id,
            "serial": row.serial,
            "edition": row.edition,
            "unit": row.unit,
            "how": body["how"],
            "receiver": body["receiver"],
        },
        occurred=at,
    )
    work.audit("licence.delivered", row.serial, how=body["how"], identity=body["identity"])
    return {"serial": row.serial, "edition": row.edition, "delivered_at": (at or work.now).isoformat()}
