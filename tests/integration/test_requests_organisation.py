"""What catalog publishes beside definitions: services that are retired, units that are opened and closed, holidays."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules.refusal import Refusal
from services.requests import licences
from tests.support.requests_ground import OFFICER, Ground, shop, staff
from tests.support.round_trips import counted
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

NEW = "EG-C-71"


def refused(ground: Ground, **changes: Any) -> list[tuple[str, str | None]]:
    before = ground.counts()
    with pytest.raises(Refusal) as refusal:
        ground.submit(ground.application(**changes))
    assert ground.counts() == before
    return [(fault.code, fault.field) for fault in refusal.value.faults]


def unit(**more: Any) -> dict[str, Any]:
    body = {"name": {"ar": "حي الأسمرات", "en": "El Asmarat"}, "governorate": "EG-C", "kind": "district",
            "status": "open"}  # fmt: skip
    return {**body, **more}


def holiday(first: str, last: str | None = None, *, effect: str = "holiday", scope: Any = None) -> dict[str, Any]:
    return {"name": {"ar": "إجازة بقرار", "en": "Decreed"}, "effect": effect, "first": first, "last": last or first,
            "decree": {"number": "1/2026", "date": "2026-01-01"}, "scope": scope}


# -- services that are retired ----------------------------------------------------------------------------------------


def test_a_retired_service_takes_no_new_request_from_its_day_on(ground: Ground) -> None:
    ground.retire("shop-licence", "2026-03-03")
    assert ground.submit()["tracking_number"]
    ground.wait(days=2)  # 3 March
    assert refused(ground) == [("service_retired", "service_code")]


def test_what_was_lodged_before_goes_on(ground: Ground) -> None:
    lodged = ground.reviewed()
    ground.retire("shop-licence", "2026-03-02")
    ground.wait(days=5)
    assert ground.do(OFFICER, "accept")["state"] == "inspection"
    assert ground.status(lodged["tracking_number"])["service_name"]["en"] == "Shop licence"


def test_a_version_that_takes_effect_later_opens_the_service_again(ground: Ground) -> None:
    definition = {**shop(), "code": "revived"}
    ground.publish(definition)
    ground.publish(definition, version=2, effective_from="2026-03-04")
    ground.retire("revived", "2026-03-02")
    answered = []
    for _ in range(4):  # from the first to the fourth of March
        try:
            answered.append(ground.row(ground.submit(ground.application(service_code="revived"))).service_version)
        except Refusal as refusal:
            answered.append(refusal.code)
        ground.wait(days=1)
    assert answered == [1, "service_retired", "service_retired", 2]


def test_a_service_that_was_never_published_is_unknown_and_not_retired(ground: Ground) -> None:
    ground.retire("phantom", "2026-01-01")
    assert refused(ground, service_code="phantom") == [("service_unknown", "service_code")]


# -- units ------------------------------------------------------------------------------------------------------------


def test_a_new_unit_takes_requests_from_its_day_on(ground: Ground) -> None:
    assert refused(ground, unit=NEW) == [("unit_unknown", "unit")]
    ground.organise("unit", NEW, {"valid_from": "2026-03-02", "body": unit()})
    assert refused(ground, unit=NEW) == [("unit_unknown", "unit")]
    ground.wait(days=1)

    lodged = ground.submit(ground.application(unit=NEW))

    assert ground.status(lodged["tracking_number"])["unit_name"] == {"ar": "حي الأسمرات", "en": "El Asmarat"}
    ground.pay(lodged)
    there = staff("officer", "officer", "licensing", unit=NEW)
    assert ground.do(there, "accept")["state"] == "inspection"


def test_a_closed_unit_takes_no_more_and_finishes_what_it_has(ground: Ground) -> None:
    body = unit(name={"ar": "الزيتون", "en": "El Zeitoun"})
    ground.organise("unit", "EG-C-01", {"valid_from": "2020-01-01", "valid_until": "2026-03-02", "body": body})
    lodged = ground.reviewed()
    ground.wait(days=1)
    assert refused(ground) == [("unit_unknown", "unit")]
    assert ground.do(OFFICER, "accept")["state"] == "inspection"
    assert ground.status(lodged["tracking_number"])["unit_name"]["ar"] == "الزيتون"


@pytest.mark.parametrize("change", [{"status": "being fitted out"}, {"governorate": "EG-GZ"}])
def test_a_unit_that_is_not_open_here_takes_none(ground: Ground, change: dict[str, Any]) -> None:
    ground.organise("unit", NEW, {"valid_from": "2026-01-01", "body": unit(**change)})
    assert refused(ground, unit=NEW) == [("unit_unknown", "unit")]


def test_a_unit_of_another_kind_does_not_offer_the_service(ground: Ground) -> None:
    ground.organise("unit", NEW, {"valid_from": "2026-01-01", "body": unit(kind="village")})
    assert refused(ground, unit=NEW) == [("unit_not_served", "unit")]


def test_a_licence_keeps_the_name_under_which_it_was_issued(ground: Ground) -> None:
    old, new = {"ar": "حي الزيتون", "en": "Old"}, {"ar": "حي الزيتون والمطرية", "en": "New"}
    until, since = {"valid_from": "2020-01-01", "valid_until": "2026-03-10"}, {"valid_from": "2026-03-10"}
    ground.organise("unit", "EG-C-01", {**until, "body": unit(name=old)}, {**since, "body": unit(name=new)})
    lodged = ground.issued()
    serial = ground.row(lodged).licence_serial
    ground.wait(days=20)
    assert licences.verification(ground.unit_of_work(), serial)["unit_name"] == old
    assert ground.status(lodged["tracking_number"])["unit_name"] == new


# -- holidays ---------------------------------------------------------------------------------------------------------


def target(ground: Ground) -> date:
    """By when the licensing officer is to act on a file that comes in now: three working days."""
    lodged = ground.reviewed()
    found: date = ground.rows("SELECT due_on FROM task WHERE request_id = :r", r=lodged["request_id"])[0].due_on
    return found


def test_a_decreed_holiday_moves_what_is_due_from_then_on(ground: Ground) -> None:
    assert target(ground) == date(2026, 3, 4)
    ground.organise("holiday", "flood", {"valid_from": "2026-02-01", "body": holiday("2026-03-02", "2026-03-03")})
    assert target(ground) == date(2026, 3, 8)  # over the weekend


def test_a_decree_reaches_those_it_is_for(ground: Ground) -> None:
    for code, scope in (("other-unit", {"kind": "unit", "code": "EG-C-02"}),
                        ("other-governorate", {"kind": "governorate", "code": "EG-SUZ"})):  # fmt: skip
        ground.organise("holiday", code, {"valid_from": "2026-01-01", "body": holiday("2026-03-02", scope=scope)})
    assert target(ground) == date(2026, 3, 4)
    ground.organise("holiday", "here", {"valid_from": "2026-01-01",
                                        "body": holiday("2026-03-02", scope={"kind": "unit", "code": "EG-C-01"})})
    assert target(ground) == date(2026, 3, 5)


def test_a_working_day_in_place_of_a_weekend_and_a_unit_with_a_weekend_of_its_own(ground: Ground) -> None:
    ground.wait(days=4)  # Thursday; Friday and Saturday are off
    assert target(ground) == date(2026, 3, 10)
    ground.organise("holiday", "saturday", {"valid_from": "2026-01-01",
                                            "body": holiday("2026-03-07", effect="working_day")})
    assert target(ground) == date(2026, 3, 9)
    ground.organise("working_hours", "zeitoun", {"valid_from": "2026-01-01", "body": {
        "of": {"kind": "unit", "code": "EG-C-01"}, "weekend": ["sunday"], "days": {}}})  # fmt: skip
    assert target(ground) == date(2026, 3, 9)  # Friday, Saturday, Monday


def test_a_holiday_decreed_while_a_file_lies_there_shows_in_its_date(ground: Ground) -> None:
    definition = shop()
    definition |= {"code": "working-days", "period": {**definition["period"], "days": 4, "kind": "working"}}
    ground.publish(definition)
    lodged = ground.reviewed(service_code="working-days")
    assert ground.status(lodged["tracking_number"])["due_on"] == "2026-03-05"
    ground.organise("holiday", "flood", {"valid_from": "2026-03-01", "body": holiday("2026-03-03")})
    ground.wait(days=7)
    shown = ground.status(lodged["tracking_number"])
    assert (shown["due_on"], shown["late"]) == ("2026-03-08", False)
    ground.wait(days=1)
    assert ground.status(lodged["tracking_number"])["late"] is True


# -- how it is read ---------------------------------------------------------------------------------------------------


def test_a_change_costs_one_read_and_nothing_after_it(ground: Ground) -> None:
    ground.submit()
    ground.organise("unit", NEW, {"valid_from": "2026-01-01", "body": unit()})
    bodies = [ground.application(unit=NEW) for _ in range(2)]
    with counted(ground.database) as first:
        ground.submit(bodies[0])
    with counted(ground.database) as second:
        ground.submit(bodies[1])
    assert (first, second) == (["read", "read", "write"], ["read", "write"])


def test_what_is_published_twice_or_is_not_kept_here_changes_nothing(ground: Ground) -> None:
    for _ in range(2):
        ground.organise("unit", NEW, {"valid_from": "2026-01-01", "body": unit()})
    ground.organise("job", "typist", {"valid_from": "2026-01-01", "body": {}})
    assert ground.submit(ground.application(unit=NEW))["tracking_number"]
    kept = ground.rows("SELECT kind, code FROM organisation")
    assert [(row.kind, row.code) for row in kept] == [("unit", NEW)]
