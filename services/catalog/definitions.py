"""Proposals of the national guide: a new version of a service's definition, or its retirement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates

from chassis.answers import load
from chassis.uow import UnitOfWork
from contracts.definition import load_definition
from contracts.definition.loading import UNFIT
from rules.calendar import cairo_date
from rules.differences import differences
from rules.refusal import Fault, Refusal
from services.catalog import publishing, records
from services.catalog.proposals import Kind, Proposal
from services.catalog.records import Record
from services.catalog.succession import digest_of

CODE = re.compile(r"[a-z][a-z0-9-]{0,59}")
_DAY = timedelta(days=1)


class Retirement(Schema):
    """Body of a proposal to retire a service from its effective date on; `reason` is shown to everybody."""

    code = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9-]{0,59}\Z"))
    reason = fields.Dict(required=True, keys=fields.String(), values=fields.String())

    @validates("reason")
    def _both_languages(self, reason: dict[str, str], data_key: str) -> None:
        if set(reason) != {"ar", "en"} or not all(0 < len(text.strip()) <= 1000 for text in reason.values()):
            raise ValidationError("Give a reason in ar and in en, at most 1000 characters each.")
        if any(UNFIT.search(text) for text in reason.values()):
            raise ValidationError("The text has control characters, or ones that turn the direction of text.")


def code_of(body: Mapping[str, Any]) -> str:
    """The service's code that a body names; empty when it names none."""
    code = body.get("code")
    return code if isinstance(code, str) and CODE.fullmatch(code) else ""


def standing(work: UnitOfWork, code: str) -> int:
    """The newest national version of a service; 0 for none."""
    newest = records.read(work, code).newest
    return newest.version if newest else 0


def kept_by_centre(work: UnitOfWork) -> Fault | None:
    """Why this node changes nothing of the national guide: another keeps it."""
    if publishing.kept_by_centre(work.settings):
        return Fault("guide_kept_by_centre")
    return None


# -- a definition ----------------------------------------------------------------------------------------------------


def _check_definition(work: UnitOfWork, body: Mapping[str, Any], effective_from: date | None) -> list[Fault]:
    faults: list[Fault] = []
    loaded = None
    try:
        loaded = load_definition(dict(body))
        faults += publishing.size_faults(loaded)
    except Refusal as refusal:
        faults += refusal.faults
    code = code_of(body)
    if not code:
        return faults
    record = records.read(work, code)
    faults += publishing.date_faults(record, effective_from, cairo_date(work.now))
    if loaded is not None and record.newest is not None and not _ended(record) and (
            record.newest.digest == digest_of(loaded)):
        faults.append(Fault("nothing_changed", "body"))
    return faults


def _apply_definition(work: UnitOfWork, proposal: Proposal) -> dict[str, Any]:
    definition = load_definition(dict(proposal.body))
    record = records.read(work, definition["code"])
    return publishing.publish(work, record, definition, proposal.effective_from, published_by=proposal.author,
                              approved_by=work.actor.id)


def _definition_difference(work: UnitOfWork, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    newest = records.read(work, code).newest if (code := code_of(body)) else None
    try:
        after: Mapping[str, Any] = load_definition(dict(body))
    except Refusal:
        after = body  # a draft is compared as it was written
    return differences(newest.body if newest else {}, after)


DEFINITION = Kind(
    code="definition",
    propose="guide.edit",
    approvals=("guide.review",),
    subject=code_of,
    check=_check_definition,
    apply=_apply_definition,
    difference=_definition_difference,
    standing=standing,
    closed=kept_by_centre,
)


# -- a retirement ----------------------------------------------------------------------------------------------------


def _check_retirement(work: UnitOfWork, body: Mapping[str, Any], effective_from: date | None) -> list[Fault]:
    faults: list[Fault] = []
    try:
        load(Retirement(), dict(body))
    except Refusal as refusal:
        faults += refusal.faults
    code = code_of(body)
    if not code:
        return faults
    record, today = records.read(work, code), cairo_date(work.now)
    if record.newest is None:
        return [*faults, Fault("service_unknown", "code", {"code": code})]
    if _ended(record):
        faults.append(Fault("retired_already", "code",
                            {"code": code, "date": max(record.national_retired).isoformat()}))
    if effective_from is not None:
        if effective_from < today:
            faults.append(Fault("effective_date_past", "effective_from",
                                {"date": effective_from.isoformat(), "today": today.isoformat()}))
        faults += early_faults(record, effective_from)
    return faults


def early_faults(record: Record, day: date) -> list[Fault]:
    """A service ends on a day after the first day of everything published of it: what takes effect stands a day."""
    last = max(one.effective_from for one in record.published)
    if day > last:
        return []
    return [Fault("retirement_too_early", "effective_from",
                  {"taken": last.isoformat(), "first": (last + _DAY).isoformat()})]


def first_end(record: Record, today: date) -> date:
    """The first day from which a service can be no longer offered."""
    return max([today, *(one.effective_from + _DAY for one in record.published)])


def _ended(record: Record) -> bool:
    """Whether the newest national version is retired or is going to be."""
    newest = record.newest
    return newest is not None and any(newest.effective_from < end for end in record.national_retired)


def _apply_retirement(work: UnitOfWork, proposal: Proposal) -> dict[str, Any]:
    record = records.read(work, proposal.subject)
    day = proposal.effective_from or first_end(record, cairo_date(work.now))
    return publishing.retire(work, record, day, proposal.body["reason"])


def _retirement_difference(work: UnitOfWork, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    newest = records.read(work, code).newest if (code := code_of(body)) else None
    return differences(newest.body, {}) if newest else []


RETIREMENT = Kind(
    code="retirement",
    propose="guide.edit",
    approvals=("guide.review",),
    subject=code_of,
    check=_check_retirement,
    apply=_apply_retirement,
    difference=_retirement_difference,
    standing=standing,
    closed=kept_by_centre,
)
