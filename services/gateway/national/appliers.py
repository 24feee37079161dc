# ruff: noqa: S608  (statements are put together from constants of this module)
"""What a node tells takes effect at the centre: requests, money, what is offered, numbers, applications.

A batch is a handful of statements, however long it is. Of each thing the latest word counts, by the epoch and sequence
of whoever told it, so that a batch may come again, and late, and changes nothing that is newer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from chassis.database import Each
from chassis.uow import UnitOfWork
from rules import numbering, payment_states, places
from rules.calendar import cairo_date
from rules.organisation_overlay import KINDS
from services.gateway import organisation
from services.gateway.link.arrival import Arrival

_COLUMNS = {
    "request_id": "uuid", "epoch": "integer", "sequence": "bigint", "position": "bigint", "tracking_number": "text",
    "governorate": "text", "unit": "text", "service_code": "text", "service_name": "jsonb", "state": "text",
    "state_kind": "text", "state_name": "jsonb", "department": "text", "lodged_at": "timestamptz", "due_on": "date",
    "applicant_until": "date", "clock": "text", "outcome": "text", "changed_at": "timestamptz",
    "inquiry_check": "text",
}  # fmt: skip
_TOLD = [name for name in _COLUMNS if name not in ("request_id", "inquiry_check")]
_LATER = "(excluded.epoch, excluded.sequence) > (kept.epoch, kept.sequence)"
# Whoever told of a request or bill first is whose it is: another node's word about the same id changes nothing.
_ITS_OWN = f"{_LATER} AND excluded.governorate = kept.governorate"

_REQUESTS = Each(
    f"INSERT INTO national_request AS kept ({', '.join(_COLUMNS)}) SELECT * FROM {{rows}} "
    "ON CONFLICT (request_id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _TOLD)
    # What a node forgot of an applicant does not come back.
    + ", inquiry_check = CASE WHEN kept.inquiry_check = '' THEN '' "
    f"ELSE coalesce(excluded.inquiry_check, kept.inquiry_check) END WHERE {_ITS_OWN}",
    **_COLUMNS,
)
_CORRECTED = Each(
    "UPDATE national_request SET inquiry_check = new.inquiry_check, corrections = new.number, "
    "corrections_epoch = new.epoch FROM {rows} "
    "WHERE national_request.request_id = new.request_id AND national_request.governorate = new.governorate "
    "AND (national_request.corrections_epoch, national_request.corrections) < (new.epoch, new.number) "
    "AND national_request.inquiry_check IS DISTINCT FROM ''",
    request_id="uuid", governorate="text", epoch="integer", number="bigint", inquiry_check="text",
)  # fmt: skip
_FORGET = Each(
    "UPDATE national_request SET inquiry_check = '' FROM {rows} WHERE national_request.request_id = new.request_id "
    "AND national_request.governorate = new.governorate",
    request_id="uuid", governorate="text",
)
# Of two states of a bill the difference is what came in or went back between them; `steps` are all that a batch tells
# of a bill, so that each refund counts on its own day also where several come at once.
_BILLS = Each(
    "WITH told AS (SELECT * FROM {rows}), before AS (SELECT b.* FROM national_bill AS b JOIN told USING (bill_id)), "
    "put AS (INSERT INTO national_bill AS kept (bill_id, epoch, sequence, governorate, unit, service_code, collected, "
    "collected_on, refunded) SELECT bill_id, epoch, sequence, governorate, unit, service_code, collected, "
    "collected_on, refunded FROM told ON CONFLICT (bill_id) DO UPDATE SET epoch = excluded.epoch, "
    "sequence = excluded.sequence, governorate = excluded.governorate, unit = excluded.unit, "
    "service_code = excluded.service_code, collected = excluded.collected, collected_on = excluded.collected_on, "
    f"refunded = excluded.refunded WHERE {_ITS_OWN} RETURNING kept.*), "
    "change AS ("
    "SELECT p.governorate, p.unit, p.service_code, p.collected_on AS day, p.collected, 0 AS refunded, 1 AS bills "
    "FROM put AS p WHERE p.collected <> 0 "
    "UNION ALL SELECT b.governorate, b.unit, b.service_code, b.collected_on, -b.collected, 0, -1 "
    "FROM before AS b JOIN put USING (bill_id) WHERE b.collected <> 0 "
    "UNION ALL SELECT p.governorate, p.unit, p.service_code, s.day, 0, s.refunded - coalesce("
    "lag(s.refunded) OVER (PARTITION BY bill_id ORDER BY s.epoch, s.sequence), b.refunded, 0), 0 "
    "FROM put AS p JOIN told USING (bill_id) LEFT JOIN before AS b USING (bill_id), "
    "jsonb_to_recordset(told.steps) AS s (epoch integer, sequence bigint, day date, refunded bigint) "
    "WHERE b.bill_id IS NULL OR (s.epoch, s.sequence) > (b.epoch, b.sequence)) "
    "INSERT INTO national_money_delta (governorate, unit, service_code, day, collected, refunded, bills) "
    "SELECT governorate, unit, service_code, day, sum(collected), sum(refunded), sum(bills) FROM change "
    "GROUP BY governorate, unit, service_code, day "
    "HAVING sum(collected) <> 0 OR sum(refunded) <> 0 OR sum(bills) <> 0",
    bill_id="uuid", epoch="integer", sequence="bigint", governorate="text", unit="text", service_code="text",
    collected="bigint", collected_on="date", refunded="bigint", steps="jsonb",
)  # fmt: skip
_PLACES = Each(
    "INSERT INTO national_place AS kept (governorate, applied_at, behind) SELECT * FROM {rows} "
    "ON CONFLICT (governorate) DO UPDATE SET applied_at = greatest(kept.applied_at, excluded.applied_at), "
    "behind = excluded.behind",
    governorate="text", applied_at="timestamptz", behind="timestamptz",
)  # fmt: skip
_DEFINITIONS = Each(
    "INSERT INTO national_definition (digest, document) SELECT * FROM {rows} ON CONFLICT DO NOTHING",
    digest="bytea", document="jsonb",
)
_EDITIONS = Each(
    "INSERT INTO national_edition AS kept (governorate, code, version, effective_from, digest, position) "
    "SELECT * FROM {rows} ON CONFLICT (governorate, code, version) DO UPDATE SET "
    "effective_from = excluded.effective_from, digest = excluded.digest, position = excluded.position "
    "WHERE excluded.position > kept.position",
    governorate="text", code="text", version="integer", effective_from="date", digest="bytea", position="bigint",
)  # fmt: skip
_RETIREMENTS = Each(
    "INSERT INTO national_retirement (governorate, code, retired_from, position) SELECT * FROM {rows} "
    "ON CONFLICT DO NOTHING",
    governorate="text", code="text", retired_from="date", position="bigint",
)  # fmt: skip
# A node's word counts while it knew the centre's newest one about the entity; organisation.py keeps that.
_ENTITIES = Each(
    "WITH told AS (SELECT * FROM {rows}), put AS (INSERT INTO national_entity AS kept (kind, code, heard, epoch, "
    "sequence) SELECT kind, code, heard, epoch, sequence FROM told ON CONFLICT (kind, code) DO UPDATE SET "
    "heard = excluded.heard, epoch = excluded.epoch, sequence = excluded.sequence "
    "WHERE (excluded.heard, excluded.epoch, excluded.sequence) > (kept.heard, kept.epoch, kept.sequence) "
    "RETURNING kept.kind, kept.code) "
    "INSERT INTO organisation (kind, code, timeline) SELECT told.kind, told.code, told.timeline FROM told "
    "JOIN put USING (kind, code) ON CONFLICT (kind, code) DO UPDATE SET timeline = excluded.timeline",
    kind="text", code="text", heard="bigint", epoch="integer", sequence="bigint", timeline="jsonb",
)  # fmt: skip
_NUMBERS = Each(
    "INSERT INTO national_number (number, governorate, block_id, epoch, sequence, at) SELECT * FROM {rows} "
    "ON CONFLICT DO NOTHING",
    number="text", governorate="text", block_id="uuid", epoch="integer", sequence="bigint", at="timestamptz",
)  # fmt: skip
_APPLICATIONS = Each(
    "UPDATE national_application AS kept SET state = new.state, state_at = new.at, epoch = new.epoch, "
    "sequence = new.sequence FROM {rows} WHERE kept.id = new.application_id AND kept.governorate = new.governorate "
    "AND (new.epoch, new.sequence) > (kept.epoch, kept.sequence)",
    application_id="uuid", governorate="text", state="text", at="timestamptz", epoch="integer", sequence="bigint",
)  # fmt: skip

HEAP, LATE = 20, timedelta(minutes=1)
_STATES = ("requests.request.submitted.v1", "requests.request.moved.v1", "requests.request.due_changed.v1")
_MONEY = ("payments.bill.issued.v1", "payments.bill.pending.v1", "payments.bill.paid.v1", "payments.bill.changed.v1")

Row = dict[str, Any]


class NotItsOwn(ValueError):
    """A node speaks of what is another's."""


def apply(work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
    """Gather what a batch of arrivals changes at the centre. Raises NotItsOwn where a node tells of another's request,
    unit or number."""
    by_type: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        by_type.setdefault(arrival.event.type, []).append(arrival)

    def of(*types: str) -> list[Arrival]:
        return [arrival for one in types for arrival in by_type.get(one, ())]

    _put(work, _REQUESTS, _latest(of(*_STATES), _request, "request_id"))
    corrected = [one for one in of("requests.request.corrected.v1") if one.event.data.get("inquiry_check")]
    _put(work, _CORRECTED, _latest(corrected, _correction, "request_id", by=("epoch", "number")))
    _put(work, _FORGET, _latest(of("requests.person.forgotten.v1"), _forgotten, "request_id", by=()))
    _put(work, _BILLS, _bills(of(*_MONEY)))
    _offers(work, of("catalog.definition.published.v1"))
    _put(work, _RETIREMENTS, _latest(of("catalog.definition.retired.v1"), _retirement, "governorate", "code",
                                     "retired_from", by=("position",)))  # fmt: skip
    entities = [one for one in of("catalog.organisation.changed.v1") if _is_own_entity(one)]
    if entities:
        _put(work, _ENTITIES, _latest(entities, _entity, "kind", "code", by=("heard", "epoch", "sequence")))
        organisation.count_up(work)
    _put(work, _NUMBERS, [row for one in of("requests.portalblock.reserved.v1") for row in _numbers(work, one)])
    _put(work, _APPLICATIONS, _latest(of("requests.portalapplication.changed.v1"), _application, "application_id"))
    _put(work, _PLACES, [{"governorate": peer, "applied_at": work.now, "behind": _behind(work, arrivals, peer)}
                         for peer in {one.peer for one in arrivals}])  # fmt: skip


def _behind(work: UnitOfWork, arrivals: Sequence[Arrival], peer: str) -> datetime | None:
    """The newest moment that a governorate told of, where it comes in such heaps and so late that it catches up after a
    cut: until then what is known is as of that moment, though the line is up."""
    times = [one.event.time for one in arrivals if one.peer == peer]
    newest = max(times)
    return newest if len(times) >= HEAP and work.now - newest > LATE else None


def _put(work: UnitOfWork, statement: Each, rows: Iterable[Row]) -> None:
    for row in rows:
        work.write(statement, **row)


def _latest(
    arrivals: Iterable[Arrival], read: Callable[[Arrival], Row], *key: str, by: tuple[str, ...] = ("epoch", "sequence")
) -> list[Row]:
    """Of each thing the row of its latest word: a statement takes each row once."""
    found: dict[tuple[Any, ...], Row] = {}
    for arrival in arrivals:
        row = read(arrival)
        this = tuple(row[name] for name in key)
        kept = found.get(this)
        if kept is None or [row[name] for name in by] >= [kept[name] for name in by]:
            found[this] = row
    return list(found.values())


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _own_unit(arrival: Arrival, unit: str) -> str:
    if not unit.startswith(arrival.peer + "-"):
        raise NotItsOwn(f"{arrival.peer} tells of unit {unit}")
    return unit


def _own_number(arrival: Arrival, number: str) -> str:
    known = places.governorate(arrival.peer)
    if known is None or numbering.parse_tracking(number) != number or number[:2] != known.national_id_code:
        raise NotItsOwn(f"{arrival.peer} tells of number {number[:40]}")
    return number


def _request(arrival: Arrival) -> Row:
    data = arrival.event.data
    return {
        "request_id": UUID(data["request_id"]), "epoch": arrival.epoch, "sequence": arrival.event.sequence,
        "position": arrival.position, "tracking_number": _own_number(arrival, data["tracking_number"]),
        "governorate": arrival.peer, "unit": _own_unit(arrival, data["unit"]), "service_code": data["service_code"],
        "service_name": _json(data["service_name"]), "state": data["state"], "state_kind": data["state_kind"],
        "state_name": _json(data["state_name"]), "department": data.get("department"),
        "lodged_at": datetime.fromisoformat(data["lodged_at"]), "due_on": data.get("due_on"),
        "applicant_until": data.get("applicant_until"), "clock": data["clock"], "outcome": data.get("outcome"),
        "changed_at": arrival.event.time, "inquiry_check": data.get("inquiry_check"),
    }  # fmt: skip


def _correction(arrival: Arrival) -> Row:
    data = arrival.event.data
    return {"request_id": UUID(data["request_id"]), "governorate": arrival.peer, "epoch": arrival.epoch,
            "number": arrival.event.sequence, "inquiry_check": data["inquiry_check"]}  # fmt: skip


def _forgotten(arrival: Arrival) -> Row:
    return {"request_id": UUID(arrival.event.data["request_id"]), "governorate": arrival.peer}


def _bill(arrival: Arrival) -> Row:
    data = arrival.event.data
    collected = data["total"] if data["state"] in payment_states.COLLECTED else 0
    return {
        "bill_id": UUID(data["bill_id"]), "epoch": arrival.epoch, "sequence": arrival.event.sequence,
        "governorate": arrival.peer, "unit": _own_unit(arrival, data["unit"]), "service_code": data["service_code"],
        "collected": collected,
        "collected_on": _cairo(data.get("paid_at") or arrival.event.time) if collected else None,
        "refunded": data.get("refunded") or 0,
    }  # fmt: skip


def _bills(arrivals: Sequence[Arrival]) -> list[Row]:
    """Of each bill its latest state, and with it each state that was told, once, by its place and day."""
    steps: dict[UUID, dict[tuple[int, int], Row]] = {}

    def read(arrival: Arrival) -> Row:
        row = _bill(arrival)
        steps.setdefault(row["bill_id"], {})[row["epoch"], row["sequence"]] = {
            "epoch": row["epoch"], "sequence": row["sequence"], "day": _cairo(arrival.event.time),
            "refunded": row["refunded"]}  # fmt: skip
        return row

    return [{**row, "steps": _json(list(steps[row["bill_id"]].values()))} for row in _latest(arrivals, read, "bill_id")]


def _cairo(moment: str | datetime) -> date:
    return cairo_date(datetime.fromisoformat(moment) if isinstance(moment, str) else moment)


def _offers(work: UnitOfWork, arrivals: Iterable[Arrival]) -> None:
    documents: dict[bytes, str] = {}
    editions: dict[tuple[str, str, int], Row] = {}
    for arrival in arrivals:
        data = arrival.event.data
        if "definition" not in data:  # of a node whose version told the centre less
            continue
        document = orjson.dumps(data["definition"], option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(document).digest()
        documents[digest] = document.decode()
        editions[arrival.peer, data["code"], data["version"]] = {
            "governorate": arrival.peer, "code": data["code"], "version": data["version"],
            "effective_from": data["effective_from"], "digest": digest, "position": arrival.position}  # fmt: skip
    _put(work, _DEFINITIONS, [{"digest": digest, "document": one} for digest, one in documents.items()])
    _put(work, _EDITIONS, editions.values())


def _retirement(arrival: Arrival) -> Row:
    data = arrival.event.data
    return {"governorate": arrival.peer, "code": data["code"], "retired_from": str(data["retired_from"])[:10],
            "position": arrival.position}  # fmt: skip


def _is_own_entity(arrival: Arrival) -> bool:
    """What a node says of its own units counts at the centre; the rest of the organisation is the centre's to say. An
    echo of what the centre said tells it nothing new, and may be of a word that it has changed since."""
    data = arrival.event.data
    return (data["kind"] in KINDS and str(data["code"]).startswith(arrival.peer + "-")
            and data.get("answers") is None)  # fmt: skip


def _entity(arrival: Arrival) -> Row:
    data = arrival.event.data
    return {"kind": data["kind"], "code": data["code"], "heard": data.get("heard", 0), "epoch": arrival.epoch,
            "sequence": arrival.event.sequence, "timeline": _json(data["timeline"])}  # fmt: skip


def _numbers(work: UnitOfWork, arrival: Arrival) -> Iterable[Row]:
    data = arrival.event.data
    block = {"governorate": arrival.peer, "block_id": UUID(data["block_id"]), "epoch": arrival.epoch,
             "sequence": arrival.sequence, "at": work.now}  # fmt: skip
    return [{"number": _own_number(arrival, number), **block} for number in data["numbers"]]


def _application(arrival: Arrival) -> Row:
    data = arrival.event.data
    return {"application_id": UUID(data["application_id"]), "governorate": arrival.peer, "state": data["state"],
            "at": arrival.event.time, "epoch": arrival.epoch, "sequence": arrival.event.sequence}  # fmt: skip
