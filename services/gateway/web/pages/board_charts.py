"""Charts of a board on paper: drawings of a table's own numbers, above the table that tells them. A series is known by
its fill and its edge, so that it is known without colours too.

Bars and digits are drawn as SVG; words stand beside them as text of the page, because WeasyPrint neither joins nor
orders the letters of Arabic words in a drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from services.gateway.web.pages.board_tables import DATE, TOP, Table, Value

WIDTH, _BAR_ROOM = 760.0, 420.0
_FILLS = (("#0b4f5c", "#0b4f5c"), ("#ffffff", "#8a5a00"), ("#e9b9b3", "#a32117"))  # of each series: inside, edge
_FAINT, _LINE = "#51636b", "#c9d3d6"
_BARS, _ROW, _THIN = 150.0, 16.0, 11.0


@dataclass(frozen=True, slots=True)
class _Read:
    """A table's chart as numbers: `names` of the rows, `series` as (title, values, what stands in the cells)."""

    names: list[str]
    series: list[tuple[str, list[float], list[str]]]
    stacked: bool

    @property
    def most(self) -> float:
        """The longest bar."""
        columns = [values for _, values, _ in self.series]
        return max(sum(row) if self.stacked else max(row) for row in zip(*columns, strict=True))


def drawn(table: Table, written: Sequence[Sequence[str]], direction: str) -> Markup:
    """The chart of a table as a part of the page, or nothing where it has none or all its numbers are zero. `written`
    has the cells as the language writes them; with `rtl` the drawing begins on the right."""
    if table.chart is None or not table.rows:
        return Markup()
    lying = table.chart.kind == "rows"
    rows = list(zip(table.rows, written, strict=True))[: TOP if lying else None]
    read = _Read(
        [_name(row[0], table.columns[0].kind, words[0]) for row, words in rows],
        [(table.columns[place].title, [_number(row[place]) for row, _ in rows], [words[place] for _, words in rows])
         for place in table.chart.series],
        table.chart.stacked)
    if read.most <= 0:
        return Markup()
    chart = (_rows if lying else _bars)(read, direction == "rtl", table.title)
    return Markup('<figure class="chart">{}{}</figure>').format(_legend(read), chart)


def _number(value: Value) -> float:
    return max(0.0, float(value)) if isinstance(value, int | float) else 0.0


def _name(value: Value, kind: str, words: str) -> str:
    if kind == DATE and value is not None and not isinstance(value, str | int | float):
        return f"{value.day}/{value.month}"
    return words


def ceiling(most: float) -> float:
    """A round number not below `most` that four lines divide evenly: 4, 8, 20, 40, 80, 200 and so on."""
    power = 10.0 ** math.floor(math.log10(max(most, 1) / 4))
    return next(4 * step * power for step in (1, 2, 2.5, 5, 10) if 4 * step * power >= most and step * power % 1 == 0)


def _rows(read: _Read, rtl: bool, title: str) -> Markup:
    """Bars that lie beside their names, and what the table says of each."""
    parts = []
    for place, name in enumerate(read.names):
        values = [values[place] for _, values, _ in read.series]
        parts.append(Markup('<tr><th>{}</th><td>{}</td><td class="n"><bdi>{}</bdi></td></tr>').format(
            name, _lying(values, read, rtl), Markup("<br>").join(words[place] for _, _, words in read.series)
            if not read.stacked else " + ".join(words[place] for _, _, words in read.series)))
    return Markup('<table class="bars" aria-label="{}"><tbody>{}</tbody></table>').format(title, Markup().join(parts))


def _lying(values: Sequence[float], read: _Read, rtl: bool) -> Markup:
    thick, start, parts = _ROW if read.stacked or len(values) == 1 else _THIN, 0.0, []
    for index, value in enumerate(values):
        length = (_BAR_ROOM - 2) * value / read.most
        y = 0.0 if read.stacked else index * thick
        if length > 0:
            parts.append(_bar(1 + start, y + 1, length, thick - 2, index, _BAR_ROOM if rtl else None))
        start += length if read.stacked else 0
    high = thick if read.stacked else thick * len(values)
    return _svg(_BAR_ROOM, high, parts)


def _bars(read: _Read, rtl: bool, title: str) -> Markup:
    """Bars that stand on their days, with lines to read them by."""
    left, top, most, mirror = 44.0, 8.0, ceiling(read.most), WIDTH if rtl else None
    slot = (WIDTH - left - 8) / len(read.names)
    parts = []
    for line in range(5):
        y = top + _BARS * (1 - line / 4)
        parts.append(Markup('<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width=".6"/>').format(
            *(_x(one, 0, mirror) for one in (left, WIDTH - 8)), y, y, _LINE))
        parts.append(_digits(left - 6, y + 4, f"{most * line / 4:,.0f}", "start" if rtl else "end", mirror))
    every = math.ceil(len(read.names) / 16)
    for place, name in enumerate(read.names):
        begin, wide = left + place * slot + slot * 0.14, slot * 0.72
        base = top + _BARS
        for index, (_, values, _) in enumerate(read.series):
            high = _BARS * values[place] / most
            thick = wide if read.stacked else wide / len(read.series)
            if high > 0:
                x = begin if read.stacked else begin + index * thick
                parts.append(_bar(x, base - high, thick, high, index, mirror))
            if read.stacked:
                base -= high
        if place % every == 0:
            parts.append(_digits(begin + wide / 2, top + _BARS + 15, name, "middle", mirror))
    return _svg(WIDTH, top + _BARS + 22, parts, title)


def _legend(read: _Read) -> Markup:
    if len(read.series) < 2:
        return Markup()
    named = (Markup("<span>{} {}</span>").format(_svg(12, 10, [_bar(1, 1, 10, 8, index, None)]), name)
             for index, (name, _, _) in enumerate(read.series))
    return Markup('<figcaption class="legend">{}</figcaption>').format(Markup(" ").join(named))


def _x(x: float, wide: float, mirror: float | None) -> float:
    """Where something so wide begins; in a drawing that begins on the right, counted from there."""
    return round(x if mirror is None else mirror - x - wide, 1)


def _bar(x: float, y: float, wide: float, high: float, series: int, mirror: float | None) -> Markup:
    inside, edge = _FILLS[series % len(_FILLS)]
    return Markup('<rect x="{}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" stroke="{}"/>').format(
        _x(x, wide, mirror), y, wide, high, inside, edge)


def _digits(x: float, y: float, digits: str, anchor: str, mirror: float | None) -> Markup:
    return Markup('<text x="{}" y="{:.1f}" text-anchor="{}" font-size="11" fill="{}">{}</text>').format(
        _x(x, 0, mirror), y, anchor, _FAINT, digits)


def _svg(wide: float, high: float, parts: Sequence[Markup], title: str = "") -> Markup:
    said = Markup(' role="img" aria-label="{}"').format(title) if title else Markup(' aria-hidden="true"')
    return Markup('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" height="{:.0f}"'
                  "{}>{}</svg>").format(wide, high, wide, high, said, Markup().join(parts))
