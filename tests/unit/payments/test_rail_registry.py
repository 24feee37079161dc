"""Rails by name, and what each can do as data."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import config
from chassis.errors import ConfigurationError
from infra import secrets
from rules.refusal import Refusal
from services.payments.rails import RAILS, base, centre, efinance, fawry, paymob, pos
from services.payments.rails.base import NotSetUp
from services.payments.rails.registry import Registry

USUAL = {module.NAME: module.USUAL for module in (efinance, fawry, paymob, pos)}


def test_a_rail_is_registered_once() -> None:
    registry = Registry()
    maker: Any = object
    registry.register("one")(maker)
    with pytest.raises(RuntimeError, match="twice"):
        registry.register("one")(maker)


@pytest.mark.parametrize("fault", [NotSetUp("nothing"), ConfigurationError("by halves")])
def test_a_rail_that_is_not_set_up_is_found_out_once_and_never_offered(fault: Exception) -> None:
    registry, tried = Registry(), []

    def maker(settings: Any) -> Any:
        tried.append(settings)
        raise fault

    registry.register("one")(maker)
    settings: Any = object()
    for _ in range(3):
        assert registry.offered(settings) == []
        with pytest.raises(Refusal, match="rail_unavailable"):
            registry.of(settings, "one")
    assert tried == [settings]
    with pytest.raises(Refusal, match="rail_unknown"):
        registry.of(settings, "another")


def test_every_adapter_is_known_under_the_name_that_its_traits_say() -> None:
    assert list(USUAL) == [traits.name for traits in USUAL.values()]
    # `centre` has no traits of its own: it can do what the rail behind it at the centre can.
    assert [name for name in RAILS.names if name != centre.NAME] == list(USUAL)


def settings_of(**environ: str) -> config.Settings:
    return config.load("payments", {
        **secrets.keys(), "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
        "SHUBBAK_DATABASE_URL": "postgresql://nowhere", **environ})


def test_the_rail_of_the_centre_looks_like_the_one_behind_it_and_is_never_called() -> None:
    made = RAILS.of(settings_of(SHUBBAK_CENTRE_RAIL="fawry", SHUBBAK_CENTRE_MOST="500"), centre.NAME)
    traits = made.traits
    assert (traits.name, traits.label, traits.way) == ("centre", fawry.USUAL.label, fawry.USUAL.way)
    assert (traits.travels, traits.refund, traits.asks, traits.calls_back, traits.most) == (
        True, fawry.USUAL.refund, False, False, 500_00)
    for call in (lambda: made.charge(base.Order("x", 100, "a bill", None)), lambda: made.ask("x")):
        with pytest.raises(base.RailRefused):
            call()


@pytest.mark.parametrize(("rail", "node"), [("cash", "EG-C"), ("fawry", "EG"), ("centre", "EG-C")])
def test_a_rail_of_the_centre_that_cannot_be_stops_the_start(rail: str, node: str) -> None:
    with pytest.raises(ConfigurationError, match="CENTRE_RAIL"):
        RAILS.check(settings_of(SHUBBAK_CENTRE_RAIL=rail, SHUBBAK_NODE=node))


@pytest.mark.parametrize("name", USUAL)
def test_what_a_rail_can_do_is_whole(name: str) -> None:
    traits = USUAL[name]
    assert traits.label["ar"]
    assert traits.label["en"]
    assert traits.way in (base.REFERENCE_CODE, base.HOSTED_PAGE, base.TERMINAL_SLIP)
    assert traits.refund in (base.NO_REFUND, base.PARTIAL_REFUND)
    assert 0 < traits.least < traits.most
    assert traits.lives.total_seconds() > 0
    assert (traits.currency, traits.currency_number) == ("EGP", "818")
    assert traits.verified is (name != "efinance")


@pytest.mark.parametrize(("refunded", "repeated", "meant"), [
    (500, False, None), (500, True, None), (700, True, base.DONE)])
def test_whether_a_refund_was_made_is_told_by_the_sum_given_back(
    refunded: int, repeated: bool, meant: str | None
) -> None:
    order = base.RefundOrder("r-1", "ours", "theirs", 200, 1_000, "", 500, repeated)
    found = base.found_refund(order, refunded)
    assert (found and found.status) == meant


@pytest.mark.parametrize(("refunded", "repeated"), [(700, False), (600, True), (0, True), (900, True)])
def test_sums_that_fit_neither_are_for_a_person(refunded: int, repeated: bool) -> None:
    with pytest.raises(base.RefundUncertain):
        base.found_refund(base.RefundOrder("r-1", "ours", "theirs", 200, 1_000, "", 500, repeated), refunded)


def test_a_terminal_takes_money_where_it_stands() -> None:
    terminals = pos.Terminals({"10000001": "EG-C-01", "10000002": None})
    assert [terminals.stands_at(terminal, unit) for terminal, unit in (
        ("10000001", "EG-C-01"), ("10000001", "EG-C-02"), ("10000002", "EG-C-02"), ("10000003", "EG-C-01"))] == [
        True, False, True, False]
    with pytest.raises(Refusal, match="callback_forged"):
        terminals.read_callback("{}", {})
