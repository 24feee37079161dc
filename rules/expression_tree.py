"""The grammar of fee formulas: from text to a tree and back. What the language means stands in rules.expressions.

Every text is judged in bounded time: its length, its depth and the digits of its numbers are limited, so that no text
exhausts the stack or the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from rules.refusal import Fault, Refusal, refuse

MAX_LENGTH, MAX_DEPTH = 1000, 40
FUNCTIONS = {"if": (3, 3), "min": (2, 20), "max": (2, 20), "ceil": (1, 1), "floor": (1, 1), "round": (1, 1),
             "given": (1, 1)}  # fewest and most arguments
_RESERVED = ("and", "or", "not", "in", "true", "false")
_BINDING = {"or": 1, "and": 2, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4, "in": 4, "+": 5, "-": 5, "*": 6,
            "/": 6}
_NOT_BINDING, _MINUS_BINDING = 3, 7
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<number>[0-9]+(?:\.[0-9]+)?(?![0-9A-Za-z_.]))"
    r"|(?P<name>[a-z][a-z0-9_]{0,59}(?![A-Za-z0-9_]))"
    r"|\"(?P<word>[a-z][a-z0-9_]{0,59})\"|'(?P<word_>[a-z][a-z0-9_]{0,59})'|(?P<sign><=|>=|==|!=|[-+*/<>(),])")
_DIGITS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")

Exact = int | Fraction
Place = tuple[int, int]  # from and to, in characters of the text


@dataclass(frozen=True, slots=True)
class Number:
    value: Exact
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    value: str
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-` or `not`."""

    sign: str
    of: Node
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    sign: str
    left: Node
    right: Node
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """NAME in (words)."""

    of: Node
    words: tuple[Word, ...]
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]
    place: Place = field(default=(0, 0), compare=False)


Node = Number | Truth | Word | Name | Unary | Binary | Member | Call


@lru_cache(maxsize=4096)
def tree(text: str) -> tuple[Node, tuple[Fault, ...]]:
    """The tree of a text, and what is wrong with it beside its grammar: formula_function_unknown, formula_arguments.
    Refuses formula_empty, formula_too_long, formula_number_too_long, formula_syntax, formula_too_deep. A text is read
    once and its tree kept."""
    if len(text) > MAX_LENGTH:
        raise refuse("formula_too_long", "formula", limit=MAX_LENGTH)
    parser = _Parser(text)
    return parser.whole(), tuple(parser.faults)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    ahead = [node]
    while ahead:
        here = ahead.pop()
        yield here
        ahead += _inside(here)


def _inside(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Unary):
        return (node.of,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Member):
        return (node.of, *node.words)
    return node.arguments if isinstance(node, Call) else ()


def part(text: str, node: Node) -> str:
    """The piece of the text that the node was read from, cut where it is long."""
    piece = " ".join(text[node.place[0]:node.place[1]].split())
    return piece if len(piece) <= 60 else piece[:57] + "..."


def write(node: Node) -> str:
    """The tree as text again; reading it gives the same tree."""
    if isinstance(node, Number):
        if isinstance(node.value, int):
            return str(node.value)
        scaled = f"{node.value * 10**6 // 1:07d}"
        return f"{scaled[:-6]}.{scaled[-6:].rstrip('0')}"
    if isinstance(node, Truth):
        return "true" if node.value else "false"
    if isinstance(node, Word):
        return f'"{node.value}"'
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Unary):
        return f"({node.sign} {write(node.of)})"
    if isinstance(node, Binary):
        return f"({write(node.left)} {node.sign} {write(node.right)})"
    if isinstance(node, Member):
        return f"({write(node.of)} in ({', '.join(map(write, node.words))}))"
    return f"{node.function}({', '.join(map(write, node.arguments))})"


# --- reading

_Token = tuple[str, str, Place]  # number, name, word, sign, end; its text; where it stands


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise refuse("formula_syntax", "formula", position=at + 1, found=text[at:at + 12])
        kind, end = str(match.lastgroup).rstrip("_"), match.end()
        if kind != "space":
            tokens.append((kind, match[str(match.lastgroup)], (at, end)))
        at = end
    faults = [Fault("formula_number_too_long", "formula", {"position": place[0] + 1}) for kind, written, place in tokens
              if kind == "number" and not _DIGITS.fullmatch(written)]
    if faults:
        raise Refusal(faults)
    if not tokens:
        raise refuse("formula_empty", "formula")
    return [*tokens, ("end", "", (len(text), len(text)))]


class _Parser:
    """Precedence climbing; how deep it may go is counted, so that no text exhausts the stack."""

    def __init__(self, text: str) -> None:
        self.tokens, self.at, self.depth = _tokens(text), 0, 0
        self.faults: list[Fault] = []

    def whole(self) -> Node:
        node, _ = self.expression(0)
        if self.tokens[self.at][0] != "end":
            raise self.unexpected()
        return node

    def unexpected(self) -> Refusal:
        kind, written, place = self.tokens[self.at]
        return refuse("formula_syntax", "formula", position=place[0] + 1, found=written if kind != "end" else "…")

    def take(self, sign: str) -> Place:
        kind, written, place = self.tokens[self.at]
        if kind != "sign" or written != sign:
            raise self.unexpected()
        self.at += 1
        return place

    def is_sign(self, sign: str) -> bool:
        return self.tokens[self.at][:2] == ("sign", sign)

    def expression(self, binding: int) -> tuple[Node, int]:
        """A node that binds tighter than `binding`, and its height."""
        self.depth += 1
        self.bounded(self.depth)
        left, height = self.prefix()
        while True:
            kind, sign, _ = self.tokens[self.at]
            strength = _BINDING.get(sign, 0) if kind in ("sign", "name") else 0
            if strength <= binding:
                break
            self.at += 1
            if sign == "in":
                words, end = self.words()
                left = Member(left, words, (left.place[0], end))
                height += 1
                continue
            right, other = self.expression(strength)
            left, height = Binary(sign, left, right, (left.place[0], right.place[1])), max(height, other) + 1
            self.bounded(height)
        self.depth -= 1
        return left, height

    def bounded(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise refuse("formula_too_deep", "formula", limit=MAX_DEPTH)

    def prefix(self) -> tuple[Node, int]:
        kind, written, place = self.tokens[self.at]
        if kind == "sign" and written == "(":
            self.at += 1
            node, height = self.expression(0)
            self.take(")")
            return node, height
        if (kind, written) in (("sign", "-"), ("name", "not")):
            self.at += 1
            node, height = self.expression(_MINUS_BINDING if written == "-" else _NOT_BINDING)
            self.bounded(height + 1)
            return Unary(written, node, (place[0], node.place[1])), height + 1
        if kind == "number":
            self.at += 1
            value = Fraction(written)
            return Number(int(value) if value.denominator == 1 else value, place), 1
        if kind == "word":
            self.at += 1
            return Word(written, place), 1
        if kind != "name" or (written in _RESERVED and written not in ("true", "false")):
            raise self.unexpected()
        self.at += 1
        if self.is_sign("("):
            return self.call(written, place)
        return (Truth(written == "true", place) if written in _RESERVED else Name(written, place)), 1

    def call(self, function: str, place: Place) -> tuple[Node, int]:
        self.take("(")
        arguments: list[Node] = []
        height = 0
        while not self.is_sign(")") or arguments:
            node, other = self.expression(0)
            arguments.append(node)
            height = max(height, other)
            if self.is_sign(")"):
                break
            self.take(",")
        end = self.take(")")[1]
        if function not in FUNCTIONS:
            self.faults.append(Fault("formula_function_unknown", "formula", {"name": function}))
        else:
            fewest, most = FUNCTIONS[function]
            if not fewest <= len(arguments) <= most or (function == "given" and not isinstance(arguments[0], Name)):
                self.faults.append(Fault("formula_arguments", "formula",
                                         {"name": function, "fewest": fewest, "most": most}))
        self.bounded(height + 1)
        return Call(function, tuple(arguments), (place[0], end)), height + 1

    def words(self) -> tuple[tuple[Word, ...], int]:
        self.take("(")
        words: list[Word] = []
        while True:
            kind, written, place = self.tokens[self.at]
            if kind != "word":
                raise self.unexpected()
            self.at += 1
            words.append(Word(written, place))
            if self.is_sign(")"):
                return tuple(words), self.take(")")[1]
            self.take(",")
