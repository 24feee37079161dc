"""What each governorate offers, as the centre was told: the editions of a day, with a search over them.

A process holds a few governorates in memory, each as one `services.gateway.guide.Edition`, looked at again once a
second at most. A service is addressed with its place, as `EG-C:shop-licence` or, of a unit that was chosen already,
`EG-C-01:shop-licence`: the code alone says neither whose edition it is nor where an application goes.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from rules import editions, places
from services.gateway.guide import FRESH_SECONDS, Edition, Entry

HELD = 8
"""Governorates that a process holds at a time: one takes some tens of megabytes with all services of the guide."""
_ADDRESS = re.compile(r"((EG-[A-Z]{1,3})(?:-[A-Z0-9-]{1,16})?):(.{1,60})")

_OFFERING = Statement(text("SELECT DISTINCT governorate FROM national_edition ORDER BY governorate"))
_STAMP = Statement(
    text(
        "SELECT coalesce((SELECT max(position) FROM national_edition WHERE governorate = :governorate), 0) AS edition, "
        "coalesce((SELECT max(position) FROM national_retirement WHERE governorate = :governorate), 0) AS retirement"
    )
)
_KEYS = Statement(
    text(
        "SELECT code, version, effective_from, encode(digest, 'hex') AS digest FROM national_edition "
        "WHERE governorate = :governorate ORDER BY code, version DESC"
    )
)
_RETIREMENTS = Statement(
    text("SELECT code, retired_from FROM national_retirement WHERE governorate = :governorate")
)
_DOCUMENTS = Statement(
    text(
        "SELECT encode(digest, 'hex') AS digest, document FROM national_definition "
        "WHERE digest = ANY(SELECT decode(one, 'hex') FROM unnest(CAST(:digests AS text[])) AS one)"
    )
)


@dataclass(frozen=True, slots=True)
class Address:
    """What an address of a service says: its governorate, its code there, and the unit where one was chosen."""

    governorate: str
    code: str
    unit: str | None = None


def address(place: str, code: str) -> str:
    """How a service of a governorate, or of one of its units, is named in addresses at the centre."""
    return f"{place}:{code}"


def parse(text_: str) -> Address | None:
    """What an address says; None for what is none."""
    match = _ADDRESS.fullmatch(text_)
    if match is None or match[2] not in places.governorates():
        return None
    return Address(match[2], match[3], match[1] if match[1] != match[2] else None)


class NationalGuide:
    """The editions of every governorate."""

    def __init__(self, read: Callable[..., list[Any]], today: Callable[[], date]) -> None:
        self._read = read
        self._today = today
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[float, tuple[int, ...], Edition]] = OrderedDict()

    def offering(self) -> list[str]:
        """Codes of the governorates that told what they offer."""
        return [row.governorate for row in self._read(_OFFERING)]

    def edition(self, governorate: str) -> Edition:
        """What a governorate offers today."""
        today = self._today()
        held = self._held.get(governorate)
        if held and held[2].day == today and time.monotonic() - held[0] < FRESH_SECONDS:
            return held[2]
        with self._lock:
            return self._look(governorate, today)

    def get(self, address_: str) -> Entry | None:
        """The edition in force of a service by its address; its `code` is the address."""
        parsed = parse(address_)
        entry = self.edition(parsed.governorate).get(parsed.code) if parsed else None
        return Entry(address_, entry.version, entry.effective_from, entry.document, entry.digest) if entry else None

    def _look(self, governorate: str, today: date) -> Edition:
        looked = time.monotonic()
        row = self._read(_STAMP, governorate=governorate)[0]
        stamp = (row.edition, row.retirement)
        held = self._held.get(governorate)
        if held is None or held[1] != stamp or held[2].day != today:
            known = {entry.digest: entry.document for entry in held[2].entries} if held else {}
            edition = Edition(today, self._of_day(governorate, today, known))
        else:
            edition = held[2]
        self._held[governorate] = (looked, stamp, edition)
        self._held.move_to_end(governorate)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return edition

    def _of_day(self, governorate: str, today: date, known: dict[str, Any]) -> list[Entry]:
        retired: dict[str, list[date]] = {}
        for row in self._read(_RETIREMENTS, governorate=governorate):
            retired.setdefault(row.code, []).append(row.retired_from)
        versions: dict[str, list[Any]] = {}
        for row in self._read(_KEYS, governorate=governorate):
            versions.setdefault(row.code, []).append(row)
        chosen = [row for code, rows in versions.items()
                  if (row := editions.in_force(rows, retired.get(code, ()), today)) is not None]  # fmt: skip
        missing = sorted({row.digest for row in chosen if row.digest not in known})
        documents = {**known, **{row.digest: row.document for row in self._read(_DOCUMENTS, digests=missing)}}
        return [Entry(row.code, row.version, row.effective_from, documents[row.digest], row.digest) for row in chosen]
