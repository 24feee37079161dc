"""All that is on record of one service, read together and written together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import named
from chassis.uow import UnitOfWork
from contracts.catalog import ADOPTION_CHANGED, NATIONAL_PUBLISHED, NATIONAL_RETIRED, PUBLISHED, RETIRED
from rules.editions import Dated
from rules.refusal import Fault
from services.catalog import tables
from services.catalog.succession import Adoption, Edition, National, Publish, Stop

_SERVICE = Statement(text("SELECT version FROM service WHERE code = :code"))
_NATIONALS = Statement(
    text("SELECT version, effective_from, digest, body FROM national_version WHERE code = :code ORDER BY version")
)
_RETIREMENTS = Statement(text("SELECT scope, retired_from FROM retirement WHERE code = :code"))
_ADOPTIONS = Statement(
    text(
        "SELECT version, effective_from, offered, overrides, national_version, state FROM adoption "
        "WHERE governorate = :governorate AND code = :code ORDER BY version"
    )
)
_EDITIONS = Statement(
    text("SELECT version, effective_from, digest FROM definition WHERE code = :code ORDER BY version")
)
_FIRST = Statement(text("INSERT INTO service (code, version) VALUES (:code, 1)"))
_NEXT = Statement(text("UPDATE service SET version = version + 1 WHERE code = :code AND version = :seen"))
_INSERT_NATIONAL = Statement.insert(tables.national_version)
_INSERT_EDITION = Statement.insert(tables.definition)
_INSERT_RETIREMENT = Statement.insert(tables.retirement)
_INSERT_ADOPTION = Statement.insert(tables.adoption)


@dataclass(frozen=True, slots=True)
class Record:
    """One service as this node knows it. `version` is None for a code that nobody used yet."""

    code: str
    governorate: str
    version: int | None
    nationals: tuple[National, ...]
    national_retired: tuple[date, ...]
    adoptions: tuple[Adoption, ...]
    editions: tuple[Edition, ...]
    retired: tuple[date, ...]

    @property
    def newest(self) -> National | None:
        return self.nationals[-1] if self.nationals else None

    @property
    def published(self) -> tuple[Dated, ...]:
        """Everything that was published of the service, in the country and here."""
        return (*self.nationals, *self.editions)

    @property
    def adoption(self) -> Adoption | None:
        """What the governorate decided last, in force or not yet."""
        return self.adoptions[-1] if self.adoptions else None


# What a unit of work has read. Whatever it checks and then applies stands on one reading, and `touch` demands at the
# commit that nothing has changed since.
_read: WeakKeyDictionary[UnitOfWork, dict[str, Record]] = WeakKeyDictionary()


def read(work: UnitOfWork, code: str) -> Record:
    """What is on record of a code, the same all through a unit of work."""
    known = _read.setdefault(work, {})
    if code not in known:
        known[code] = _read_now(work, code)
    return known[code]


def _read_now(work: UnitOfWork, code: str) -> Record:
    """Its version is read first: a change that comes between is found at the commit."""
    version, governorate = work.scalar(_SERVICE, code=code), work.settings.node
    nationals = work.all(_NATIONALS, code=code)
    ends = work.all(_RETIREMENTS, code=code)
    adoptions = work.all(_ADOPTIONS, governorate=governorate, code=code)
    editions = work.all(_EDITIONS, code=code)
    return Record(
        code,
        governorate,
        version,
        tuple(National(row.version, row.effective_from, bytes(row.digest), row.body) for row in nationals),
        tuple(row.retired_from for row in ends if row.scope == "national"),
        tuple(Adoption(*row) for row in adoptions),
        tuple(Edition(row.version, row.effective_from, bytes(row.digest)) for row in editions),
        tuple(row.retired_from for row in ends if row.scope == "local"),
    )


def touch(work: UnitOfWork, record: Record) -> None:
    """Demand that nothing of the service has changed since it was read. Once in each commit that changes it."""
    if record.version is None:
        work.write(_FIRST, code=record.code)
    else:
        work.write(_NEXT, expect=1, code=record.code, seen=record.version)


def add_national(
    work: UnitOfWork, record: Record, national: National, *, published_by: str, approved_by: str | None
) -> None:
    """Put a national version on record and tell it."""
    work.write(
        _INSERT_NATIONAL,
        code=record.code,
        version=national.version,
        effective_from=national.effective_from,
        digest=national.digest,
        body=national.body,
        published_by=published_by,
        approved_by=approved_by,
        published_at=work.now,
    )
    work.append(
        NATIONAL_PUBLISHED,
        named("catalog.national", record.code),
        len(record.nationals) + len(record.national_retired) + 1,
        {"code": record.code, "version": national.version, "effective_from": national.effective_from,
         "definition": national.body},
    )
    work.audit("national.publish", record.code, version=national.version, published_by=published_by)


def add_national_retirement(work: UnitOfWork, record: Record, day: date, reason: Mapping[str, str]) -> None:
    """Put the retirement of a national service on record and tell it."""
    _retire(work, record.code, "national", day, reason)
    work.append(
        NATIONAL_RETIRED,
        named("catalog.national", record.code),
        len(record.nationals) + len(record.national_retired) + 1,
        {"code": record.code, "retired_from": day, "reason": reason},
    )
    work.audit("national.retire", record.code, retired_from=day.isoformat())


def add_adoption(work: UnitOfWork, record: Record, adoption: Adoption, faults: Sequence[Fault]) -> None:
    """Put on record what the governorate offers now and tell it."""
    told = [fault.as_dict() for fault in faults]
    work.write(
        _INSERT_ADOPTION,
        governorate=record.governorate,
        code=record.code,
        version=adoption.version,
        offered=adoption.offered,
        overrides=adoption.overrides,
        effective_from=adoption.effective_from,
        state=adoption.state,
        faults=told,
        national_version=adoption.national_version,
        decided_by=work.actor.id,
        decided_at=work.now,
    )
    work.append(
        ADOPTION_CHANGED,
        named("catalog.adoption", record.governorate, record.code),
        adoption.version,
        {"governorate": record.governorate, "code": record.code, "offered": adoption.offered,
         "overrides": adoption.overrides, "effective_from": adoption.effective_from,
         "national_version": adoption.national_version, "state": adoption.state, "faults": told},
    )
    work.audit("adoption.change", record.code, version=adoption.version, offered=adoption.offered, state=adoption.state)


def add_steps(
    work: UnitOfWork, record: Record, steps: Sequence[Publish | Stop], reason: Mapping[str, str]
) -> None:
    """Put editions and stops on record and tell them, in their order. `reason` is why it is no longer offered."""
    subject = named("catalog.definition", record.code)
    told = len(record.editions) + len(record.retired)
    for sequence, step in enumerate(steps, told + 1):
        if isinstance(step, Stop):
            _retire(work, record.code, "local", step.day, reason)
            data: dict[str, Any] = {"code": record.code, "retired_from": step.day, "reason": reason}
            work.append(RETIRED, subject, sequence, data)
            work.audit("definition.retire", record.code, retired_from=step.day.isoformat())
            continue
        work.write(
            _INSERT_EDITION,
            code=record.code,
            version=step.version,
            subject=subject,
            effective_from=step.day,
            published_at=work.now,
            published_by=work.actor.id,
            digest=step.digest,
            body=step.body,
            national_version=step.national.version,
            overrides=step.adoption.overrides,
        )
        data = {"code": record.code, "version": step.version, "effective_from": step.day, "definition": step.body,
                "national_version": step.national.version, "governorate": record.governorate}
        work.append(PUBLISHED, subject, sequence, data)
        work.audit("definition.publish", record.code, version=step.version, national_version=step.national.version)


def _retire(work: UnitOfWork, code: str, scope: str, day: date, reason: Mapping[str, str]) -> None:
    work.write(
        _INSERT_RETIREMENT,
        scope=scope,
        code=code,
        retired_from=day,
        reason=reason,
        decided_by=work.actor.id,
        decided_at=work.now,
    )
