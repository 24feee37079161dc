"""What a subscription may have: its agreement, cut down by its own filter. Everything that leaves for an agency goes
through here, whichever way it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.events import MEDIA_TYPE
from contracts.agency_events import OFFERED
from contracts.projections import Projection
from rules.calendar import cairo_date
from services.gateway.agencies.feed import Entry

STRUCTURED, BINARY = "structured", "binary"
_OF_EVENT = ("id", "source", "type", "subject", "time", "sequence", "correlationid", "sample")
_ENVELOPE = ("specversion", "datacontenttype", *_OF_EVENT)


@dataclass(frozen=True, slots=True)
class Cut:
    """One event as an agency gets it. `lane` is the request that it is about, or the subject of what has none: within
    it order is kept."""

    envelope: dict[str, Any]
    lane: UUID

    def written(self, mode: str) -> tuple[dict[str, str], bytes]:
        """Headers and body by the HTTP binding of CloudEvents 1.0: everything in the body, or the data in the body and
        the rest in `ce-` headers. All our attributes are ASCII without a space or a quotation mark, so that nothing is
        to be escaped."""
        if mode != BINARY:
            return {"content-type": MEDIA_TYPE}, orjson.dumps(self.envelope)
        told = {f"ce-{name}": _attribute(self.envelope[name]) for name in _OF_EVENT if name in self.envelope}
        return ({"content-type": "application/json", "ce-specversion": "1.0", **told},
                orjson.dumps(self.envelope["data"]))


class Terms:
    """The agreement and the filter of one subscription, made from its joined row (subscriptions.JOINED)."""

    def __init__(self, row: Any) -> None:
        self.types = frozenset(row.agreed_events if row.events is None else row.events) & set(row.agreed_events)
        self._nodes = _both(row.agreed_governorates, row.governorates)
        self._services = _both(row.agreed_services, row.services)
        self._since: date = row.valid_from
        self._until: date = row.valid_until
        self._ended: datetime | None = row.agreement_ended_at
        self._fields = {name: Projection(*names) for name, names in row.fields.items()}

    def hold(self, now: datetime) -> bool:
        """Whether anything may be handed over today, a Cairo day."""
        return self._ended is None and self._since <= cairo_date(now) <= self._until

    def take(self, entry: Entry) -> Cut | None:
        """The event as the agency gets it; None where the agreement or the filter passes it over. What arrived before
        the agreement's first day is no part of it."""
        if entry.type not in self.types or (self._nodes is not None and entry.node not in self._nodes):
            return None
        if cairo_date(entry.received_at) < self._since:
            return None
        return self.cut(orjson.loads(entry.body), entry.subject)

    def cut(self, envelope: dict[str, Any], subject: UUID) -> Cut | None:
        """The envelope with no field but those of the agreement, and of them none that is no longer offered; None where
        its service is none of those agreed, or its type is offered to nobody any more."""
        data: Mapping[str, Any] = envelope["data"]
        if self._services is not None and data.get("service_code", data.get("code")) not in self._services:
            return None
        offered, agreed = OFFERED.get(envelope["type"]), self._fields.get(envelope["type"])
        if offered is None:
            return None
        about = data.get("request_id")
        told = {name: envelope[name] for name in _ENVELOPE if name in envelope}
        told["data"] = offered.of(data) if agreed is None else agreed.of(offered.of(data))
        return Cut(told, UUID(about) if isinstance(about, str) else subject)


def _attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _both(agreed: list[str] | None, chosen: list[str] | None) -> frozenset[str] | None:
    """What both let pass; None: everything."""
    if agreed is None or chosen is None:
        found = chosen if agreed is None else agreed
        return None if found is None else frozenset(found)
    return frozenset(agreed) & frozenset(chosen)
