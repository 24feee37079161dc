"""Signatures that a helper process proves take effect as if they were proved here, whatever becomes of the helper."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

import rules.link
from chassis.ids import uuid7
from services.gateway.link import proving
from services.gateway.link.proving import FEW, Proving
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import End, envelope, public

MANY = 2 * FEW


@pytest.fixture
def helped(ends, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[End, Proving]]:
    """A centre that knows the node's key and has two helpers, for which it waits also where the machine is busy."""
    _, centre = ends
    monkeypatch.setattr(proving, "SECONDS", 60.0)
    made = Proving(2)
    centre.receiving._proving = made
    centre.take(said(centre, 1, 1))
    yield centre, made
    made.stop()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of messages whose signatures are proved in this process."""
    proved: list[int] = []
    by = rules.link.signed_by
    monkeypatch.setattr(rules.link, "signed_by", lambda one, raw: proved.append(one.sequence) or by(one, raw))
    return proved


def said(centre: End, first: int, count: int, **changes):
    made = []
    for number in range(first, first + count):
        event_id = uuid7()
        made.append(centre.message(number, envelope(event_id), event_id=event_id, **changes))
    return made


def applied(centre: End) -> int:
    return int(centre.one("SELECT applied FROM link_mark").applied)


def test_helpers_prove_what_comes_in_numbers_and_nothing_of_it_is_proved_here(helped, here: list[int]) -> None:
    centre, made = helped
    centre.take(said(centre, 2, FEW - 1))
    assert made.pids == [] and len(here) == FEW - 1  # not worth handing over
    del here[:]
    for _ in range(2):
        centre.take(said(centre, applied(centre) + 1, MANY))
    assert (applied(centre), here, len(made.pids)) == (FEW + 2 * MANY, [], 2)


def test_a_forged_one_among_them_is_parked_and_its_neighbours_take_effect(helped, here: list[int]) -> None:
    centre, _ = helped
    good = said(centre, 2, MANY)
    [short] = said(centre, MANY + 3, 1)
    short = replace(short, headers={**short.headers, "signature": base64.b64encode(b"short").decode()})
    centre.take([*good[:3], *said(centre, MANY + 2, 1, by=5), short, *good[3:]])
    assert applied(centre) == MANY + 1 and centre.parked() == [("signature_bad", 1), ("signature_bad", 1)]
    assert set(here) == {MANY + 2, MANY + 3}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_of_a_helper_that_dies_or_hangs_everything_is_proved_here_and_another_begins(
    helped, here: list[int], monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    centre, made = helped
    centre.take(said(centre, 2, MANY))
    first, second = made.pids
    os.kill(first, signal.SIGSTOP)  # so that it cannot have answered before it is killed
    batch = centre.receiving.read(said(centre, MANY + 2, MANY))
    os.kill(first, how)
    with monkeypatch.context() as impatient:  # with this one; whoever takes its place has to begin first
        impatient.setattr(made._helpers._helpers[0], "_seconds", 0.3)
        centre.receiving.apply(centre.attempt, batch)
    assert applied(centre) == 1 + 2 * MANY and len(here) == MANY // 2
    del here[:]
    centre.take(said(centre, 2 * MANY + 2, MANY))
    assert applied(centre) == 1 + 3 * MANY and here == []
    assert first not in made.pids and second in made.pids and len(made.pids) == 2


def test_where_no_helper_can_be_started_everything_is_proved_here(
    helped, here: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    centre, made = helped
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    centre.take(said(centre, 2, MANY))
    assert applied(centre) == 1 + MANY and len(here) == MANY and made.pids == []


def test_a_batch_that_was_given_up_leaves_no_answer_to_the_next(helped) -> None:
    centre, _ = helped
    forged = said(centre, 2, MANY, by=5)
    centre.receiving.read(forged)  # the connection was lost before it took effect
    centre.take(forged)
    assert applied(centre) == 1
    given_up = centre.receiving.read(said(centre, 2, MANY))
    centre.take(forged)
    assert applied(centre) == 1
    centre.receiving.apply(centre.attempt, given_up)
    assert applied(centre) == 1 + MANY


@pytest.mark.parametrize(("change", "reason"), [
    ("UPDATE link_key SET revoked_epoch = 1, revoked_sequence = 2", "key_revoked"),
    ("UPDATE link_key SET public = :public", "signature_bad"),
    ("UPDATE link_key SET since_epoch = 2", "key_not_yet"),
])  # fmt: skip
def test_whether_a_key_may_is_asked_when_the_turn_comes_though_a_helper_proved_that_it_did(
    helped, change: str, reason: str
) -> None:
    centre, _ = helped
    batch = centre.receiving.read(said(centre, 2, MANY))
    batch.settle()
    assert len(batch.proved) == MANY
    centre.do(change, **({"public": public(7)} if ":public" in change else {}))
    centre.receiving.apply(centre.attempt, batch)
    assert applied(centre) == 1 and {one for one, _ in centre.parked()} == {reason}


def test_an_answer_of_another_length_is_none(helped, here: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    centre, _ = helped
    monkeypatch.setattr(proving.Handed, "answer", lambda _: b"\x01")
    centre.take(said(centre, 2, MANY))
    assert applied(centre) == 1 + MANY and len(here) == MANY
