"""Who a request is about beside the national ID of its applicant: the passport of a foreigner, the company, for whom an
attorney acts, the heirs. Known here by keyed hashes of their numbers only, so that a declared relation with any of them
keeps apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import applicants, identity
from services.requests import tables_assignment

PERSON = "requests.request.national_id"  # the field whose keyed hash a request has of its applicant

# The numbers by which people and companies are known: what each is looked up under, and how it is read.
NUMBERS: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "national_id": (PERSON, lambda given, field: identity.parse_national_id(given, field).digits),
    "passport": ("requests.party.passport", identity.parse_passport),
    "tax_number": ("requests.party.tax_number", applicants.parse_tax_number),
    "commercial_register": ("requests.party.commercial_register", applicants.parse_commercial_register),
}

_KEEP = Statement.insert(tables_assignment.party)
_FORGET = Statement(text("DELETE FROM party WHERE request_id = :request_id"))


def key(work: UnitOfWork, kind: str, number: str) -> bytes:
    """The keyed hash by which a number that was read is known."""
    return work.privacy.lookup_settled(number, NUMBERS[kind][0])


def keys_of(work: UnitOfWork, applicant: Mapping[str, Any]) -> set[bytes]:
    """What is kept of who stands in an application beside the hash of its applicant's own national ID; of that the
    older ones, while two keys are in use."""
    found = set(_numbers(applicant["particulars"] or {}))
    if applicant["passport"]:
        found.add(("passport", applicant["passport"]))
    kept = {one for kind, number in found for one in work.privacy.lookups(number, NUMBERS[kind][0])}
    own = applicant["national_id"]
    return kept | set(work.privacy.lookups(own, PERSON)[1:]) if own else kept


def keep(work: UnitOfWork, request_id: UUID, applicant: Mapping[str, Any], *, again: bool = False) -> None:
    """Keep who stands in an application (rules.applicants); `again` where it was corrected."""
    if again:
        work.write(_FORGET, request_id=request_id)
    keys = sorted(keys_of(work, applicant))
    work.write_many(_KEEP, [{"request_id": request_id, "person_key": one} for one in keys])


def _numbers(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name in NUMBERS and one:
                yield name, str(one)
            else:
                yield from _numbers(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _numbers(one)
