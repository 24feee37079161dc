"""Which wording is in force: what people put in force, else the shipped file. Kept in memory by every process and asked
for anew by a count of editions, so that no message waits for a question to the database.

The wording of people stays in force when a later release ships another file of the same kind; who reviews is shown that
it changed (template_review.py). A shipped version is written down the first time a process starts with it, so that a
message of an old version can be read after the next release too; what was written down is never changed, and a file
that says something else under the same number is reported and not used.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, text

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from rules.refusal import refuse
from services.notifications import metrics, template_check, templates
from services.notifications.kinds import KINDS
from services.notifications.tables_templates import template_version
from services.notifications.templates import SHIPPED_MOST, Template

LOG = logging.getLogger(__name__)

STALE = 1.0  # seconds after which a process whose loop does not ask, asks itself

_EDITION = Statement(text("SELECT edition FROM template_edition WHERE id = 1"))
_STANDING = Statement(text(
    "SELECT code, version, wording FROM template_version WHERE state IN ('in_force', 'shipped')"))
_FIND = Statement(select(template_version).where(
    template_version.c.code == bindparam("code"), template_version.c.version == bindparam("version")))
_SHIP = Each(
    "INSERT INTO template_version (code, version, origin, state, wording, created_at, changed_at) "
    "SELECT code, version, 'shipped', 'shipped', wording, at, at FROM {rows} ON CONFLICT DO NOTHING",
    code="text", version="integer", wording="jsonb", at="timestamptz")
NEXT_EDITION = Statement(text("UPDATE template_edition SET edition = edition + 1 WHERE id = 1"))


@dataclass(slots=True)
class _Known:
    edition: int
    asked: float
    templates: Mapping[str, Template]
    recorded: frozenset[tuple[str, int]]  # shipped versions that are written down


_KNOWN: dict[str, _Known] = {}  # by database, of which a test has several in one process


def in_force(work: UnitOfWork, code: str) -> Template:
    """The wording by which a message of this kind is made now. Reads nothing but at the first time, and where the
    process's loop has not asked for a second."""
    known = _KNOWN.get(work.settings.database_url)
    if known is None or time.monotonic() - known.asked > STALE:
        known = refresh(work)
    return known.templates[code]


def version(work: UnitOfWork, code: str, number: int) -> Template:
    """Any version that ever was: what a message said that was made of it. Refuses template_version_unknown."""
    row = work.first(_FIND, code=code, version=number)
    if row is not None:
        return templates.made(code, number, row.wording)
    shipped = templates.library().get(code)
    if shipped is None or shipped.version != number:
        raise refuse("template_version_unknown", "version", version=number)
    return shipped


def refresh(work: UnitOfWork) -> _Known:
    """Ask whether anything changed, and read it if so."""
    key, now = work.settings.database_url, time.monotonic()
    known = _KNOWN.get(key)
    edition = work.scalar(_EDITION)
    if known is None or known.edition != edition:
        known = _KNOWN[key] = _read(work, edition, now)
    known.asked = now
    return known


def record(work: UnitOfWork) -> int:
    """Write down the shipped versions that are not yet; returns how many."""
    known = refresh(work)
    new = [one for one in templates.library().values() if (one.code, one.version) not in known.recorded]
    for template in new:
        work.write(_SHIP, code=template.code, version=template.version, at=work.now,
                   wording=json.dumps(template.as_dict(), ensure_ascii=False))
    if new:
        work.write(NEXT_EDITION, expect=1)
    return len(new)


def _read(work: UnitOfWork, edition: int, now: float) -> _Known:
    rows = work.all(_STANDING)
    stood = {(row.code, row.version): row.wording for row in rows if row.version <= SHIPPED_MOST}
    found: dict[str, Template] = {}
    for code, shipped in templates.library().items():
        found[code] = shipped
        kept = stood.get((code, shipped.version))
        if kept is not None and kept != shipped.as_dict():
            LOG.error("the file of %s says something else than its version %s did: raise its version", code,
                      shipped.version)
            metrics.WORDING_UNUSABLE.labels(code).inc()
            found[code] = _usable(code, shipped.version, kept) or shipped
    for row in rows:
        if row.version > SHIPPED_MOST and row.code in KINDS:
            found[row.code] = _usable(row.code, row.version, row.wording) or found[row.code]
    return _Known(edition, now, found, frozenset(stood))


def _usable(code: str, number: int, given: Mapping[str, Any]) -> Template | None:
    """The template, or None where a later release knows one of its placeholders no more: the shipped file is in force
    then, and it is told loudly."""
    wrong = template_check.faults(code, given)
    if wrong:
        LOG.error("version %s of %s cannot be used: %s", number, code, ", ".join(fault.code for fault in wrong))
        metrics.WORDING_UNUSABLE.labels(code).inc()
        return None
    return templates.made(code, number, given)
