"""Every operation of the API that is not the public's: whose it is, as unit_matrix.txt beside this file says, and that
somebody of the same role in another unit gets nowhere near it. Complete by construction: an operation that the table
does not have fails, and so does one that stands there and is gone.

What a role may at all is the other table, tests/unit/gateway/authorisation_matrix.txt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import Node
from tests.support.unit_ground import OTHER, OWN, Answered, UnitGround, operations
from tests.unit.gateway.ground import Service, client_of

TABLE = Path(__file__).parent / "unit_matrix.txt"
WORDS = {"unit", "list", "above", "mine", "person", "whole", "apart"}


def table() -> dict[str, tuple[str, str]]:
    """Operation → the word that says whose it is, and what is said beside it."""
    found = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            method, path, word, *rest = line.split()
            found[f"{method:<7}{path}"] = (word, " ".join(rest))
    return found


def word(name: str) -> str:
    return table().get(name, ("", ""))[0]


@pytest.fixture(scope="module")
def ground() -> Iterator[UnitGround]:
    with Node.running() as node:
        yield UnitGround(node)


@pytest.fixture(scope="module")
def answers(ground: UnitGround) -> dict[str, dict[str, Answered]]:
    """Each operation, asked first from elsewhere and then from the unit itself."""
    return {one.name: {side: ground.ask(one, side) for side in (OTHER, OWN)} for one in operations(ground.document())}


def test_the_table_has_every_operation_and_no_other() -> None:
    described = client_of(Service()).get("/api/v1/openapi.json").get_json()
    named = {one.name for one in operations(described)}
    assert (named - set(table()), set(table()) - named) == (set(), set())
    assert {said for said, _ in table().values()} <= WORDS


def test_another_unit_is_refused_what_the_own_unit_is_not(answers: dict[str, dict[str, Answered]]) -> None:
    wrong = {name: found for name, found in answers.items() if word(name) == "unit"
             and (not found[OTHER].refused or found[OWN].refused or found[OWN].status in (401, 404, 415, 429)
                  or found[OWN].status >= 500)}
    assert wrong == {}


def test_a_list_shows_what_lies_in_the_own_unit_and_nothing_of_another(
    answers: dict[str, dict[str, Answered]],
) -> None:
    wrong = {name: found for name, found in answers.items() if word(name) == "list"
             and not (found[OTHER].status == found[OWN].status == 200
                      and found[OWN].shows and not found[OTHER].shows)}
    assert wrong == {}


def test_the_governorates_money_is_refused_to_whoever_has_a_unit(answers: dict[str, dict[str, Answered]]) -> None:
    wrong = {name: found for name, found in answers.items() if word(name) == "above"
             and {(one.status, one.code) for one in found.values()} != {(403, "unit_bound")}}
    assert wrong == {}


def test_nothing_at_all_shows_another_unit_what_lies_here_but_what_any_clerk_may_find(
    answers: dict[str, dict[str, Answered]],
) -> None:
    shown = {name for name, found in answers.items() if found[OTHER].shows and found[OTHER].status < 300}
    assert {name for name in shown if word(name) not in ("person", "whole")} == set()


def test_what_is_held_elsewhere_is_held_where_the_table_says() -> None:
    """`apart`: what it takes is made in a test of the service that owns it; the file named asks as another unit."""
    for name, (said, told) in table().items():
        if said != "apart":
            continue
        files = [part for part in told.split() if part.endswith(".py")]
        assert files, name
        for one in files:
            text = (TABLE.parent / one).read_text()
            assert any(mark in text for mark in ("forbidden", "unit_bound", "_unknown", "EG-C-02")), (name, one)
