"""Delivery receipts out of their order, for parts, after a message went to another provider. On a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.ids import uuid7
from services.notifications import messages, preferences, receipts, waiting
from services.notifications.messages import Draft
from services.notifications.packing import pack_sms
from services.notifications.preferences import Address, Choice, Door
from services.notifications.providers.base import Answer, Outgoing, Receipt, Verdict
from tests.support.messages_ground import LEASE, Ground, ground

PHONE = "+201012345678"


@pytest.fixture
def desk(database_url: Callable[..., str]) -> Iterator[Ground]:
    with ground(database_url("notifications")) as made:
        yield made


def taken(desk: Ground, *, text: str = "x", provider: str = "smpp", legal: bool = True) -> Outgoing:
    """A message that a provider has in hand."""
    draft = Draft("sms", PHONE, "request_received", 1, "en", {"text": text}, legal=legal, id=uuid7())
    desk.transact(lambda work: messages.create(work, None, uuid7(), [draft]))
    return claim(desk, provider)


def claim(desk: Ground, provider: str = "smpp") -> Outgoing:
    (found,) = desk.transact(lambda work: messages.claim(work, "sms", provider, 10, LEASE, pack_sms))
    outgoing: Outgoing = found
    return outgoing


def accept(desk: Ground, one: Outgoing) -> None:
    answers = {part.number: Answer(Verdict.ACCEPTED, name(one, part.number)) for part in one.parts}
    desk.transact(lambda work: messages.record(work, {one.message_id: answers}, 400))


def name(one: Outgoing, part: int) -> str:
    return f"{one.message_id.hex}-{part}"


def come(desk: Ground, *arrived: Receipt, provider: str = "smpp") -> None:
    desk.transact(lambda work: receipts.keep(work, provider, arrived))
    desk.transact(receipts.apply)


def says(one: Outgoing, part: int, delivered: bool = True, **changes: Any) -> Receipt:
    facts = {"provider_message_id": name(one, part), "delivered": delivered, "address": PHONE, "reference": None,
             "reason": None if delivered else "receipt_undeliv", **changes}
    return Receipt(**facts)


def state(desk: Ground, identity: UUID) -> str:
    found: str = desk.row(identity).state
    return found


def left(desk: Ground) -> int:
    count: int = desk.sql("SELECT count(*) AS n FROM receipt")[0].n
    return count


def test_a_message_is_delivered_when_its_last_part_is(desk: Ground) -> None:
    one = taken(desk, text="نص عربي " * 15)
    accept(desk, one)
    come(desk, says(one, 2))
    assert state(desk, one.message_id) == "sent"
    come(desk, says(one, 1))
    assert (state(desk, one.message_id), desk.row(one.message_id).price) == ("delivered", 800)


def test_the_handsets_last_word_counts_whatever_it_said_before(desk: Ground) -> None:
    one = taken(desk)
    accept(desk, one)
    come(desk, says(one, 1, delivered=False))
    assert state(desk, one.message_id) == "failed"
    come(desk, says(one, 1))
    assert state(desk, one.message_id) == "delivered"
    come(desk, says(one, 1, delivered=False), says(one, 1))
    assert (state(desk, one.message_id), left(desk)) == ("delivered", 0)


def test_a_receipt_without_a_message_waits_and_is_forgotten(desk: Ground) -> None:
    one = taken(desk)
    come(desk, says(one, 1))
    assert (state(desk, one.message_id), left(desk)) == ("sending", 1)
    desk.later(timedelta(days=1))
    desk.transact(receipts.forget)
    assert left(desk) == 1
    desk.later(timedelta(days=4000))  # the database's own clock says when it came
    desk.transact(receipts.forget)
    assert left(desk) == 0


def test_a_stranger_with_the_same_number_of_the_operator_settles_nothing(desk: Ground) -> None:
    one = taken(desk)
    accept(desk, one)
    come(desk, says(one, 1, address="+201098765432"))
    come(desk, says(one, 1), provider="other")
    assert (state(desk, one.message_id), left(desk)) == ("sent", 2)


def test_the_first_providers_late_receipt_settles_what_another_has_in_hand_by_now(desk: Ground) -> None:
    one = taken(desk)
    desk.later(LEASE + timedelta(seconds=1))
    again = claim(desk, "other")
    assert again.message_id == one.message_id
    assert [part.reference for part in again.parts] == [part.reference for part in one.parts]
    come(desk, says(one, 1, reference=one.parts[0].reference))
    assert (state(desk, one.message_id), left(desk)) == ("delivered", 0)


def test_what_was_given_up_is_delivered_all_the_same_when_the_handset_says_so(desk: Ground) -> None:
    one = taken(desk)
    desk.later(timedelta(hours=73))
    waiting.move_on(desk.transact)
    assert state(desk, one.message_id) == "expired"
    come(desk, says(one, 1, reference=one.parts[0].reference))
    assert state(desk, one.message_id) == "delivered"


def test_one_that_was_stopped_after_a_lost_answer_is_delivered_when_the_handset_says_so(desk: Ground) -> None:
    one = taken(desk, legal=False)
    desk.transact(lambda work: preferences.keep(work, Address("sms", PHONE), Choice(False), Door.REPLY, None))
    desk.later(LEASE + timedelta(seconds=1))
    assert desk.transact(lambda work: messages.claim(work, "sms", "smpp", 10, LEASE, pack_sms)) == []
    assert (state(desk, one.message_id), desk.row(one.message_id).error) == ("failed", "opted_out")
    come(desk, says(one, 1, reference=one.parts[0].reference))
    assert state(desk, one.message_id) == "delivered"


def test_two_open_messages_that_one_reference_fits_are_both_left_alone(desk: Ground) -> None:
    first, second = taken(desk), taken(desk)
    desk.sql("UPDATE message_part SET reference = 7 RETURNING 1")
    come(desk, says(first, 1, reference=7))
    assert desk.states([first.message_id, second.message_id]) == {"sending"}
    assert left(desk) == 1
