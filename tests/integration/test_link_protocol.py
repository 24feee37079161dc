"""Both ends of the line on real tables: whatever a line does, each fact takes effect once, in order, and both know."""

from __future__ import annotations

import random

import orjson
import pytest

from chassis.ids import uuid7
from rules.link_commands import COMMANDS
from services.gateway.link import numbering
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import NODE, RATED, exchange, ids, rated, sent, shuffled


def test_facts_are_applied_once_in_order_and_a_receipt_says_so(ends) -> None:
    node, centre = ends
    told = node.tell(1203)
    exchange(node, centre)
    assert ids(centre) == told
    assert (sent(node).sent, sent(node).applied, sent(node).state, sent(node).version) == (1203, 1203, "linked", "1.2")
    rows = centre.rows("SELECT sequence, event_id, parked FROM link_log ORDER BY position")
    assert [(row.sequence, row.event_id) for row in rows] == list(enumerate(told, 1))
    assert {row.parked for row in rows} == {None}
    exchange(node, centre)
    assert ids(centre) == told  # nothing goes twice


def test_what_stays_at_home_stays_and_only_what_is_named_leaves(ends) -> None:
    node, _ = ends
    about = uuid7()
    node.tell(3, "notifications.message.changed.v1", {"message_id": str(about)})
    node.tell(1, data={**rated(about), "contact": "sealed", "phone": "01000000000"}, subject=about)
    [delivery] = node.send()
    assert delivery.type == RATED and delivery.key == f"{NODE}.{RATED}" and delivery.user == f"node.{NODE}"
    assert orjson.loads(delivery.body)["data"] == rated(about)
    assert node.one("SELECT position FROM link_source WHERE service = 'gateway'").position == 4


def test_a_type_that_nobody_decided_about_waits_and_holds_nobody_else_up(ends) -> None:
    node, _ = ends
    node.tell(1, "toys.toy.made.v1")
    with pytest.raises(LookupError, match="nobody decided"):
        node.number()
    assert node.one("SELECT position FROM link_source").position == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_line_that_loses_doubles_and_swaps_delivers_each_once_in_order(ends, seed: int) -> None:
    node, centre = ends
    chance = random.Random(seed)
    told = node.tell(300)
    for _ in range(60):
        centre.take(shuffled(node.send() + node.speak(), chance, lost=0.3, doubled=0.3))
        centre.control._spoken.clear()  # time goes by: a wish may be said again
        node.take(shuffled(centre.speak(), chance, lost=0.2, doubled=0.5))
        if sent(node).applied == len(told):
            break
    assert ids(centre) == told
    assert not centre.rows("SELECT 1 FROM link_held") and centre.parked() == []


def test_what_is_missing_is_wished_for_and_sent_again_and_what_is_held_is_not(ends) -> None:
    node, centre = ends
    told = node.tell(100)
    on_the_way = node.send()
    centre.take(on_the_way[:10] + on_the_way[20:30] + on_the_way[31:])
    assert ids(centre) == told[:10]
    assert centre.one("SELECT count(*) AS n FROM link_held").n == 79
    node.take(centre.speak())
    again = node.send()
    assert [one.headers["sequence"] for one in again] == [*range(11, 21), 31]
    centre.take(again)
    assert ids(centre) == told and not centre.rows("SELECT 1 FROM link_held")


def test_what_was_lost_behind_everything_is_wished_for_at_the_next_hello(ends) -> None:
    node, centre = ends
    told = node.tell(10)
    node.send()  # and the broker loses its disk
    hello = node.speak()  # it says what the broker had confirmed before, so that all of it should have come before
    centre.take(hello)
    node.take(centre.speak())
    again = node.send()
    assert len(again) == 10
    centre.take(again)
    assert ids(centre) == told


def test_what_came_before_the_hello_is_not_wished_for(ends) -> None:
    node, centre = ends
    node.tell(10)
    centre.take(node.send() + node.speak())
    node.take(centre.speak())
    assert node.send() == []


def test_the_sender_keeps_to_its_window_of_messages_without_a_receipt(ends) -> None:
    node, centre = ends
    told = node.tell(1500)
    node.start(window=1000)
    first = node.send()
    assert len(first) == 1000 and node.send() == []
    centre.take(first)
    node.take(centre.speak())
    second = node.send()
    assert len(second) == 500
    centre.take(second)
    assert ids(centre) == told


def test_a_process_that_is_killed_goes_on_where_the_broker_had_confirmed(ends) -> None:
    node, centre = ends
    told = node.tell(450)
    on_the_way = node.send()
    node.do("UPDATE link_sent SET sent = 400")  # it was killed before it wrote the last confirms down
    node.start()
    again = node.send()
    assert [one.headers["sequence"] for one in again] == list(range(401, 451))
    centre.take(on_the_way + again)
    assert ids(centre) == told and centre.parked() == []
    node.start()
    centre.start()
    exchange(node, centre)
    assert ids(centre) == told


def test_a_connection_that_breaks_sends_again_what_was_not_confirmed(ends) -> None:
    node, centre = ends
    told = node.tell(250)
    node.publisher.confirms = False
    node.send()
    node.publisher.reconnect()
    again = node.send()
    assert len(again) == 250
    centre.take(again)
    assert ids(centre) == told


def test_what_the_centre_tells_one_node_no_other_hears(ends) -> None:
    node, centre = ends
    centre.do("INSERT INTO link_sent SELECT 'EG-C', epoch, sent, applied, backed_up, incarnation, receipt_at, "
              "heard_at, skew_ms, version, state, peer_epoch, peer_counter, counter FROM link_sent")
    command = {"command_id": str(uuid7()), "node": NODE, "name": next(iter(COMMANDS)), "arguments": {}, "by": "x",
               "reason": "y", "until": "2026-12-01T00:00:00+00:00"}
    centre.tell(1, "gateway.command.ordered.v1", command)
    retired = {"code": "shop-licence", "retired_from": "2026-12-01", "reason": {"ar": "س", "en": "x"}}
    centre.tell(1, "catalog.national.retired.v1", retired)
    while centre.numbering.step(centre.attempt, ["EG-C", NODE]):
        pass
    found = centre.rows("SELECT peer, sequence, type FROM link_out ORDER BY peer, sequence")
    assert [tuple(row) for row in found] == [
        ("EG-C", 1, "catalog.national.retired.v1"),
        (NODE, 1, "gateway.command.ordered.v1"), (NODE, 2, "catalog.national.retired.v1")]
    exchange(node, centre)
    assert [one.event.type for one in node.arrived] == ["gateway.command.ordered.v1", "catalog.national.retired.v1"]


def test_a_log_is_read_once_for_all_peers_and_never_more_of_it_than_fits(ends, monkeypatch) -> None:
    _, centre = ends
    monkeypatch.setattr(numbering, "BYTES", 4_000)
    code = {"code": "shop-licence", "retired_from": "2026-12-01", "reason": {"ar": "س", "en": "x" * 1_000}}
    told = centre.tell(12, "catalog.national.retired.v1", code)
    others = ["EG-ALX", "EG-C", NODE]
    read: list[tuple[int, int]] = []
    log = centre.numbering._sources["gateway"]

    class Counted:
        def read(self, statement, values):
            found = log.read(statement, values)
            if "after" in values:
                read.append((values["after"], len(found)))
            return found

    centre.numbering._sources["gateway"] = Counted()
    while centre.numbering.step(centre.attempt, others):
        pass
    for peer in others:
        found = centre.rows("SELECT event_id FROM link_out WHERE peer = :peer ORDER BY sequence", peer=peer)
        assert [row.event_id for row in found] == told
    assert len(read) == len({after for after, _ in read})  # each place once, for three peers
    assert len(read) > 2 and sum(count for _, count in read) == 12


def test_more_than_is_looked_at_behind_a_gap_follows_when_it_closes(ends) -> None:
    node, centre = ends
    told = node.tell(1700)
    on_the_way = node.send()
    centre.take(on_the_way[1:])
    assert ids(centre) == []
    centre.take(on_the_way[:1])
    assert ids(centre) == told and not centre.rows("SELECT 1 FROM link_held")
