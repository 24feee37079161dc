"""What is told to the treasury: collections by unit and accounting code for a run of Cairo days, in files that anybody
can check. The format is described in docs/treasury-export.md; the XML's schema is contracts/treasury_export.xsd.

A period that was closed never changes. What the books hold beyond what was told of the days before a period (somebody
was late) is told with it, as a correction. So everything told together is what the books hold, to the piastre.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from xml.etree import ElementTree

COLLECTION, CORRECTION = "collection", "correction"
NAMESPACE = "urn:shubbak:treasury:1"
COLUMNS = ("node", "period", "since", "until", "kind", "unit", "accounting_code", "collected", "returned", "net",
           "currency")

Key = tuple[str, str]
"""Unit and accounting code."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Piastres that came and that were given back. Of a correction either may be below zero."""

    collected: int = 0
    returned: int = 0

    @property
    def net(self) -> int:
        return self.collected - self.returned

    def plus(self, other: Moved) -> Moved:
        return Moved(self.collected + other.collected, self.returned + other.returned)

    def minus(self, other: Moved) -> Moved:
        return Moved(self.collected - other.collected, self.returned - other.returned)


@dataclass(frozen=True, slots=True)
class Row:
    """One line that is told. An empty unit: money that no unit is known for."""

    kind: str
    unit: str
    account: str
    moved: Moved


@dataclass(frozen=True, slots=True)
class Export:
    """A period as it is told."""

    node: str
    number: int
    since: date
    until: date
    rows: tuple[Row, ...]

    @property
    def total(self) -> int:
        """What is told in all, net, piastres."""
        return sum(row.moved.net for row in self.rows)


def rows(period: Mapping[Key, Moved], before: Mapping[Key, Moved], told: Mapping[Key, Moved]) -> tuple[Row, ...]:
    """The rows of a period: `period` is what the books hold of its own days, `before` what they hold now of all days
    before it, `told` what all earlier periods told. In a fixed order; without rows of nothing."""
    made = [Row(COLLECTION, unit, account, moved) for (unit, account), moved in period.items()]
    for key in before.keys() | told.keys():
        late = before.get(key, Moved()).minus(told.get(key, Moved()))
        made.append(Row(CORRECTION, *key, late))
    return tuple(sorted((row for row in made if row.moved != Moved()),
                        key=lambda row: (row.kind, row.unit, row.account)))


def totals(of: Iterable[Row]) -> dict[str, Moved]:
    """By accounting code, over units and kinds."""
    sums: dict[str, Moved] = {}
    for row in of:
        sums[row.account] = sums.get(row.account, Moved()).plus(row.moved)
    return dict(sorted(sums.items()))


def pounds(piastres: int) -> str:
    """An exact decimal with two places: -1250 is -12.50."""
    sign, whole = "-" if piastres < 0 else "", abs(piastres)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def csv_file(export: Export) -> bytes:
    """RFC 4180 in UTF-8: a heading, a line a row, amounts in pounds with two decimals. Equal exports, equal bytes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in export.rows:
        writer.writerow((export.node, export.number, export.since.isoformat(), export.until.isoformat(), row.kind,
                         row.unit, row.account, pounds(row.moved.collected), pounds(row.moved.returned),
                         pounds(row.moved.net), "EGP"))
    return out.getvalue().encode()


def xml_file(export: Export) -> bytes:
    """The same in XML (contracts/treasury_export.xsd), with totals by accounting code. Equal exports, equal bytes."""
    root = ElementTree.Element("treasuryExport", {
        "xmlns": NAMESPACE, "node": export.node, "period": str(export.number), "since": export.since.isoformat(),
        "until": export.until.isoformat(), "currency": "EGP"})
    lines = ElementTree.SubElement(root, "rows")
    for row in export.rows:
        named = {"kind": row.kind, **({"unit": row.unit} if row.unit else {}), "accountingCode": row.account}
        ElementTree.SubElement(lines, "row", {**named, **_amounts(row.moved)})
    sums = ElementTree.SubElement(root, "totals")
    for account, moved in totals(export.rows).items():
        ElementTree.SubElement(sums, "total", {"accountingCode": account, **_amounts(moved)})
    ElementTree.SubElement(root, "sum", {"rows": str(len(export.rows)), "net": pounds(export.total)})
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'.encode()


def digest(content: bytes) -> bytes:
    """SHA-256 of a file."""
    return sha256(content).digest()


def signed_text(export: Export, csv_digest: bytes, xml_digest: bytes) -> bytes:
    """What is signed (Ed25519) when a period is closed: one line that names the period and both files."""
    return (f"SHT1 {export.node} {export.number} {export.since.isoformat()} {export.until.isoformat()} "
            f"{pounds(export.total)} csv={csv_digest.hex()} xml={xml_digest.hex()}").encode()


def _amounts(moved: Moved) -> dict[str, str]:
    return {"collected": pounds(moved.collected), "returned": pounds(moved.returned), "net": pounds(moved.net)}
