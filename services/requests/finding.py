"""Finding and listing requests: by number, person, words of a name or of the property's address, service, state,
lateness. Words are kept as keyed hashes, so the database alone tells neither names nor who shares one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.requests_finding import DUE_SOON_DAYS
from rules import identity, name_words, numbering
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.requests import guide
from services.requests.guide import Definition
from services.requests.licences import NAME
from services.requests.parties import PERSON

FIND, FIND_PERSON = "request.find", "request.find_person"
NAME_WORD, ADDRESS_WORD, PASSPORT = "requests.found.name", "requests.found.address", "requests.found.passport"
# What of the parts `address` and `property` says where it lies; boundaries name neighbours, a title its owner.
PLACES = frozenset({"area", "street", "building_number", "floor", "unit_number", "landmark", "plot_number", "block",
                    "basin"})  # fmt: skip
_PARTS = ("address", "property")

_KEEP = Statement(
    text("INSERT INTO found_by (key, unit, request_id) "
         "SELECT unnest(:keys), CAST(:unit AS text), CAST(:request_id AS uuid) ON CONFLICT DO NOTHING"
         ).bindparams(bindparam("keys", type_=ARRAY(BIGINT)))
)
_FORGET = Statement(
    text("DELETE FROM found_by WHERE key = ANY(:keys) AND unit = :unit AND request_id = :request_id"
         ).bindparams(bindparam("keys", type_=ARRAY(BIGINT)))
)


# -- what is kept ----------------------------------------------------------------------------------------------------


def person_keys(work: UnitOfWork, applicant: Mapping[str, Any]) -> set[int]:
    """The keys of all names in an application (the applicant's and those of the particulars) and of its passport.
    `applicant` is as rules.applicants reads it."""
    names = [applicant["name"], *_names(applicant.get("particulars") or {})]
    words = name_words.kept(word for name in names for word in name_words.name_words(name))
    passport = _keys_of(work, applicant["passport"], PASSPORT) if applicant.get("passport") else set()
    return {key for word in words for key in _keys_of(work, word, NAME_WORD)} | passport


def address_keys(work: UnitOfWork, definition: Definition, answers: Mapping[str, Any]) -> set[int]:
    """The keys of the property's address: clear answers only; where somebody lives is sealed and not found."""
    given = [answers[name] for name in _address_fields(definition) if isinstance(answers.get(name), str)]
    words = name_words.kept(word for value in given for word in name_words.address_words(value))
    return {key for word in words for key in _keys_of(work, word, ADDRESS_WORD)}


def keep(work: UnitOfWork, request_id: UUID, unit: str, keys: Iterable[int]) -> None:
    """Gather the words of a request with what else is written."""
    if kept := sorted(keys):
        work.write(_KEEP, keys=kept, unit=unit, request_id=request_id)


def change(work: UnitOfWork, request_id: UUID, unit: str, before: set[int], after: set[int]) -> None:
    """Gather what changed of a request's words."""
    if gone := sorted(before - after):
        work.write(_FORGET, keys=gone, unit=unit, request_id=request_id)
    keep(work, request_id, unit, after - before)


def answers_changed(work: UnitOfWork, row: Any, definition: Definition, answers: Mapping[str, Any]) -> None:
    """A request's answers become these (as stored): its address may have changed."""
    fields = _address_fields(definition)
    if any(row.answers.get(name) != answers.get(name) for name in fields):
        change(work, row.id, row.unit, address_keys(work, definition, row.answers),
               address_keys(work, definition, answers))  # fmt: skip


def _address_fields(definition: Definition) -> list[str]:
    return [field["name"] for field in definition.body["form"] if not field.get("personal") and _says_where(field)]


def _says_where(field: Mapping[str, Any]) -> bool:
    part = field.get("part")
    if not isinstance(part, Mapping):
        return field["name"] == "address" and field["type"] in ("text", "long_text")
    name = field["name"].removeprefix(f"{part['prefix']}_") if part.get("prefix") else field["name"]
    return part["code"] in _PARTS and name in PLACES


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name == "name" and isinstance(one, str):
                yield one
            else:
                yield from _names(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _names(one)


def key_of(work: UnitOfWork, word: str, field: str) -> int:
    """The key under which a word is looked for: 64 bits of its keyed hash."""
    return _cut(work.privacy.lookup_settled(word, field))


def _keys_of(work: UnitOfWork, word: str, field: str) -> set[int]:
    return {_cut(one) for one in work.privacy.lookups(word, field)}


def _cut(hashed: bytes) -> int:
    return int.from_bytes(hashed[:8], "big", signed=True)


# -- finding ---------------------------------------------------------------------------------------------------------

_COLUMNS = (
    "r.id, r.tracking_number, r.service_code, r.service_version, r.unit, r.state, r.state_kind, r.outcome, "
    "r.lodged_at, r.due_on, r.applicant_kind, r.name"
)
# The units that have requests: one look into the index for each.
_UNITS = (
    "WITH RECURSIVE units AS (SELECT min(unit) AS unit FROM request UNION ALL "
    "SELECT (SELECT min(unit) FROM request WHERE request.unit > units.unit) FROM units WHERE units.unit IS NOT NULL) "
)
# How many requests have each word: of a unit, of the node. Counted no further than it takes to tell a rare word.
_COUNT = (
    "SELECT word.key, (SELECT count(*) FROM (SELECT 1 FROM found_by WHERE found_by.key = word.key {} LIMIT {}) "
    "AS counted) AS requests FROM unnest(CAST(:keys AS bigint[])) AS word (key)"
)
_RARITY_OF_UNIT = Statement(
    text(_COUNT.format("AND found_by.unit = :unit", 4_000)).bindparams(bindparam("keys", type_=ARRAY(BIGINT)))
)
_RARITY = Statement(text(_COUNT.format("", 25_000)).bindparams(bindparam("keys", type_=ARRAY(BIGINT))))
_LATE = "r.outcome IS NULL AND r.due_on < :today"
_DUE_SOON = "r.outcome IS NULL AND r.due_on >= :today AND r.due_on < :soon"
_FILTERS = {
    "number": "r.tracking_number = :number",
    "person": "r.id IN (SELECT request_id FROM person_of_request WHERE person_key = :person)",
    "service": "r.service_code = :service",
    "state": "r.state = :state",
    "late": _LATE,
    "due_soon": _DUE_SOON,
}


@cache
def statement(filters: tuple[str, ...], words: int, one_unit: bool, after: bool) -> Statement:
    """The query of one combination of criteria, planned by itself: what is not asked for does not stand in it. A page
    of the whole node is put together from one of every unit, each read in order from an index. The first word is
    to be the rarest: its requests are gone through, and the others asked whether they have them."""
    by_date = not words and bool({"late", "due_soon"} & set(filters)) and not {"number", "person"} & set(filters)
    unit = ":unit" if one_unit else "units.unit"
    first = "w0.request_id" if words else "r.id"
    demands = [_FILTERS[name] for name in filters]
    if words:
        demands += ["w0.key = :word0", f"w0.unit = {unit}", "r.id = w0.request_id"]
    # OFFSET 0 keeps each a look into the index by itself, in this order; joined, the commonest would be read whole.
    demands += [
        f"EXISTS (SELECT 1 FROM found_by AS w{number} WHERE w{number}.key = :word{number} "  # noqa: S608
        f"AND w{number}.unit = {unit} AND w{number}.request_id = w0.request_id OFFSET 0)"
        for number in range(1, words)
    ]
    if not words:
        demands.append(f"r.unit = {unit}")
    if after:
        demands.append("(r.due_on, r.id) > (:after_due, :after)" if by_date else f"{first} < :after")
    page = (
        f"SELECT {_COLUMNS} FROM {'found_by AS w0, ' if words else ''}request AS r "  # noqa: S608 (names of ours)
        f"WHERE {' AND '.join(demands)} "
        f"ORDER BY {'r.due_on, r.id' if by_date else f'{first} DESC'} LIMIT :limit"
    )
    if one_unit:
        return Statement(text(page))
    order = "due_on, id" if by_date else "id DESC"
    return Statement(text(
        f"{_UNITS} SELECT found.* FROM units CROSS JOIN LATERAL ({page}) AS found "  # noqa: S608
        f"WHERE units.unit IS NOT NULL ORDER BY {order} LIMIT :limit"
    ))


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A list by service, state and lateness; nobody is named."""
    filters, params = _of_the_file(work, body)
    if not filters:
        raise refuse("find_nothing_asked")
    return _page(work, body, filters, params, [], named=False)


def find(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A search. Refuses find_nothing_asked, what a number or a word may not be, and by person who may not know whose
    file it is; such an attempt is recorded."""
    by_person = [name for name in ("national_id", "passport", "name") if body[name]]
    named = work.actor.permits(FIND_PERSON) and not work.actor.permits("task.act")
    if by_person and not named:
        work.deny(FIND_PERSON, work.actor.unit or "")
        raise refuse("find_apart", by_person[0])
    filters, params = _of_the_file(work, body)
    words, faults = list[int](), list[Fault]()
    if body["tracking_number"]:
        filters.append("number")
        params["number"] = _read(faults, numbering.parse_tracking, body["tracking_number"], "tracking_number")
    if body["national_id"]:
        filters.append("person")
        known = _read(faults, identity.parse_national_id, body["national_id"], "national_id")
        params["person"] = work.privacy.lookup_settled(known.digits, PERSON) if known else None
    if body["passport"]:
        number = _read(faults, identity.parse_passport, body["passport"], "passport")
        words += [key_of(work, number, PASSPORT)] if number else []
    for field, split, kind in (("name", name_words.name_words, NAME_WORD),
                               ("address", name_words.address_words, ADDRESS_WORD)):  # fmt: skip
        if body[field]:
            asked = _read(faults, name_words.asked, split(body[field]), field)
            words += [key_of(work, word, kind) for word in asked or ()]
    if faults:
        raise Refusal(faults)
    if not filters and not words:
        raise refuse("find_nothing_asked")
    return _page(work, body, filters, params, words, named=named, by=[*filters, *by_person])


def _of_the_file(work: UnitOfWork, body: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The filters that name nobody, and their values."""
    today = cairo_date(work.now)
    filters: list[str] = []
    params: dict[str, Any] = {}
    for name, column in (("service", "service_code"), ("state", "state")):
        if body[column]:
            filters.append(name)
            params[name] = body[column]
    if body["lateness"]:
        filters.append(body["lateness"])
        params["today"] = today
        if body["lateness"] == "due_soon":
            params["soon"] = today + timedelta(days=DUE_SOON_DAYS)
    return filters, params


def _page(
    work: UnitOfWork, body: Mapping[str, Any], filters: list[str], params: dict[str, Any], words: list[int], *,
    named: bool, by: Iterable[str] = (),
) -> dict[str, Any]:  # fmt: skip
    if body["unit"] is not None:
        work.require(FIND, unit=body["unit"])
    unit = work.actor.unit or body["unit"]
    by_date = not words and body["lateness"] is not None and not {"number", "person"} & set(filters)
    if len(words) > 1:
        words = _rarest_first(work, words, unit)
    asked = statement(tuple(sorted(filters)), len(words), unit is not None, body["after"] is not None)
    params |= {f"word{number}": key for number, key in enumerate(words)} | _after(body["after"], by_date)
    if unit is not None:
        params["unit"] = unit
    rows = work.all(asked, limit=body["limit"] + 1, **params)
    more, rows = len(rows) > body["limit"], rows[: body["limit"]]
    if named:
        shown = [str(row.id) for row in rows]
        work.audit_read("request.find", unit or work.settings.node, by=sorted(by), requests=shown)
    return {
        "requests": [summary(work, row, named) for row in rows],
        "next": (f"{rows[-1].due_on}/{rows[-1].id}" if by_date else str(rows[-1].id)) if more else None,
    }


def _rarest_first(work: UnitOfWork, words: list[int], unit: str | None) -> list[int]:
    rows = work.all(_RARITY, keys=words) if unit is None else work.all(_RARITY_OF_UNIT, keys=words, unit=unit)
    counted = {row.key: row.requests for row in rows}
    return sorted(words, key=lambda word: counted[word])


def _after(cursor: str | None, by_date: bool) -> dict[str, Any]:
    """Where the page begins. Refuses find_page_unknown."""
    if cursor is None:
        return {}
    due, _, last = cursor.rpartition("/")
    try:
        if not by_date:
            return {"after": UUID(cursor)}
        return {"after": UUID(last), "after_due": date.fromisoformat(due)}
    except ValueError:
        raise refuse("find_page_unknown", "after") from None


def summary(work: UnitOfWork, row: Any, named: bool) -> dict[str, Any]:
    """One request in a list; `named` with its applicant, masked."""
    definition = guide.definition(work, row.service_code, row.service_version)
    found = {
        "request_id": str(row.id),
        "tracking_number": row.tracking_number,
        "service_code": row.service_code,
        "service_name": definition.name,
        "unit": row.unit,
        "state": row.state,
        "state_kind": row.state_kind,
        "state_name": definition.workflow.state(row.state).name,
        "outcome": row.outcome,
        "lodged_at": row.lodged_at.isoformat(),
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "late": row.outcome is None and row.due_on is not None and row.due_on < cairo_date(work.now),
    }
    if named:
        name = name_words.mask_name(work.privacy.open(row.name, field=NAME))
        found["applicant"] = {"kind": row.applicant_kind, "name": name}
    return found


def _read(faults: list[Fault], parse: Any, value: Any, field: str) -> Any:
    """What was typed, read; or None, with its faults gathered."""
    try:
        return parse(value, field)
    except Refusal as refusal:
        faults += refusal.faults
        return None
