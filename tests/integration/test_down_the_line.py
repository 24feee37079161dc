"""The centre and a governorate with their own servers and processes, and a line between them that is cut: what the
centre tells takes effect at the node, and a bill of the node is paid at a rail of the centre."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from chassis import actors, boxes, config
from chassis.actors import Actor
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.agencies import ANSWER_GIVEN
from contracts.definition import authoring
from contracts.organisation_change import read_change
from infra.country.places import Country, Place
from infra.demo.walk import Walk
from infra.peers import keys, sample_keys
from infra.peers.client import Peers
from rules.calendar import cairo_date
from services.catalog import organisation_records, publishing
from services.gateway import demo
from services.gateway.link import commands
from services.payments import refunds
from tests.support.line import Line, until
from tests.support.linked import sql
from tests.support.node import GUIDE

NODE = "EG-C"
LINK = ("gateway.link",)
AT_NODE = ("catalog", "requests", "payments", "notifications", "gateway")
AT_CENTRE = ("catalog", "payments", "gateway")
RAIL_KEYS = keys.fresh()
NOTE = "لا مانع لدينا"


class Ground:
    """Two places and what people do in them."""

    def __init__(self, peers: Peers) -> None:
        self.peers = peers
        self.line: Line | None = None
        self.country = Country([NODE], more=self._more, dial=self._dial)
        self.centre, self.node = self.country.centre, self.country.nodes[NODE]

    def start(self) -> None:
        self.country.start_servers()
        self.line = Line(self.centre.broker.tls_port or 0).start()
        self.country.migrate()
        self.at(self.node, "gateway", demo.load_demo_accounts)
        for place, names in ((self.node, AT_NODE), (self.node, LINK), (self.centre, AT_CENTRE), (self.centre, LINK)):
            place.start(*names)
        for place, names in ((self.node, AT_NODE), (self.node, LINK), (self.centre, AT_CENTRE), (self.centre, LINK)):
            place.wait_ready(*names)

    def at(self, place: Place, service: str, run: Callable[[UnitOfWork], Any], actor: Actor | None = None) -> Any:
        """Run a capability of a place as its service would."""
        settings = config.load(service, place.environment(service))
        database = Database(settings.database_url, 1)
        context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys))
        try:
            return attempt(lambda: UnitOfWork(context, actor or actors.system(service), uuid7().hex), run)
        finally:
            database.close()

    def walk(self) -> Walk:
        return Walk(self.node.url, self.peers.pay, rail="centre")

    def one(self, place: Place, service: str, statement: str, *values: object) -> Any:
        rows = sql(place, service, statement, *values)
        return rows[0] if rows else None

    def soon(self, ask: Callable[[], Any], seconds: float = 90) -> Any:
        """What `ask` answers once it is true."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = [ask()]
            return bool(found[0])

        until(look, seconds, lambda: "\n".join(place.tail(*names) for place, names in (
            (self.node, AT_NODE), (self.node, LINK), (self.centre, AT_CENTRE), (self.centre, LINK))))
        return found[0]

    def _dial(self, code: str, port: int) -> int:
        assert self.line is not None
        return self.line.port

    def _more(self, place: Place) -> Mapping[str, str]:
        common = {"SHUBBAK_LINK_HELLO": "1", "SHUBBAK_RATE_LIMITS": "off"}
        if place.role == "centre":
            return common | sample_keys.environment(self.peers.url, place.url) | RAIL_KEYS
        return common | {
            "SHUBBAK_GUIDE_OFFER": "all", "SHUBBAK_CENTRE_RAIL": "fawry",
            "SHUBBAK_SMPP_HOST": self.peers.host, "SHUBBAK_SMPP_PORT": str(self.peers.smpp),
            "SHUBBAK_SMPP_SYSTEM_ID": "shubbak", "SHUBBAK_SMPP_PASSWORD": "sample-1",
            "SHUBBAK_SMTP_HOST": self.peers.host, "SHUBBAK_SMTP_PORT": str(self.peers.smtp),
            "SHUBBAK_MAIL_FROM": "shubbak@cairo.example"}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Peers.running(env=RAIL_KEYS) as peers:
        made = Ground(peers)
        try:
            made.start()
            yield made
        finally:
            try:
                made.country.close()
            finally:
                if made.line is not None:
                    made.line.close()


def _publish(ground: Ground) -> None:
    definition = authoring.read_file(GUIDE / "shop-licence.yaml")
    ground.at(ground.centre, "catalog", lambda work: publishing.load_national(work, definition, None, adopt=True))


def _decree(ground: Ground) -> str:
    day = cairo_date(ground.at(ground.centre, "catalog", lambda work: work.now))
    body = {"name": {"ar": "إجازة", "en": "Day off"}, "effect": "holiday", "first": day.isoformat(),
            "last": day.isoformat(), "decree": {"number": "9/2026", "date": day.isoformat()}}
    change = read_change({"operations": [{"op": "add", "kind": "holiday", "code": "decree-9", "body": body}]}, day)
    assert change.faults == []

    def carry(work: UnitOfWork) -> None:
        seen, organisation = organisation_records.read(work)
        organisation_records.write(work, seen, organisation, change.operations.values(), uuid7())

    ground.at(ground.centre, "catalog", carry)
    return day.isoformat()


def test_from_the_centres_guide_to_a_bill_of_the_node_paid_at_the_centre(ground: Ground) -> None:
    _publish(ground)
    walk = ground.walk()
    ground.soon(lambda: _offered(ground, walk))
    lodged = _lodged(walk)
    walk.pay_bill(lodged, "inspection")
    paid = ground.one(ground.node, "payments", "SELECT rail, state, total FROM bill")
    assert (paid.rail, paid.state) == ("centre", "paid")
    charge = ground.one(ground.centre, "payments", "SELECT node, rail, state, paid_amount FROM charge")
    assert (charge.node, charge.rail, charge.state, charge.paid_amount) == (NODE, "fawry", "paid", paid.total)
    _agree(ground)

    # While the line is cut the wish waits; when it is back it goes out, and the payment goes on.
    assert ground.line is not None
    other = _lodged(walk)
    bill = walk.until(lambda: walk.bill(other, "inspection"), bool)
    ground.line.cut()
    started = walk.post(f"/bills/{bill['bill_id']}/payments", {"rail": "centre"})
    assert (started["state"], started["reference"], started["travels"]) == ("created", None, True)
    refund_id = _given_back(ground, walk.bill(lodged, "inspection")["bill_id"])
    refund = "SELECT state, error FROM refund WHERE id = %s"
    ground.soon(lambda: ground.one(ground.node, "payments", refund, refund_id).state == "sent")
    day = _decree(ground)
    ordered = ground.at(ground.centre, "gateway", lambda work: commands.order(
        work, NODE, "report", {}, "متابعة الربط بعد القطع"),
        Actor(id="staff:operator", kind="staff", roles=("administrator",)))
    ground.at(ground.centre, "gateway", _answer)
    ground.line.mend()
    bill = ground.soon(lambda: (found := walk.bill(other, "inspection")) and found["reference"] and found)
    ground.peers.pay(bill["reference"], "duplicate")  # the rail says it twice
    ground.soon(lambda: (walk.bill(other, "inspection") or {})["state"] == "paid")
    # So does what was given back: the rail has given it, once, and both books say so.
    ground.soon(lambda: ground.one(ground.node, "payments", refund, refund_id).state == "done")
    there = ground.one(ground.centre, "payments", "SELECT state FROM charge_refund WHERE id = %s", refund_id)
    assert there.state == "done"
    assert [len(one["refunds"]) for one in ground.peers.charges() if one["refunds"]] == [1]
    _agree(ground)

    # What was decreed and ordered meanwhile has arrived as well.
    kept = ground.soon(lambda: ground.one(ground.node, "requests",
                                          "SELECT timeline FROM organisation WHERE code = 'decree-9'"))
    assert kept.timeline[0]["body"]["first"] == day
    stray = ground.soon(lambda: ground.one(ground.node, "requests", "SELECT state, why, note FROM letter_answer"))
    assert (stray.state, stray.why) == ("aside", "letter_unknown") and stray.note and NOTE not in stray.note
    answered = ground.soon(lambda: ground.one(
        ground.centre, "gateway", "SELECT outcome, answer FROM link_command WHERE id = %s AND outcome IS NOT NULL",
        ordered["command_id"]))
    assert answered.outcome == "done" and answered.answer["epoch"] == 1
    for place in (ground.node, ground.centre):
        assert sql(place, "gateway", "SELECT type, reason, detail FROM link_parked") == []


def _answer(work: UnitOfWork) -> None:
    """An agency answers, at the centre, a letter of which the node knows nothing."""
    answer_id = uuid7()
    work.append(ANSWER_GIVEN, answer_id, 1, {
        "answer_id": answer_id, "node": NODE, "number": "L-C-2026-000777-X", "body": "civil-defence",
        "agency": "civil-defence", "agency_name": {"ar": "الحماية المدنية", "en": "Civil Defence"}, "opinion": "agreed",
        "answered_on": cairo_date(work.now), "reference": None,
        "note": boxes.seal(NOTE.encode(), boxes.public_keys(work.settings)[NODE]), "given_at": work.now})


def _given_back(ground: Ground, bill_id: str) -> Any:
    """Two persons of finance at the node decide that a bill goes back."""
    first, second = (Actor(id=f"staff:finance-{one}", kind="staff", roles=("finance_officer",)) for one in "ab")
    asked = ground.at(ground.node, "payments", lambda work: refunds.request(work, {
        "bill_id": UUID(bill_id), "credit_id": None, "lines": None, "reason": "the request was withdrawn"}), first)
    ground.at(ground.node, "payments", lambda work: refunds.decide(work, {
        "refund_id": asked["refund_id"], "approve": True, "way": None, "reason": "checked the receipt"}), second)
    return asked["refund_id"]


def _offered(ground: Ground, walk: Walk) -> bool:
    """Whether whoever deals with an application at the node knows the service; each hears of it when it does."""
    known = "SELECT 1 FROM definition WHERE code = 'shop-licence'"
    return bool(walk.get("/services")["services"]) and all(
        ground.one(ground.node, service, known) for service in ("requests", "payments"))


def _lodged(walk: Walk) -> str:
    return str(walk.lodge()["tracking_number"])


def _agree(ground: Ground) -> None:
    """What the centre owes the node and what the node has from the centre's rail are the same, to the piastre."""
    balance = "SELECT coalesce(sum(amount), 0)::bigint AS sum FROM entry WHERE account = %s"
    owed = -ground.one(ground.centre, "payments", balance, f"node:{NODE}").sum
    assert owed == ground.one(ground.node, "payments", balance, "rail:centre").sum > 0
