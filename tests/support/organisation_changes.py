"""Changes of the organisation as a test writes them, and what the check says of them."""

from __future__ import annotations

from datetime import date

from contracts.organisation_change import read_change
from contracts.problems import catalogue, describe
from rules.organisation import Organisation
from rules.organisation_base import base
from rules.organisation_check import check

TODAY = date(2026, 11, 22)
SOON, LATER, LAST = date(2026, 12, 1), date(2027, 1, 1), date(2027, 6, 1)
NAME = {"ar": "اسم", "en": "Name"}
BASE = Organisation.of(base(), ())


def op(what, kind, code, start=SOON, until=None, /, **body):
    given = {"op": what, "kind": kind, "code": code, "from": start.isoformat()}
    if until is not None:
        given["until"] = until.isoformat()
    if what != "close":
        given["body"] = body if kind in ("employee", "working_hours") else {"name": NAME, **body}
    return given


def unit(code="EG-C-16", what="add", start=SOON, **body):
    return op(what, "unit", code, start, **{"kind": "district", "governorate": "EG-C", "status": "open", **body})


def department(code, what="add", start=SOON, until=None, unit="EG-C-01", function="licensing", parent=None):
    return op(what, "department", code, start, until, unit=unit, function=function, parent=parent)


def employee(code, what="add", start=SOON, until=None, **body):
    return op(what, "employee", code, start, until, **{"name_sealed": "v1.x", "job": "clerk", **body})


def holiday(code, first, last=None, what="add", start=SOON, effect="holiday", scope=None):
    return op(what, "holiday", code, start, effect=effect, first=first.isoformat(), last=(last or first).isoformat(),
              decree={"number": "7", "date": "2026-11-20"}, scope=scope)


def hours(code, of="EG-C-01", what="add", start=SOON, **body):
    return op(what, "working_hours", code, start, of={"kind": "unit", "code": of}, **body)


JOB = op("add", "job", "clerk", role="window_clerk")


def judge(*operations, organisation=BASE, today=TODAY, effective_from=None):
    """The faults of a change: code and place."""
    change = read_change({"operations": list(operations)}, effective_from)
    faults = [*change.faults, *check(organisation, change.operations, today, change.unread)]
    for fault in faults:
        for language in ("ar", "en"):
            assert fault.code in catalogue() and "{" not in describe(fault, language), (fault, language)
    return [(fault.code.removeprefix("organisation_"), fault.field) for fault in faults]


def made(*operations, organisation=BASE):
    """The organisation after a change that is accepted."""
    assert judge(*operations, organisation=organisation) == []
    read = read_change({"operations": list(operations)}).operations
    return organisation.after(sorted(read.values(), key=lambda operation: operation.start))
