"""What a tablet signs, and when something can have been done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from rules import offline

MORNING = datetime(2026, 3, 1, 6, tzinfo=UTC)
moments = some.integers(-(10**6), 10**6).map(lambda seconds: MORNING + timedelta(seconds=seconds))
words = some.text(some.characters(blacklist_characters="\n"), max_size=20)


@given(words, some.integers(1, 10**9), words, words, some.text(max_size=60))
def test_what_is_signed_says_all_five_values(item: str, number: int, kind: str, told: str, body: str) -> None:
    signed = offline.signed_text(item, number, kind, told, body)
    assert signed.split("\n", 4) == [item, str(number), kind, told, body]


@given(moments, moments, moments)
def test_what_counts_lies_between_bundle_and_now_and_a_plausible_time_is_moved_by_the_skew_at_most(
    at: datetime, since: datetime, now: datetime
) -> None:
    since, now = min(since, now), max(since, now)
    counted = offline.within(at, since, now)
    assert since <= counted <= now
    if offline.plausible(at, since, now):
        assert abs(counted - at) <= offline.SKEW
    else:
        assert not since <= at <= now
    assert offline.within(None, since, now) == now
