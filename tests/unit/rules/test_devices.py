"""The life of a tablet: what may be done to it, and when it may act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import describe
from rules import devices
from rules.refusal import Refusal

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

TABLE = """\
certify   certified, expired, pending                 certified
suspend   certified, expired                          suspended
resume    suspended                                   certified
revoke    certified, expired, pending, suspended      revoked
"""


def test_the_table_is_this() -> None:
    assert devices.table() == TABLE


def test_a_certificate_ends_after_its_last_second() -> None:
    assert devices.standing("certified", NOW, NOW) == "certified"
    assert devices.standing("certified", NOW, NOW + timedelta(seconds=1)) == "expired"
    assert devices.standing("suspended", NOW, NOW + timedelta(days=9)) == "suspended"
    assert devices.standing("revoked", NOW, NOW + timedelta(days=9)) == "revoked"


@pytest.mark.parametrize("code", devices.ACTS)
@pytest.mark.parametrize("standing", devices.STANDINGS)
def test_an_act_is_possible_where_the_table_says_so_and_nowhere_else(code: str, standing: str) -> None:
    if standing in devices.ACTS[code].standings:
        assert devices.act(code, standing).to in devices.STATES
    else:
        with pytest.raises(Refusal, match="device_act_refused") as refused:
            devices.act(code, standing)
        [fault] = refused.value.faults
        arabic, english = devices.NAMES[standing]
        assert f": {arabic}." in describe(fault, "ar") and standing not in describe(fault, "ar")
        assert f"that is {english} now" in describe(fault, "en")


@given(st.lists(st.sampled_from(sorted(devices.ACTS)), max_size=12))
def test_nothing_brings_a_revoked_device_back(codes: list[str]) -> None:
    state, revoked = devices.PENDING, False
    for code in codes:
        try:
            state = devices.act(code, state).to
        except Refusal:
            continue
        revoked = revoked or code == "revoke"
        assert (state == devices.REVOKED) == revoked
