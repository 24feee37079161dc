"""The marks in a wording: placeholders and conditional parts. Pure.

`{name}` stands for a value. `[[name? text]]` is shown when the value of `name` is there, `[[!name? text]]` when it is
not; the Arabic question mark does as well. Inside a conditional part stand text and placeholders, no further condition.
There is nothing else: no attributes, formats or functions, and no way to write a brace itself. A value is put in as it
is and never read for marks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rules.refusal import Fault, Refusal

UNKNOWN, MISSING = "wording_placeholder_unknown", "wording_value_missing"
BRACE, BRACKETS, CONDITION, NESTED = "wording_brace", "wording_brackets", "wording_condition", "wording_nested"
EMPTY = "wording_empty"

_NAME = r"[a-z][a-z0-9_]{0,39}"
_MARK = re.compile(
    rf"\{{(?P<name>{_NAME})\}}|\[\[(?P<cond>(?P<no>!?)(?P<on>{_NAME})[?؟])|(?P<open>\[\[)|(?P<close>\]\])|(?P<brace>[{{}}])")
_NEAR = 24  # characters shown of where something is wrong
_UNSEEN = dict.fromkeys(map(ord, "\u200c\u200d\u200e\u200f\u061c"))  # joiners and marks of direction, alone nothing


@dataclass(frozen=True, slots=True)
class Placeholder:
    name: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Shown when the value of `name` is there (`wanted`), or when it is not."""

    name: str
    wanted: bool
    inside: tuple[str | Placeholder, ...]


Piece = str | Placeholder | Condition


@dataclass(frozen=True, slots=True)
class _Parsed:
    pieces: tuple[Piece, ...]
    faults: tuple[tuple[str, str], ...]  # code, and the text near which it is


def check(text: str, allowed: Collection[str], field: str | None = None) -> list[Fault]:
    """Every fault of the marks of a wording: wording_empty, wording_brace, wording_brackets, wording_condition,
    wording_nested (each naming the text near it), and wording_placeholder_unknown once for each name that is not in
    `allowed`. A text without fault can be rendered with values for `allowed`."""
    if not text.translate(_UNSEEN).strip():
        return [Fault(EMPTY, field)]
    parsed = _parse(text)
    faults = [Fault(code, field, {"near": near}) for code, near in parsed.faults]
    known = ", ".join(sorted(allowed)) or "—"
    return faults + [Fault(UNKNOWN, field, {"name": name, "allowed": known})
                     for name in _names(parsed.pieces) if name not in allowed]


def placeholders(text: str) -> frozenset[str]:
    """The names that the wording uses, in its conditions too. Refuses a wording whose marks are wrong."""
    return frozenset(_names(_right(text)))


def bare(text: str) -> frozenset[str]:
    """The placeholders that stand where nothing asks whether their value is there."""
    found = set()
    for piece in _parse(text).pieces:
        if isinstance(piece, Placeholder):
            found.add(piece.name)
        elif isinstance(piece, Condition):
            found |= {one.name for one in piece.inside if isinstance(one, Placeholder)
                      and not (piece.wanted and one.name == piece.name)}
    return frozenset(found)


def render(text: str, values: Mapping[str, str]) -> str:
    """The text for these values; a condition asks whether its value is given and holds more than spaces. Refuses
    wording_value_missing for every placeholder that is to be shown and was not given, all at once, and a wording whose
    marks are wrong. Nothing of a value is read for marks."""
    shown: list[str] = []
    missing: dict[str, None] = {}
    for piece in _right(text):
        if isinstance(piece, Condition):
            given = bool(values.get(piece.name, "").strip())
            inside = piece.inside if given is piece.wanted else ()
        else:
            inside = (piece,)
        for one in inside:
            if isinstance(one, str):
                shown.append(one)
            elif one.name in values:
                shown.append(values[one.name])
            else:
                missing[one.name] = None
    if missing:
        raise Refusal([Fault(MISSING, name, {"name": name}) for name in missing])
    return "".join(shown)


def _right(text: str) -> tuple[Piece, ...]:
    parsed = _parse(text)
    if parsed.faults:
        raise Refusal([Fault(code, None, {"near": near}) for code, near in parsed.faults])
    return parsed.pieces


def _names(pieces: tuple[Piece, ...]) -> list[str]:
    """In the order of the text, each once."""
    found: dict[str, None] = {}
    for piece in pieces:
        if isinstance(piece, Condition):
            found[piece.name] = None
            found.update({one.name: None for one in piece.inside if isinstance(one, Placeholder)})
        elif isinstance(piece, Placeholder):
            found[piece.name] = None
    return list(found)


@lru_cache(maxsize=2048)
def _parse(text: str) -> _Parsed:
    """The pieces of a text, and what is wrong with its marks. Kept, because the same few texts are rendered for every
    message."""
    outside: list[Piece] = []
    inside: list[str | Placeholder] = []
    within: tuple[str, bool, int] | None = None  # name, wanted, where it began
    faults: list[tuple[str, str]] = []
    at = 0

    def put(piece: str | Placeholder) -> None:
        if piece != "":
            (outside if within is None else inside).append(piece)

    for mark in _MARK.finditer(text):
        put(text[at : mark.start()])
        at = mark.end()
        near = text[mark.start() : mark.start() + _NEAR]
        if mark["name"]:
            put(Placeholder(mark["name"]))
        elif mark["brace"]:
            faults.append((BRACE, near))
        elif mark["close"]:
            if within is None:
                faults.append((BRACKETS, text[max(0, mark.start() - _NEAR) : mark.end()]))
            else:
                outside.append(Condition(within[0], within[1], tuple(inside)))
                inside, within = [], None
        elif within is not None:
            faults.append((NESTED, near))
        elif mark["cond"]:
            within = (mark["on"], not mark["no"], mark.start())
        else:
            faults.append((CONDITION, near))
            within = ("", True, mark.start())  # its end is known all the same, so that one fault is told and not two
    put(text[at:])
    if within is not None:
        faults.append((BRACKETS, text[within[2] : within[2] + _NEAR]))
    return _Parsed(tuple(piece for piece in outside if not isinstance(piece, Condition) or piece.name), tuple(faults))
