"""The line: whatever is lost, repeated, swapped or forged on the way, every message takes effect once, in order."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from rules import link
from rules.link import Apply, Hold, Key, Known, Mark, Message, Park, Receipt

PRIVATE, OTHER = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32), Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
KEYS = {"k1": Key("k1", PRIVATE.public_key().public_bytes_raw())}


def message(sequence: int = 1, epoch: int = 1, body: bytes = b"{}", private: Ed25519PrivateKey = PRIVATE,
            **changes: object) -> Message:  # fmt: skip
    plain = Message("EG-C", "EG", epoch, sequence, UUID(int=sequence), "requests.request.moved.v1", body, "k1", b"")
    plain = replace(plain, **changes)  # type: ignore[arg-type]
    return replace(plain, signature=link.sign(plain, private))


def reason(one: Message, keys: dict[str, Key] = KEYS, sender: str = "EG-C", receiver: str = "EG") -> str | None:
    return link.genuine(one, sender, receiver, keys)


def test_a_message_of_the_sender_is_genuine() -> None:
    assert reason(message()) is None


@pytest.mark.parametrize("changed", [
    {"sender": "EG-SUZ"}, {"receiver": "EG-C"}, {"epoch": 2}, {"sequence": 2}, {"id": UUID(int=9)}, {"type": "x"},
    {"body": b"{ }"}, {"signature": b"\x00" * 64}, {"signature": b""},
])  # fmt: skip
def test_a_message_with_anything_changed_is_not(changed: dict[str, object]) -> None:
    one = replace(message(), **changed)  # type: ignore[arg-type]
    assert reason(one, sender=one.sender, receiver=one.receiver) == "signature_bad"


@given(st.lists(st.text(max_size=6), min_size=5, max_size=5), st.lists(st.text(max_size=6), min_size=5, max_size=5))
def test_no_two_messages_read_alike(first: list[str], second: list[str]) -> None:
    def made(parts: list[str]) -> Message:
        return Message(parts[0], parts[1], 1, 1, UUID(int=1), parts[2], (parts[3] + parts[4]).encode(), "k", b"")

    one, other = made(first), made(second)
    assert (link.signed_text(one) == link.signed_text(other)) == (one == other)


def test_who_is_at_the_other_end_counts_and_not_what_the_message_says() -> None:
    assert reason(message(), sender="EG-SUZ") == "sender_wrong"
    assert reason(message(), receiver="EG-C") == "sender_wrong"


def test_a_key_is_good_from_its_first_place_until_it_is_revoked_from_another() -> None:
    keys = {"k1": replace(KEYS["k1"], since=(1, 5), revoked_from=(2, 3))}
    places = [(1, 4), (1, 5), (1, 900), (2, 1), (2, 2), (2, 3), (3, 1)]
    assert [reason(message(sequence, epoch), keys) for epoch, sequence in places] == [
        "key_not_yet", None, None, None, None, "key_revoked", "key_revoked"]
    assert reason(message(key_id="k2"), keys) == "key_unknown"
    assert reason(message(private=OTHER)) == "signature_bad"


def test_a_huge_body_is_turned_away_before_it_is_looked_at() -> None:
    assert reason(message(body=b"x" * (link.LARGEST + 1))) == "body_too_large"


def test_the_next_is_applied_the_known_is_known_and_the_early_one_is_held() -> None:
    marks = {1: Mark(1, 7)}
    assert link.place(message(8), marks) == Apply()
    assert link.place(message(7), marks) == link.place(message(1), marks) == Known()
    assert link.place(message(12), marks) == Hold(8, 11)
    assert link.place(message(1, epoch=2), marks) == Apply()
    assert link.place(message(3, epoch=2), marks) == Hold(1, 2)


def test_the_same_place_with_other_bytes_is_an_alarm_and_no_repeat() -> None:
    marks = {1: Mark(1, 7)}
    assert link.place(message(7), marks, message(7).digest) == Known()
    assert link.place(message(7, body=b"[]"), marks, message(7).digest) == Park("content_differs")


class Receiver:
    """As the shell does it: applies, holds, asks, says how far it is."""

    def __init__(self) -> None:
        self.marks: dict[int, Mark] = {}
        self.held: dict[int, Message] = {}
        self.applied: list[bytes] = []
        self.parked: list[str] = []

    def take(self, one: Message) -> None:
        why = reason(one)
        if why:
            self.parked.append(why)
            return
        verdict = link.place(one, self.marks)
        if isinstance(verdict, Hold):
            self.held[one.sequence] = one
        while isinstance(verdict, Apply):
            self.applied.append(one.body)
            self.marks[1] = Mark(1, one.sequence)
            following = self.held.pop(one.sequence + 1, None)
            if following is None:
                break
            one, verdict = following, link.place(following, self.marks)

    @property
    def mark(self) -> int:
        return self.marks.get(1, Mark(1)).applied


@given(st.integers(1, 40), st.randoms(use_true_random=False), st.floats(0, 0.9))
def test_a_line_that_loses_doubles_swaps_and_forges_delivers_each_once_in_order(
    count: int, chance: random.Random, lost: float
) -> None:
    stored = [message(number, body=str(number).encode()) for number in range(1, count + 1)]
    receiver, forged = Receiver(), 0
    wire = list(stored)
    for _ in range(200):
        chance.shuffle(wire)
        for one in wire:
            if chance.random() >= lost:
                receiver.take(one)
            if chance.random() < 0.1:
                receiver.take(replace(one, body=b"forged"))
                forged += 1
        if receiver.mark == count:
            break
        asked = link.missing(receiver.mark, receiver.held) or [(receiver.mark + 1, count)]
        wire = [stored[number - 1] for first, last in asked for number in range(first, last + 1)] * 2
    else:
        wire = stored
        for one in wire:
            receiver.take(one)
    assert receiver.applied == [one.body for one in stored]
    assert receiver.parked == ["signature_bad"] * forged


@given(st.sets(st.integers(1, 60)), st.integers(0, 30), st.integers(1, 50))
def test_what_is_missing_is_asked_for_once_the_earliest_first_and_bounded(held: set[int], mark: int, most: int) -> None:
    held = {one for one in held if one > mark}
    gaps = link.missing(mark, held, most)
    asked = [number for first, last in gaps for number in range(first, last + 1)]
    absent = [number for number in range(mark + 1, max(held, default=mark)) if number not in held]
    assert asked == absent[:most]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=20))
def test_receipts_late_or_twice_never_take_the_mark_back(told: list[tuple[int, int]]) -> None:
    mark, seen = Receipt(1, 0, 0), [(0, 0)]
    for applied, backed_up in told:
        before, mark = mark, link.received(mark, Receipt(1, applied, backed_up), sent=15)
        assert mark.applied >= before.applied and mark.backed_up >= before.backed_up
        if applied <= 15 and backed_up <= applied:
            seen.append((applied, backed_up))
    assert (mark.applied, mark.backed_up) == (max(one for one, _ in seen), max(other for _, other in seen))


def test_a_restored_receiver_is_believed_when_it_has_applied_less_and_its_former_self_no_more() -> None:
    before = Receipt(1, 100, 90)
    after = link.received(before, Receipt(1, 92, 90, incarnation=2), sent=120)
    assert after == Receipt(1, 92, 90, 2)
    assert link.received(after, Receipt(1, 110, 90, incarnation=1), sent=120) == after
    assert link.received(before, Receipt(2, 5, 5), sent=120) == before
    assert link.received(before, Receipt(1, 121, 90), sent=120) == before


# -- talk about the line ----------------------------------------------------------------------------------------------


def talk(body: bytes = b"{}", key_id: str = "k1", event_type: str = "link.hello", sequence: int = 0) -> Message:
    plain = Message("EG-C", "EG", 1, sequence, UUID(int=5), event_type, body, key_id, b"")
    return replace(plain, signature=link.sign(plain, PRIVATE))


def test_what_is_said_about_the_line_is_proved_and_has_no_place() -> None:
    def why(one: Message, keys: dict[str, Key] = KEYS) -> str | None:
        return link.spoken(one, "EG-C", "EG", keys)

    assert why(talk()) is None
    assert why(replace(talk(), body=b"{ }")) == "signature_bad"
    assert why(talk(sequence=1)) == why(talk(event_type="requests.request.moved.v1")) == "epoch_unknown"
    assert why(talk(key_id="k2")) == "key_unknown"
    assert why(talk(), {"k1": replace(KEYS["k1"], since=(9, 9))}) is None
    assert why(talk(), {"k1": replace(KEYS["k1"], revoked_from=(9, 9))}) == "key_revoked"
    assert link.spoken(talk(), "EG-SUZ", "EG", KEYS) == link.spoken(talk(), "EG-C", "EG-C", KEYS) == "sender_wrong"
    assert why(talk(b"x" * (link.LARGEST + 1))) == "body_too_large"
    assert reason(talk()) == "epoch_unknown"  # and is never taken for a fact


def test_only_what_is_newer_than_the_newest_is_heard() -> None:
    assert link.newer((1, 6), (1, 5)) and link.newer((2, 1), (1, 900))
    assert not link.newer((1, 5), (1, 5)) and not link.newer((1, 900), (2, 1))


# -- a batch ----------------------------------------------------------------------------------------------------------


def test_a_batch_is_put_in_its_places_with_what_was_held() -> None:
    held = {(1, 4): message(4), (1, 5): message(5), (1, 9): message(9)}
    done = link.placed([message(7), message(2), message(1), message(3), message(3)], {1: Mark(1, 1)}, {}, held)
    assert [one.sequence for one in done.apply] == [2, 3, 4, 5]
    assert [one.sequence for one in done.hold] == [7] and done.known == 2 and done.park == ()
    assert done.moved == {1: Mark(1, 5)}


def test_epochs_have_places_of_their_own() -> None:
    done = link.placed([message(2, epoch=2), message(8), message(1, epoch=2)], {1: Mark(1, 7)}, {}, {})
    assert [(one.epoch, one.sequence) for one in done.apply] == [(1, 8), (2, 1), (2, 2)]
    assert done.moved == {1: Mark(1, 8), 2: Mark(2, 2)}


def test_other_bytes_at_a_place_that_is_taken_are_parked_also_within_a_batch() -> None:
    digests = {(1, 1): message(1).digest}
    done = link.placed([message(1, body=b"[]"), message(2), message(2, body=b"[]")], {1: Mark(1, 1)}, digests, {})
    assert [(one.body, why) for one, why in done.park] == [(b"[]", "content_differs"), (b"[]", "content_differs")]
    assert [one.body for one in done.apply] == [b"{}"]


def test_what_stands_behind_a_message_that_may_change_what_is_believed_is_judged_after_it() -> None:
    held = {(1, 3): message(3), (1, 4): message(4)}
    key = message(2, type="key")
    done = link.placed([message(6), key, message(5)], {1: Mark(1, 1)}, {}, held, ("key",))
    assert (done.apply, done.hold) == ((key,), ()) and done.moved == {1: Mark(1, 2)}
    assert [one.sequence for one in done.rest] == [6, 5]


def test_what_is_held_already_is_not_held_twice() -> None:
    done = link.placed([message(5), message(5)], {1: Mark(1, 1)}, {}, {(1, 5): message(5)})
    assert (done.hold, done.known, dict(done.moved)) == ((), 2, {})
