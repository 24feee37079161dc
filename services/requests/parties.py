"""The people of a request beside who applies: for whom an attorney acts, the heirs. Known here by the keyed hash of the
national ID only, so that a declared relation with any of them keeps apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from services.requests import tables_assignment

PERSON = "requests.request.national_id"  # the field whose keyed hash a request has of its applicant

_KEEP = Statement.insert(tables_assignment.party)
_FORGET = Statement(text("DELETE FROM party WHERE request_id = :request_id"))


def keep(work: UnitOfWork, request_id: UUID, particulars: Mapping[str, Any] | None, *, again: bool = False) -> None:
    """Keep who stands in the particulars (rules.applicants); `again` where they were corrected."""
    if again:
        work.write(_FORGET, request_id=request_id)
    keys = {work.privacy.lookup(number, PERSON) for number in _numbers(particulars or {})}
    work.write_many(_KEEP, [{"request_id": request_id, "person_key": key} for key in sorted(keys)])


def _numbers(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name == "national_id" and one:
                yield str(one)
            else:
                yield from _numbers(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _numbers(one)
