"""Waiting for the feed: however many programs wait with one key, others have their places."""

from __future__ import annotations

import threading
import time

import pytest

from rules.refusal import Refusal
from services.gateway.agencies.pulling import Head


def test_one_key_takes_no_places_of_others_and_gets_its_own_back() -> None:
    newest = [5]
    head = Head(lambda: newest[0], most=3, most_of_one=2)
    threads = [threading.Thread(target=head.wait, args=(5, 20, "partner:a")) for _ in range(2)]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + 20
    while head.waiting("partner:a") < 2:
        assert time.monotonic() < ends
    with pytest.raises(Refusal, match="too_many_waiting"):
        head.wait(5, 1, "partner:a")
    assert head.wait(5, 0, "partner:b") is False

    newest[0] = 6
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert head.waiting("partner:a") == 0 and head.wait(5, 1, "partner:a") is True


def test_in_all_there_are_so_many_places() -> None:
    head = Head(lambda: 5, most=0, most_of_one=2)
    with pytest.raises(Refusal, match="too_many_waiting"):
        head.wait(5, 1, "partner:a")
