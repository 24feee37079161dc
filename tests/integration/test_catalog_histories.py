"""Proposals through any history: whoever does whatever in whatever order, the doors and a small model of the rule agree
on what is taken, what is refused and where each proposal stands; nothing counts that two people have not agreed on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.actors import Actor
from rules.refusal import Refusal
from tests.support.catalog_ground import BOTH, CLERK, COLLEAGUE, EDITOR, REVIEWER, SECOND, Desk
from tests.support.requests_ground import shop

CODE = "shop-licence"
ACTS = 120
WRITERS, REVIEWERS = (EDITOR, COLLEAGUE, BOTH), (REVIEWER, SECOND, BOTH)


@dataclass
class Modelled:
    """What the rule says of one proposal."""

    proposal_id: str
    version: int
    word: str
    state: str
    based_on: int
    hands: set[str]


@dataclass
class Model:
    """What the rule says of all of them, and what was decided in the end."""

    proposals: list[Modelled] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)  # the keyword of each approved body, in order

    def standing(self) -> int:
        return len(self.decided)

    def sound(self, one: Modelled) -> bool:
        return one.based_on == self.standing() and (not self.decided or self.decided[-1] != one.word)


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Desk]:
    made = Desk(database_url("catalog"))
    yield made
    made.close()


@pytest.mark.parametrize("round_", range(4))
def test_any_history_of_proposals(opened: Desk, chance: random.Random, round_: int) -> None:
    opened.fresh()
    opened.load(shop())
    model = Model()
    for _ in range(ACTS):
        _act(opened, model, chance)
    opened.approved("adoption", _body("كلمة رابعة"))  # whatever was done, an ordinary proposal still goes through
    model.decided.append("كلمة رابعة")
    shown = {one["proposal_id"]: one for one in opened.ask(REVIEWER, "catalog.proposals", limit=200)["proposals"]}
    assert {one.proposal_id: (one.state, one.version) for one in model.proposals}.items() <= {
        key: (one["state"], one["version"]) for key, one in shown.items()}.items()
    assert len(shown) == len(model.proposals) + 1
    assert opened.rows("SELECT count(*) AS n FROM adoption")[0].n == len(model.decided)
    counted = [event.sequence for event in opened.events("catalog.adoption.changed.v1")]
    assert counted == list(range(1, len(model.decided) + 1))
    editions = opened.events("catalog.definition.published.v1")
    assert [event.data["definition"]["keywords"][-1] for event in editions] == model.decided
    by = {str(row.proposal_id): row.by for row in opened.rows("SELECT proposal_id, by FROM approval")}
    for one in model.proposals:
        assert (one.proposal_id in by) is (one.state == "approved")
        assert by.get(one.proposal_id) not in one.hands


def _act(desk: Desk, model: Model, chance: random.Random) -> None:
    actor = chance.choice([EDITOR, COLLEAGUE, BOTH, REVIEWER, SECOND, CLERK])
    if not model.proposals or chance.random() < 0.1:
        _propose(desk, model, chance, actor)
        return
    one = chance.choice(model.proposals[-4:])
    stale = chance.random() < 0.1
    seen = {"proposal_id": one.proposal_id, "version": one.version + (1 if stale else 0)}
    {"amend": _amend, "submit": _submit, "decide": _decide, "withdraw": _withdraw}[
        chance.choice(["amend", "submit", "submit", "decide", "decide", "decide", "withdraw"])
    ](desk, model, chance, actor, one, seen, stale)


def _propose(desk: Desk, model: Model, chance: random.Random, actor: Actor) -> None:
    word = _word(chance)
    answer = _tried(lambda: desk.propose("adoption", _body(word), actor), actor in WRITERS)
    if answer:
        model.proposals.append(Modelled(answer["proposal_id"], 1, word, "draft", model.standing(), {actor.id}))


def _amend(desk: Desk, model: Model, chance: random.Random, actor: Actor, one: Modelled, seen: dict[str, Any],
           stale: bool) -> None:
    word, rebased = _word(chance), chance.random() < 0.7
    more = {"based_on": model.standing()} if rebased else {}
    may = actor in WRITERS and one.state in ("draft", "returned") and not stale
    if _tried(lambda: desk.ask(actor, "catalog.amend", **seen, body=_body(word), **more), may):
        one.version, one.word = one.version + 1, word
        one.based_on = more.get("based_on", one.based_on)
        one.hands.add(actor.id)


def _submit(desk: Desk, model: Model, chance: random.Random, actor: Actor, one: Modelled, seen: dict[str, Any],
            stale: bool) -> None:
    may = actor in WRITERS and one.state in ("draft", "returned") and not stale and model.sound(one)
    if _tried(lambda: desk.ask(actor, "catalog.submit_proposal", **seen), may):
        one.version, one.state = one.version + 1, "in_review"


def _decide(desk: Desk, model: Model, chance: random.Random, actor: Actor, one: Modelled, seen: dict[str, Any],
            stale: bool) -> None:
    decision = chance.choice(["approve", "approve", "return"])
    may = actor in REVIEWERS and one.state == "in_review" and not stale
    if decision == "approve":
        may = may and actor.id not in one.hands and model.sound(one)
    if _tried(lambda: desk.ask(actor, "catalog.decide", **seen, decision=decision, remark="راجع"), may):
        one.version += 1
        one.state = "approved" if decision == "approve" else "returned"
        if decision == "approve":
            model.decided.append(one.word)


def _withdraw(desk: Desk, model: Model, chance: random.Random, actor: Actor, one: Modelled, seen: dict[str, Any],
              stale: bool) -> None:
    may = actor in WRITERS and one.state in ("draft", "in_review", "returned") and not stale and chance.random() < 0.3
    if may and _tried(lambda: desk.ask(actor, "catalog.withdraw_proposal", **seen), may):
        one.version, one.state = one.version + 1, "withdrawn"


def _tried(act: Callable[[], dict[str, Any]], may: bool) -> dict[str, Any] | None:
    """The answer, when the rule lets it through; otherwise it is refused, and changes nothing but the trace."""
    try:
        answer = act()
    except Refusal as refusal:
        assert not may, refusal
        return None
    assert may, answer
    return answer


def _word(chance: random.Random) -> str:
    return chance.choice(["كلمة أولى", "كلمة ثانية", "كلمة ثالثة"])


def _body(word: str) -> dict[str, Any]:
    return {"code": CODE, "offered": True, "overrides": {"keywords": [word]}}
