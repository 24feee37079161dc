"""What was published is laid over the lists of rules.places."""

from __future__ import annotations

from datetime import date

from rules import places
from rules.organisation_overlay import Overlay

DAY = date(2026, 3, 1)


def body(name="حي جديد", **more):
    return {"name": {"ar": name, "en": "New"}, "governorate": "EG-C", "kind": "district", "status": "open", **more}


def entry(since, until=None, **of):
    return {"valid_from": since, "valid_until": until, "body": of or body()}


def overlay(**timelines):
    return Overlay([("unit", code.replace("_", "-"), timeline) for code, timeline in timelines.items()])


def test_without_publications_the_lists_stand():
    assert Overlay().units(DAY) == list(places.units().values())
    assert Overlay().unit("EG-C-01", DAY) == places.unit("EG-C-01")
    assert Overlay().unit("EG-C-99", DAY) is None


def test_a_unit_stands_from_its_first_day_to_the_day_before_its_last():
    laid = overlay(EG_C_99=[entry("2026-03-01", "2026-03-03")])
    standing = [laid.unit("EG-C-99", date(2026, 3, 1)) is not None,
                laid.unit("EG-C-99", date(2026, 3, 2)) is not None, laid.unit("EG-C-99", date(2026, 3, 3)) is not None]
    assert standing == [True, True, False] and laid.unit("EG-C-99", date(2026, 2, 28)) is None


def test_a_unit_of_the_list_is_as_the_list_says_until_its_timeline_begins():
    laid = overlay(EG_C_01=[entry("2026-03-10", None, **body("اسم جديد"))])
    assert laid.unit("EG-C-01", date(2026, 3, 9)) == places.unit("EG-C-01")
    assert laid.unit_name("EG-C-01", date(2026, 3, 10))["ar"] == "اسم جديد"
    assert [unit.code for unit in laid.units(DAY)] == list(places.units())


def test_after_the_end_and_in_a_gap_there_is_no_unit_but_its_name_is_known():
    laid = overlay(EG_C_01=[entry("2026-02-01", "2026-02-10", **body("أول")),
                            entry("2026-03-01", "2026-03-05", **body("ثان"))])  # fmt: skip
    for gone in (date(2026, 2, 20), date(2026, 3, 5)):
        assert laid.unit("EG-C-01", gone) is None
        assert "EG-C-01" not in [unit.code for unit in laid.units(gone)]
        assert laid.unit_name("EG-C-01", gone)["ar"] == "ثان"
    assert laid.unit_name("nowhere", DAY) == {"ar": "nowhere", "en": "nowhere"}


def test_units_that_were_only_published_come_after_the_list():
    laid = overlay(EG_C_98=[entry("2026-01-01")], EG_C_97=[entry("2026-01-01")])
    assert [unit.code for unit in laid.units(DAY)][-2:] == ["EG-C-97", "EG-C-98"]


def test_a_city_of_an_authority_belongs_to_no_governorate():
    laid = overlay(NC_1=[entry("2026-01-01", None, **body(governorate=None, authority="nuca", kind="new-city"))])
    unit = laid.unit("NC-1", DAY)
    assert unit is not None and (unit.governorate, unit.kind) == ("", "new-city")


def test_working_hours_of_a_unit_that_were_closed_and_added_again_are_read_in_order():
    def hours(code, since, until, *weekend):
        return "working_hours", code, [
            entry(since, until, of={"kind": "unit", "code": "EG-C-01"}, weekend=list(weekend), days={})]

    laid = Overlay([hours("b", "2026-03-01", None, "sunday"), hours("a", "2026-01-01", "2026-02-01", "monday"),
                    ("working_hours", "other", [entry("2026-01-01", None, of={"kind": "centre", "code": "EG-C-01"},
                                                      weekend=["tuesday"], days={})])])  # fmt: skip
    calendar = laid.calendar("EG-C-01")
    assert not calendar.is_working(date(2026, 1, 12)) and calendar.is_working(date(2026, 1, 13))
    assert not calendar.is_working(date(2026, 2, 6))  # nothing said: Friday is off
    assert not calendar.is_working(date(2026, 3, 8)) and calendar.is_working(date(2026, 3, 6))
    assert laid.calendar("EG-C-02").is_working(date(2026, 3, 8))


def test_kinds_that_are_of_no_use_here_are_passed_over():
    assert Overlay([("employee", "1", [entry("2026-01-01")])]).units(DAY) == list(places.units().values())


def test_by_the_lists_alone_every_unit_has_its_governorates_diwan_above():
    known = Overlay()
    for unit in places.units().values():
        above = known.above(unit.code, DAY)
        if unit.kind == "diwan":
            assert above is None
        else:
            assert above is not None
            assert (places.units()[above].kind, places.units()[above].governorate) == ("diwan", unit.governorate)
