"""Several providers of a channel, over the real protocols: shares, an outage, a slow one, steering by people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy.exc import DBAPIError

from chassis import actors
from chassis.errors import Conflict
from infra.peers.client import Peers
from rules.refusal import Refusal
from services.notifications import health, shares
from services.notifications.health import Figures, Policy
from services.notifications.kinds import Lane
from services.notifications.providers.smpp import Smpp
from services.notifications.providers.smtp import Smtp
from services.notifications.settings import SmppSettings, SmtpSettings
from tests.support.messages_ground import Ground, ground

CALM = {"reject": None, "reject_times": -1, "reject_numbers": [], "drop_after": None, "drop_keeps": False,
        "receipts": "delivered", "receipt_delay_ms": 0, "delay_ms": 0, "bind": "accept", "down": False}
QUICK = Policy(window=timedelta(minutes=10), interval=timedelta(seconds=60), slow_after=timedelta(seconds=2))
HEAD = actors.Actor("admin-1", "staff", ("administrator",))


@pytest.fixture(scope="module")
def first() -> Iterator[Peers]:
    with Peers.running() as running:
        yield running


@pytest.fixture(scope="module")
def second() -> Iterator[Peers]:
    with Peers.running() as running:
        yield running


@pytest.fixture
def node(database_url, first, second) -> Iterator[Ground]:
    for peers in (first, second):
        peers.control(smsc=CALM, smtp={"answer": None, "times": -1, "drop": False, "down": False, "delay_ms": 0})
        peers.forget()
    with ground(database_url("notifications")) as made:
        yield made


def smpp(peers: Peers, name: str, **own: int) -> Smpp:
    return Smpp(SmppSettings("127.0.0.1", peers.smpp, "node", "sample-1", **own), name)


def bound(node: Ground, channel) -> None:
    """Wait until every provider of the channel stands ready."""
    node.until(lambda: all(member.provider.room() for member in channel.members.values()))


def share_of(node: Ground, name: str) -> int:
    return next(one["share"] for one in shares.show(node.work())["providers"] if one["name"] == name)


def test_a_channel_sends_by_the_weights_and_each_message_goes_out_once_at_its_price(node, first, second):
    channel = node.channel("sms", [(smpp(first, "one"), 75, 300), (smpp(second, "two"), 25, 200)])
    bound(node, channel)
    made = [node.message() for _ in range(200)]
    node.until(lambda: node.states(made) == {"delivered"}, channel)
    by_provider = {name: [row for row in node.rows(made) if row.provider == name] for name in ("one", "two")}
    assert len(first.sms()) + len(second.sms()) == 200
    assert 120 <= len(by_provider["one"]) <= 180
    assert {row.price for row in by_provider["one"]} == {300}
    assert {row.price for row in by_provider["two"]} == {200}


def test_one_that_dies_in_the_middle_of_a_window_costs_the_others_nothing_and_loses_nothing(node, first, second):
    channel = node.channel("sms", [(smpp(first, "one", window=4), 50, 0), (smpp(second, "two"), 50, 0)])
    bound(node, channel)
    first.control(smsc={"delay_ms": 50, "drop_after": 3})
    made = [node.message() for _ in range(40)]
    node.until(lambda: node.states(made) & {"sent", "delivered"}, channel)
    first.control(smsc={"down": True, "drop_now": True})
    after = [node.message() for _ in range(20)]
    begun = node.now
    node.until(lambda: node.states(after) == {"delivered"}, channel)
    assert node.now - begun < timedelta(minutes=5)  # long before what the dead one has in hand is anybody else's
    assert {row.provider for row in node.rows(after)} == {"two"}
    # What may be with the dead one waits out its time; all else goes by the other one.
    node.until(lambda: all(row.state == "delivered" or (row.provider == "one" and row.state in ("sending", "sent"))
                           for row in node.rows(made)), channel)
    assert "sending" in node.states(made)
    node.later(timedelta(minutes=11))
    node.until(lambda: node.states(made) <= {"delivered", "sent"}, channel)
    first.control(smsc={"down": False})  # what it took before is reported when it is back
    node.until(lambda: node.states(made) == {"delivered"}, channel)


def test_a_slow_one_holds_up_no_fast_one(node, first, second):
    first.control(smsc={"delay_ms": 3000})
    channel = node.channel("sms", [(smpp(first, "slow"), 90, 0), (smpp(second, "fast"), 10, 0)])
    bound(node, channel)
    made = [node.message() for _ in range(300)]
    # The slow one needs 3 s for each 50 of its own: who waited for it would be left with a tenth of all.
    node.until(lambda: len(first.sms()) + len(second.sms()) == 300, channel)
    assert len(second.sms()) >= 180
    node.until(lambda: node.states(made) <= {"delivered"}, channel)


def test_a_one_time_code_passes_a_batch_that_is_being_handed_over(node, first, second):
    first.control(smsc={"delay_ms": 400})
    channel = node.channel("sms", [(smpp(first, "one", window=10), 100, 0)])
    bound(node, channel)
    bulk = [node.message(lane=Lane.CAMPAIGN) for _ in range(120)]
    channel.step(node.transact)
    code = node.message(lane=Lane.CODE)
    node.until(lambda: node.row(code).state in ("sent", "delivered"), channel)
    node.until(lambda: node.states(bulk) <= {"sent", "delivered"}, channel)
    came = [one["to"] for one in first.sms()]
    assert len(came) == 121 and came.index(node.to(code)) < 60


def test_an_outage_of_one_channel_never_touches_another(node, first, second):
    sms = node.channel("sms", [(smpp(first, "one"), 50, 0), (smpp(second, "two"), 50, 0)])
    mail = node.channel("email", [(Smtp(SmtpSettings("127.0.0.1", first.smtp, "no-reply@cairo.example")), 100, 0)])
    for peers in (first, second):
        peers.control(smsc={"down": True, "drop_now": True})
    text_message, letter = node.message(), node.message("email")
    node.until(lambda: node.row(letter).state == "sent", sms, mail)
    assert node.row(text_message).state == "queued"


def test_an_ill_one_falls_step_by_step_and_recovers_so_with_everything_written_down(node, first, second):
    channel = node.channel("sms", [(smpp(first, "one"), 50, 0), (smpp(second, "two"), 50, 0)], QUICK)
    bound(node, channel)
    channel.step(node.transact)
    first.control(smsc={"reject": "system_error"})
    walk = [share_of(node, "one")]
    while walk[-1] > 9 and len(walk) < 30:
        made = [node.message() for _ in range(60)]
        node.until(lambda made=made: node.states(made) <= {"delivered", "failed_temporarily"}, channel)
        node.later(timedelta(seconds=61))
        channel.step(node.transact)
        walk.append(share_of(node, "one"))
    assert walk == sorted(walk, reverse=True)
    assert max(before - after for before, after in pairwise(walk)) <= 10
    assert walk[-1] == 9
    first.control(smsc={"reject": None})
    for _ in range(30):
        if share_of(node, "one") == 50:
            break
        made = [node.message() for _ in range(60)]
        node.until(lambda made=made: node.states(made) <= {"delivered"}, channel)
        node.later(timedelta(seconds=61))
        channel.step(node.transact)
    assert share_of(node, "one") == 50
    changes = shares.history(node.work(), {"channel": "sms", "name": "one", "after": None, "limit": 100})["changes"]
    stepped = [one for one in reversed(changes) if one["what"].startswith("health")]
    assert [one["what"] for one in stepped] == ["health_fell"] * 9 + ["health_rose"] * 9
    assert {one["reason"] for one in stepped} == {"errors", "well"}
    assert all(abs(one["after"]["health"] - one["before"]["health"]) == 10 for one in stepped)
    assert all(one["figures"]["one"]["errors"] for one in stepped if one["what"] == "health_fell")
    assert {one["actor"] for one in stepped} == {"service:notifications"}
    with pytest.raises(DBAPIError, match="append-only"):
        node.sql("UPDATE provider_change SET reason = 'nothing happened'")


def test_slowness_lowers_a_share_as_errors_do(node, first, second):
    first.control(smsc={"delay_ms": 2500})
    channel = node.channel("sms", [(smpp(first, "one"), 50, 0), (smpp(second, "two"), 50, 0)], QUICK)
    bound(node, channel)
    made = [node.message() for _ in range(100)]
    node.until(lambda: node.states(made) <= {"delivered"}, channel)
    node.later(timedelta(seconds=61))
    channel.step(node.transact)
    (change,) = shares.history(node.work(), {"channel": "sms", "name": None, "after": None, "limit": 1})["changes"]
    assert (change["name"], change["what"], change["reason"]) == ("one", "health_fell", "slow")


def test_messages_that_arrive_late_lower_the_share_of_who_took_them(node, first, second):
    first.control(smsc={"receipts": "none"})
    channel = node.channel("sms", [(smpp(first, "one"), 50, 0), (smpp(second, "two"), 50, 0)], QUICK)
    bound(node, channel)
    made = [node.message() for _ in range(100)]
    node.until(lambda: node.states(made) <= {"sent", "delivered"}, channel)
    node.until(lambda: all(row.state == "delivered" for row in node.rows(made) if row.provider == "two"), channel)
    node.later(timedelta(minutes=5))
    channel.step(node.transact)
    (change,) = shares.history(node.work(), {"channel": "sms", "name": None, "after": None, "limit": 1})["changes"]
    assert (change["name"], change["what"], change["reason"]) == ("one", "health_fell", "late")


def test_two_processes_that_step_at_once_take_one_step_together(node):
    named = [shares.Configured("one", 50), shares.Configured("two", 50)]
    node.transact(lambda work: shares.look(work, "sms", named))
    ill = {"one": Figures(answers=100, errors=60), "two": Figures(answers=100)}
    works = [node.work(), node.work()]
    found = [shares.step(work, "sms", ill, Policy()) for work in works]
    assert found == [health.Step("one", 100, 90, "errors")] * 2  # both read before either wrote
    works[0].commit()
    with pytest.raises(Conflict):
        works[1].commit()
    assert node.transact(lambda work: shares.step(work, "sms", ill, Policy())) is None
    assert share_of(node, "one") == 47


def steer(node: Ground, **body: object) -> dict:
    given = {"weight": None, "on": None, "reason": "the contract says so", **body}
    return node.transact(lambda work: shares.steer(work, given), HEAD)


def test_a_person_sets_a_weight_or_switches_off_with_a_reason_and_it_is_obeyed_within_seconds(node, first, second):
    channel = node.channel("sms", [(smpp(first, "one"), 50, 0), (smpp(second, "two"), 50, 0)])
    bound(node, channel)
    channel.step(node.transact)
    assert steer(node, name="one", weight=10)["share"] == 17
    assert steer(node, name="one", on=False, reason="their line is being repaired")["share"] == 0
    node.later(timedelta(seconds=3))
    made = [node.message() for _ in range(20)]
    node.until(lambda: node.states(made) <= {"delivered"}, channel)
    assert {row.provider for row in node.rows(made)} == {"two"}
    with pytest.raises(Refusal, match="provider_last"):
        steer(node, name="two", on=False)
    with pytest.raises(Refusal, match="provider_unknown"):
        steer(node, name="three", on=False)
    steer(node, name="one", on=True, weight=0)
    told = shares.history(node.work(), {"channel": None, "name": "one", "after": None, "limit": 100})["changes"]
    assert [(one["what"], one["actor"]) for one in told if one["actor"] == "admin-1"] == [
        ("switched_on", "admin-1"), ("weight_released", "admin-1"), ("switched_off", "admin-1"),
        ("weight_set", "admin-1")]  # fmt: skip
    assert told[0]["after"] == {"weight": 50, "health": 100, "on": True, "share": 50}
    assert {row.action for row in node.sql("SELECT action FROM audit WHERE actor_id = 'admin-1'")} >= {
        "provider.switched_off", "provider.weight_set"}  # fmt: skip


def test_what_the_settings_name_no_more_goes_and_what_they_weigh_otherwise_is_told(node):
    node.transact(lambda work: shares.look(work, "sms", [shares.Configured("one", 50), shares.Configured("two", 50)]))
    assert node.transact(lambda work: shares.look(work, "sms", [shares.Configured("two", 30)])) == {"two": 100}
    told = shares.history(node.work(), {"channel": "sms", "name": None, "after": None, "limit": 2})
    assert {(one["name"], one["what"]) for one in told["changes"]} == {
        ("two", "weight_from_settings"), ("one", "removed")}  # fmt: skip
    assert told["next"] is not None


def test_an_adapter_that_fails_is_left_alone_and_the_other_goes_on(node, second):
    class Broken:
        name, brings_receipts, away, repeats_safely = "broken", False, False, False

        def room(self) -> int:
            return 10

        def submit(self, batch, budget):
            raise RuntimeError("a mistake of ours")

        def close(self) -> None:
            pass

    channel = node.channel("sms", [(Broken(), 50, 0), (smpp(second, "two"), 50, 0)])
    bound(node, channel)
    made = [node.message() for _ in range(30)]
    node.until(lambda: node.states(made) == {"sending", "delivered"}
               and {row.provider for row in node.rows(made) if row.state == "sending"} == {"broken"}, channel)
    after = [node.message() for _ in range(10)]
    node.until(lambda: node.states(after) == {"delivered"}, channel)
