"""Who is handed which file: fair rotation with workload, drawn from a seed, so that an auditor can compute it again.

Nobody chooses a file. Whoever is free asks for the next one, and the engine deals the most urgent files in turn to all
who are at the desk: each to whoever has the fewest in hand, among those to whoever was given the fewest today, among
those by a draw from the file's seed. The asker receives the first file that falls to them. Files that fall to others
stay where they are until those ask: with the same view everybody's dealing comes out the same, so that two who ask at
once reach for two files. Where none falls to the asker one still goes out: a citizen does not wait for a colleague at
lunch. But nobody receives a file who would then hold more than SPREAD beyond a colleague at the desk who may take it.

`barred` may never have a file: who took it in, who collected its money, a declared relation, who decided what is now
appealed against. `left_by` had it and let it lie: passed over as long as the desk has somebody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from rules.calendar import Calendar

HELD_MOST = 10  # files in one hand; whoever could hoard them could choose among them
SPREAD = 2  # files that one may hold beyond a colleague at the desk who may take the file
PRESENT = timedelta(minutes=30)  # since they last asked, people count as being at the desk
KNOWN = timedelta(days=30)  # since they last asked, people count as belonging to it
LEFT_LYING = 7  # working days in one hand, and past the desk's own target
LEFT_LYING_AT_LEAST = timedelta(days=LEFT_LYING)  # no file is left lying before
TURN, ROOM = "turn", "room"
RULE = 1  # which rule an audit row was written under


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody at the desk: files in hand, and files given to them today."""

    account: str
    in_hand: int
    given: int


@dataclass(frozen=True, slots=True)
class File:
    """An open task of the desk, and who may not (`barred`) or rather not (`left_by`) have it."""

    task_id: str
    due_on: date | None
    barred: frozenset[str] = frozenset()
    left_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Handing:
    """A file goes out. `way`: it was the asker's turn, or the asker had room for it. `dealt`: the files looked at, in
    order, up to this one where it was their turn."""

    file: File
    way: str
    dealt: tuple[File, ...]


def in_order(files: Iterable[File], seed: str) -> list[File]:
    """The most urgent first; what is equally urgent by draw, so that nobody can tell which is next."""
    return sorted(files, key=lambda file: (file.due_on or date.max, _draw(seed, file.task_id)))


def next_file(asker: str, files: Iterable[File], candidates: Iterable[Candidate], seed: str,
              known: Collection[str] = ()) -> Handing | None:
    """The file that the asker receives, or None when none is theirs now. `candidates` are all at the desk, the asker
    among them (ValueError when not); `known` all who belong to it. The order in which they are given is of no account.
    """
    loads = {candidate.account: candidate for candidate in candidates}
    if asker not in loads:
        raise ValueError("the asker is at the desk")
    people = {*loads, *known}
    dealt = in_order(files, seed)
    before = dict(loads)
    for place, file in enumerate(dealt):
        able = _able(file, loads, people)
        if not able:
            continue
        first = _first(able, seed, file)
        if first.account == asker and _has_room(file, before[asker], before, people):
            return Handing(file, TURN, tuple(dealt[:place + 1]))
        loads[first.account] = replace(first, in_hand=first.in_hand + 1, given=first.given + 1)
    for file in dealt:
        if _has_room(file, before[asker], before, people):
            return Handing(file, ROOM, tuple(dealt))
    return None


UNFIT, FULL = "unfit", "full"  # why a head may not hand a file to somebody


def why_not(account: str, file: File, candidates: Iterable[Candidate], known: Collection[str]) -> str | None:
    """Why a head may not hand this file to this colleague; None where they may. The colleague must be one to whom the
    engine could have dealt it: who belongs to the desk, is not barred, did not let it lie while somebody else may have
    it (UNFIT), and holds less than HELD_MOST (FULL). SPREAD does not bind a head, who gives it for a reason."""
    loads = {candidate.account: candidate for candidate in candidates}
    if account not in loads or account in file.barred:
        return UNFIT
    if loads[account].in_hand >= HELD_MOST:
        return FULL
    return None if loads[account] in _able(file, loads, {*loads, *known}) else UNFIT


def nobody_left(file: File, known: Collection[str]) -> bool:
    """Whether all who belong to the desk are barred from the file: then the unit above decides."""
    return bool(known) and all(account in file.barred for account in known)


def left_lying(held_on: date, due_on: date | None, today: date, calendar: Calendar) -> bool:
    """Whether a held file goes back to the desk: LEFT_LYING working days after the day it was handed out, and not
    before the desk's own target has passed. Both are house rules, not law."""
    return today > calendar.add_working_days(held_on, LEFT_LYING) and (due_on is None or today > due_on)


def record(handing: Handing, candidates: Iterable[Candidate], seed: str, known: Collection[str]) -> dict[str, Any]:
    """What the audit row of a handing-out keeps, by which `recompute` comes to the same. Accounts, no applicant."""
    accounts = {one.account: [one.in_hand, one.given] for one in candidates}
    return {
        "rule": RULE, "seed": seed, "way": handing.way, "candidates": accounts,
        "known": sorted(set(known) - set(accounts)),
        "files": [[file.task_id, file.due_on.isoformat() if file.due_on else None, sorted(file.barred),
                   sorted(file.left_by)] for file in handing.dealt]}


def recompute(asker: str, kept: Mapping[str, Any]) -> str | None:
    """The task that the asker had to be given, from the audit row alone. ValueError for a rule that is not this one."""
    if kept["rule"] != RULE:
        raise ValueError(f"written under rule {kept['rule']}")
    rows: Sequence[Any] = kept["files"]
    files = [File(task_id, date.fromisoformat(due_on) if due_on else None, frozenset(barred), frozenset(left_by))
             for task_id, due_on, barred, left_by in rows]
    candidates = [Candidate(account, in_hand, given) for account, (in_hand, given) in kept["candidates"].items()]
    handing = next_file(asker, files, candidates, kept["seed"], kept["known"])
    return handing.file.task_id if handing else None


def _able(file: File, loads: Mapping[str, Candidate], people: Collection[str]) -> list[Candidate]:
    """Who may take the file now. Who let it lie may only where nobody else of the desk may."""
    able = [one for account, one in loads.items() if account not in file.barred and one.in_hand < HELD_MOST]
    if any(account not in file.barred and account not in file.left_by for account in people):
        able = [one for one in able if one.account not in file.left_by]
    return able


def _first(able: Sequence[Candidate], seed: str, file: File) -> Candidate:
    """Whoever has the fewest in hand, among those whoever was given the fewest, among those by draw: drawn only among
    whom nothing else tells apart, for at a large desk the draws are most of the work."""
    least = min((one.in_hand, one.given) for one in able)
    equal = [one for one in able if (one.in_hand, one.given) == least]
    return min(equal, key=lambda one: _draw(seed, file.task_id, one.account)) if len(equal) > 1 else equal[0]


def _has_room(file: File, asker: Candidate, loads: Mapping[str, Candidate], people: Collection[str]) -> bool:
    able = _able(file, loads, people)
    return asker in able and asker.in_hand + 1 <= min(one.in_hand for one in able) + SPREAD


def _draw(*parts: str) -> bytes:
    return hashlib.sha256("/".join(parts).encode()).digest()
