"""What can be read of a rail's file, and what is never guessed."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from rules.refusal import Refusal
from services.payments.reconciliation import files, formats
from services.payments.reconciliation.formats import Stated, Unreadable
from tests.support.workbooks import of_shared_texts

HEADING = "fawry_reference,merchant_reference,type,amount,fees,currency,time"
TIME = "2026-03-01T12:00:00"


def read(content: bytes) -> list[formats.Row]:
    return list(formats.of("fawry").read(io.BytesIO(content)))


def one(amount: str = "120.50", reference: str = "9000000001", fees: str = "0", time: str = TIME) -> formats.Row:
    [row] = read(f'{HEADING}\n{reference},ours,PAYMENT,"{amount}",{fees},EGP,{time}\n'.encode())
    return row


def workbook(*rows: list[object]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in (HEADING.split(","), *rows):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def rewritten(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same workbook with one part of it changed."""
    source, out = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in source.infolist():
            kept = source.read(entry)
            made.writestr(entry.filename, change(kept) if entry.filename.endswith(part) else kept)
    return out.getvalue()


def codes(row: formats.Row) -> list[tuple[str, str | None]]:
    assert isinstance(row, Unreadable), row
    return [(fault.code, fault.field) for fault in row.faults]


@pytest.mark.parametrize(("written", "piastres"), [
    ("120.50", 12_050), ("120.5", 12_050), ("120", 12_000), ("0.01", 1), ("120.500", 12_050), ("1,234.50", 123_450),
    ("1,234,567", 123_456_700), ("١٢٠٫٥٠", 12_050), ("١٬٢٣٤٫٥", 123_450), ("۱۲۰", 12_000),
])  # fmt: skip
def test_an_amount_that_can_mean_one_thing_is_read_to_the_piastre(written: str, piastres: int) -> None:
    row = one(written)
    assert isinstance(row, Stated)
    assert row.amount == piastres


@pytest.mark.parametrize("written", [
    "20,50", "1,234", "1.234,50", "12,34.5", "1e3", "1_000", "+5", "-5", "(5)", "0", "0.00", "1.005", "NaN", "Infinity",
    "0x10", "1 000", "120.50 EGP", "=1+1", "'5", "\u200f5", "10000000000.01", "",
])  # fmt: skip
def test_an_amount_that_could_mean_another_is_named_and_never_guessed(written: str) -> None:
    row = one(written)
    assert codes(row) == [("statement_amount_invalid", "amount")]
    assert isinstance(row, Unreadable)
    assert row.faults[0].params == {"value": written.strip()}  # as the rail wrote it


@pytest.mark.parametrize("reference", ["=HYPERLINK(1)", "+9000", "-9000", "@sum", "", "9" * 65, "90\u202e00"])
def test_a_reference_that_is_none_or_a_formula_is_named(reference: str) -> None:
    assert codes(one(reference=reference)) == [("statement_text_invalid", "fawry_reference")]


@pytest.mark.parametrize("time", ["20260301", "2026-W10-1", "01/03/2026", "2026-02-30", "0001-01-01T00:00:00+14:00",
                                  "9999-12-31T23:59:59-14:00", ""])
def test_a_day_that_is_not_written_out_is_named(time: str) -> None:
    assert codes(one(time=time)) == [("statement_time_invalid", "time")]


def test_every_fault_of_a_line_is_told() -> None:
    [row] = read(f"{HEADING}\n,ours,GIFT,-1,x,USD,yesterday\n".encode())
    assert [field for _, field in codes(row)] == ["currency", "fawry_reference", "type", "amount", "fees", "time"]


def test_a_commission_above_its_amount_is_for_a_person() -> None:
    assert codes(one("5", fees="5.01")) == [("statement_fee_above_amount", "line")]


def test_a_line_in_another_encoding_costs_that_line_only() -> None:
    good, bad = f"1,ours,PAYMENT,5,0,EGP,{TIME}", f"2,مرجع,PAYMENT,5,0,EGP,{TIME}"
    rows = read(f"{HEADING}\n{good}\n".encode() + bad.encode("cp1256") + f"\n{good}\n".encode())
    assert [type(row) for row in rows] == [Stated, Unreadable, Stated]
    assert codes(rows[1]) == [("statement_line_broken", "line")]


@pytest.mark.parametrize(("content", "code"), [
    (f"{HEADING}\n".encode("utf-16"), "statement_encoding_unknown"),
    (f"{HEADING},amount\n".encode(), "statement_heading_doubled"),
    (b"", "statement_heading_unknown"),
    (f"{HEADING}\n".replace("amount", "value").encode(), "statement_heading_unknown"),
    (b"PK\x03\x04 and no more", "statement_unreadable"),
])  # fmt: skip
def test_a_file_that_is_none_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(content)
    assert [fault.code for fault in refused.value.faults] == [code]


def test_a_workbook_is_read_like_a_text_file() -> None:
    rows = read(workbook([9000000001, "ours", "PAYMENT", 120.1, 1, "EGP", datetime(2026, 3, 1, 12)],
                         ["9000000002", "ours", "REFUND", "١٢٠٫٥", None, "EGP", TIME]))
    assert [(row.reference, row.amount) for row in rows if isinstance(row, Stated)] == [
        ("9000000001", 12_010), ("9000000002", 12_050)]
    assert rows[0].at == datetime(2026, 3, 1, 10, tzinfo=UTC)  # type: ignore[union-attr]


def test_a_formula_counts_for_what_is_written_and_not_for_what_it_was_worth() -> None:
    [row] = read(workbook(["9000000001", "ours", "PAYMENT", "=100+20.5", 1, "EGP", TIME]))
    assert codes(row) == [("statement_amount_invalid", "amount")]
    assert isinstance(row, Unreadable)
    assert "=100+20.5" in row.raw


def test_a_reference_that_a_workbook_rounded_is_not_taken() -> None:
    [row] = read(workbook([1234567890123456789, "ours", "PAYMENT", 5, 0, "EGP", TIME]))
    assert codes(row) == [("statement_number_rounded", "fawry_reference")]


@pytest.mark.parametrize(("part", "change", "code"), [
    ("workbook.xml", lambda _: b"<x", "statement_unreadable"),
    ("sheet1.xml", lambda kept: kept[:len(kept) // 2], "statement_unreadable"),
    ("sheet1.xml", lambda kept: kept.replace(b'r="2"', b'r="99999999"'), "statement_too_long"),
    ("sheet1.xml", lambda kept: kept.replace(b'r="G2"', b'r="ZZZZZZZ2"'), "statement_unreadable"),
    ("styles.xml", lambda _: b" " * (files.OTHER_MEGABYTES * 2**20 + 1), "statement_unpacks_too_large"),
    ("sheet1.xml", lambda _: b" " * (files.SHEET_MEGABYTES * 2**20 + 1), "statement_unpacks_too_large"),
    ("sheet1.xml", lambda kept: b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %s "%s">' % (bytes([98 + n]), b"&%s;" % bytes([97 + n]) * 10) for n in range(10)) + b"]>"
        + kept.replace(b"ours", b"&k;"), "statement_unreadable"),
])  # fmt: skip
def test_a_damaged_or_bloated_workbook_is_refused_before_it_is_unpacked(
        part: str, change: Callable[[bytes], bytes], code: str) -> None:
    sound = workbook(["9000000001", "ours", "PAYMENT", 5, 0, "EGP", TIME])
    with pytest.raises(Refusal) as refused:
        read(rewritten(sound, part, change))
    assert [fault.code for fault in refused.value.faults] == [code]


def test_a_line_of_a_workbook_says_no_more_than_one_of_a_text_file() -> None:
    heading = HEADING.split(",")
    sound = ["9000000001", "ours", "PAYMENT", "5", "0", "EGP", TIME]
    texts = [*heading, *sound, "x" * 32_000]
    lines = [list(range(len(heading))), [len(texts) - 1] * 5000, list(range(len(heading), len(texts) - 1))]
    broken, read_in = read(of_shared_texts(texts, lines))
    assert codes(broken) == [("statement_line_broken", "line")] and len(broken.raw) <= files.LONGEST + 3
    assert isinstance(read_in, Stated)


def test_the_worked_example_of_a_new_format_reads_what_its_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", dict(formats.FORMATS))
    page = (Path(__file__).resolve().parents[3] / "docs" / "reconciliation.md").read_text(encoding="utf-8")
    code, file = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("python", "csv"))
    assert code and file
    exec(code[1], {})
    first, second, third = formats.of("nile").read(io.BytesIO(file[1].encode()))
    assert isinstance(first, Stated) and isinstance(second, Stated)
    assert (first.reference, first.direction, first.amount, first.fee) == ("N-1001", "payment", 125_000, 1_250)
    assert (second.direction, second.amount, second.fee) == ("refund", 5_000, 0)
    assert codes(third) == [("statement_amount_invalid", "pounds")]
