"""A change of the organisation as it is written: the body of a proposal of kind `organisation`.

    {"operations": [{"op": "add", "kind": "unit", "code": "EG-C-16", "from": "2027-01-01", "body": {...}},
                    {"op": "close", "kind": "centre", "code": "EG-C-01-TC", "from": "2027-01-01"}]}

`body` is the whole of what is said of the entity from that day on; its shape is that of its kind, below. An operation
without `from` begins when the proposal takes effect. What the shape cannot see, `rules.organisation_check` judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from rules import places, roles
from rules.calendar import EFFECTS, WEEKDAYS
from rules.organisation import ADD, CLOSE, OPS, Operation
from rules.organisation_kinds import (
    ADDRESS,
    ADDRESS_RANKS,
    AUTHORITY,
    CENTRE,
    CENTRE_KINDS,
    DEPARTMENT,
    EMPLOYEE,
    GOVERNORATE,
    HOLIDAY,
    HOURS,
    JOB,
    KINDS,
    UNIT,
    UNIT_STATUSES,
    WINDOW,
    Key,
)
from rules.refusal import Fault

SOURCES = ("law", "public", "unverified")
MOST_OPERATIONS = 2000
_CODE = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}\Z", error="organisation_code_malformed")
# One line that others read: no control characters, none that turn the direction of what follows, no half characters.
_LINE = (
    validate.Length(min=1, max=200, error="organisation_text_unfit"),
    validate.Regexp(r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]*\Z", error="organisation_text_unfit"),
    validate.Regexp(r"^\s*\S", error="organisation_text_unfit"),
)
_CHOICE = "Must be one of:"
_TIME = validate.Regexp(r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", error="organisation_time_malformed")


def _code(**options: Any) -> fields.String:
    return fields.String(required=True, validate=_CODE, **options)


def _code_or_none() -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=_CODE)


def _line(**options: Any) -> fields.String:
    return fields.String(validate=_LINE, **options)


class Name(Schema):
    """A name in both languages; Arabic first."""

    ar = _line(required=True)
    en = _line(required=True)


class Named(Schema):
    name = fields.Nested(Name, required=True)


class Governorate(Named):
    """`national_id_code`: the two digits that stand for it in a national ID."""

    national_id_code = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{2}\Z"))


class Authority(Named):
    source = fields.String(load_default="unverified", validate=validate.OneOf(SOURCES))


class Unit(Named):
    """Of a governorate, or of a new-city authority (kind `new-city`); `parent` is the unit it belongs to, such as the
    markaz of a village."""

    kind = fields.String(required=True, validate=validate.OneOf(tuple(places.UNIT_KINDS)))
    governorate = _code_or_none()
    authority = _code_or_none()
    parent = _code_or_none()
    status = fields.String(required=True, validate=validate.OneOf(UNIT_STATUSES))
    source = fields.String(load_default="unverified", validate=validate.OneOf(SOURCES))
    note = _line(load_default=None, allow_none=True)


class Centre(Named):
    kind = fields.String(required=True, validate=validate.OneOf(tuple(CENTRE_KINDS)))
    unit = _code()
    address = _code_or_none()


class Window(Named):
    centre = _code()
    number = fields.Integer(required=True, strict=True, validate=validate.Range(1, 999))


class Department(Named):
    """`function`: which of the departments of rules/roles.yaml it is; the workflows' tasks go by it."""

    unit = _code()
    function = fields.String(required=True, validate=validate.OneOf(tuple(roles.load().departments)))
    parent = _code_or_none()


class Job(Named):
    """`role`: the staff role that goes with the job, if one does."""

    role = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([code for code, role in roles.load().roles.items() if role.staff]),
    )


class Employee(Schema):
    """Where one person works, as what. The name is sealed where it is kept (`name_sealed`, which may be sent again as
    it was read). The national ID only serves to know the same person under another code: a keyed hash is kept, not the
    number (`identity`)."""

    name = _line()
    name_sealed = fields.String(validate=validate.Length(max=2000))
    national_id = fields.String(validate=validate.Length(max=40))
    identity = fields.String(validate=validate.Regexp(r"^[0-9a-f]{64}\Z"))
    job = _code()
    department = _code_or_none()
    centre = _code_or_none()
    window = _code_or_none()


class Address(Named):
    kind = fields.String(required=True, validate=validate.OneOf(tuple(ADDRESS_RANKS)))
    parent = _code_or_none()


class Place(Schema):
    kind = fields.String(required=True, validate=validate.OneOf((UNIT, CENTRE)))
    code = _code()


class Opening(Schema):
    opens = fields.String(required=True, validate=_TIME)
    closes = fields.String(required=True, validate=_TIME)


class WorkingHours(Schema):
    """Of a unit or one of its centres. `days`: when it is open on each day of the week; `weekend`: the days off, which
    are no working days for what is due there (Friday and Saturday unless said otherwise)."""

    name = fields.Nested(Name, load_default=None, allow_none=True)
    of = fields.Nested(Place, required=True)
    days = fields.Dict(
        keys=fields.String(validate=validate.OneOf(WEEKDAYS)),
        values=fields.List(fields.Nested(Opening), validate=validate.Length(max=6)),
        load_default=dict,
    )
    weekend = fields.List(
        fields.String(validate=validate.OneOf(WEEKDAYS)), load_default=lambda: ["friday", "saturday"]
    )


class Decree(Schema):
    number = _line(required=True)
    date = fields.Date(required=True)


class Scope(Schema):
    kind = fields.String(required=True, validate=validate.OneOf((GOVERNORATE, UNIT)))
    code = _code()


class Holiday(Named):
    """Days that a decree makes holidays, or working days in place of holidays or weekends. Without a scope, for all; a
    unit's decree goes before its governorate's, and that before one for all."""

    effect = fields.String(required=True, validate=validate.OneOf(EFFECTS))
    first = fields.Date(required=True)
    last = fields.Date(required=True)
    decree = fields.Nested(Decree, required=True)
    scope = fields.Nested(Scope, load_default=None, allow_none=True)


BODIES: Mapping[str, Schema] = {
    GOVERNORATE: Governorate(), AUTHORITY: Authority(), UNIT: Unit(), CENTRE: Centre(), WINDOW: Window(),
    DEPARTMENT: Department(), JOB: Job(), EMPLOYEE: Employee(), ADDRESS: Address(), HOURS: WorkingHours(),
    HOLIDAY: Holiday(),
}


class ChangeOperation(Schema):
    """One step: `add` begins an entity, `change` says all of it anew, `close` ends it; each from the day `from` on.
    `until`: the day on which what is added ends again, where that is known."""

    op = fields.String(required=True, validate=validate.OneOf(OPS))
    kind = fields.String(required=True, validate=validate.OneOf(tuple(KINDS)))
    code = _code()
    start = fields.Date(data_key="from", load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True)
    body = fields.Dict(load_default=None, allow_none=True)


@dataclass(frozen=True, slots=True)
class Change:
    """A change as far as it could be read: operations by their place, the entities of those that could not be read, and
    what is wrong with the shape."""

    operations: dict[int, Operation]
    unread: frozenset[Key]
    faults: list[Fault]


def read_change(body: Mapping[str, Any], effective_from: date | None = None) -> Change:
    """Read the body of a proposal, whatever it is. Bodies come out as JSON carries them, defaults filled in."""
    operations, faults, unread = body.get("operations"), list[Fault](), set[Key]()
    faults += [Fault("field_unknown", str(name)) for name in body if name != "operations"]
    if not isinstance(operations, list):
        return Change({}, frozenset(), [*faults, Fault("field_required", "operations")])
    if len(operations) > MOST_OPERATIONS:
        return Change({}, frozenset(), [*faults, Fault("organisation_change_long", "operations",
                                                       {"most": MOST_OPERATIONS})])
    read: dict[int, Operation] = {}
    for index, given in enumerate(operations):
        operation, found = _operation(given, effective_from, f"operations/{index}")
        faults += found
        if operation is not None:
            read[index] = operation
        elif isinstance(given, dict) and isinstance(given.get("kind"), str) and isinstance(given.get("code"), str):
            unread.add((given["kind"], given["code"]))
    return Change(read, frozenset(unread), faults)


def name_faults(name: Any, at: str) -> list[Fault]:
    """What keeps a text from being a person's name, told at `at`."""
    try:
        _line().deserialize(name)
    except ValidationError as error:
        return list(_told(error.messages, at))
    return []


def _operation(given: Any, effective_from: date | None, at: str) -> tuple[Operation | None, list[Fault]]:
    faults: list[Fault] = []
    loaded = _load(ChangeOperation(), given, at, faults)
    op, kind, start = loaded.get("op"), loaded.get("kind"), loaded.get("start") or effective_from
    if isinstance(given, dict) and "from" not in {(fault.field or "").removeprefix(f"{at}/") for fault in faults}:
        if start is None:
            faults.append(Fault("field_required", f"{at}/from"))
        if loaded.get("until") is not None and op not in (ADD, None):
            faults.append(Fault("organisation_until_only_added", f"{at}/until"))
    body = loaded.get("body")
    if op == CLOSE and body is not None:
        faults.append(Fault("organisation_close_without_body", f"{at}/body"))
    elif op not in (CLOSE, None) and body is None and not any(fault.field == f"{at}/body" for fault in faults):
        faults.append(Fault("field_required", f"{at}/body"))
    elif op != CLOSE and kind is not None and body is not None:
        shape = BODIES[kind]
        body = shape.dump(_load(shape, body, f"{at}/body", faults))
        if kind == EMPLOYEE and "name" not in body and "name_sealed" not in body:
            faults.append(Fault("field_required", f"{at}/body/name"))
    if faults or op is None or kind is None or start is None:
        return None, faults
    return Operation(op, kind, loaded["code"], start, body, loaded["until"]), faults


def _load(schema: Schema, given: Any, at: str, faults: list[Fault]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        faults += _told(error.messages, at)
        return error.valid_data if isinstance(error.valid_data, dict) else {}
    return loaded


def _told(messages: Any, at: str) -> Iterator[Fault]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _told(inner, at if name in ("_schema", "value", "key") else f"{at}/{name}")
        return
    for message in dict.fromkeys(messages):
        if message == fields.Field.default_error_messages["required"]:
            yield Fault("field_required", at)
        elif message == Schema._default_error_messages["unknown"]:
            yield Fault("field_unknown", at)
        else:
            yield _unfit(str(message), at)


def _unfit(message: str, at: str) -> Fault:
    """A fault with texts of its own in both languages, for what marshmallow says in English."""
    if message.startswith("organisation_"):
        return Fault(message, at)
    if message.startswith(_CHOICE):
        return Fault("organisation_choice", at, {"choices": message.removeprefix(_CHOICE).strip(" .")})
    if message == "Not a valid date.":
        return Fault("organisation_date_malformed", at)
    return Fault("organisation_value_unfit", at)
