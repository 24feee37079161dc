"""Which numbers of a governorate its restored centre may give, once what it had told and lost is written off: those of
blocks that the node reserved afterwards, whatever the clocks say and however late a block of before comes up."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from chassis.bus.streams import Delivery
from chassis.ids import uuid7
from rules import numbering, places
from services.gateway.link import writing_off
from services.gateway.link.receiving import Receiving
from services.gateway.national import appliers, lodging
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import CENTRE, NODE, NOW, End, exchange

RESERVED = "requests.portalblock.reserved.v1"
RETIRED = {"code": "shop-licence", "retired_from": "2026-12-01", "reason": {"ar": "س", "en": "x"}}
SKEWS = [timedelta(hours=-3), timedelta(0), timedelta(hours=3)]
CODE = places.governorates()[NODE].national_id_code

# Of each block another count, so that a sum tells which of them count.
BACKED_UP, HEARD, BETWEEN, AFTER = 1, 2, 4, 8


@pytest.fixture
def pair(ends: tuple[End, End]) -> tuple[End, End]:
    """The node's log is that of its requests, and at the centre its numbers take effect."""
    node, centre = ends
    node.log = "requests"
    node.start()
    start(centre, 1)
    centre.do("DELETE FROM national_number")
    return node, centre


def start(centre: End, epoch: int) -> None:
    centre.start(epoch)
    centre.receiving = Receiving(centre.link, (centre.apply, appliers.apply))


def reserve(node: End, many: int) -> None:
    """The node reserves a block; its id bears the time of the node's clock."""
    block = UUID(int=(int(node.now.timestamp() * 1000) << 80) | (uuid7().int & ((1 << 80) - 1)))
    given = [numbering.tracking_number(CODE, 2026, many * 100 + one, b"n" * 32) for one in range(many)]
    node.tell(1, RESERVED, {"block_id": str(block), "numbers": given}, subject=block)


def left(centre: End) -> int:
    """How many numbers the portal may still give."""
    return centre.attempt(lodging.left).get(NODE, 0)


def known(centre: End) -> int:
    return int(centre.one("SELECT count(*) AS n FROM national_number").n)


def forgets(end: End, after: int) -> None:
    """As after a restore from a backup of when it had taken so many messages."""
    end.do("SET LOCAL shubbak.retention = 'on'; DELETE FROM link_log WHERE sequence > :after", after=after)
    end.do("UPDATE link_mark SET applied = least(applied, :after)", after=after)


def lost_at_both(node: End, centre: End) -> None:
    """The centre was restored, and the node cannot give back what the centre told since; nobody spoke yet. The former
    centre had heard of a block that the backup does not know."""
    reserve(node, BACKED_UP)
    centre.tell(3, "catalog.national.retired.v1", RETIRED)
    exchange(node, centre)
    taken = centre.one("SELECT applied FROM link_mark").applied
    node.now += timedelta(minutes=1)
    reserve(node, HEARD)
    centre.tell(4, "catalog.national.retired.v1", RETIRED)
    exchange(node, centre)
    assert left(centre) == BACKED_UP + HEARD
    centre.do("DELETE FROM link_out WHERE sequence > 3")
    forgets(centre, taken)
    centre.do("DELETE FROM national_number WHERE sequence > :taken", taken=taken)
    node.do("SET LOCAL shubbak.retention = 'on'; DELETE FROM link_log WHERE sequence > 3")
    start(centre, 2)


def talk(node: End, centre: End, *, late: list[Delivery] | None = None, rounds: int = 2) -> None:
    """Both say hello and send; blocks of numbers are put by into `late` where it is given."""
    for _ in range(rounds):
        for end in (node, centre):
            end.control.hello_soon(end.peer)
        node.take(centre.send() + centre.speak())
        told = node.send() + node.speak()
        if late is not None:
            late += [one for one in told if one.type == RESERVED]
            told = [one for one in told if one.type != RESERVED]
        centre.take(told)


def hello(node: End, centre: End) -> None:
    """The node answers the centre, without numbering what is in its log."""
    centre.control.hello_soon(NODE)
    node.take(centre.speak())
    node.control.hello_soon(CENTRE)
    centre.take(node.speak())


def write_off(centre: End) -> None:
    centre.attempt(lambda work: writing_off.write_off(work, NODE, "لم تعد عندهم أيضاً، أكدها مشغل السويس"))


@pytest.mark.parametrize("skew", SKEWS, ids=str)
@pytest.mark.parametrize("comes", ["before", "meanwhile", "late"])
def test_only_blocks_that_were_reserved_after_it_count(
    pair: tuple[End, End], skew: timedelta, comes: str
) -> None:
    """The block that the former centre had heard of comes up again before the writing-off, before the hello that makes
    the mark, or after it."""
    node, centre = pair
    node.now = NOW + skew
    lost_at_both(node, centre)
    late: list[Delivery] = []
    talk(node, centre, late=None if comes == "before" else late)
    assert left(centre) == BACKED_UP + (HEARD if comes == "before" else 0)
    node.now = centre.now + skew - timedelta(milliseconds=1)
    reserve(node, BETWEEN)
    write_off(centre)
    assert left(centre) == 0
    if comes != "late":
        centre.take(late + node.send())
    assert left(centre) == 0
    talk(node, centre, late=late if comes == "late" else None)
    assert left(centre) == 0 and known(centre) == BACKED_UP + (0 if comes == "late" else HEARD + BETWEEN)
    assert list(centre.one("SELECT numbers_since FROM link_sent").numbers_since) == ["1"]
    node.now = centre.now + skew + timedelta(milliseconds=1)
    reserve(node, AFTER)
    talk(node, centre)
    centre.take(late)
    assert known(centre) == BACKED_UP + HEARD + BETWEEN + AFTER
    assert left(centre) == AFTER


@pytest.mark.parametrize("skew", SKEWS, ids=str)
def test_a_block_that_is_numbered_only_after_the_hello_was_reserved_before_it(
    pair: tuple[End, End], skew: timedelta
) -> None:
    """The node was restored too, from when it had not sent the block yet: it numbers it again in its next epoch."""
    node, centre = pair
    node.now = NOW + skew
    lost_at_both(node, centre)
    node.do("DELETE FROM link_out WHERE sequence > 1")
    node.start(2)
    hello(node, centre)
    write_off(centre)
    for _ in range(2):
        hello(node, centre)
    assert centre.one("SELECT numbers_since, numbers_awaited FROM link_sent") == ({}, {"2": 2})
    reserve(node, BETWEEN)  # after the first hello, before the mark
    talk(node, centre, rounds=3)
    again = centre.rows("SELECT DISTINCT epoch, sequence FROM national_number ORDER BY epoch, sequence")
    assert [row.epoch for row in again] == [1, 2, 2] and left(centre) == 0
    reserve(node, AFTER)
    talk(node, centre)
    assert left(centre) == AFTER


def test_a_node_that_is_restored_later_brings_up_no_block_of_before_as_a_new_one(pair: tuple[End, End]) -> None:
    node, centre = pair
    lost_at_both(node, centre)
    talk(node, centre, late=[])
    write_off(centre)
    talk(node, centre, late=[])
    assert list(centre.one("SELECT numbers_since FROM link_sent").numbers_since) == ["1"]
    node.do("DELETE FROM link_out WHERE sequence > 1")  # the block of before among them, on its way until then
    node.start(2)
    centre.take(node.send())  # before any hello of the new epoch
    assert left(centre) == 0
    talk(node, centre, rounds=3)
    assert centre.one("SELECT count(*) AS n FROM national_number WHERE epoch = 2").n == HEARD and left(centre) == 0
    reserve(node, AFTER)
    talk(node, centre)
    assert left(centre) == AFTER


def test_what_has_no_place_in_the_log_yet_is_waited_for_too(pair: tuple[End, End]) -> None:
    node, centre = pair
    lost_at_both(node, centre)
    talk(node, centre)
    write_off(centre)
    node.do("INSERT INTO event_log (event_id, type, subject, sequence, occurred_at, body) "
            "SELECT gen_random_uuid(), type, gen_random_uuid(), 1, occurred_at, body FROM event_log WHERE position = 1")
    head = node.one("SELECT max(position) AS head FROM event_log").head
    talk(node, centre)
    assert centre.one("SELECT numbers_since, numbers_awaited FROM link_sent") == ({}, {"1": head + 1})
    node.do("UPDATE event_log SET position = :next WHERE position IS NULL", next=head + 1)
    talk(node, centre)
    assert list(centre.one("SELECT numbers_since FROM link_sent").numbers_since) == ["1"]


def test_a_second_writing_off_asks_the_node_anew(pair: tuple[End, End]) -> None:
    node, centre = pair
    lost_at_both(node, centre)
    talk(node, centre)
    write_off(centre)
    talk(node, centre)
    reserve(node, BETWEEN)
    talk(node, centre)
    assert left(centre) == BETWEEN
    centre.do("UPDATE link_sent SET lost = '{\"2\": [5, 6]}'")
    write_off(centre)
    assert left(centre) == 0
    talk(node, centre)
    assert left(centre) == 0
    reserve(node, AFTER)
    talk(node, centre)
    assert left(centre) == AFTER
