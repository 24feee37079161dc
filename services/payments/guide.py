"""The part of the guide that payments needs: the fee lines of every published version, kept for good, because a
request is billed by the version it was frozen with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Statement
from chassis.errors import NotYet
from chassis.uow import UnitOfWork
from contracts.events import Event
from services.payments.tables import definition

_columns = {column.name: bindparam(column.name, type_=column.type) for column in definition.columns}
# A version is immutable: whoever comes second (a replay of the guide under a new event id) changes nothing.
_KEEP = Statement(insert(definition).values(_columns).on_conflict_do_nothing())
_FIND = Statement(select(definition.c.fees, definition.c.name, definition.c.lapsing).where(
    definition.c.code == bindparam("wanted_code"), definition.c.version == bindparam("wanted_version")))


# A version never changes, so what was read once is known for good; per database, because tests have several.
_known: dict[tuple[str, str, int], Any] = {}
_MOST_KNOWN = 4096


class DefinitionNotHere(NotYet):
    """The request was faster than the guide: its event is tried again until the version has arrived."""


def keep(work: UnitOfWork, event: Event) -> None:
    """Take a published version."""
    document = event.data["definition"]
    states = (document.get("workflow") or {}).get("states") or {}
    work.write(_KEEP, code=event.data["code"], version=event.data["version"], fees=document.get("fees") or [],
               name=document.get("name") or {}, taken_at=work.now,
               lapsing=[code for code, state in states.items() if state.get("expired")])


def fee_lines(work: UnitOfWork, code: str, version: int, state: str) -> tuple[list[dict[str, Any]], bool]:
    """The fee lines of exactly this version, and whether a bill of the request's state may lapse. Raises
    DefinitionNotHere."""
    row = _find(work, code, version)
    if row is None:
        raise DefinitionNotHere(f"{code} version {version} has not arrived yet")
    return list(row.fees), state in row.lapsing


def _find(work: UnitOfWork, code: str, version: int) -> Any | None:
    key = (work.settings.database_url, code, version)
    if key not in _known:
        row = work.first(_FIND, wanted_code=code, wanted_version=version)
        if row is None:
            return None
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = row
    return _known[key]


def service_name(work: UnitOfWork, code: str, version: int) -> dict[str, str]:
    """The service's name in both languages; empty when the version is not here."""
    row = _find(work, code, version)
    return {} if row is None else dict(row.name)
