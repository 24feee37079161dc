"""What must never take effect: forged, foreign, unreadable, huge, replayed. Each is parked with its reason and counted,
and holds up nobody else's facts."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from chassis.bus.streams import Delivery
from chassis.ids import uuid7
from contracts.link import NOT_GENUINE, WITHOUT_EFFECT
from rules.link import LARGEST
from services.gateway.link import parking
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import NODE, RATED, End, envelope, rated, user_of


@pytest.fixture
def centre(ends) -> End:
    return ends[1]


def good(centre: End, sequence: int, **changes) -> Delivery:
    event_id = uuid7()
    return centre.message(sequence, envelope(event_id), event_id=event_id, **changes)


def ids(end: End) -> list[str]:
    return [str(one.event.id) for one in end.arrived]


def forged(one: Delivery) -> Delivery:
    return replace(one, body=one.body.replace(b'"stars":5', b'"stars":1'))


def headers(one: Delivery, **changes) -> Delivery:
    return replace(one, headers={**one.headers, **changes})


NOT_REAL = {
    "forged body": (forged, "signature_bad"),
    "another signature": (lambda one: headers(one, signature="A" * 86 + "=="), "signature_bad"),
    "no signature": (lambda one: headers(one, signature=""), "signature_bad"),
    "another number": (lambda one: headers(one, sequence=3), "signature_bad"),
    "another epoch": (lambda one: headers(one, epoch=2), "signature_bad"),
    "another type": (lambda one: replace(one, type="requests.licence.issued.v1"), "signature_bad"),
    "another id": (lambda one: replace(one, id=str(uuid7())), "signature_bad"),
    "published by another node": (lambda one: replace(one, user="node.EG-C"), "sender_wrong"),
    "said to be of another node": (lambda one: headers(one, sender="EG-C"), "sender_wrong"),
    "for another place": (lambda one: headers(one, receiver="EG-C"), "sender_wrong"),
    "published by nobody": (lambda one: replace(one, user=None), "sender_wrong"),
    "published by a service": (lambda one: replace(one, user="gateway"), "sender_wrong"),
    "unknown key": (lambda one: headers(one, key="k9"), "key_unknown"),
    "no number": (lambda one: headers(one, sequence="2"), "epoch_unknown"),
    "a number below the first": (lambda one: headers(one, sequence=0), "epoch_unknown"),
    "no epoch": (lambda one: headers(one, epoch=None), "epoch_unknown"),
    "a type that no database takes": (lambda one: replace(one, type=f"{RATED}\0"), "message_malformed"),
    "a key that no database takes": (lambda one: headers(one, key="\ud800"), "message_malformed"),
    "signature of no kind": (lambda one: headers(one, signature="%%%"), "message_malformed"),
    "no headers": (lambda one: replace(one, headers={}), "message_malformed"),
    "another schema of messages": (lambda one: headers(one, schema=2), "message_malformed"),
    "id of no kind": (lambda one: replace(one, id="7"), "message_malformed"),
    "huge": (lambda one: replace(one, body=b"x" * (LARGEST + 1)), "body_too_large"),
}


@pytest.mark.parametrize("what", NOT_REAL)
def test_what_is_not_of_its_sender_is_parked_with_its_reason_and_the_real_one_takes_its_place(
    centre: End, what: str
) -> None:
    change, reason = NOT_REAL[what]
    real = [good(centre, number) for number in (1, 2, 3)]
    bad = change(real[1])
    centre.take([real[0], bad, bad, real[2]])
    assert ids(centre) == [real[0].id]
    [row] = centre.rows("SELECT reason, count, position, body, octet_length(detail) AS told FROM link_parked")
    assert (row.reason, row.count, row.position) == (reason, 2, None)
    assert (row.body is None) is (reason == "body_too_large")
    centre.take([real[1], bad])
    assert ids(centre) == [one.id for one in real]
    assert centre.parked() == [(reason, 3)]
    assert reason in NOT_GENUINE


def test_who_floods_with_rubbish_fills_a_counter_and_no_disk(centre: End, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parking, "MOST", 5)
    for batch in range(4):
        centre.take([forged(good(centre, 10 * batch + number)) for number in range(2, 9)])
    assert len(centre.parked()) == 8 and sum(count for _, count in centre.parked()) == 28
    real = good(centre, 1)
    centre.take([real])
    assert ids(centre) == [real.id]


def unreadable(centre: End, sequence: int, body: bytes, event_type: str = RATED, event_id=None) -> Delivery:
    return centre.message(sequence, body, event_type=event_type, event_id=event_id)


def strange() -> dict[str, tuple[str, bytes, str]]:
    one = uuid7()
    return {
        "no JSON": (RATED, b"\x00\xff", "message_unreadable"),
        "no event": (RATED, b"[]", "message_unreadable"),
        "deep": (RATED, b"[" * 100_000, "message_unreadable"),
        "no time": (RATED, envelope(one, time="yesterday"), "message_unreadable"),
        "a time after the last day": (RATED, envelope(one, time="9999-12-31T23:59:59+00:00"), "message_unreadable"),
        "a time before the first day": (RATED, envelope(one, time="0001-01-01T00:00:00+14:00"), "message_unreadable"),
        "another type inside": (RATED, envelope(one, "requests.licence.issued.v1"), "message_unreadable"),
        "a newer version": ("requests.rating.given.v2", envelope(one, "requests.rating.given.v2"), "version_unknown"),
        "an unknown type": ("toys.toy.made.v1", envelope(one, "toys.toy.made.v1"), "type_unknown"),
        "a type that does not travel up": (
            "notifications.message.changed.v1", envelope(one, "notifications.message.changed.v1"), "type_unknown"),
        "a field of another kind": (RATED, envelope(one, data={**rated(one), "stars": "many"}), "schema_violated"),
        "a field out of range": (RATED, envelope(one, data={**rated(one), "stars": 99}), "schema_violated"),
        "a field missing": (RATED, envelope(one, data={"rating_id": str(one)}), "schema_violated"),
        "data of no kind": (RATED, envelope(one, data=[]), "message_unreadable"),
    }


@pytest.mark.parametrize("what", strange())
def test_what_nobody_can_read_keeps_its_place_takes_no_effect_and_blocks_nobody(centre: End, what: str) -> None:
    event_type, body, reason = strange()[what]
    try:
        event_id = orjson.loads(body)["id"]
    except (ValueError, TypeError, KeyError):
        event_id = str(uuid7())
    first, last = good(centre, 1), good(centre, 3)
    centre.take([first, unreadable(centre, 2, body, event_type, UUID(event_id)), last])
    assert ids(centre) == [first.id, last.id]
    [row] = centre.rows("SELECT reason, count, position, sequence FROM link_parked")
    assert (row.reason, row.count, row.position, row.sequence) == (reason, 1, 2, 2)
    rows = centre.rows("SELECT sequence, parked FROM link_log ORDER BY position")
    assert [tuple(one) for one in rows] == [(1, None), (2, reason), (3, None)]
    assert centre.one("SELECT applied FROM link_mark").applied == 3
    assert reason in WITHOUT_EFFECT


def test_what_an_applier_cannot_take_is_parked_alone_with_what_it_said(centre: End) -> None:
    told = [good(centre, number) for number in range(1, 8)]
    centre.refuses = lambda arrival: arrival.sequence in (3, 6)
    centre.take(told)
    assert ids(centre) == [one.id for number, one in enumerate(told, 1) if number not in (3, 6)]
    rows = centre.rows("SELECT sequence, reason, detail FROM link_parked ORDER BY sequence")
    assert [(row.sequence, row.reason) for row in rows] == [(3, "not_applied"), (6, "not_applied")]
    assert "the applier cannot" in rows[0].detail
    assert [row.sequence for row in centre.rows("SELECT sequence FROM link_log ORDER BY position")] == list(range(1, 8))


def test_old_facts_that_are_sent_again_take_no_second_effect(centre: End) -> None:
    told = [good(centre, number) for number in range(1, 6)]
    centre.take(told)
    taken = centre.take(told[::-1] + told)
    assert (taken.applied, taken.known) == (0, 10)
    assert ids(centre) == [one.id for one in told] and centre.parked() == []


def test_a_fact_under_a_new_number_of_the_same_epoch_is_no_second_fact(centre: End) -> None:
    event_id = uuid7()
    centre.take([centre.message(1, envelope(event_id), event_id=event_id)])
    centre.take([centre.message(2, envelope(event_id), event_id=event_id)])
    assert ids(centre) == [str(event_id)]
    assert [row.parked for row in centre.rows("SELECT parked FROM link_log ORDER BY position")] == [
        None, "known_already"]
    assert centre.one("SELECT applied FROM link_mark").applied == 2


def test_the_same_number_with_other_bytes_is_an_alarm(centre: End) -> None:
    centre.take([good(centre, 1), good(centre, 2)])
    centre.take([good(centre, 2)])
    assert centre.parked() == [("content_differs", 1)] and len(centre.arrived) == 2


def test_what_is_said_about_the_line_is_proved_as_well(ends) -> None:
    node, centre = ends
    [hello] = node.speak()
    for bad in (replace(hello, body=hello.body.replace(b'"marks":{}', b'"marks":{ }')),
                headers(hello, sequence=1), replace(hello, user="node.EG-C"), replace(hello, type="link.receipt")):
        centre.take([bad])
        assert centre.one("SELECT heard_at FROM link_sent WHERE peer = :peer", peer=NODE).heard_at is None
    assert {reason for reason, _ in centre.parked()} == {"signature_bad", "epoch_unknown", "sender_wrong"}
    centre.take([hello])
    assert centre.one("SELECT heard_at FROM link_sent WHERE peer = :peer", peer=NODE).heard_at is not None


def test_an_event_cannot_be_passed_off_as_talk_nor_talk_as_an_event(centre: End) -> None:
    talk = centre.message(1, orjson.dumps({"at": "2026-11-22T10:00:00+00:00", "counter": 9}), event_type="link.hello")
    centre.take([talk])
    assert centre.parked() == [("epoch_unknown", 1)]
    assert centre.one("SELECT peer_counter FROM link_sent").peer_counter == 0


def test_a_place_that_nobody_trusts_is_heard_by_nobody(centre: End) -> None:
    one = good(centre, 1, sender="EG-ALX")
    other = delivered_by(one, "EG-ALX")
    centre.take([other])
    assert centre.parked() == [("key_unknown", 1)] and centre.arrived == []


def delivered_by(one: Delivery, place: str) -> Delivery:
    return replace(one, user=user_of(place))
