"""What is proved ahead, while the batch before is on its way into the database, takes effect no sooner and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chassis.config import Role
from chassis.ids import uuid7
from contracts.events import Event
from rules.link import Message
from services.gateway.link import receiving
from services.gateway.link.reading import event_of
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import End, envelope, public


@pytest.fixture
def centre(ends) -> End:
    _, centre = ends
    centre.take([said(centre, 1)])  # with it the keys of the node are known
    return centre


def said(centre: End, sequence: int, **changes):
    event_id = uuid7()
    return centre.message(sequence, envelope(event_id), event_id=event_id, **changes)


def marks(centre: End) -> list[int]:
    return [row.applied for row in centre.rows("SELECT applied FROM link_mark")]


def proved_ahead(centre: End, *deliveries):
    batch = centre.receiving.read(deliveries)
    turns = []
    centre.receiving.ahead(batch, lambda: turns.append((len(batch.proved), len(batch.events))))
    return batch, turns


def test_what_is_proved_ahead_takes_effect_when_its_turn_comes_and_lets_others_run(centre: End) -> None:
    batch, turns = proved_ahead(centre, *(said(centre, number) for number in range(2, 62)))
    assert marks(centre) == [1]
    assert turns == [(20, 0), (40, 0), (60, 0), (60, 20), (60, 40), (60, 60)]
    taken = centre.receiving.apply(centre.attempt, batch)
    assert (taken.applied, marks(centre)) == (60, [61])


def test_what_is_read_ahead_is_read_no_second_time_and_what_is_large_only_in_its_turn(
    centre: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_of: list[int] = []
    monkeypatch.setattr(receiving, "event_of", lambda one, role: read_of.append(one.sequence) or event_of(one, role))
    small, event_id = said(centre, 2), uuid7()
    large = centre.message(3, envelope(event_id, more="x" * receiving.READ_AHEAD), event_id=event_id)
    batch, _ = proved_ahead(centre, small, large, said(centre, 4))
    assert read_of == [2, 4]
    centre.receiving.apply(centre.attempt, batch)
    assert read_of == [2, 4, 3] and marks(centre) == [4]


def test_what_nobody_can_even_try_to_read_harms_nobody_before_its_turn(
    centre: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(one: Message, role: Role) -> Event:
        if one.sequence == 3:
            raise RecursionError("too deep")
        return event_of(one, role)

    monkeypatch.setattr(receiving, "event_of", breaks)
    forged = said(centre, 3, by=5)
    batch, _ = proved_ahead(centre, said(centre, 2), forged)
    centre.receiving.apply(centre.attempt, batch)
    assert marks(centre) == [2] and centre.parked() == [("signature_bad", 1)]


def test_a_forged_one_is_not_proved_and_never_takes_effect(centre: End) -> None:
    good, forged = said(centre, 2), said(centre, 3, by=5)
    changed = replace(said(centre, 4), body=envelope(uuid7()))
    batch, _ = proved_ahead(centre, good, forged, changed)
    assert len(batch.proved) == 1
    centre.receiving.apply(centre.attempt, batch)
    assert marks(centre) == [2] and centre.parked() == [("signature_bad", 1), ("signature_bad", 1)]


def test_what_was_proved_by_a_key_that_is_revoked_before_its_turn_is_refused(centre: End) -> None:
    batch, _ = proved_ahead(centre, said(centre, 2))
    centre.do("UPDATE link_key SET revoked_epoch = 1, revoked_sequence = 2")
    centre.receiving.apply(centre.attempt, batch)
    assert marks(centre) == [1] and centre.parked() == [("key_revoked", 1)]


def test_what_was_proved_by_another_key_of_the_same_name_is_proved_anew(centre: End) -> None:
    batch, _ = proved_ahead(centre, said(centre, 2))
    centre.do("UPDATE link_key SET public = :public", public=public(7))
    centre.receiving.apply(centre.attempt, batch)
    assert marks(centre) == [1] and centre.parked() == [("signature_bad", 1)]
