"""A workflow drawn as SVG: one card for each state, the usual path straight down, everything else in lanes beside it.

A card names the state, who holds it and for how long, and lists every way out; the line of each way starts beside its
words, so that no word lies on an arrow. Ways down run on the side where the words end, ways back up on the other; ways
to one state share a lane. Drawn from right to left in Arabic. The picture stands alone: no script, no style sheet, no
font of its own, and as narrow as a phone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from rules import roles as roles_file
from rules.measure import usual_path
from rules.workflow_model import Action, Branch, State, Workflow

CARD, PAD, GAP, LANE, EDGE = 270, 12, 30, 13, 14  # widths and spaces in units of the picture
LINE, SMALL, TITLE = 19, 12, 15  # height of a line; sizes of letters
_WIDE = {"ar": (33, 45), "en": (30, 40)}  # letters in a line of a card: of its title, of smaller words
_TEXTS = {
    "payment": ("سداد", "Payment"), "applicant": ("لدى مقدم الطلب", "With the applicant"),
    "external": ("رأي جهة خارجية", "Opinion of an outside body"), "parallel": ("في وقت واحد", "At the same time"),
    "stopped": ("العداد القانوني متوقف", "the statutory clock is stopped"),
    "here": ("الطلب هنا الآن", "The request is here"),
    "calendar": ("أيام", "days"), "working": ("أيام عمل", "working days"), "target": ("المستهدف", "target"),
    "limit": ("المهلة", "time"), "title": ("مسار الخدمة", "Path of the service"), "start": ("البداية", "Start"),
    "then": ("ثم إلى", "then to"),
    "approved": ("انتهى بالموافقة", "Ended: approved"), "rejected": ("انتهى بالرفض", "Ended: rejected"),
    "withdrawn": ("انتهى بسحب الطلب", "Ended: withdrawn"), "lapsed": ("انتهى لانقضاء المهلة", "Ended: time ran out")}
_FILLS = {"task": ("#ffffff", "#1d4f7c"), "payment": ("#fff6df", "#a86a00"), "applicant": ("#f4effb", "#6a45a0"),
          "external": ("#f2f6f6", "#3c6d6d"), "parallel": ("#eef4fb", "#1d4f7c"), "end": ("#eceff1", "#5a6670"),
          "approved": ("#e4f4e6", "#22743a"), "rejected": ("#fbe9e7", "#a3271c")}
_INK, _SOFT, _MAIN, _OTHER = "#16222c", "#46535e", "#1d4f7c", "#7b8791"


def svg(workflow: Workflow, language: str = "ar", current: str | None = None,
        bodies: Mapping[str, Mapping[str, str]] | None = None,
        beside: Mapping[str, Action] | None = None) -> str:
    """The workflow as an SVG document in `ar` or `en`, the state `current` (if there is one) marked. `bodies`: names of
    external bodies by code, where they are known. `beside`: a further way out of a state, which stands in no workflow
    because it is open everywhere. Also draws a workflow that is not sound: a way to a state that does
    not exist is listed and leads nowhere."""
    return _Drawing(workflow, language, current, bodies or {}, beside or {}).document()


@dataclass(slots=True)
class _Words:
    """One line of words in a card, with the space `above` it. `port`: the way out whose line begins beside it."""

    text: str
    size: int = SMALL
    bold: bool = False
    colour: str = _INK
    indent: int = 0
    above: int = 0
    port: Action | None = None


@dataclass(slots=True)
class _Card:
    """A state with its place: `top` and `height` on the page, and its lines."""

    state: State
    lines: list[_Words]
    boxes: list[tuple[int, int]] = field(default_factory=list)  # branches: first line, and the line after the last
    top: float = 0.0

    @property
    def height(self) -> float:
        return sum(LINE + words.above for words in self.lines) + 2 * PAD - 4

    @property
    def middle(self) -> float:
        return self.top + PAD + LINE / 2

    def line_at(self, index: int) -> float:
        """The height of the middle of a line."""
        return self.top + PAD + sum(LINE + words.above for words in self.lines[:index + 1]) - LINE / 2 - 2


@dataclass(slots=True)
class _Lane:
    """All ways to one state on one side. `ports`: where they begin."""

    target: str
    ports: list[float]
    end: float
    place: int = 0

    @property
    def span(self) -> tuple[float, float]:
        return min([*self.ports, self.end]), max([*self.ports, self.end])


class _Drawing:
    def __init__(self, workflow: Workflow, language: str, current: str | None,
                 bodies: Mapping[str, Mapping[str, str]], beside: Mapping[str, Action]) -> None:
        self.workflow, self.language, self.current, self.bodies = workflow, language, current, bodies
        self.beside = beside
        self.names = roles_file.load()
        self.main = [state.code for state in usual_path(workflow)]
        self.cards = {state.code: self._card(state) for state in self._order()}
        top = float(EDGE + LINE)
        for card in self.cards.values():
            card.top = top
            top += card.height + GAP
        self.height = top - GAP + EDGE
        self.below = dict(zip(self.cards, list(self.cards)[1:], strict=False))
        self.down, self.up = self._lanes()
        self.left = EDGE + LANE * (1 + max((lane.place + 1 for lane in self.up), default=0))
        self.width = self.left + CARD + EDGE + LANE * (1 + max((lane.place + 1 for lane in self.down), default=0))

    def _order(self) -> list[State]:
        """The usual path, then the other states on the way, then the other ends; each as written."""
        states = self.workflow.states
        rest = [state for code, state in states.items() if code not in self.main]
        first = [states[self.workflow.initial]] if not self.main and self.workflow.initial in states else []
        on_the_way = [state for state in rest if state.kind != "end" and state not in first]
        return [*first, *(states[code] for code in self.main), *on_the_way,
                *(state for state in rest if state.kind == "end" and state not in first)]

    # --- what stands in a card

    def _say(self, key: str) -> str:
        return _TEXTS[key][0 if self.language == "ar" else 1]

    def _named(self, name: Mapping[str, str]) -> str:
        return name.get(self.language) or name["ar"]

    def _card(self, state: State) -> _Card:
        card = _Card(state, [])
        self._add(card, self._named(state.name), size=TITLE, bold=True)
        for text in self._about(state):
            self._add(card, text, colour=_SOFT)
        if state.code == self.current:
            self._add(card, f"◆ {self._say('here')}", bold=True, colour="#a3271c")
        for branch in state.branches:
            self._add_branch(card, branch, state)
        after_branches = len(card.lines)
        for exit_ in state.exits:
            if exit_.branch is None:
                self._add_exit(card, exit_, 0)
        if state.code in self.beside:
            self._add_exit(card, self.beside[state.code], 0)
        if state.branches and len(card.lines) > after_branches:
            card.lines[after_branches].above = 8
        return card

    def _add(self, card: _Card, text: str, *, size: int = SMALL, bold: bool = False, colour: str = _INK,
             indent: int = 0) -> None:
        wide = _WIDE["ar" if self.language == "ar" else "en"][0 if size == TITLE else 1]
        for line in textwrap.wrap(_clean(text), wide - indent // 6) or [""]:
            card.lines.append(_Words(line, size, bold, colour, indent))

    def _add_branch(self, card: _Card, branch: Branch, state: State) -> None:
        first = len(card.lines)
        self._add(card, self._named(branch.name), bold=True, indent=10)
        card.lines[first].above = 9
        for text in self._who(branch):
            self._add(card, text, colour=_SOFT, indent=10)
        given = [self._named(action.name) for action in branch.actions if action.verdict is not None]
        if given:
            self._add(card, " / ".join(given), indent=10)
        for exit_ in state.exits:
            if exit_.branch == branch.code:
                self._add_exit(card, exit_, 10)
        card.boxes.append((first, len(card.lines)))

    def _add_exit(self, card: _Card, exit_: Action, indent: int) -> None:
        target = self.workflow.states.get(exit_.to)
        first = len(card.lines)
        self._add(card, f"• {self._named(exit_.name)}", indent=indent,
                  colour=_SOFT if exit_.by_system else _INK)
        if target is None:
            self._add(card, f"{self._say('then')}: {exit_.to}?", indent=indent, colour="#a3271c")
        else:
            card.lines[first].port = exit_

    def _about(self, state: State) -> list[str]:
        if state.kind == "end":
            return [self._say(state.outcome)] if state.outcome in _TEXTS else []
        said = [self._say(state.kind)] if state.kind in _TEXTS else []
        said += self._who(state)
        if state.time_limit is not None:
            said.append(f"{self._say('limit')}: {state.time_limit.days} {self._say(state.time_limit.kind)}")
        # what is with the citizen always stops the clock; elsewhere it is worth saying
        if state.clock == "stopped" and state.kind not in ("payment", "applicant"):
            said.append(self._say("stopped"))
        return said

    def _who(self, holder: State | Branch) -> list[str]:
        said = []
        if holder.department is not None:
            department = self.names.departments.get(holder.department)
            said.append(self._named(department) if department else holder.department)
        if holder.role is not None and not isinstance(holder, Branch):
            role = self.names.roles.get(holder.role)
            said = [" – ".join([*said, self._named(role.name) if role else holder.role])]
        if holder.body is not None:
            body = self.bodies.get(holder.body)
            said.append(self._named(body) if body else holder.body)
        if holder.target is not None:
            said.append(f"{self._say('target')}: {holder.target['days']} {self._say(holder.target['kind'])}")
        return said

    # --- lanes

    def _lanes(self) -> tuple[list[_Lane], list[_Lane]]:
        order = {code: place for place, code in enumerate(self.cards)}
        down: dict[str, _Lane] = {}
        up: dict[str, _Lane] = {}
        for code, card in self.cards.items():
            for index, words in enumerate(card.lines):
                if words.port is None or words.port.to == self.below.get(code):
                    continue
                to = words.port.to
                side = down if order[to] > order[code] else up
                lane = side.setdefault(to, _Lane(to, [], self.cards[to].middle))
                lane.ports.append(card.line_at(index))
        return _placed(list(down.values())), _placed(list(up.values()))

    # --- the picture

    def _x(self, x: float) -> float:
        """Mirrored for a language that is read from the right."""
        return self.width - x if self.language == "ar" else x

    def document(self) -> str:
        title = self._say("title")
        right_to_left = ' direction="rtl"' if self.language == "ar" else ""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(self.width)} {_n(self.height)}" '
            f'width="{_n(self.width)}" height="{_n(self.height)}" role="img" xml:lang="{self.language}" '
            f'font-family="Noto Sans Arabic, Noto Sans, Cairo, Segoe UI, Tahoma, sans-serif"{right_to_left}>')
        parts = [
            head, f"<title>{escape(title)}</title>",
            f'<rect width="{_n(self.width)}" height="{_n(self.height)}" fill="#ffffff"/>']
        if self.workflow.initial in self.cards:
            parts.append(self._start())
        parts += [self._lane(lane, downwards=True) for lane in self.down]
        parts += [self._lane(lane, downwards=False) for lane in self.up]
        for code, card in self.cards.items():
            parts += self._drawn(card)
            if any(words.port is not None and words.port.to == self.below.get(code) for words in card.lines):
                parts.append(self._straight(card, self.cards[self.below[code]]))
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _start(self) -> str:
        card = self.cards[self.workflow.initial]
        x, y = self._x(self.left + CARD / 2), card.top - LINE + 2
        return (f'<circle cx="{_n(x)}" cy="{_n(y)}" r="5" fill="{_INK}"><title>{escape(self._say("start"))}</title>'
                f"</circle>{self._path([(x, y), (x, card.top)], _MAIN, 2)}{self._head(x, card.top, 0, 1, _MAIN)}")

    def _straight(self, card: _Card, target: _Card) -> str:
        on_path = card.state.code in self.main and target.state.code in self.main
        colour, wide = (_MAIN, 2.5) if on_path else (_OTHER, 1.4)
        x = self._x(self.left + CARD / 2)
        return (self._path([(x, card.top + card.height), (x, target.top)], colour, wide)
                + self._head(x, target.top, 0, 1, colour))

    def _lane(self, lane: _Lane, *, downwards: bool) -> str:
        card_side = self.left + (CARD if downwards else 0)
        outward = 1 if downwards else -1
        x = card_side + outward * LANE * (lane.place + 1.4)
        target = self.cards[lane.target].state
        colour = _FILLS[target.outcome][1] if target.outcome in _FILLS else _FILLS[target.kind][1] if (
            target.kind in _FILLS and target.kind != "task") else _OTHER
        drawn = [self._path([(self._x(card_side), port), (self._x(x), port), (self._x(x), lane.end),
                             (self._x(card_side), lane.end)], colour, 1.4) for port in lane.ports]
        drawn += [f'<circle cx="{_n(self._x(card_side))}" cy="{_n(port)}" r="2.6" fill="{colour}"/>'
                  for port in lane.ports]
        tip = self._x(card_side) - self._x(x)
        return "".join(drawn) + self._head(self._x(card_side), lane.end, 1 if tip > 0 else -1, 0, colour)

    def _drawn(self, card: _Card) -> list[str]:
        state = card.state
        fill, line = _FILLS.get(state.outcome or state.kind) or _FILLS.get(state.kind) or _FILLS["end"]
        here = state.code == self.current
        dashed = ' stroke-dasharray="6 4"' if state.kind == "external" else ""
        corner = 16 if state.kind == "end" else 6
        left = min(self._x(self.left), self._x(self.left + CARD))
        frame = (f'<rect x="{_n(left)}" y="{_n(card.top)}" width="{CARD}" height="{_n(card.height)}" rx="{corner}" '
                 f'fill="{fill}" stroke="{"#a3271c" if here else line}" stroke-width="{4 if here else 1.6}"{dashed}/>')
        parts = [f"<g data-state={quoteattr(_clean(state.code))}>{frame}"]
        for first, after in card.boxes:
            top = card.line_at(first) - LINE / 2 - 2
            bottom = card.line_at(after - 1) + LINE / 2 + 2
            parts.append(f'<rect x="{_n(left + 8)}" y="{_n(top)}" width="{CARD - 16}" '
                         f'height="{_n(bottom - top)}" rx="4" fill="#ffffff" stroke="{line}" stroke-width="0.8"/>')
        for index, words in enumerate(card.lines):
            x = self._x(self.left + PAD + words.indent)
            weight = ' font-weight="bold"' if words.bold else ""
            parts.append(f'<text x="{_n(x)}" y="{_n(card.line_at(index) + words.size * 0.36)}" '
                         f'font-size="{words.size}" fill="{words.colour}" text-anchor="start"{weight}>'
                         f"{escape(words.text)}</text>")
            if words.port is not None and words.port.to == self.below.get(state.code):
                x = self._x(self.left + CARD - PAD - words.indent)
                parts.append(self._head(x, card.line_at(index) + 4, 0, 1, _MAIN))
        return [*parts, "</g>"]

    def _path(self, points: list[tuple[float, float]], colour: str, wide: float) -> str:
        steps = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        return (f'<polyline points="{steps}" fill="none" stroke="{colour}" stroke-width="{wide}" '
                'stroke-linejoin="round"/>')

    def _head(self, x: float, y: float, right: int, down: int, colour: str) -> str:
        """An arrow's head whose tip is here and that points right, left (-1) or down."""
        back, half = 8, 4.5
        if down:
            points = [(x, y), (x - half, y - back), (x + half, y - back)]
        else:
            points = [(x, y), (x - right * back, y - half), (x - right * back, y + half)]
        return f'<polygon points="{" ".join(f"{_n(a)},{_n(b)}" for a, b in points)}" fill="{colour}"/>'


def _placed(lanes: list[_Lane]) -> list[_Lane]:
    """Each lane its place beside the cards: short ones near, no two that overlap in one place."""
    taken: list[list[tuple[float, float]]] = []
    for lane in sorted(lanes, key=lambda one: (one.span[1] - one.span[0], one.span)):
        low, high = lane.span
        place = next((place for place, spans in enumerate(taken)
                      if all(high < other_low - 6 or low > other_high + 6 for other_low, other_high in spans)), None)
        if place is None:
            place = len(taken)
            taken.append([])
        taken[place].append((low, high))
        lane.place = place
    return lanes


def _clean(text: str) -> str:
    """Words without what XML cannot hold and without signs that turn the direction of writing."""
    return "".join(char for char in text if (char >= " " or char in "\n\t") and not (
        "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" or "\ud800" <= char <= "\udfff"
        or char in "\u007f\ufffe\uffff"))


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
