"""Remote commands and keys by the line: carried out once, in time, answered, recorded at both ends; nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import Actor
from chassis.config import Role
from chassis.ids import uuid7
from chassis.uow import UnitOfWork, attempt
from rules.link_commands import COMMANDS
from rules.refusal import Refusal
from services.gateway.link import commands, keys_down
from services.gateway.link.appliers import AT_CENTRE, AT_NODE
from services.gateway.link.arrival import Applier
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import CENTRE, NODE, End, empty, public

ADMINISTRATOR = Actor(id="staff:operator", kind="staff", roles=("administrator",))
CLERK = Actor(id="staff:clerk", kind="staff", roles=("window_clerk",))
REASON = "متابعة الربط بعد انقطاع"
_PLACE = """
    UPDATE event_log SET position = base.last + fresh.n FROM (
      SELECT id, row_number() OVER (ORDER BY id) AS n FROM event_log WHERE position IS NULL) AS fresh,
      (SELECT coalesce(max(position), 0) AS last FROM event_log) AS base WHERE event_log.id = fresh.id"""


class Real(End):
    """An end whose arrivals take effect as they do in a place."""

    def appliers(self) -> tuple[Applier, ...]:
        return AT_CENTRE if self.role is Role.CENTRE else AT_NODE

    def start(self, epoch: int = 1, **settings: Any) -> None:
        super().start(epoch, **settings)
        self.settings.environ["SHUBBAK_LINK_PEERS"] = f"{self.peer}=k1:x"  # type: ignore[index]

    def send(self) -> list[Any]:
        self.do(_PLACE)
        return super().send()

    def order(self, name: str = "report", arguments: dict[str, Any] | None = None, *, actor: Actor = ADMINISTRATOR,
              node: str = NODE, reason: str = REASON) -> dict[str, Any]:
        ordered: dict[str, Any] = attempt(
            lambda: UnitOfWork(self.context, actor, "test"),
            lambda work: commands.order(work, node, name, arguments or {}, reason))
        return ordered

    def command(self, ordered: dict[str, Any]) -> Any:
        return self.one("SELECT * FROM link_command WHERE id = :i", i=UUID(ordered["command_id"]))

    def audited(self, action: str) -> list[Any]:
        return self.rows("SELECT subject, actor_id, details FROM audit WHERE action = :a ORDER BY id", a=action)


@pytest.fixture
def ends(urls: tuple[str, str]) -> Iterator[tuple[Real, Real]]:
    for url in urls:
        empty(url)
    node, centre = Real(urls[0], Role.NODE), Real(urls[1], Role.CENTRE, mine=2, theirs=1)
    for end in (node, centre):
        end.do("TRUNCATE audit")
    yield node, centre
    node.close()
    centre.close()


def exchange(node: Real, centre: Real) -> None:
    for _ in range(3):
        centre.take(node.send() + node.speak())
        node.take(centre.send() + centre.speak())


def test_an_order_is_carried_out_answered_and_recorded_at_both_ends(ends: tuple[Real, Real]) -> None:
    node, centre = ends
    node.tell(3)
    exchange(node, centre)
    ordered = centre.order()
    exchange(node, centre)
    done = centre.command(ordered)
    assert (done.outcome, done.code, done.answer["line"]["applied"]) == ("done", None, 3)
    here = node.command(ordered)
    assert (here.outcome, here.ordered_by, here.reason) == ("done", "EG/staff:operator", REASON)
    given = commands.listed(UnitOfWork(node.context, ADMINISTRATOR, "test"), CENTRE, None)["commands"]
    assert [str(one["command_id"]) for one in given] == [ordered["command_id"]]
    assert [row.actor_id for row in centre.audited("link.command_ordered")] == ["staff:operator"]
    [carried] = node.audited("link.command_carried_out")
    assert carried.details["by"] == "EG/staff:operator" and carried.details["outcome"] == "done"
    assert len(centre.audited("link.command_answered")) == 1


def test_an_order_that_comes_twice_is_one(ends: tuple[Real, Real]) -> None:
    node, centre = ends
    ordered = centre.order()
    told = centre.send()
    node.take(told + told)
    exchange(node, centre)
    assert centre.command(ordered).outcome == "done"
    assert len(node.audited("link.command_carried_out")) == len(centre.audited("link.command_answered")) == 1


def test_an_order_that_comes_after_its_time_is_answered_and_not_carried_out(ends: tuple[Real, Real]) -> None:
    node, centre = ends
    ordered = centre.order()
    told = centre.send()
    node.now += timedelta(days=COMMANDS["report"].good_days, hours=1)  # the line was cut
    node.take(told)
    exchange(node, centre)
    assert (centre.command(ordered).outcome, centre.command(ordered).answer) == ("lapsed", {})


def test_an_act_that_this_node_does_not_know_is_refused_by_it(ends: tuple[Real, Real]) -> None:
    """A centre of a later version, or one that was broken into: what is not declared here is never carried out."""
    node, centre = ends
    for name, arguments in (("shell", {"line": "rm -rf /"}), ("resend", {"epoch": 1}), ("recount", {"days_ago": "x"})):
        centre.tell(1, "gateway.command.ordered.v1", {
            "command_id": str(uuid7()), "node": NODE, "name": name, "arguments": arguments, "by": "x",
            "reason": "y", "until": "2026-12-01T00:00:00+00:00"}, subject=uuid7())
    node.take(centre.send())
    found = {row.name: (row.outcome, row.code) for row in node.rows("SELECT * FROM link_command")}
    parked = node.rows("SELECT type, reason FROM link_parked")
    assert found | {row.type: row.reason for row in parked} and "done" not in {one for one, _ in found.values()}
    assert found["resend"] == ("refused", "field_required")
    assert found["recount"] == ("refused", "command_argument_unfit")


def test_what_was_counted_on_a_day_is_told(ends: tuple[Real, Real]) -> None:
    node, centre = ends
    node.tell(5)
    exchange(node, centre)
    ordered = centre.order("recount", {"days_ago": 0})
    exchange(node, centre)
    told = centre.command(ordered).answer
    assert told["day"] == node.now.date().isoformat() and told["counts"]["requests.rating.given.v1"] == 5


def test_messages_that_the_broker_lost_are_sent_again_on_order(ends: tuple[Real, Real]) -> None:
    node, centre = ends
    node.tell(10)
    node.send()  # and the centre's broker loses its disk
    ordered = centre.order("resend", {"epoch": 1, "sequence": 4})
    node.take(centre.send())
    again = [one.headers["sequence"] for one in node.send() if one.headers["sequence"]]
    assert again[:7] == [4, 5, 6, 7, 8, 9, 10]
    assert node.command(ordered).answer == {"epoch": 1, "from": 4, "sent": 10}
    other = centre.order("resend", {"epoch": 1, "sequence": 400})
    node.take(centre.send())
    assert (node.command(other).outcome, node.command(other).code) == ("refused", "command_nothing_to_resend")


def test_an_agencys_feed_is_paused_and_resumed_and_one_that_somebody_else_paused_stays(ends: tuple[Real, Real]) -> None:
    node, centre = ends
    ordered = centre.order("pause_feed", {"agency": "nobody"})
    exchange(node, centre)
    assert (centre.command(ordered).outcome, centre.command(ordered).code) == ("refused", "agency_unknown")
    agency = _agency(node)
    for order, states in (("pause_feed", {"one": "paused", "two": "paused"}),
                          ("resume_feed", {"one": "active", "two": "paused"})):
        centre.order(order, {"agency": "taxes"})
        exchange(node, centre)
        assert {row.name: row.state for row in node.rows("SELECT name, state FROM subscription WHERE agency_id = :a",
                                                         a=agency)} == states
    node.do("DELETE FROM subscription WHERE agency_id = :a", a=agency)
    node.do("DELETE FROM agreement WHERE agency_id = :a", a=agency)
    node.do("DELETE FROM agency WHERE id = :a", a=agency)


@pytest.mark.parametrize(("name", "arguments", "node", "reason", "code"), [
    ("shell", {}, NODE, REASON, "command_unknown"), ("resend", {}, NODE, REASON, "field_required"),
    ("report", {"x": 1}, NODE, REASON, "field_unknown"), ("report", {}, "EG-C", REASON, "command_node_unknown"),
    ("report", {}, NODE, "قصير", "reason_short"),
    ("resend", {"epoch": 0, "sequence": 1}, NODE, REASON, "command_argument_unfit")])
def test_what_cannot_be_ordered_is_refused_with_every_fault(
        ends: tuple[Real, Real], name: str, arguments: dict[str, Any], node: str, reason: str, code: str) -> None:
    _, centre = ends
    with pytest.raises(Refusal, match=code):
        centre.order(name, arguments, node=node, reason=reason)
    assert centre.rows("SELECT 1 FROM link_command") == [] and centre.rows("SELECT 1 FROM event_log") == []


def test_nobody_orders_without_the_permission_and_no_node_orders_at_all(ends: tuple[Real, Real]) -> None:
    node, centre = ends
    with pytest.raises(Refusal, match="forbidden"):
        centre.order(actor=CLERK)
    with pytest.raises(Refusal, match="only_at_the_centre"):
        node.order(node=CENTRE)


def test_only_the_node_that_was_asked_answers(ends: tuple[Real, Real]) -> None:
    _, centre = ends
    ordered = centre.order()
    centre.do("UPDATE link_command SET node = 'EG-C' WHERE id = :i", i=UUID(ordered["command_id"]))
    node, _ = ends
    node.do(_PLACE)
    node.tell(1, "gateway.command.answered.v1", {
        "command_id": ordered["command_id"], "name": "report", "outcome": "done", "code": None, "answer": {}})
    centre.take(node.send())
    assert centre.command(ordered).outcome is None


def test_orders_are_listed_newest_first(ends: tuple[Real, Real]) -> None:
    _, centre = ends
    made = [centre.order()["command_id"] for _ in range(3)]
    work = UnitOfWork(centre.context, ADMINISTRATOR, "test")
    page = commands.listed(work, NODE, None, 2)
    assert [str(one["command_id"]) for one in page["commands"]] == made[:0:-1]
    rest = commands.listed(work, NODE, UUID(page["next"]), 2)
    assert [str(one["command_id"]) for one in rest["commands"]] == made[:1] and rest["next"] is None


# -- keys -------------------------------------------------------------------------------------------------------------


def key_event(**more: Any) -> dict[str, Any]:
    return {"node": NODE, "peer": CENTRE, "key_id": "k9", "public": base64.b64encode(public(5)).decode(),
            "since_epoch": 1, "since_sequence": 40, "revoked_epoch": None, "revoked_sequence": None,
            "line": {"peer": CENTRE, "epoch": 1, "sequence": 1}, **more}


def kept(end: Real) -> Any:
    return end.one("SELECT since_sequence, revoked_epoch, revoked_sequence FROM link_key WHERE key_id = 'k9'")


def test_a_key_that_comes_twice_is_one_and_its_revocation_stands_whatever_comes_late(ends: tuple[Real, Real]) -> None:
    node, _ = ends
    revoked = key_event(revoked_epoch=1, revoked_sequence=90)
    for said in (key_event(), key_event(), revoked, key_event(), key_event(revoked_epoch=1, revoked_sequence=95)):
        node.attempt(lambda work, said=said: keys_down.change(work, said))
    assert tuple(kept(node)) == (40, 1, 90)
    node.attempt(lambda work: keys_down.change(work, key_event(revoked_epoch=1, revoked_sequence=80)))
    assert kept(node).revoked_sequence == 80  # the earlier of two counts


def test_a_revocation_that_overtakes_its_key_is_known_with_it(ends: tuple[Real, Real]) -> None:
    node, _ = ends
    node.attempt(lambda work: keys_down.change(work, key_event(revoked_epoch=2, revoked_sequence=1)))
    node.attempt(lambda work: keys_down.change(work, key_event()))
    assert tuple(kept(node)) == (40, 2, 1)


def test_nobody_tells_of_anothers_key_and_none_changes_its_bytes(ends: tuple[Real, Real]) -> None:
    node, _ = ends
    node.attempt(lambda work: keys_down.change(work, key_event()))
    for wrong in (key_event(peer="EG-C"), key_event(public="AAAA"), key_event(public="A" * 43 + "=")):
        with pytest.raises(ValueError):
            node.attempt(lambda work, wrong=wrong: keys_down.change(work, wrong))
    assert tuple(kept(node)) == (40, None, None)


def _agency(node: Real) -> UUID:
    agency, agreement = uuid7(), uuid7()
    node.do("INSERT INTO agency (id, code, name_ar, name_en, bodies, made_at, made_by, version) VALUES "
            "(:a, 'taxes', 'الضرائب', 'Taxes', '{}', now(), 'x', 1)", a=agency)
    node.do("INSERT INTO agreement (id, agency_id, reference, events, fields, valid_from, valid_until, made_at, "
            "made_by, version) VALUES (:g, :a, 'x', '{}', '{}', '2026-01-01', '2027-01-01', now(), 'x', 1)",
            g=agreement, a=agency)
    for name, state in (("one", "active"), ("two", "paused")):
        node.do("INSERT INTO subscription (id, agency_id, agreement_id, name, way, at_once, state, state_at, state_by, "
                "made_at, made_by, version) VALUES (:i, :a, :g, :n, 'feed', 1, :s, now(), 'staff:x', now(), 'x', 1)",
                i=uuid7(), a=agency, g=agreement, n=name, s=state)
    return agency
