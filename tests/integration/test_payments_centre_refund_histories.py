"""Histories of refunds at the centre's rail in which a place is lost and restored from a backup: whatever it forgot,
the rail gives no line of a bill back twice, nobody pays it by hand as well, and in the end both books say the same.

People do what people do: ask, approve, reject, send again, give up, and pay in cash where they are let. No rule can
hold back cash that leaves the drawer before a restored node could hear of anything: these wait for the line first."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.events import Event
from infra.peers.client import Peers
from infra.postgres import Postgres
from rules.refusal import Refusal
from services.payments import charge_refunds, refund_wishes
from services.payments.rails import base
from tests.support import databases
from tests.support.callback_door import CallbackDoor
from tests.support.centre_refunds_ground import STAMP, at_rail, paid, stage, up
from tests.support.examples import THOROUGH
from tests.support.payments_country import Country
from tests.support.payments_ground import TOTAL, Ground
from tests.support.refunds_ground import CASHIER, OTHER_CASHIER, ask, decide, hand_over, standing, steer

__all__ = ["stage"]  # a fixture

BILLS, ACTS = 3, 60
LINES = {"inspection": TOTAL - 2_050, "stamp": 2_050}
SEEN = "the statement of the day shows what became of it"


@pytest.fixture
def country(postgres: Postgres, peers: Peers, door: CallbackDoor) -> Iterator[Country]:
    urls = [databases.create(postgres, "payments", migrated=True) for _ in range(2)]
    made = Country(*urls, peers.url, door.url, datetime.now(UTC))
    made.node.at_counter(CASHIER)
    made.node.at_counter(OTHER_CASHIER, opening=100 * TOTAL)
    yield made
    last = [made.node.settings.database_url, made.centre.settings.database_url]
    made.close()
    for url in {*urls, *last}:
        postgres.drop_database(url.rsplit("/", 1)[1])


class History:
    """One seeded history, and what really happened in it, which no restored place can forget."""

    def __init__(self, country: Country, postgres: Postgres, chance: random.Random, place: str) -> None:
        self.country, self._postgres, self._chance, self._place = country, postgres, chance, place
        self.bills = [paid(country)[0] for _ in range(BILLS)]
        self.gave: dict[str, int] = {}  # by the rail, piastres by refund
        self.cash: list[dict[str, Any]] = []  # refunds handed over
        self._parts: dict[str, tuple[str, list[dict[str, Any]]]] = {}  # of each order: its bill and parts
        self.ups: list[Event] = []
        self.downs: list[Event] = []
        self._reached = {"centre": 0, "node": 0}  # how many of them
        self._backup: tuple[str, int, int] | None = None  # of which database, and how far it had told
        self.restored = False

    # -- the rail ---------------------------------------------------------------------------------------------------

    def answer(self, order: base.RefundOrder) -> Any:
        """Of an order that it knows the rail says what it did; it gives nothing twice under one number, which is no
        help against two numbers."""
        if order.refund_reference in self.gave:
            assert order.repeated, "sent again without a question"
            return base.DONE
        order.check_sending()
        said = self._chance.choice((base.DONE, base.DONE, "lost", "refuse", "down", "doubt"))
        if said in (base.DONE, "lost", "doubt"):
            self.gave[order.refund_reference] = order.amount
        return {base.DONE: base.DONE, "lost": base.RailUnreachable("cut"), "down": base.RailUnreachable("down"),
                "refuse": base.RailRefused("no"), "doubt": base.RefundUncertain("who knows")}[said]

    # -- what may happen --------------------------------------------------------------------------------------------

    def go(self) -> None:
        acts: list[Callable[[], None]] = [self.people, self.people, self.tell, self.reach_centre, self.reach_node,
                                          self.at_rail, self.at_statement]
        moments = sorted(self._chance.sample(range(5, ACTS), 2))
        for number in range(ACTS):
            if number == moments[0]:
                self.back_up()
            elif number == moments[1]:
                self.restore()
            else:
                self._chance.choice(acts)()

    def tell(self) -> None:
        told = up(self.country)
        for event in told:
            if "parts" in event.data:
                self._parts[UUID(str(event.data["refund_id"])).hex] = event.data["bill_number"], event.data["parts"]
        self.ups += told
        self.downs += self.country.coming_down()

    def reach_centre(self) -> None:
        self.country.at_centre(self._next("centre", self.ups))

    def reach_node(self) -> None:
        self.country.at_node(self._next("node", self.downs))
        refund_wishes.ask_forgotten(self.country.node)  # type: ignore[arg-type]

    def _next(self, place: str, events: list[Event]) -> list[Event]:
        """So many more of them as the line brings, in their order."""
        reached = self._reached[place]
        come = events[reached : reached + self._chance.choice((1, 2, 100))]
        self._reached[place] += len(come)
        return come

    def at_rail(self) -> None:
        self.country.wait(seconds=self._chance.choice((70, 70, 4_000)))
        at_rail(self.country)

    def at_statement(self, everything: bool = False) -> None:
        """A person at the centre looks at the rail's statement for what is in doubt."""
        for row in self.country.centre.rows("SELECT id FROM charge_refund WHERE state = 'uncertain'"):
            if everything or self._chance.random() < 0.3:
                body = {"refund_id": row.id, "given_back": row.id.hex in self.gave, "reference": "R-1",
                        "rail": None, "reason": SEEN}
                self.country.centre.attempt(lambda work, body=body: charge_refunds.settle(work, body))

    def _may_pay(self) -> bool:
        """Whether cash leaves the drawer of a node that heard all that there is, or that never was restored. What it
        paid after its last backup only the drawer would show."""
        self.downs += self.country.coming_down()
        return self._place == "centre" or self._backup is None or (
            self.restored and self._reached["node"] == len(self.downs))

    def people(self, cautious: bool = False) -> None:
        bill = self._chance.choice(self.bills)
        found = standing(self.country.node, bill)["refunds"]
        open_ = [one for one in found if one["state"] not in ("done", "rejected")]
        try:
            if open_:
                self._decide(open_[-1], cautious)
            elif not cautious:
                ask(self.country.node, bill, lines=self._chance.choice((None, STAMP)))
        except Refusal:
            return  # said to them, and nothing happened

    def _decide(self, one: dict[str, Any], cautious: bool) -> None:
        node, chance = self.country.node, self._chance
        by_hand = not cautious and self._may_pay()
        if one["state"] == "requested":
            approve = cautious or chance.random() < 0.8
            way = "cash" if by_hand and chance.random() < 0.3 else None
            try:
                decide(node, one["refund_id"], approve=approve, **({"way": way} if approve else {}))
            except Refusal:
                if not cautious:
                    raise
                decide(node, one["refund_id"], approve=False)
        elif one["state"] == "approved" and one["way"] == "cash" and by_hand:
            hand_over(node, one["refund_id"])
            self.cash.append(one)
        elif one["state"] == "approved" and one["way"] == "cash" and cautious:
            steer(node, one["refund_id"], "rerouted", way="rail")
        elif one["state"] == "refused":
            act = "sent_again" if cautious else chance.choice(("sent_again", "given_up", "rerouted"))
            if act == "rerouted":
                steer(node, one["refund_id"], act, way="cash" if by_hand else "rail")
            else:
                try:
                    steer(node, one["refund_id"], act)
                except Refusal:
                    if not cautious:
                        raise
                    steer(node, one["refund_id"], "given_up")
        elif one["state"] == "uncertain" and chance.random() < 0.3:
            steer(node, one["refund_id"], "sent_again")

    # -- a place is lost --------------------------------------------------------------------------------------------

    def _ground(self) -> Ground:
        ground: Ground = getattr(self.country, self._place)
        return ground

    def _told(self) -> list[Event]:
        """By the place that is lost and restored."""
        return self.ups if self._place == "node" else self.downs

    def back_up(self) -> None:
        """Of one moment, as a base backup is."""
        self.tell()
        ground = self._ground()
        [told] = ground.rows("SELECT coalesce(max(id), 0) AS last FROM event_log")
        self._backup = self._copied(ground), told.last, len(self._told())

    def _copied(self, ground: Ground) -> str:
        name = f"{ground.settings.database_url.rsplit('/', 1)[1]}_copy"
        ground.database.close()
        return self._postgres.create_database(name, "payments", ground.settings.database_url.rsplit("/", 1)[1])

    def restore(self) -> None:
        """From the backup, in the next epoch. What the lost place had told and nobody had heard is lost; what it was
        told since the backup is told again, from somewhat before that on."""
        assert self._backup is not None
        former, (url, last, told) = self._ground(), self._backup
        heard = self._reached["centre" if self._place == "node" else "node"]
        del self._told()[max(heard, told):]
        self._reached[self._place] = 0
        former.close()
        self.country.restore(self._place, url, last)
        self.restored = True

    # -- the end ----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """The line is up and everybody does their work until nothing is left to do."""
        for _ in range(80):
            self.tell()
            self.reach_centre()
            self.country.wait(seconds=4_000)
            at_rail(self.country)
            self.at_statement(everything=True)
            self.tell()
            self.reach_node()
            for _ in range(BILLS):
                self.people(cautious=True)

    def back(self) -> Counter[tuple[str, str]]:
        """What really went back, piastres by bill and line."""
        found: Counter[tuple[str, str]] = Counter()
        for reference in self.gave:
            bill, parts = self._parts[reference]
            for part in parts:
                found[bill, part["code"]] += part["amount"]
        for one in self.cash:
            for part in one["parts"]:
                found[one["bill_number"], part["code"]] += part["amount"]
        return found


@pytest.mark.parametrize("place", ["node", "centre"])
@pytest.mark.parametrize("number", range(20 if THOROUGH else 4))
def test_nothing_goes_back_twice_and_both_books_agree(
        country: Country, stage: Any, postgres: Postgres, chance: random.Random, place: str, number: int) -> None:
    goes_well(country, stage, History(country, postgres, chance, place))


@pytest.mark.parametrize(("place", "drawn"), [
    # A centre that was restored heard two orders of one charge again, and had the later when it judged the earlier.
    ("centre", ("184341:tests/integration/test_payments_centre_refund_histories.py::"
                "test_nothing_goes_back_twice_and_both_books_agree[3-centre]"))])
def test_a_history_that_once_went_wrong_goes_well(
        country: Country, stage: Any, postgres: Postgres, place: str, drawn: str) -> None:
    goes_well(country, stage, History(country, postgres, random.Random(drawn), place))


def goes_well(country: Country, stage: Any, history: History) -> None:
    stage(*[history.answer] * 2_000)
    history.go()
    history.end()
    assert history.restored
    too_much = {line: amount for line, amount in history.back().items() if amount > LINES[line[1]]}
    assert not too_much, f"given back twice: {too_much}"
    assert (country.node.faults(), country.centre.faults()) == ([], [])
    assert country.owed() == country.got()
    states = {one["state"] for bill in history.bills for one in standing(country.node, bill)["refunds"]}
    assert states <= {"done", "rejected"}, states
