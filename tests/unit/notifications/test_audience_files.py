"""Lists as files: whatever is in them, line by line."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from rules.refusal import Refusal
from services.notifications import audience_files as files
from tests.support.workbooks import of_shared_texts


def csv_of(content: bytes, piece: int = 7) -> list[files.Row]:
    return list(files.rows_of_csv(content[at : at + piece] for at in range(0, len(content), piece)))


def workbook_of(content: bytes) -> list[files.Row]:
    return list(files.rows_of_workbook(files.convert(files.gathered(iter([content])))))


def saved(rows: list[list[object]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    content = "\ufeffphone;name\r\n01012345678;منى\r\n\r\n01112345678;\"a;b\"".encode()
    assert csv_of(content) == [
        (1, ["phone", "name"]), (2, ["01012345678", "منى"]), (3, []), (4, ["01112345678", "a;b"])]


def test_a_quotation_mark_left_open_costs_one_line() -> None:
    assert csv_of(b'phone\n"0101\n0102\n') == [(1, ["phone"]), (2, None), (3, ["0102"])]


def test_damaged_lines_are_told_and_the_others_read() -> None:
    content = b"phone\n" + "منى".encode("cp1256") + b"\n" + b"x" * 10_000 + b"\na\x00b\n0102\n"
    assert csv_of(content) == [(1, ["phone"]), (2, None), (3, None), (4, None), (5, ["0102"])]


@pytest.mark.parametrize("content", ["phone\n1".encode("utf-16"), "هاتف\n1".encode("cp1256")])
def test_a_file_in_another_alphabet_is_refused_as_a_whole(content) -> None:
    with pytest.raises(Refusal, match="list_not_utf8"):
        csv_of(content)


@given(st.lists(st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20), min_size=2,
                         max_size=2), min_size=1, max_size=20), st.integers(1, 50))
def test_where_the_pieces_are_cut_makes_no_difference(rows, piece) -> None:
    content = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["a", "b"], *rows])
    assert csv_of(content.encode(), piece) == list(enumerate([["a", "b"], *rows], 1))


def test_a_workbook_is_read_row_by_row_with_numbers_as_they_were_meant() -> None:
    rows = workbook_of(saved([["phone", "name"], [1012345678, "منى"], ["01112345678", None], [1.5, "=1+1"], []]))
    assert rows == [(1, ["phone", "name"]), (2, ["1012345678", "منى"]), (3, ["01112345678", ""]), (4, ["1.5", "=1+1"]),
                    (5, ["", ""])]


def test_a_row_that_says_more_than_a_line_may_is_damaged_and_the_others_are_read() -> None:
    content = of_shared_texts(["phone", "x" * 32_000, "01012345678"], [[0], [1], [2]])
    assert workbook_of(content) == [(1, ["phone"]), (2, None), (3, ["01012345678"])]


def test_a_small_workbook_that_says_a_text_without_end_takes_no_more_memory_than_it_may() -> None:
    content = of_shared_texts(["phone", "x" * 4_000], [[0], *[[1]] * 36_000])
    assert len(content) < 150_000  # and 144 MB of rows
    with pytest.raises(Refusal, match="list_unreadable"):
        workbook_of(content)


def test_what_is_no_workbook_or_unpacks_too_large_is_refused_and_costs_nothing_here() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (257 * 1024 * 1024))
    for content in (b"phone\n1", b"PK\x03\x04" + b"\0" * 100, bomb.getvalue()):
        with pytest.raises(Refusal, match="list_unreadable"):
            workbook_of(content)
