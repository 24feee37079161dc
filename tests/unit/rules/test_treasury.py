"""What the treasury is told: exact files, and late money told once, in the next period."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rules.treasury import (
    COLLECTION,
    CORRECTION,
    Export,
    Moved,
    Row,
    csv_file,
    digest,
    pounds,
    rows,
    signed_text,
    totals,
    xml_file,
)

SCHEMA = Path(__file__).resolve().parents[3] / "contracts" / "treasury_export.xsd"
KEYS = st.tuples(st.sampled_from(("", "EG-C-01", "EG-C-02")), st.sampled_from(("1101", "1102")))
BOOKS = st.dictionaries(KEYS, st.builds(Moved, st.integers(0, 10**12), st.integers(0, 10**12)), max_size=6)


def export(*of: Row) -> Export:
    return Export("EG-C", 3, date(2026, 3, 1), date(2026, 3, 31), of)


def moves(of: tuple[Row, ...]) -> dict[tuple[str, str], Moved]:
    sums: dict[tuple[str, str], Moved] = {}
    for row in of:
        sums[row.unit, row.account] = sums.get((row.unit, row.account), Moved()).plus(row.moved)
    return {key: moved for key, moved in sums.items() if moved != Moved()}


@given(st.lists(st.tuples(BOOKS, BOOKS), min_size=1, max_size=5))
def test_all_periods_together_tell_what_the_books_hold(periods: list[tuple[dict, dict]]) -> None:
    """Each period has money of its own, and money that is booked into the days before only after they were told."""
    before: dict[tuple[str, str], Moved] = {}
    told: dict[tuple[str, str], Moved] = {}
    for own, late in periods:
        for key, moved in late.items():
            before[key] = before.get(key, Moved()).plus(moved)
        made = rows(own, before, told)
        assert all(row.kind == COLLECTION or row.moved.net == row.moved.collected - row.moved.returned for row in made)
        for books in (own,):
            for key, moved in books.items():
                before[key] = before.get(key, Moved()).plus(moved)
        for key, moved in moves(made).items():
            told[key] = told.get(key, Moved()).plus(moved)
        assert {key: one for key, one in told.items() if one != Moved()} == {
            key: one for key, one in before.items() if one != Moved()}


@given(BOOKS, BOOKS, BOOKS)
def test_every_file_keeps_to_the_schema_and_both_say_the_same(own: dict, before: dict, told: dict) -> None:
    made = export(*rows(own, before, told))
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    root = etree.fromstring(xml_file(made))
    schema.assertValid(root)
    of = {"t": "urn:shubbak:treasury:1"}
    in_xml = [(row.get("kind"), row.get("unit", ""), row.get("accountingCode"), row.get("net"))
              for row in root.findall(".//t:row", of)]
    in_csv = [(row["kind"], row["unit"], row["accounting_code"], row["net"])
              for row in csv.DictReader(io.StringIO(csv_file(made).decode()))]
    assert in_xml == in_csv == [(row.kind, row.unit, row.account, pounds(row.moved.net)) for row in made.rows]
    assert root.find("t:sum", of).get("net") == pounds(made.total)
    assert {one.get("accountingCode"): one.get("net") for one in root.findall(".//t:total", of)} == {
        account: pounds(moved.net) for account, moved in totals(made.rows).items()}


def test_the_schema_refuses_what_is_none() -> None:
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    good = xml_file(export(Row(COLLECTION, "EG-C-01", "1101", Moved(12_050, 50))))
    for wrong, right in ((b"120.5", b"120.50"), (b"guess", b"collection"), (b"USD", b"EGP"), (b"", b' node="EG-C"')):
        assert right in good
        assert not schema.validate(etree.fromstring(good.replace(right, wrong)))


def test_late_money_is_a_correction_and_taken_back_money_too() -> None:
    made = rows({}, {("EG-C-01", "1101"): Moved(500, 700)}, {("EG-C-01", "1101"): Moved(400, 100)})
    assert made == (Row(CORRECTION, "EG-C-01", "1101", Moved(100, 600)),)
    assert made[0].moved.net == -500
    assert b"-5.00" in csv_file(export(*made))


def test_the_bytes_of_a_file_never_change() -> None:
    made = export(Row(COLLECTION, "EG-C-01", "1101", Moved(12_050, 50)))
    assert csv_file(made) == (
        b"node,period,since,until,kind,unit,accounting_code,collected,returned,net,currency\r\n"
        b"EG-C,3,2026-03-01,2026-03-31,collection,EG-C-01,1101,120.50,0.50,120.00,EGP\r\n")
    assert xml_file(made) == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<treasuryExport xmlns="urn:shubbak:treasury:1" node="EG-C" period="3" since="2026-03-01" until="2026-03-31"'
        b' currency="EGP">\n  <rows>\n    <row kind="collection" unit="EG-C-01" accountingCode="1101"'
        b' collected="120.50" returned="0.50" net="120.00" />\n  </rows>\n  <totals>\n'
        b'    <total accountingCode="1101" collected="120.50" returned="0.50" net="120.00" />\n  </totals>\n'
        b'  <sum rows="1" net="120.00" />\n</treasuryExport>\n')
    signed = signed_text(made, digest(csv_file(made)), digest(xml_file(made)))
    assert signed.startswith(b"SHT1 EG-C 3 2026-03-01 2026-03-31 120.00 csv=")
