"""Publishing: a definition is checked as a whole, becomes the next national version of its code, and, where the
governorate offers the service, the next edition, all in one commit. What was published stands for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from chassis.config import Settings
from chassis.uow import UnitOfWork
from contracts.definition import load_definition
from rules.calendar import cairo_date
from rules.editions import check_next, first_free_day, in_force
from rules.refusal import Fault, Refusal, refuse
from services.catalog import localising, records
from services.catalog.records import Record
from services.catalog.succession import Adoption, National, Publish, digest_of, plan

LARGEST = 900_000
OWN, CENTRE = "own", "centre"
"""Bytes of a definition's JSON; it travels whole in one event, of at most a mebibyte."""
_NOT_OFFERED = {"ar": "لم تعد المحافظة تقدم هذه الخدمة.", "en": "The governorate no longer offers this service."}


def kept_by_centre(settings: Settings) -> bool:
    """Whether another place keeps the national guide (GUIDE_AUTHORITY): here it is only taken."""
    return settings.env("GUIDE_AUTHORITY", OWN) == CENTRE


def load_national(
    work: UnitOfWork, given: Mapping[str, Any], effective_from: date | None, *, adopt: bool
) -> dict[str, Any]:
    """Publish what the operator's loader brings as the next national version. The same content as the newest version
    changes nothing; with `adopt`, a service on which the governorate has decided nothing yet is offered as it is when
    one of its kinds of unit can. Refuses with every fault; retired_already when it was retired by a decision;
    guide_kept_by_centre where the content is not what the centre told of."""
    definition = load_definition(dict(given))
    record = records.read(work, definition["code"])
    today, newest = cairo_date(work.now), record.newest
    if kept_by_centre(work.settings) and (newest is None or newest.digest != digest_of(definition)):
        raise refuse("guide_kept_by_centre")
    adopted = adopt and not record.adoptions and work.settings.node != "EG" and localising.can_be_offered(
        definition, record.governorate)
    if newest is None or newest.digest != digest_of(definition):
        faults = [*date_faults(record, effective_from, today), *size_faults(definition)]
        if faults:
            raise Refusal(faults)
        if newest is not None and any(newest.effective_from < end for end in record.national_retired):
            end = max(record.national_retired)
            raise refuse("retired_already", "code", code=record.code, date=end.isoformat())
        return publish(work, record, definition, effective_from, adopt=adopted, published_by=work.actor.id)
    if adopted:
        offer(work, record, offered=True, overrides={}, effective_from=max(today, newest.effective_from))
    return answer(record.code, newest, record, offered=adopted)


def publish(
    work: UnitOfWork,
    record: Record,
    definition: Mapping[str, Any],
    effective_from: date | None,
    *,
    published_by: str,
    approved_by: str | None = None,
    adopt: bool = False,
) -> dict[str, Any]:
    """The next national version, in force from `effective_from` or the first free day on, and the editions that follow
    from it here. The definition is loaded and its dates are checked."""
    today = cairo_date(work.now)
    day = effective_from or first_free_day(record.nationals, today)
    version = (record.newest.version if record.newest else 0) + 1
    national = National(version, day, digest_of(definition), definition)
    return keep_national(work, record, national, published_by=published_by, approved_by=approved_by, adopt=adopt)


def keep_national(
    work: UnitOfWork,
    record: Record,
    national: National,
    *,
    published_by: str,
    approved_by: str | None = None,
    adopt: bool = False,
) -> dict[str, Any]:
    """Put the next national version on record with the editions that follow from it. One that arrives after its first
    day keeps that day, and what follows from it here begins today: nobody was served by it before."""
    records.touch(work, record)
    records.add_national(work, record, national, published_by=published_by, approved_by=approved_by)
    nationals, adoption = (*record.nationals, national), record.adoption
    version, day = national.version, max(national.effective_from, cairo_date(work.now))
    if adoption is None and adopt:
        adoption = Adoption(1, day, True, {}, version)
        records.add_adoption(work, record, adoption, ())
        _follow(work, record, nationals, (adoption,), day)
    elif adoption is not None and adoption.offered:
        following = plan(nationals, record.national_retired, record.adoptions, record.editions, record.retired, day,
                         localising.make)
        records.add_steps(work, record, following.steps, _NOT_OFFERED)
        records.add_adoption(work, record, _next(adoption, version, following.faults), following.faults)
    return answer(record.code, national, record, offered=bool(adoption and adoption.offered))


def offer(
    work: UnitOfWork, record: Record, *, offered: bool, overrides: Mapping[str, Any], effective_from: date
) -> dict[str, Any]:
    """Put a decision of the governorate on record and publish the editions that follow from it."""
    records.touch(work, record)
    version = (record.adoption.version if record.adoption else 0) + 1
    adoption = Adoption(version, effective_from, offered, overrides)
    following = plan(record.nationals, record.national_retired, (*record.adoptions, adoption), record.editions,
                     record.retired, effective_from, localising.make)
    records.add_steps(work, record, following.steps, _NOT_OFFERED)
    used = [step.national.version for step in following.steps if isinstance(step, Publish)]
    national = in_force(record.nationals, record.national_retired, effective_from)
    based_on = max(used, default=national.version if national else None)
    settled = Adoption(version, effective_from, offered, overrides, based_on, _state(following.faults))
    records.add_adoption(work, record, settled, following.faults)
    return {"code": record.code, "offered": offered, "state": settled.state,
            "effective_from": effective_from.isoformat(),
            "editions": [step.version for step in following.steps if isinstance(step, Publish)]}


def retire(work: UnitOfWork, record: Record, day: date, reason: Mapping[str, str]) -> dict[str, Any]:
    """Retire a service of the national guide from a day on, and here with it: from today, where the day is past."""
    records.touch(work, record)
    records.add_national_retirement(work, record, day, reason)
    following = plan(record.nationals, (*record.national_retired, day), record.adoptions, record.editions,
                     record.retired, max(day, cairo_date(work.now)), localising.make)
    records.add_steps(work, record, following.steps, reason)
    return {"code": record.code, "retired_from": day.isoformat()}


def date_faults(record: Record, effective_from: date | None, today: date) -> list[Fault]:
    """What is wrong with the day from which a next national version is to hold; nothing when none is named."""
    return [] if effective_from is None else check_next(record.nationals, effective_from, today)


def size_faults(definition: Mapping[str, Any]) -> list[Fault]:
    """A definition too large to travel in one event."""
    return [Fault("too_large", None, {"limit": LARGEST})] if len(orjson.dumps(definition)) > LARGEST else []


def answer(code: str, national: National, record: Record, *, offered: bool) -> dict[str, Any]:
    """What a publication answers: the national version that stands and whether the governorate offers the service."""
    return {"code": code, "version": national.version, "effective_from": national.effective_from.isoformat(),
            "offered": offered or bool(record.adoption and record.adoption.offered)}


def _follow(
    work: UnitOfWork, record: Record, nationals: Sequence[National], adoptions: Sequence[Adoption], day: date
) -> None:
    steps = plan(nationals, record.national_retired, adoptions, record.editions, record.retired, day,
                 localising.make).steps
    records.add_steps(work, record, steps, _NOT_OFFERED)


def _next(adoption: Adoption, national_version: int, faults: Sequence[Fault]) -> Adoption:
    """The same decision, re-checked against a newer national version."""
    kept = adoption.national_version if faults else national_version
    return Adoption(adoption.version + 1, adoption.effective_from, adoption.offered, adoption.overrides, kept,
                    _state(faults))


def _state(faults: Sequence[Fault]) -> str:
    return "blocked" if faults else "settled"
