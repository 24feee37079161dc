"""What catalog keeps as keyed hashes (`python -m chassis rekey catalog`)."""

from __future__ import annotations

from sqlalchemy import text

from chassis.database import Statement
from chassis.rekeying import Hashed, Lasting, Passing

_PEOPLE = Statement(text("SELECT count(*) FROM organisation_entity WHERE body::text LIKE '%\"identity\"%'"))

HASHED: tuple[Hashed, ...] = (
    Lasting(("organisation_entity.body",), "employees are known by a national ID that is kept nowhere", _PEOPLE),
    Passing(("command.request_hash",), 30, "a command may be repeated so long"),
)
