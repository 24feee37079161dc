"""What a board shows, asked of the services that own it: requests, payments, windows. Which unit and department
somebody may see is theirs to say; here stands only what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.requests_turns import FIGURE_DAYS
from rules import board_periods
from rules.arabic import western_digits
from rules.board_periods import DATES, Span
from rules.refusal import Fault, Refusal
from services.gateway import colleagues
from services.gateway.web.caller import caller
from services.gateway.web.pages import shown
from services.gateway.web.platform import platform

CHOSEN = board_periods.MONTH  # where nothing is asked for: this month, day by day
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The period of a kind, the one to hold it against, and the place, None where all that one may see is asked for."""

    kind: str
    span: Span
    before: Span
    unit: str | None
    department: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """The answers: totals, what lies open, and what else this person may see (None where not, or where it is no
    department's); `people` are names by account."""

    asked: Asked
    board: Answer
    open: Answer
    ways: Answer | None
    ways_before: Answer | None
    services: Answer | None
    turns: Answer | None
    causes: Answer | None
    people: Mapping[str, str]


def asked(given: Mapping[str, str], today: date) -> Asked:
    """What the address of a page or a file asks for: period (day, week, month, dates), on, until, unit, department.
    Refuses board_day_malformed and what rules.board_periods refuses."""
    kind = given.get("period") or CHOSEN
    if kind not in board_periods.KINDS:
        kind = CHOSEN
    faults: list[Fault] = []
    on = _day(given.get("on"), "on", faults) or today
    until = _day(given.get("until"), "until", faults) if kind == DATES else None
    if faults:
        raise Refusal(faults)
    span = board_periods.period(kind, on, until)
    return Asked(kind, span, board_periods.before(kind, span, today), (given.get("unit") or "")[:20] or None,
                 (given.get("department") or "")[:40] or None)


def period_of(what: Asked, today: date) -> dict[str, str]:
    """What a form says of a period. A running one is told by today, so that who then asks for a shorter one gets
    today's."""
    chosen = what.kind == DATES
    running = not chosen and what.span.since <= today <= what.span.until
    return {"period": what.kind, "on": (today if running else what.span.since).isoformat(),
            "until": what.span.until.isoformat() if chosen else ""}


def find(what: Asked) -> Found:
    """Ask for everything. Refuses what the services refuse."""
    place = {"unit": what.unit, "department": what.department}
    span = {"since": what.span.since.isoformat(), "until": what.span.until.isoformat()}
    earlier = {"since": what.before.since.isoformat(), "until": what.before.until.isoformat()}
    board = _call("requests.board", {**span, **place, "before_since": earlier["since"],
                                     "before_until": earlier["until"]})
    lying = _call("requests.board_open", place)
    whole = board["department"] is None
    unit = {"unit": board["unit"]}
    money, windows, late = (whole and caller().actor.permits(one)
                            for one in ("collections.read", "queue.read", "late.read"))
    accounts = {row["key"] for row in board["sides"]["person"]} | {row["account"] for row in lying["desks"]}
    # Turns are counted as they lie, so only a unit's are, and no longer stretch than windows tell of.
    windows = windows and board["unit"] is not None and what.span.days <= FIGURE_DAYS
    return Found(
        what, board, lying,
        _call("payments.collections", {**span, **unit, "by": "way"}) if money else None,
        _call("payments.collections", {**earlier, **unit, "by": "way"}) if money else None,
        _call("payments.collections", {**span, **unit, "by": "service"}) if money else None,
        _call("requests.turn_figures", {**span, **unit}) if windows else None,
        _call("requests.late_causes", {**span, **unit}) if late else None,
        platform().run(lambda work: colleagues.names(work, accounts), caller().actor),
    )


def units() -> list[tuple[str, str]]:
    """The governorate's units as a form offers them: code and name, by name."""
    known = platform().organisation.known().units(platform().today())
    return sorted(((one.code, shown.named(one.name)) for one in known if one.governorate == platform().settings.node),
                  key=lambda one: one[1])


def _call(method: str, body: Mapping[str, Any]) -> Answer:
    return platform().call(method, dict(body), caller().actor)


def _day(text: str | None, field: str, faults: list[Fault]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(western_digits(text).strip())
    except ValueError:
        faults.append(Fault("board_day_malformed", field))
        return None
