"""A board as tables of typed values, one way for the page, the workbook and the paper: what stands in a cell is a
count, a share, an amount; how it is written is each one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from rules import lateness, roles, turns
from services.gateway.web.pages.board_data import Found
from services.gateway.web.pages.shown import language, named, text, unit_name
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import platform

ENDS = ("approved", "rejected", "withdrawn", "lapsed")
_HOUR, _DAY = 3600, 86400
TOP = 10  # bars of a chart; the table has all

# Kinds of values: text; count; share of one; money in piastres; a mean with one place (days, hours, minutes, stars);
# a Cairo date.
TEXT, COUNT, SHARE, MONEY, MEAN, DATE = "text", "count", "share", "money", "mean", "date"
Value = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    kind: str = COUNT


@dataclass(frozen=True, slots=True)
class Chart:
    """Which columns are drawn: `bars` stand on days, `rows` lie beside names; `stacked` ones add up."""

    kind: str
    series: tuple[int, ...]
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`links` leads on from a row where there is somewhere to go: {unit} or {department} of the next board."""

    code: str
    title: str
    columns: tuple[Column, ...]
    rows: list[tuple[Value, ...]]
    chart: Chart | None = None
    note: str = ""
    links: tuple[Mapping[str, str] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with that of the period before; None before where there is none to hold it against. More is `better`
    (True), worse (False), or neither."""

    title: str
    kind: str
    now: Value
    before: Value = None
    compared: bool = True
    better: bool | None = None

    @property
    def change(self) -> float | None:
        """By which share it grew, to whole per cents; a share of itself by how many of them. None where nothing was
        before."""
        if not self.compared or not self.before or self.now is None:
            return None
        grown = float(self.now) - float(self.before)  # type: ignore[arg-type]
        return round(grown if self.kind == SHARE else grown / float(self.before), 2)  # type: ignore[arg-type]

    @property
    def mood(self) -> str:
        """`good`, `bad` or nothing, for a change that is one."""
        if self.better is None or not self.change:
            return ""
        return "good" if (self.change > 0) == self.better else "bad"


def ended(counts: Mapping[str, int]) -> int:
    """Requests that came to an end."""
    return sum(counts[outcome] for outcome in ENDS)


def on_time(counts: Mapping[str, int]) -> float | None:
    """The share of them that did so by their day."""
    ends = ended(counts)
    return (ends - counts["finished_late"]) / ends if ends else None


def mean(total: int, of: int, unit: int = 1) -> float | None:
    """The mean of a sum in its unit, to one place; None of nothing."""
    return round(total / of / unit, 1) if of else None


def tiles(found: Found) -> list[Tile]:
    """The figures that stand above all tables."""
    now, before = found.board["total"], found.board["before_total"]

    def tile(key: str, read: Callable[[Mapping[str, int]], Value], kind: str = COUNT, better: bool | None = None,
             ) -> Tile:  # fmt: skip
        return Tile(text(f"board.{key}"), kind, read(now), read(before), better=better)

    def counted(key: str, better: bool | None = None) -> Tile:
        return tile(key, lambda one: one[key], better=better)

    if found.board["department"] is not None:
        late = sum(one["late"] for one in found.open["desks"])
        return [counted("arrived"), counted("acted", True), counted("acted_late", False),
                tile("desk_hours", lambda one: mean(one["acted_seconds"], one["acted"], _HOUR), MEAN, better=False),
                Tile(text("board.late_now"), COUNT, late, compared=False), counted("overdue", False)]
    lying = found.open["requests"]["total"]
    shown = [counted("lodged"), tile("finished", ended, better=True), counted("executed", True),
             counted("delivered", True), Tile(text("board.late_now"), COUNT, lying["late"], compared=False),
             Tile(text("board.open_now"), COUNT, lying["open"], compared=False), tile("on_time", on_time, SHARE, True),
             tile("mean_days", lambda one: mean(one["finished_seconds"], ended(one), _DAY), MEAN, better=False),
             tile("stars_mean", lambda one: mean(one["stars"], one["rated"]), MEAN, better=True),
             counted("complained", False)]
    if found.ways is not None and found.ways_before is not None:
        shown.append(Tile(text("board.collected"), MONEY, found.ways["total"], found.ways_before["total"], better=True))
    return shown


def tables(found: Found) -> list[Table]:
    """All that the board shows, in its order; a table without rows is left out, and one of a single row is not drawn:
    there is nothing to compare."""
    department = found.board["department"] is not None
    made = [_days(found, department), _late(found)]
    if found.board["unit"] is None:
        made.append(_units(found))
    if not department:
        made.append(_departments(found))
    if found.board["unit"] is not None:
        made.append(_people(found))
    made += [_services(found, department)]
    if not department:
        made.append(_channels(found))
    made += [*_money(found), *_windows(found), _causes(found)]
    return [one if len(one.rows) > 1 else replace(one, chart=None) for one in made if one.rows]


def _columns(*titles: str | tuple[str, str]) -> tuple[Column, ...]:
    """Columns by the keys of their names; a pair says the kind too."""
    pairs = [(one, COUNT) if isinstance(one, str) else one for one in titles]
    return tuple(Column(text(f"board.{key}"), kind) for key, kind in pairs)


def _days(found: Found, department: bool) -> Table:
    if department:
        keys = ("arrived", "acted", "acted_late")
        rows = [(date.fromisoformat(one["day"]), *(one[key] for key in keys)) for one in found.board["days"]]
    else:
        keys = ("lodged", "finished", "executed")
        rows = [(date.fromisoformat(one["day"]), one["lodged"], ended(one), one["executed"])
                for one in found.board["days"]]
    return Table("days", text("board.by_day"), _columns(("day", DATE), *keys), list(rows),
                 Chart("bars", (1, 2)))


def _late(found: Found) -> Table:
    whole_node = found.board["unit"] is None
    late = [one for one in found.open["desks"] if one["late"]]
    rows = [(
        _desk(one, found), one["open"], one["late"] - one["late_week"], one["late_week"] - one["late_month"],
        one["late_month"], date.fromisoformat(one["oldest"])) for one in late]
    return Table("late", text("board.late_by_desk"), (
        Column(text("board.unit_and_department" if whole_node else "board.department_and_hand"), TEXT),
        *_columns("open_now", "late_week", "late_month", "late_longer", ("oldest", DATE))),
        list(rows), Chart("rows", (2, 3, 4), stacked=True), text("board.late_note"))  # fmt: skip


def _desk(one: Mapping[str, Any], found: Found) -> str:
    """Where a file lies: unit and department, or department and whose hand."""
    department = _department(one["department"])
    if found.board["unit"] is None:
        return f"{_unit(one['unit'])} · {department}"
    hand = _person(one["account"], found) if one["account"] else text("board.nobodys")
    return f"{department} · {hand}"


def _units(found: Found) -> Table:
    lying = {one["key"]: one for one in found.open["requests"]["units"]}
    sides = {one["key"]: one for one in found.board["sides"]["unit"]}
    keys = sorted({*lying, *sides}, key=lambda key: (-(lying[key]["late"] if key in lying else 0), _unit(key)))
    rows, links = [], []
    for key in keys:
        now, before = _both(sides.get(key), found)
        open_ = lying.get(key, {"open": 0, "late": 0})
        rows.append((_unit(key), now["lodged"], ended(now), now["executed"], now["finished_late"], on_time(now),
                     open_["open"], open_["late"], before["lodged"], ended(before)))
        links.append({"unit": key})
    return Table("units", text("board.by_unit"), (Column(text("board.unit"), TEXT), *_columns(
        "lodged", "finished", "executed", "finished_late", ("on_time", SHARE), "open_now", "late_now", "lodged_before",
        "finished_before")), list(rows), Chart("rows", (1, 2)), links=tuple(links))  # fmt: skip


def _departments(found: Found) -> Table:
    lying: dict[str, dict[str, int]] = {}
    for one in found.open["desks"]:
        into = lying.setdefault(one["department"], {"open": 0, "late": 0})
        into["open"] += one["open"]
        into["late"] += one["late"]
    sides = {one["key"]: one for one in found.board["sides"]["department"]}
    inside = found.board["unit"] is not None
    rows, links = [], []
    for key in [*sides, *sorted(set(lying) - set(sides))]:
        now, _ = _both(sides.get(key), found)
        open_ = lying.get(key, {"open": 0, "late": 0})
        rows.append((_department(key), now["arrived"], now["acted"] - now["acted_late"], now["acted_late"],
                     mean(now["acted_seconds"], now["acted"], _HOUR), now["approved"] + now["rejected"],
                     now["executed"], now["overdue"], open_["open"], open_["late"]))
        links.append({"department": key} if inside else None)
    return Table("departments", text("board.by_department"), (Column(text("board.department"), TEXT), *_columns(
        "arrived", "acted_on_time", "acted_late", ("desk_hours", MEAN), "decided", "executed", "overdue", "open_now",
        "late_now")), list(rows), Chart("rows", (2, 3), stacked=True), links=tuple(links))  # fmt: skip


def _people(found: Found) -> Table:
    lying: dict[str, dict[str, int]] = {}
    for one in found.open["desks"]:
        if one["account"]:
            into = lying.setdefault(one["account"], {"open": 0, "late": 0})
            into["open"] += one["open"]
            into["late"] += one["late"]
    sides = {one["key"]: one for one in found.board["sides"]["person"]}
    rows = []
    for key in [*sides, *sorted(set(lying) - set(sides))]:
        now, _ = _both(sides.get(key), found)
        open_ = lying.get(key, {"open": 0, "late": 0})
        rows.append((_person(key, found), now["lodged"], now["acted"] - now["acted_late"], now["acted_late"],
                     mean(now["acted_seconds"], now["acted"], _HOUR), now["approved"] + now["rejected"],
                     now["executed"], now["delivered"], open_["open"], open_["late"]))
    return Table("people", text("board.by_person"), (Column(text("board.person"), TEXT), *_columns(
        "taken_in", "acted_on_time", "acted_late", ("desk_hours", MEAN), "decided", "executed", "delivered", "in_hand",
        "late_now")), list(rows), Chart("rows", (2, 3), stacked=True))  # fmt: skip


def _services(found: Found, department: bool) -> Table:
    sides = found.board["sides"]["service"]
    if department:
        rows: list[tuple[Value, ...]] = []
        for one in sides:
            now = one["now"]
            rows.append((service_name(one["key"]), now["arrived"], now["acted"] - now["acted_late"], now["acted_late"],
                         mean(now["acted_seconds"], now["acted"], _HOUR), now["overdue"]))
        return Table("services", text("board.by_service"), (Column(text("board.service"), TEXT), *_columns(
            "arrived", "acted_on_time", "acted_late", ("desk_hours", MEAN), "overdue")), rows,
            Chart("rows", (2, 3), stacked=True))  # fmt: skip
    lying = {one["key"]: one for one in found.open["requests"]["services"]}
    known, rows = {one["key"]: one for one in sides}, []
    for key in [*known, *sorted(set(lying) - set(known))]:
        now, before = _both(known.get(key), found)
        open_ = lying.get(key, {"open": 0, "late": 0})
        rows.append((service_name(key), now["lodged"], ended(now), now["executed"], now["finished_late"], on_time(now),
                     mean(now["finished_seconds"], ended(now), _DAY), open_["open"], open_["late"],
                     mean(now["stars"], now["rated"]), now["rated"], now["complained"], before["lodged"],
                     ended(before)))
    return Table("services", text("board.by_service"), (Column(text("board.service"), TEXT), *_columns(
        "lodged", "finished", "executed", "finished_late", ("on_time", SHARE), ("mean_days", MEAN), "open_now",
        "late_now", ("stars_mean", MEAN), "rated", "complained", "lodged_before", "finished_before")), rows,
        Chart("rows", (1, 2)))  # fmt: skip


def _channels(found: Found) -> Table:
    lying = {one["key"]: one for one in found.open["requests"]["channels"]}
    sides, rows = {one["key"]: one for one in found.board["sides"]["channel"]}, []
    for key in [*sides, *sorted(set(lying) - set(sides))]:
        now, before = _both(sides.get(key), found)
        open_ = lying.get(key, {"open": 0, "late": 0})
        rows.append((text(f"board.channel.{key}"), now["lodged"], ended(now), now["executed"], open_["open"],
                     open_["late"], before["lodged"], ended(before)))
    return Table("channels", text("board.by_channel"), (Column(text("board.channel"), TEXT), *_columns(
        "lodged", "finished", "executed", "open_now", "late_now", "lodged_before", "finished_before")), list(rows),
        Chart("rows", (1, 2)))  # fmt: skip


def _money(found: Found) -> Iterable[Table]:
    if found.ways is None or found.ways_before is None or found.services is None:
        return
    before = {one["key"]: one["amount"] for one in found.ways_before["rows"]}
    rows = [(_way(one["key"]), one["amount"], one["receipts"], before.pop(one["key"], 0)) for one in found.ways["rows"]]
    rows += [(_way(key), 0, 0, amount) for key, amount in sorted(before.items())]
    yield Table("ways", text("board.collected_by_way"), (Column(text("board.way"), TEXT), *_columns(
        ("collected", MONEY), "receipts", ("collected_before", MONEY))), list(rows), Chart("rows", (1, 3)))  # fmt: skip
    fees = [(service_name(one["key"]), one["amount"], one["receipts"])
            for one in sorted(found.services["rows"], key=lambda one: -one["amount"])]
    yield Table("fees", text("board.collected_by_service"), (Column(text("board.service"), TEXT), *_columns(
        ("collected", MONEY), "receipts")), list(fees), Chart("rows", (1,)))  # fmt: skip


def _windows(found: Found) -> Iterable[Table]:
    if found.turns is None:
        return
    queues: dict[str, dict[str, Any]] = {}
    for one in found.turns["queues"]:
        into = queues.setdefault(one["queue"], {"taken": 0, "served": 0, "gone": 0, "waiting": [0, 0],
                                                "service": [0, 0], "longest": 0})
        into["taken"] += one["taken"]
        into["served"] += one["served"]
        into["gone"] += one["missed"] + one["left"]
        into["longest"] = max(into["longest"], one["waiting"]["p90"] or 0)
        for name in ("waiting", "service"):
            into[name][0] += one[name]["count"] * (one[name]["mean"] or 0)
            into[name][1] += one[name]["count"]
    rows = [(_queue(key), queues[key]["taken"], queues[key]["served"], queues[key]["gone"],
             *(mean(queues[key][name][0], queues[key][name][1], 60) for name in ("waiting", "service")),
             round(queues[key]["longest"] / 60, 1))
            for key in turns.QUEUES if key in queues]
    yield Table("queues", text("board.at_the_windows"), (Column(text("board.queue"), TEXT), *_columns(
        "turns", "served", "gone", ("waiting_minutes", MEAN), ("service_minutes", MEAN), ("waiting_p90", MEAN))),
        list(rows), Chart("rows", (4, 5)))  # fmt: skip
    by_visit: dict[str, int] = {}
    for one in found.turns["visits"]:
        for visit, requests in one["by_visit"].items():
            by_visit[visit] = by_visit.get(visit, 0) + requests
    yield Table("visits", text("board.visits"), _columns(("visit", TEXT), "requests"),
                [(text(f"board.visit.{visit}"), by_visit[visit]) for visit in sorted(by_visit)], Chart("rows", (1,)))


def _causes(found: Found) -> Table:
    causes: dict[str, list[int]] = {}
    for one in found.causes["causes"] if found.causes else ():
        into = causes.setdefault(one["cause"], [0, 0])
        into[0] += one["requests"]
        into[1] += one["days_late"]
    rows = [(_pair(lateness.CAUSES, key), requests, mean(days, requests))
            for key, (requests, days) in sorted(causes.items(), key=lambda item: (-item[1][0], item[0]))]
    return Table("causes", text("board.late_causes"), (Column(text("board.cause"), TEXT), *_columns(
        "requests", ("days_late", MEAN))), list(rows), Chart("rows", (1,)))  # fmt: skip


def _both(one: Mapping[str, Any] | None, found: Found) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """The counts of a key now and before; nothing of one that nothing happened to."""
    if one is not None:
        return one["now"], one["before"]
    nothing = dict.fromkeys(found.board["total"], 0)
    return nothing, nothing


# -- names -------------------------------------------------------------------------------------------------------------


def _unit(code: str) -> str:
    return unit_name(code).partition("،")[0].partition(",")[0]


def _department(code: str) -> str:
    return roles.department_name(code, language())


def _person(account: str, found: Found) -> str:
    return found.people.get(account) or text("board.unknown_person")


def service_name(code: str) -> str:
    """A service by its code, in the page's language; the code itself once it is offered no more."""
    entry = platform().guide.edition().get(code)
    return named(entry.document["name"]) if entry else code


def _way(code: str) -> str:
    return text(f"finance.rail.{code}") if f"finance.rail.{code}" in TEXTS else code


def _queue(code: str) -> str:
    queue = turns.QUEUES[code]
    return named({"ar": queue.ar, "en": queue.en})


def _pair(pairs: Mapping[str, Sequence[str]], code: str) -> str:
    arabic, english = pairs.get(code, (code, code))
    return named({"ar": arabic, "en": english})
