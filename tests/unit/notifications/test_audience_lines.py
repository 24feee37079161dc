"""What a line of a list says, and everything that is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.identity import parse_mobile
from rules.refusal import Refusal
from services.notifications import audience_lines as lines

COLUMNS = ["phone", "email", "language", "name"]


def faults(*cells: str) -> list[tuple[str, str | None]]:
    read = lines.line(7, COLUMNS, list(cells))
    assert read is not None
    assert read.targets == () or not read.faults
    return [(fault.code, fault.field) for fault in read.faults]


def test_a_line_names_where_to_write_in_which_language_with_which_values() -> None:
    read = lines.line(2, COLUMNS, ["٠١٠ ١٢٣٤ ٥٦٧٨", " john@Example.ORG ", "EN", "John"])
    assert read is not None
    assert [(one.channel, one.address) for one in read.targets] == [
        ("sms", "+201012345678"), ("email", "john@example.org")]
    assert (read.language, read.values, read.number) == ("en", {"name": "John"}, 2)


def test_an_empty_language_is_arabic_and_an_empty_value_is_none() -> None:
    read = lines.line(2, COLUMNS, ["01012345678", "", "", ""])
    assert read is not None
    assert (read.language, read.values) == ("ar", {})


@pytest.mark.parametrize(("cells", "found"), [
    (("0223456789", "", "", ""), [("phone_landline", "phone")]),
    (("+966501234567", "", "", ""), [("phone_foreign", "phone")]),
    (("12345", "", "", ""), [("phone_invalid", "phone")]),
    (("=HYPERLINK(1)", "", "", ""), [("phone_invalid", "phone")]),
    (("", "a@example.org\r\nBcc: b@example.org", "", ""), [("email_invalid", "email")]),
    (("", "a@example.org,b@example.org", "", ""), [("email_invalid", "email")]),
    (("", "", "", "Mona"), [("list_contact_missing", None)]),
    (("01012345678", "", "fr", ""), [("list_language_unknown", "language")]),
    (("01012345678", "", "", "a\nb"), [("list_value_invalid", "name")]),
    (("01012345678", "", "", "م" * 201), [("list_value_invalid", "name")]),
    (("0223456789", "no address", "fr", "x" * 300), [
        ("phone_landline", "phone"), ("email_invalid", "email"), ("list_language_unknown", "language"),
        ("list_value_invalid", "name")]),
])  # fmt: skip
def test_every_fault_of_a_line_is_named_with_its_column_and_the_line_is_left_out(cells, found) -> None:
    assert faults(*cells) == found


def test_a_line_with_other_columns_than_the_heading_is_broken() -> None:
    for cells in (None, ["01012345678"], ["01012345678", "", "", "", "more"]):
        read = lines.line(3, COLUMNS, cells)
        assert read is not None
        assert [fault.code for fault in read.faults] == ["list_line_broken"]
    assert lines.line(3, COLUMNS, ["", " ", "", ""]) is None


def test_the_heading_says_what_the_columns_hold() -> None:
    assert lines.heading([" Phone ", "اللغة", "name"]) == ["phone", "language", "name"]
    assert lines.heading(["رقم المحمول", "البريد الإلكتروني"]) == ["phone", "email"]


@pytest.mark.parametrize(("cells", "codes"), [
    (["name"], ["list_heading_missing"]),
    (None, ["list_heading_missing"]),
    (["phone", "Full Name", ""], ["list_heading_unknown", "list_heading_unknown"]),
    (["phone", "mobile"], ["list_heading_doubled"]),
    (["01012345678"], ["list_heading_missing", "list_heading_unknown"]),
])  # fmt: skip
def test_a_heading_that_does_not_is_refused_with_all_its_faults(cells, codes) -> None:
    with pytest.raises(Refusal) as refused:
        lines.heading(cells)
    assert [fault.code for fault in refused.value.faults] == codes


@given(st.from_regex(r"(\+20|0020|0|)1[0-9]{8,10}", fullmatch=True))
def test_a_number_is_read_as_it_is_everywhere_else(number) -> None:
    try:
        wanted = parse_mobile(number, "phone")
    except Refusal as refusal:
        assert faults(number, "", "", "") == [(refusal.code, "phone")]
    else:
        read = lines.line(1, COLUMNS, [number, "", "", ""])
        assert read is not None
        assert [one.address for one in read.targets] == [wanted]
