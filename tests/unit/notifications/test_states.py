"""The life of a message: where it may go, and the retry table."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications import states
from services.notifications.states import PartState, State

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_delivered_message_stays_delivered_and_a_receipt_beats_any_other_end():
    assert not any(states.may_follow(State.DELIVERED, after) for after in State)
    for before in (State.SENDING, State.SENT, State.FAILED, State.EXPIRED, State.FAILED_TEMPORARILY):
        assert states.may_follow(before, State.DELIVERED)


def test_nothing_is_sent_again_once_it_was_taken_or_given_up():
    for before in (State.SENT, State.DELIVERED, State.FAILED, State.EXPIRED):
        assert not states.may_follow(before, State.SENDING)


def test_back_off_grows_and_covers_the_lifetime():
    waits = [states.next_attempt(n, NOW, NOW + timedelta(days=9)) - NOW for n in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=30)
    assert waits[-1] == timedelta(hours=4)
    at, attempts = NOW, 0
    while at < NOW + states.LIFETIME:
        attempts += 1
        at = states.next_attempt(attempts, at, NOW + states.LIFETIME)
    assert at == NOW + states.LIFETIME
    assert 20 <= attempts <= 30


def test_what_the_provider_asks_for_wins_but_not_over_the_lifetime():
    end = NOW + timedelta(minutes=1)
    assert states.next_attempt(5, NOW, end, timedelta(seconds=3)) == NOW + timedelta(seconds=3)
    assert states.next_attempt(5, NOW, end, timedelta(hours=1)) == end


@given(st.lists(st.sampled_from(PartState), min_size=1, max_size=6))
def test_parts_decide_a_message_in_any_order(parts):
    assert {states.settled(parts), states.settled(parts[::-1]), states.settled(sorted(parts))} == {
        states.settled(parts)
    }


def test_parts_decide_a_message():
    w, a, d, u = PartState.WAITING, PartState.ACCEPTED, PartState.DELIVERED, PartState.UNDELIVERED
    assert states.settled([]) is None
    assert states.settled([d, d]) is State.DELIVERED
    assert states.settled([a, d]) is State.SENT
    assert states.settled([w, d]) is None
    for other in (w, a, d):
        assert states.settled([other, u]) is State.FAILED


def test_every_state_has_its_row_in_the_table():
    assert set(states.TRANSITIONS) == set(State)
    assert all(isinstance(states.may_follow(a, b), bool) for a, b in product(State, State))


@pytest.mark.parametrize(("channel", "state", "hours", "known"), [
    ("sms", "sent", 0, "awaited"), ("sms", "sent", 71, "awaited"), ("sms", "sent", 73, "overdue"),
    ("email", "sent", 0, "none_promised"), ("email", "sent", 500, "none_promised"),
    ("sms", "delivered", 73, None), ("sms", "failed", 73, None)])
def test_what_was_sent_is_never_taken_for_delivered(channel, state, hours, known):
    sent_at = datetime(2026, 3, 1, tzinfo=UTC)
    assert states.receipt(channel, state, sent_at, sent_at + timedelta(hours=hours)) == known
    assert states.receipt(channel, "queued", None, sent_at) is None
