"""One-time codes: made evenly, read as people type them, sent no oftener than the ceilings say."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import one_time_codes as codes
from rules.one_time_codes import ADDRESS, BETWEEN, CEILINGS, NUMBER, counted_address, make, read, wait, window_start
from rules.refusal import Refusal

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@given(st.integers(0, 999_999))
def test_each_number_of_the_source_is_one_code_of_six_digits(drawn: int) -> None:
    asked: list[int] = []
    code = make(lambda below: asked.append(below) or drawn)
    assert asked == [1_000_000]
    assert len(code) == 6 and code.isascii() and code.isdigit() and int(code) == drawn


@given(st.integers(0, 999_999), st.booleans(), st.sampled_from(["", " ", "-", "\u200f", "\u00a0", " – "]))
def test_a_code_is_read_however_it_is_typed(drawn: int, arabic: bool, between: str) -> None:
    code = f"{drawn:06d}"
    typed = f" {code[:3]}{between}{code[3:]} "
    assert read(typed.translate(ARABIC) if arabic else typed) == code


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "½23456", "12345६", "123456\x00", "12.456"])
def test_what_is_no_code_is_refused_for_its_form(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(typed)
    assert (refused.value.code, refused.value.faults[0].field) == ("code_malformed", "code")


@given(st.text(max_size=12))
def test_reading_gives_six_digits_or_refuses(typed: str) -> None:
    try:
        code = read(typed)
    except Refusal as refused:
        assert refused.code == "code_malformed"
    else:
        assert len(code) == 6 and code.isascii() and code.isdigit()


@given(st.lists(st.integers(0, 7200), min_size=1, max_size=120), st.sampled_from([NUMBER, ADDRESS]))
def test_no_run_of_attempts_gets_past_the_ceilings(gaps: list[int], of: str) -> None:
    """Somebody asks again and again, at whatever moments. What is sent keeps the gap and the ceilings; who waits as
    long as told is let in."""
    ceilings = [ceiling for ceiling in CEILINGS if ceiling.of == of]
    now, last, sent = START, None, []
    counted: Counter[tuple[timedelta, datetime]] = Counter()
    for gap in gaps:
        now += timedelta(seconds=gap)

        def standing(at: datetime) -> dict[codes.Ceiling, int]:
            return {one: counted[one.span, window_start(at, one.span)] for one in ceilings}

        waiting = wait(now, last, standing(now))
        assert waiting >= timedelta()
        if waiting:
            assert wait(now + waiting, last, standing(now + waiting)) == timedelta()
            continue
        sent.append(now)
        last = now
        counted.update((one.span, window_start(now, one.span)) for one in ceilings)
    assert all(later - earlier >= BETWEEN for earlier, later in pairwise(sent))
    for one in ceilings:
        windows = Counter(window_start(at, one.span) for at in sent)
        assert max(windows.values()) <= one.most


def test_the_longest_wait_counts() -> None:
    hour = next(one for one in CEILINGS if one.of == NUMBER and one.span == codes.HOUR)
    at = START + timedelta(minutes=20)
    assert wait(at, None, {}) == timedelta()
    assert wait(at, at - timedelta(seconds=45), {}) == timedelta(seconds=15)
    assert wait(at, at - timedelta(seconds=45), {hour: hour.most}) == timedelta(minutes=40)
    assert wait(at, at - timedelta(seconds=45), {hour: hour.most - 1}) == timedelta(seconds=15)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), st.sampled_from(CEILINGS))
def test_a_moment_lies_in_its_window(now: datetime, ceiling: codes.Ceiling) -> None:
    start = window_start(now, ceiling.span)
    assert start <= now < start + ceiling.span
    assert window_start(start, ceiling.span) == start


def test_what_a_guesser_is_left_with() -> None:
    """The chance that the module's text states, from the figures themselves."""
    daily = next(one.most for one in CEILINGS if one.of == NUMBER and one.span == codes.DAY)
    assert daily * codes.TRIES / 10**codes.DIGITS <= 1 / 20_000
    assert all(one.why for one in CEILINGS)


@pytest.mark.parametrize(
    ("address", "counted"),
    [("41.33.1.2", "41.33.1.2"), ("2c0f:fc89:1:2:3:4:5:6", "2c0f:fc89:1:2::/64"),
     ("2c0f:fc89:1:2:ffff::9", "2c0f:fc89:1:2::/64"), ("::ffff:41.33.1.2", "41.33.1.2"),
     ("fe80::1%eth0", "fe80::/64"), ("unknown", "unknown"), ("staff:" + "x" * 90, "staff:" + "x" * 54)],
)  # fmt: skip
def test_addresses_that_one_subscriber_has_are_counted_as_one(address: str, counted: str) -> None:
    assert counted_address(address) == counted


def test_the_line_that_browsers_read() -> None:
    assert codes.autofill_line("cairo.gov.eg", "012345") == "@cairo.gov.eg #012345"
