"""The check of the inquiry at the centre: number and digits together, under any of the keys, and nothing else."""

from __future__ import annotations

from itertools import product

import pytest

from rules import inquiry

NUMBER, KEY, OLD = "01-26-21263991-J", b"k" * 32, b"o" * 32


def test_a_check_is_of_the_number_the_digits_and_the_key() -> None:
    made = {inquiry.check(number, last4, key)
            for number, last4, key in product((NUMBER, "04-26-21263991-J"), ("5678", "8765"), (KEY, OLD))}  # fmt: skip
    assert len(made) == 8 and all(len(one) == 64 for one in made)
    assert inquiry.check(NUMBER, "5678", KEY) == inquiry.check(NUMBER, "5678", KEY)


@pytest.mark.parametrize("keys", [(KEY,), (OLD, KEY), (KEY, OLD)])
def test_it_opens_under_any_of_the_keys(keys: tuple[bytes, ...]) -> None:
    kept = inquiry.check(NUMBER, "5678", KEY)
    assert inquiry.lets_in(kept, NUMBER, "5678", keys)
    assert not inquiry.lets_in(kept, NUMBER, "5679", keys)
    assert not inquiry.lets_in(kept, "04-26-21263991-J", "5678", keys)


@pytest.mark.parametrize("kept", [None, "", "0" * 64])
def test_what_is_no_check_opens_to_nobody(kept: str | None) -> None:
    assert not inquiry.lets_in(kept, NUMBER, "5678", (KEY, OLD))
    assert not inquiry.lets_in(inquiry.check(NUMBER, "5678", KEY), NUMBER, "5678", ())
