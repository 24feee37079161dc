"""A sample event, by which a receiver is tried before anything real goes to it: what the agreement lets through, with
the values of the documentation, marked `sample: true`. Nobody's data is in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis import events
from chassis.database import Statement
from contracts import event_schemas, examples
from contracts.agency_events import OFFERED
from rules import places
from rules.refusal import refuse
from services.gateway.agencies import registry, subscriptions
from services.gateway.agencies.terms import Cut

_TESTED = Statement(text("UPDATE subscription SET tested_at = :at, tested = :tested WHERE id = :subscription_id"))
_SUBJECT = UUID(examples.UUID)


def sample(work: Any, subscription_id: UUID, event_id: UUID, event_type: str | None = None) -> tuple[Any, Cut]:
    """The subscription's row and the sample of one of its types (the first, unless said). Refuses
    subscription_unknown, subscription_ended, subscription_filter_invalid."""
    if work.actor.kind != "partner":
        registry.may(work, registry.MANAGE)
    row = subscriptions.standing(work, subscription_id)
    terms = subscriptions.terms_of(row)
    name = event_type or min(terms.types)
    if name not in terms.types:
        raise refuse("subscription_filter_invalid", "type", values=name)
    whole = examples.value(event_schemas.data_schema(event_schemas.every()[name]))
    data = OFFERED[name].of({**whole, **{key: value for key, value in _fitting(row).items() if key in whole}})
    node = next(iter(row.governorates or row.agreed_governorates or (work.settings.node,)))
    kind = event_schemas.every()[name]
    body = events.encode(
        kind, event_id=event_id, source=f"urn:shubbak:{node if node in places.governorates() else 'EG'}:"
        f"{kind.service}:1", subject=_SUBJECT, sequence=1, occurred=work.now, correlation_id=str(event_id), data=data)
    cut = terms.cut({**orjson.loads(body), "sample": True}, _SUBJECT)
    if cut is None:
        raise refuse("subscription_filter_invalid", "type", values=name)
    return row, cut


def noted(work: Any, subscription_id: UUID, outcome: str) -> None:
    """Keep what became of the last sample: a few words, such as `204 in 38 ms` or `connection refused`."""
    work.write(_TESTED, subscription_id=subscription_id, at=work.now, tested=outcome[:200])
    work.audit("subscription.tested", str(subscription_id), outcome=outcome[:200])


def _fitting(row: Any) -> dict[str, Any]:
    services = row.services or row.agreed_services
    return {"service_code": services[0], "code": services[0]} if services else {}
