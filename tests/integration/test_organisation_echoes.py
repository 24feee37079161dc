"""Who says what an entity of the organisation is: the centre from its first word about it on, before that its
governorate. A node tells on what it took over; however late that echo comes, it changes nothing at the centre."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from chassis.ids import named
from contracts.events import Event
from contracts.organisation import CHANGED
from infra.postgres import Postgres
from rules.refusal import Refusal
from services.gateway import organisation
from services.gateway.link.arrival import Arrival
from tests.support import databases
from tests.support.catalog_country import Line, hear
from tests.support.centre_ground import Centre
from tests.support.organisation_office import Office

UNIT = "EG-C-01"  # of the published lists: both may speak of it
SUBJECT = named("catalog.organisation", "unit", UNIT)


class Country:
    """The catalogs of both places, and what the centre's gateway makes of what it hears of either. Names tell whose
    word it is: C1, C2 of the centre, N1, N2 of the node."""

    def __init__(self, line: Line, gateway: Centre) -> None:
        self.line, self.gateway = line, gateway
        self.down: list[Event] = []
        self.up: list[Event] = []
        self.own: list[Event] = []  # of the centre's catalog, on the way to its own gateway

    def fresh(self) -> None:
        self.line.fresh()
        self.gateway.fresh()
        self.said = {"C": 0, "N": 0}
        self.down, self.up, self.own = [], [], []

    def says(self, who: str) -> None:
        """A change of the unit, each from a later day on, approved as changes are."""
        office = self.line.centre if who == "C" else self.line.node
        name = f"{who}{self.said[who] + 1}"
        told = len(office.events(CHANGED.name))
        body = {"kind": "district", "governorate": "EG-C", "status": "open", "name": {"ar": name, "en": name}}
        office.carry({"op": "change", "kind": "unit", "code": UNIT, "from": office.day(5 + sum(self.said.values())),
                      "body": body})
        self.said[who] += 1
        (self.own if who == "C" else self.up).extend(office.events(CHANGED.name)[told:])
        self.down += self.line.coming_down()

    def node_hears(self, one: Event) -> None:
        told = len(self.line.node.events(CHANGED.name))
        hear(self.line.node, one)
        self.up += self.line.node.events(CHANGED.name)[told:]

    def centre_hears(self, *events: Event, epoch: int = 1) -> None:
        self.gateway.hear(*(self.arrival(one, epoch) for one in events))

    def arrival(self, one: Event, epoch: int = 1) -> Arrival:
        return self.gateway.arrival("EG-C", one.type, SUBJECT, one.sequence, one.data, epoch=epoch)

    def gateway_hears(self, one: Event) -> None:
        self.gateway.attempt(lambda work: organisation.take(work, one))

    def at_centre(self) -> str | None:
        """Whose word stands in the centre's gateway."""
        rows = self.gateway.rows("SELECT timeline FROM organisation WHERE code = :c", c=UNIT)
        return rows[0].timeline[-1]["body"]["name"]["en"] if rows else None

    def at_node(self) -> str:
        shown = self.line.node.list("unit", on=self.line.node.day(60), limit=500)[UNIT]
        return str(shown["name"]["en"])


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str], postgres: Postgres) -> Iterator[Country]:
    centre_url = databases.create(postgres, "catalog", migrated=True)
    made = Country(Line(Office(centre_url, node="EG"), Office(database_url("catalog"))),
                   Centre(database_url("gateway")))
    yield made
    for one in (made.line.centre, made.line.node, made.gateway):
        one.close()
    postgres.drop_database(centre_url.rsplit("/", 1)[1])


@pytest.fixture
def country(opened: Country) -> Country:
    opened.fresh()
    return opened


def test_a_late_echo_of_the_first_word_leaves_the_second_as_it_stands(country: Country) -> None:
    country.says("C")
    country.node_hears(country.down.pop(0))
    [echo] = country.up
    assert (echo.data["answers"], echo.data["heard"]) == (1, 1)
    country.says("C")
    for one in country.own:
        country.gateway_hears(one)
    country.centre_hears(echo)
    assert country.at_centre() == "C2"
    country.node_hears(country.down.pop(0))
    country.centre_hears(country.up[-1], echo)
    assert (country.at_centre(), country.at_node()) == ("C2", "C2")


def test_the_echo_that_comes_before_the_centres_gateway_heard_the_word_itself_is_nobodys_word(
        country: Country) -> None:
    country.says("C")
    country.node_hears(country.down.pop(0))
    country.centre_hears(country.up[0])
    assert country.at_centre() is None
    country.gateway_hears(country.own[0])
    assert country.at_centre() == "C1"


def test_what_the_node_says_of_its_own_is_seen_until_the_centre_speaks_and_counts_no_more_afterwards(
        country: Country) -> None:
    country.says("N")
    country.says("N")
    first, second = country.up
    assert (first.data["answers"], first.data["heard"]) == (None, 0)
    country.centre_hears(second)
    country.centre_hears(first)
    assert country.at_centre() == "N2"
    country.says("C")
    country.gateway_hears(country.own[0])
    country.says("N")  # it has not heard yet
    country.centre_hears(country.up[-1])
    assert (country.at_centre(), country.at_node()) == ("C1", "N3")


def test_a_node_that_hears_late_gives_way_with_what_it_changed_since_and_says_how_much_rests(country: Country) -> None:
    country.says("C")
    country.says("N")  # later than the centre's, which is still on its way
    country.says("N")
    country.node_hears(country.down[0])
    assert country.at_node() == "C1"
    row = country.line.node.audited("organisation.received")[-1]
    assert row.details["rests"] == 2
    history = country.line.node.history("unit", UNIT)  # nothing is forgotten of what it had approved
    assert [one["body"]["name"]["en"] for one in history if one["op"] == "change"] == ["N1", "N2"]
    assert history[-1]["op"] == "received" and history[-1]["body"]["name"]["en"] == "C1"
    with pytest.raises(Refusal, match="organisation_kept_by_centre"):
        country.says("N")
    country.gateway_hears(country.own[0])
    country.centre_hears(*country.up)
    assert country.at_centre() == "C1"


def test_a_word_of_the_node_that_was_said_in_knowledge_of_the_centres_is_seen(country: Country) -> None:
    """As where a node may speak again of what the centre has let go."""
    country.says("N")
    country.says("C")
    [own], [decree] = country.up, country.own
    country.gateway_hears(decree)
    knowing = Event(own.id, own.type, own.source, own.subject, 9, own.time, "test", {**own.data, "heard": 1})
    country.centre_hears(knowing)
    assert country.at_centre() == "N1"
    country.gateway_hears(decree)  # the bus brings it once more
    assert country.at_centre() == "N1"
    country.says("C")
    country.gateway_hears(country.own[-1])
    country.centre_hears(knowing)
    assert country.at_centre() == "C2"


def test_a_restored_node_that_forgot_the_centres_word_does_not_take_it_back(country: Country) -> None:
    country.says("C")
    country.gateway_hears(country.own[0])
    country.says("N")  # of a catalog that has forgotten what it had taken over
    country.centre_hears(country.up[-1], epoch=2)
    assert country.at_centre() == "C1"
    country.node_hears(country.down[0])  # which the centre sends again
    assert country.at_node() == "C1"


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_words_come_the_same_one_stands_at_the_centre(country: Country, data: st.DataObject) -> None:
    """Decrees, own words, echoes: any order, any number of times, alone or in batches."""
    country.gateway.fresh()
    body = {"kind": "district", "governorate": "EG-C", "status": "open"}

    def word(name: str, sequence: int, **more: Any) -> Event:
        told = {"kind": "unit", "code": UNIT, **more, "timeline": [
            {"valid_from": "2026-01-01", "valid_until": None, "body": {**body, "name": {"ar": name, "en": name}}}]}
        return Event(SUBJECT, CHANGED.name, "urn:test", SUBJECT, sequence, country.gateway.now, "test", told)

    decrees = data.draw(st.integers(0, 3), label="words of the centre")
    heard = data.draw(st.lists(st.tuples(st.integers(0, decrees), st.integers(1, 2)), max_size=4), label="of the node")
    keys: dict[str, tuple[int, int, int]] = {}
    acts: list[tuple[str, Event, int]] = []
    for number in range(1, decrees + 1):
        keys[f"C{number}"] = (number, 0, 0)
        acts.append(("decree", word(f"C{number}", number), 0))
        acts.append(("node", word(f"echo{number}", 20 + number, answers=number, heard=number), 1))
    for sequence, (known, epoch) in enumerate(heard, 1):
        keys[f"N{sequence}"] = (known, epoch, sequence)
        acts.append(("node", word(f"N{sequence}", sequence, answers=None, heard=known), epoch))
    if not acts:
        return
    order = data.draw(st.permutations(acts + data.draw(st.lists(st.sampled_from(acts), max_size=4), label="again")))
    while order:
        kind, one, epoch = order.pop()
        if kind == "decree":
            country.gateway_hears(one)
            continue
        batch = [(one, epoch)]
        while order and order[-1][0] == "node" and data.draw(st.booleans(), label="in one batch"):
            batch.append(order.pop()[1:])
        country.gateway.hear(*(country.arrival(each, of) for each, of in batch))
    assert country.at_centre() == (max(keys, key=lambda name: keys[name]) if keys else None)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_once_everything_has_arrived_both_places_say_the_same_and_never_before_takes_the_centre_a_word_back(
        country: Country, data: st.DataObject) -> None:
    """Both places at work, with a line that holds things back: at every moment the centre's gateway stands at the
    centre's newest word that it heard."""
    country.fresh()
    newest = 0

    def holds() -> None:
        if newest:
            assert country.at_centre() == f"C{newest}"

    for _ in range(data.draw(st.integers(3, 9), label="steps")):
        act = data.draw(st.sampled_from(("C", "N", "down", "up", "own")))
        if act in "CN":
            with suppress(Refusal):  # of the node, once it has heard: kept by the centre
                country.says(act)
        elif act == "down" and country.down:
            country.node_hears(data.draw(st.sampled_from(country.down)))
        elif act == "up" and country.up:
            country.centre_hears(*data.draw(st.permutations(country.up)))
        elif act == "own" and country.own:
            one = data.draw(st.sampled_from(country.own))
            country.gateway_hears(one)
            newest = max(newest, one.sequence)
        holds()
    event(f"decrees {country.said['C']}, own {country.said['N']}")
    for one in country.down:
        country.node_hears(one)
    for one in country.own:
        country.gateway_hears(one)
    newest = country.said["C"]
    for one in data.draw(st.permutations(country.up)):
        country.centre_hears(one)
        holds()
    if country.said["C"] or country.said["N"]:
        assert country.at_centre() == country.at_node()
