"""What the centre told: its national guide and its organisation, holidays among it. A node in a country takes them as
they are; what follows from them here (editions, deadlines) follows as from a decision of its own.

Late: a version keeps its first day, and the edition here begins on the day on which it arrived; a decree counts from
its own days, and whoever has deadlines computes them anew. Twice: nothing. Out of order: a version waits for the one
before it; of two decrees about the same thing the one that stands later on the line counts.
"""

from __future__ import annotations

from datetime import date

from chassis.errors import NotYet
from chassis.uow import UnitOfWork
from contracts.definition import load_definition
from contracts.events import Event
from rules.calendar import cairo_date
from rules.organisation import version_on
from rules.organisation_base import base
from rules.organisation_relations import named
from rules.refusal import refuse
from services.catalog import localising, organisation_records, publishing, records
from services.catalog.records import Record
from services.catalog.succession import National, digest_of

ALL, DECIDED = "all", "decided"
OFFERS = (ALL, DECIDED)


def take_guide(work: UnitOfWork, event: Event) -> None:
    """Keep a version or a retirement of the national guide. A node that keeps the guide itself records that it passed
    it over. Raises NotYet while the one before is not here; refuses guide_differs when other content stands here under
    this number, which a person must look at."""
    data = event.data
    code, number = data["code"], data["number"]
    if not publishing.kept_by_centre(work.settings):
        work.audit("guide.passed_over", code, number=number, what=data["what"])
        return
    record = records.read(work, code)
    stands = len(record.nationals) + len(record.national_retired)
    if number <= stands:
        if not _same(record, event):
            raise refuse("guide_differs", code=code, number=number)
        return
    if number > stands + 1:
        raise NotYet(f"number {number} of {code} waits for {stands + 1}")
    if data["what"] == "retired":
        publishing.retire(work, record, date.fromisoformat(data["retired_from"]), data["reason"])
        return
    if data["version"] != (record.newest.version if record.newest else 0) + 1:
        raise refuse("guide_differs", code=code, number=number)
    definition = data["definition"]
    load_definition(dict(definition))  # what this release cannot read must not be published by it
    national = National(data["version"], date.fromisoformat(data["effective_from"]), digest_of(definition), definition)
    offered = work.settings.env("GUIDE_OFFER", DECIDED) == ALL
    publishing.keep_national(
        work, record, national, published_by=data["line"]["peer"],
        adopt=offered and not record.adoptions and localising.can_be_offered(definition, record.governorate))


def _same(record: Record, event: Event) -> bool:
    data = event.data
    if data["what"] == "retired":
        return date.fromisoformat(data["retired_from"]) in record.national_retired
    known = next((one for one in record.nationals if one.version == data["version"]), None)
    return known is not None and known.digest == digest_of(data["definition"])


def take_entity(work: UnitOfWork, event: Event) -> None:
    """Keep an entity of the organisation, or a decree, as the centre knows it: what the centre has said of an entity is
    the centre's, also where this governorate changed it later and hears of it only now. Refuses
    organisation_code_taken where the governorate has one of its own under the code, which a person must settle first.
    """
    data, line = event.data, event.data["line"]
    key = data["kind"], data["code"]
    seen, organisation = organisation_records.read(work)
    known = organisation_records.received(work).get(key)
    if known is not None and (line["epoch"], line["sequence"]) <= (known.epoch, known.sequence):
        return
    own = organisation.timeline(key)
    if known is None and key not in base() and own and (
            version_on(own, cairo_date(work.now)) is not None or own[-1].valid_from > cairo_date(work.now)):
        raise refuse("organisation_code_taken", **named(key))
    organisation_records.receive(work, seen, key, data["timeline"], line, data.get("number", 0))
