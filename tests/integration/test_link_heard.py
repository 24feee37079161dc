"""When a restored place knows that the other end has nothing of its former self to tell any more."""

from __future__ import annotations

import pytest

from rules.refusal import Refusal
from services.gateway.link import writing_off
from services.gateway.link.speaking import HELLO
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import NODE, End, exchange

RETIRED = {"code": "shop-licence", "retired_from": "2026-12-01", "reason": {"ar": "س", "en": "x"}}


def heard(end: End) -> int:
    return int(end.one("SELECT heard_epoch FROM link_sent").heard_epoch)


def test_a_restored_place_has_heard_its_peer_once_everything_that_it_had_told_is_given_back(ends) -> None:
    node, centre = ends
    centre.tell(3, "catalog.national.retired.v1", RETIRED)
    exchange(node, centre)
    assert heard(centre) == 1
    lost = centre.tell(4, "catalog.national.retired.v1", RETIRED)
    exchange(node, centre)
    centre.do("DELETE FROM link_out WHERE sequence > 3")  # as after a restore from a backup of then
    centre.start(2)
    assert heard(centre) == 1
    stale = node.speak()  # lay in the queue: it answers none of what the restored place said
    centre.take(stale)
    assert heard(centre) == 1
    node.take(centre.speak())
    told = node.speak()
    centre.take([one for one in told if one.type == HELLO])  # the facts before it are lost on the way
    assert heard(centre) == 1 and not centre.rows("SELECT 1 FROM link_recovered")
    node.take(centre.speak())
    centre.take(node.speak())
    assert heard(centre) == 2
    assert centre.one("SELECT count(*) AS n FROM link_recovered").n == len(lost)


def test_a_hello_that_lay_in_the_queue_is_no_answer_though_it_tells_of_nothing_lost(ends) -> None:
    node, centre = ends
    centre.tell(3, "catalog.national.retired.v1", RETIRED)
    exchange(node, centre)
    early = node.speak()
    centre.start(2)
    centre.take(early)
    assert heard(centre) == 1
    node.take(centre.speak())
    centre.take(node.speak())
    assert heard(centre) == 2


def restored_with_its_loss(node: End, centre: End) -> None:
    """The centre is restored, and the node cannot give back what it had been told since the backup."""
    centre.tell(3, "catalog.national.retired.v1", RETIRED)
    exchange(node, centre)
    centre.tell(4, "catalog.national.retired.v1", RETIRED)
    exchange(node, centre)
    centre.do("DELETE FROM link_out WHERE sequence > 3")
    node.do("SET LOCAL shubbak.retention = 'on'; DELETE FROM link_log WHERE sequence > 3")
    centre.start(2)
    exchange(node, centre)


def test_what_never_comes_back_is_written_off_and_then_the_peer_has_been_heard(ends, caplog) -> None:
    node, centre = ends
    restored_with_its_loss(node, centre)
    for _ in range(2):
        centre.control.hello_soon(centre.peer)
        node.control.hello_soon(node.peer)
        exchange(node, centre)
    row = centre.one("SELECT state, heard_epoch, lost FROM link_sent")
    assert (row.state, row.heard_epoch, row.lost) == ("restored", 1, {"1": [4, 7]})
    assert "not kept any more" in caplog.text
    gone = centre.attempt(lambda work: writing_off.write_off(work, NODE, "لم تعد عندهم أيضاً، أكدها مشغل السويس"))
    assert gone == {"peer": NODE, "lost": [{"epoch": 1, "first": 4, "last": 7}], "numbers": 0}
    assert heard(centre) == 1  # not before the node says that it knows of nothing else
    caplog.clear()
    centre.control.hello_soon(centre.peer)
    node.take(centre.speak())
    node.control.hello_soon(node.peer)
    centre.take(node.speak())
    row = centre.one("SELECT state, heard_epoch, lost FROM link_sent")
    assert (row.state, row.heard_epoch, row.lost) == ("linked", 2, {}) and caplog.text == ""
    [audited] = centre.rows("SELECT details FROM audit WHERE action = 'link.written_off'")
    assert audited.details["reason"].startswith("لم تعد") and audited.details["lost"][0]["last"] == 7


@pytest.mark.parametrize(("peer", "reason", "code"), [
    (NODE, "قصير", "reason_short"), ("EG-ALX", "لا نعرف هذه الجهة", "link_unknown"),
    (NODE, "لا شيء ينتظر أحداً هنا", "link_nothing_lost"),
])  # fmt: skip
def test_nothing_is_written_off_without_a_reason_and_a_loss(ends, peer, reason, code) -> None:
    _, centre = ends
    with pytest.raises(Refusal, match=code):
        centre.attempt(lambda work: writing_off.write_off(work, peer, reason))
