"""What travels down, from the centre to the nodes: to all of them, or to the one that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from contracts.projections import Projection

ALL: Literal["all"] = "all"


def everybody(data: Mapping[str, Any]) -> str:
    """For every node."""
    return ALL


@dataclass(frozen=True, slots=True)
class Downward:
    """`to` answers for whom it is: ALL, or a node's code."""

    projection: Projection
    to: Callable[[Mapping[str, Any]], str] = everybody


def _node_of(data: Mapping[str, Any]) -> str:
    """For the node of the governorate that it names."""
    return str(data["governorate"])


def its_node(data: Mapping[str, Any]) -> str:
    """For the node that it names."""
    return str(data["node"])


_KEY = ("node", "peer", "key_id", "public", "since_epoch", "since_sequence", "revoked_epoch", "revoked_sequence")
_ANSWER = ("answer_id", "node", "number", "body", "agency", "agency_name", "opinion", "answered_on", "reference",
           "note", "given_at")  # fmt: skip
_CHARGE = ("charge_id", "node", "bill_number", "rail", "said", "amount", "paid_amount", "refunded", "returned",
           "reference", "pay_url", "paid_at", "news", "final", "callback_sha256", "told_at")  # fmt: skip
_CHARGE_REFUND = ("refund_id", "charge_id", "node", "amount", "attempt", "of", "owner_id", "parts", "said", "why",
                  "detail", "reference", "done_at", "told_at")  # fmt: skip
_COMMAND = ("command_id", "node", "name", "arguments", "by", "reason", "until")

DOWN: dict[str, Downward] = {
    "catalog.national.published.v1": Downward(Projection("code", "version", "effective_from", "definition")),
    "catalog.national.retired.v1": Downward(Projection("code", "retired_from", "reason")),
    "catalog.organisation.changed.v1": Downward(Projection("kind", "code", "timeline")),
    "payments.charge.changed.v1": Downward(Projection(*_CHARGE), its_node),
    "payments.chargerefund.changed.v1": Downward(Projection(*_CHARGE_REFUND), its_node),
    "gateway.answer.given.v1": Downward(Projection(*_ANSWER), its_node),
    "gateway.key.issued.v1": Downward(Projection(*_KEY), its_node),
    "gateway.command.ordered.v1": Downward(Projection(*_COMMAND), its_node),
    "gateway.application.lodged.v1": Downward(
        Projection("application_id", "governorate", "unit", "service_code", "tracking_number", "lodged_at", "parts",
                   "sealed"), _node_of),
    "gateway.application.part_lodged.v1": Downward(
        Projection("application_id", "governorate", "document_id", "number", "sealed"), _node_of),
    "gateway.line.counted.v1": Downward(Projection("days")),
}  # fmt: skip
"""Types of the centre's services that travel down. What is not here stays at the centre."""

RECEIVED: dict[str, str] = {
    "catalog.national.published.v1": "gateway.guide.received.v1",
    "catalog.national.retired.v1": "gateway.guide.received.v1",
    "catalog.organisation.changed.v1": "gateway.organisation.received.v1",  # of a holiday: gateway.holidays.decreed.v1
    "payments.charge.changed.v1": "gateway.payment.confirmed.v1",
    "payments.chargerefund.changed.v1": "gateway.refund.answered.v1",
    "gateway.answer.given.v1": "gateway.letter.answered.v1",
    "gateway.key.issued.v1": "gateway.key.changed.v1",
    "gateway.command.ordered.v1": "gateway.command.given.v1",
    "gateway.application.lodged.v1": "gateway.application.received.v1",
    "gateway.application.part_lodged.v1": "gateway.application.part_received.v1",
}
"""Type that came down → the type that the node's gateway appends to its own log, for the services of the node."""


def addressed(event_type: str, envelope: bytes) -> str | None:
    """For whom an event of the centre is: ALL, or a node's code; None when it stays at the centre."""
    downward = DOWN.get(event_type)
    return None if downward is None else downward.to(orjson.loads(envelope)["data"])


def project(event_type: str, envelope: bytes, node: str) -> bytes | None:
    """What travels to a node of an event of the centre; None when it is not for that node."""
    downward = DOWN.get(event_type)
    if downward is None:
        return None
    whole = orjson.loads(envelope)
    return downward.projection.whole(whole) if downward.to(whole["data"]) in (ALL, node) else None
