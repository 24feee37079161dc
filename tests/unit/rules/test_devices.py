"""The life of a tablet: what may be done to it, and when it may act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import describe
from rules import devices, offline, roles
from rules.devices import CERTIFIED, REVOKED, SUSPENDED
from rules.refusal import Refusal

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

TABLE = """\
certify   certified, expired, pending                       certified
suspend   certified, expired                                suspended
resume    suspended                                         certified
revoke    certified, emptied, expired, pending, suspended   revoked
"""


def test_the_table_is_this() -> None:
    assert devices.table() == TABLE


def test_a_certificate_ends_after_its_last_second() -> None:
    assert devices.standing("certified", NOW, NOW) == "certified"
    assert devices.standing("certified", NOW, NOW + timedelta(seconds=1)) == "expired"
    assert devices.standing("suspended", NOW, NOW + timedelta(days=9)) == "suspended"
    assert devices.standing("revoked", NOW, NOW + timedelta(days=9)) == "revoked"


@pytest.mark.parametrize("state", ["pending", "certified", "suspended"])
def test_what_emptied_itself_is_nothing_else_any_more_but_may_be_revoked(state: str) -> None:
    assert devices.standing(state, NOW, NOW, emptied=True) == "emptied"
    assert devices.standing("revoked", NOW, NOW, emptied=True) == "revoked"
    assert [code for code, one in devices.ACTS.items() if "emptied" in one.standings] == ["revoke"]


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


@pytest.mark.parametrize(("state", "asked", "at_once", "wiped", "wanted"), [
    (CERTIFIED, False, False, False, None), (SUSPENDED, False, False, False, None),
    (CERTIFIED, True, False, False, "after_upload"), (CERTIFIED, True, True, False, "at_once"),
    (REVOKED, False, False, False, "after_upload"), (REVOKED, True, True, False, "at_once"),
    (REVOKED, False, False, True, None), (CERTIFIED, True, True, True, None)])
def test_what_a_device_is_to_do_with_what_it_keeps(
    state: str, asked: bool, at_once: bool, wiped: bool, wanted: str | None
) -> None:
    assert devices.wipe(state, asked, at_once, wiped) == wanted


def test_each_kind_of_device_is_for_a_role_that_may_work_with_it() -> None:
    for kind in devices.KINDS.values():
        assert roles.permits((kind.role,), kind.permission) and roles.permits((kind.role,), "offline.work")
        assert kind.items <= set(offline.KINDS)
        others = [code for code, role in roles.load().roles.items() if role.staff and code != kind.role]
        assert not any(roles.permits((code,), kind.permission) for code in others)
    assert devices.KINDS["window"].items == {"intake"}


def test_why_a_number_is_void_is_said_in_both_languages() -> None:
    assert devices.why_void("device_revoked")["reason_ar"] == "أُلغي اعتماد الجهاز"
    assert devices.why_void("later")["reason_en"] == "later" and devices.why_void(None)["reason_ar"] == "-"
