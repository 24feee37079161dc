"""Charts on paper: they say what their table says, begin where the language begins, and hold no word as a drawing."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.gateway.web.pages import board_charts
from services.gateway.web.pages.board_tables import DATE, TEXT, TOP, Chart, Column, Table

NAMES = ("ترخيص <محل>", "إشغال طريق", "Demolition")


def table(kind: str, rows: list[tuple[Any, ...]], *, stacked: bool = False, series: tuple[int, ...] = (1, 2)) -> Table:
    first = Column("يوم" if kind == "bars" else "خدمة", DATE if kind == "bars" else TEXT)
    return Table("t", "حسب الخدمة", (first, Column("المقدمة"), Column("المنتهية")), rows, Chart(kind, series, stacked))


def drawn(one: Table, direction: str = "rtl") -> str:
    return str(board_charts.drawn(one, [[str(value) for value in row] for row in one.rows], direction))


def widths(chart: str) -> list[float]:
    """Of the bars, not of the legend's squares."""
    return [float(one) for one in re.findall(r'<rect [^>]*width="([\d.]+)"', chart.partition("<tbody>")[2])]


def test_a_bar_is_as_long_as_its_number_and_beside_its_name() -> None:
    chart = drawn(table("rows", [(NAMES[0], 20, 5), (NAMES[1], 10, 0)]))
    whole, quarter, half = widths(chart)
    assert quarter == pytest.approx(whole / 4, abs=0.2) and half == pytest.approx(whole / 2, abs=0.2)
    assert "ترخيص &lt;محل&gt;" in chart and "<محل>" not in chart
    assert chart.count("<tr>") == 2 and "20<br>5" in chart


def test_stacked_bars_add_up() -> None:
    first, second, other = widths(drawn(table("rows", [(NAMES[0], 6, 2), (NAMES[1], 4, 0)], stacked=True)))
    assert first + second == pytest.approx(2 * other, abs=0.4)


def test_in_arabic_the_drawing_begins_on_the_right() -> None:
    rows: list[tuple[Any, ...]] = [(date(2026, 3, 1), 8, 0), (date(2026, 3, 2), 4, 0)]
    places = {}
    for direction in ("rtl", "ltr"):
        chart = drawn(table("bars", rows, series=(1,)), direction)
        places[direction] = [float(one) for one in re.findall(r'<rect x="([\d.]+)"', chart)]
        assert re.findall(r"<text[^>]*>([^<]+)", chart) == ["0", "2", "4", "6", "8", "1/3", "2/3"]
    assert places["rtl"][0] > places["rtl"][1] and places["ltr"][0] < places["ltr"][1]


def test_no_word_stands_in_a_drawing() -> None:
    """Arabic letters in an SVG come out apart and backwards."""
    for kind, rows in (("rows", [(NAMES[0], 3, 1)]), ("bars", [(date(2026, 3, 1), 3, 1)])):
        texts = re.findall(r"<text[^>]*>([^<]*)", drawn(table(kind, rows)))
        assert not [one for one in texts if re.search(r"[^\d/,.]", one)]


def test_a_long_table_is_drawn_in_its_first_rows_and_one_of_zeros_or_without_a_chart_not_at_all() -> None:
    assert drawn(table("rows", [(f"s{number}", 3, 1) for number in range(30)])).count("<tr>") == TOP
    assert drawn(table("rows", [(NAMES[0], 0, None)])) == ""
    assert drawn(Table("t", "t", (Column("a", TEXT),), [("x",)])) == ""


@given(some.floats(0.01, 10**9))
def test_the_scale_ends_at_a_round_number_not_below_the_highest_bar(most: float) -> None:
    found = board_charts.ceiling(most)
    assert found >= most and found % 4 == 0
    assert found == 4 or found <= most * 2.6
