"""Visits of the mobile district over a real database: ordered, planned, taken along, told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest

from chassis.errors import Conflict
from rules.refusal import Refusal
from services.requests import visits
from tests.support.offline_ground import *  # noqa: F403  (fixtures)
from tests.support.requests_ground import HEAD, NAME, UNIT, Ground, staff, without_ids
from tests.support.tablet import FieldTablet
from tests.support.visits_ground import (
    ADDRESS,
    CLERK,
    MANAGER,
    OTHER_CLERK,
    PERSON,
    PERSON_LAST4,
    VisitsGround,
    mobile_shop,
)

SUNDAY, MONDAY, FRIDAY = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 6)


@pytest.fixture
def tablet(ground: VisitsGround) -> FieldTablet:
    return ground.tablet()


def decided(ground: Ground) -> dict[str, Any]:
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    return lodged


def codes(refused: pytest.ExceptionInfo[Refusal]) -> set[str]:
    return {fault.code for fault in refused.value.faults}


def test_a_visit_for_a_new_application_is_ordered_and_names_nobody_in_the_clear(ground: VisitsGround) -> None:
    visit = ground.order_new(preferred_on=MONDAY.isoformat(), note="الدور الثالث")
    assert visit["visit_number"].startswith("V-C-2026-") and visit["state"] == "ordered"
    shown = ground.show(visit)
    assert (shown["purpose"], shown["preferred_on"], shown["may_cancel"]) == ("intake", "2026-03-02", True)
    [row] = ground.rows("SELECT * FROM visit")
    kept = f"{row} {ground.raw_events()} {ground.rows('SELECT details FROM audit')}"
    for secret in (PERSON["name"], PERSON["phone"][1:], ADDRESS, "الدور الثالث"):
        assert secret not in kept
    assert ground.told(visit) == [None]


def test_a_visit_for_a_request_takes_what_the_request_says(ground: VisitsGround) -> None:
    lodged = decided(ground)
    visit = ground.order_for(lodged)
    [row] = ground.rows("SELECT * FROM visit")
    assert (str(row.request_id), row.unit, row.contact) == (lodged["request_id"], UNIT, None)
    file = ground.attempt(lambda work: visits.file(work, visit["visit_number"]), MANAGER)
    assert (file["name"], file["phone"], file["address"]) == (NAME, "+201012345678", ADDRESS)
    [read] = ground.audited("visit.read")
    assert (read.subject, read.actor_id) == (lodged["request_id"], MANAGER.id)


@pytest.mark.parametrize(("changes", "wanted"), [
    ({"person": None, "unit": None}, {"field_required"}),
    ({"person": {"name": "سعاد علي", "phone": "12345"}, "preferred_on": "2026-02-01"},
     {"phone_invalid", "visit_day_past"}),
    ({"person": {"name": "سعاد علي", "phone": "01198765432", "email": "a@b\nc"}, "unit": "EG-X-99"},
     {"email_invalid", "unit_unknown"}),
    ({"service_code": "no-such-service"}, {"service_unknown"}),
    ({"service_code": "!"}, {"service_unknown"}),
    ({"purpose": "renewal"}, {"field_required"}),
    ({"preferred_on": FRIDAY.isoformat()}, {"visit_day_not_working"}),
    ({"preferred_on": "2026-12-01"}, {"visit_day_far"}),
    ({"tracking_number": "01-26-00000000-0", "phone_last4": "0000"}, {"tracking_unknown"}),
])
def test_what_cannot_be_ordered_is_refused_with_all_its_faults_and_keeps_nothing(
    ground: VisitsGround, changes: dict[str, Any], wanted: set[str]
) -> None:
    with pytest.raises(Refusal) as refused:
        ground.order_new(**changes)
    assert codes(refused) == wanted
    assert ground.rows("SELECT count(*) AS n FROM visit")[0].n == 0
    assert ground.counts()["event_log"] == 0


def test_a_service_that_the_mobile_district_does_not_take_is_refused(ground: VisitsGround) -> None:
    ground.publish({**mobile_shop(), "code": "indoors-only", "channels": ["centre"]})
    with pytest.raises(Refusal, match="channel_not_offered"):
        ground.order_new(service_code="indoors-only")


@pytest.mark.parametrize("purpose", ["intake", "documents", "delivery"])
def test_the_purpose_fits_where_the_request_stands(ground: VisitsGround, purpose: str) -> None:
    lodged = ground.reviewed()
    with pytest.raises(Refusal, match="visit_purpose"):
        ground.order_for(lodged, purpose)
    assert ground.order_for(lodged, "inspection")["state"] == "ordered"


def test_a_request_that_renews_no_licence_is_not_visited_to_renew_one(ground: VisitsGround) -> None:
    first = {key: value for key, value in mobile_shop().items() if key != "supersedes"}
    ground.publish({**first, "code": "first-licence"})
    lodged = ground.submit(ground.application(service_code="first-licence"))
    with pytest.raises(Refusal) as refused:
        ground.order_for(lodged, "renewal")
    assert codes(refused) == {"visit_purpose"}
    assert ground.rows("SELECT count(*) AS n FROM visit")[0].n == 0


def test_wrong_digits_and_unknown_visits_are_refused_alike(ground: VisitsGround) -> None:
    visit = ground.order_new()
    for number, last4 in ((visit["visit_number"], "0000"), ("V-C-2026-000999-0", "5432"), ("nonsense", "5432")):
        with pytest.raises(Refusal, match="visit_unknown"):
            ground.show({"visit_number": number}, last4)


def test_one_open_visit_at_a_time_for_a_person_and_for_a_request(ground: VisitsGround) -> None:
    visit, lodged = ground.order_new(), decided(ground)
    with pytest.raises(Refusal, match="visit_open"):
        ground.order_new()
    ground.cancel(visit)
    assert ground.order_new()["visit_number"] != visit["visit_number"]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: _tried(lambda: ground.order_for(lodged)), range(4))) == 1


def test_planned_moved_and_called_off_are_told_and_another_clerk_is_not(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    visit = ground.order_new()
    answer = ground.plan(visit, tablet, MONDAY)
    assert (answer["state"], answer["day"], answer["planned"]) == ("planned", "2026-03-02", 1)
    ground.plan(visit, tablet, MONDAY, clerk=OTHER_CLERK)
    other = ground.tablet()
    assert ground.plan(visit, other, MONDAY + timedelta(days=1))["planned"] == 1
    ground.end(visit, "call_off")
    assert ground.told(visit) == [None, "planned", None, "moved", "cancelled"]
    assert [row.planned for row in ground.rows("SELECT planned FROM visit_day ORDER BY day")] == [0, 0]


def test_a_tablets_day_is_full_at_its_capacity_also_for_many_at_once(
    ground: VisitsGround, tablet: FieldTablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "A_DAY", 3)
    ordered = [ground.order_new(person={**PERSON, "phone": f"0111000000{n}"}) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda visit: _tried(lambda: ground.plan(visit, tablet, MONDAY)), ordered))
    assert sum(done) == 3
    left = next(visit for visit, fits in zip(ordered, done, strict=True) if not fits)
    with pytest.raises(Refusal, match="visit_day_full"):
        ground.plan(left, tablet, MONDAY)
    kept = next(visit for visit, fits in zip(ordered, done, strict=True) if fits)
    ground.plan(kept, tablet, MONDAY, clerk=OTHER_CLERK)  # its own place does not count against it
    ground.cancel(kept, "000" + str(ordered.index(kept)))
    assert ground.plan(left, tablet, MONDAY)["planned"] == 3


@pytest.mark.parametrize(("day", "code"), [
    (FRIDAY, "visit_day_not_working"), (SUNDAY - timedelta(days=1), "visit_day_past"),
    (SUNDAY + timedelta(days=61), "visit_day_far")])
def test_nobody_comes_on_such_a_day(ground: VisitsGround, tablet: FieldTablet, day: date, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        ground.plan(ground.order_new(), tablet, day)
    assert codes(refused) == {code}


def test_only_a_certified_tablet_of_the_unit_and_only_its_manager(ground: VisitsGround, tablet: FieldTablet) -> None:
    visit = ground.order_new()
    with pytest.raises(Refusal, match="device_of_another_unit"):
        ground.plan(visit, ground.tablet(unit="EG-C-02"), MONDAY)
    with pytest.raises(Refusal, match="device_not_certified"):
        ground.plan(visit, ground.tablet(certified=False), MONDAY)
    ground.of_device(tablet, "revoke")
    with pytest.raises(Refusal, match="device_not_certified"):
        ground.plan(visit, tablet, MONDAY)
    with pytest.raises(Refusal, match="forbidden"):
        ground.plan(visit, ground.tablet(), MONDAY, actor=staff("far", "centre_manager", unit="EG-C-02"))
    with pytest.raises(Refusal, match="conflict"):
        ground.plan(visit, ground.tablet(), MONDAY, version=7)


def test_the_bundle_marks_the_visits_out_once_and_every_look_is_recorded(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    lodged = decided(ground)
    renewal, new = ground.order_for(lodged), ground.order_new()
    for visit in (renewal, new):
        ground.plan(visit, tablet)
    tomorrow = ground.order_new(person={**PERSON, "phone": "01110000009"})
    ground.plan(tomorrow, tablet, MONDAY)
    first = tablet.take_along(ground.line(), numbers=3)
    assert sorted(one["visit_number"] for one in first["visits"]) == sorted(
        [renewal["visit_number"], new["visit_number"]])
    shown = tablet.visit("renewal")
    assert (shown["name"], shown["address"], shown["tracking_number"]) == (NAME, ADDRESS, lodged["tracking_number"])
    [ticket] = first["tickets"]
    assert ticket["ticket"]["amount"] > 0 and ticket["request_id"] == lodged["request_id"]
    assert [one["code"] for one in first["definitions"]] == ["shop-licence"]
    assert first["device"]["certificate"].startswith("SHD1.") and len(first["tracking_numbers"]) == 3
    again = tablet.take_along(ground.line(), numbers=3)
    for name in ("bundle_id", "tracking_numbers", "tickets", "definitions"):
        assert again[name] == first[name], name
    assert [row.state for row in ground.rows("SELECT state FROM visit ORDER BY ordered_at, id")].count("out") == 2
    assert ground.told(renewal) == [None, "planned", None]
    assert {row.subject for row in ground.audited("visit.bundle")} == {lodged["request_id"], new["visit_number"]}
    assert len(ground.audited("visit.bundle")) == 4


def test_a_clerk_takes_along_only_what_was_given_to_them(ground: VisitsGround, tablet: FieldTablet) -> None:
    ground.plan(ground.order_new(), tablet)
    assert ground.line(OTHER_CLERK).bundle(tablet.id)["visits"] == []
    with pytest.raises(Refusal, match="forbidden"):
        ground.line(staff("far", "mobile_clerk", unit="EG-C-02")).bundle(tablet.id)
    with pytest.raises(Refusal, match="bundle_day"):
        ground.line().bundle(tablet.id, day="2026-03-20")
    ground.of_device(tablet, "suspend")
    with pytest.raises(Refusal, match="device_not_certified"):
        ground.line().bundle(tablet.id)


def test_a_visit_that_is_out_is_not_cancelled_by_the_citizen_but_by_the_centre(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    visit = ground.order_new()
    ground.plan(visit, tablet)
    tablet.take_along(ground.line())
    assert ground.show(visit)["may_cancel"] is False
    with pytest.raises(Refusal, match="visit_not_possible"):
        ground.cancel(visit)
    assert ground.end(visit, "call_off")["state"] == "cancelled"


def test_a_day_that_passed_without_a_tablet_is_missed_told_and_planned_anew(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    waiting, out = ground.order_new(), ground.order_new(person={**PERSON, "phone": "01110000009"})
    ground.plan(waiting, tablet, clerk=OTHER_CLERK)
    ground.plan(out, tablet, clerk=CLERK)
    tablet.take_along(ground.line())
    assert ground.attempt(visits.miss_next) is False  # the day is not over
    ground.wait(days=1)
    assert [ground.attempt(visits.miss_next), ground.attempt(visits.miss_next)] == [True, False]
    assert (ground.show(waiting)["state"], ground.show(out, "0009")["state"]) == ("missed", "out")
    ground.plan(waiting, tablet, MONDAY + timedelta(days=1))
    assert ground.told(waiting) == [None, "planned", "missed", "moved"]


def test_the_list_is_of_the_own_unit_and_names_nobody(ground: VisitsGround) -> None:
    visit = ground.order_new()

    def listed(actor: Any) -> list[Any]:
        body = {"state": "ordered", "day": None, "device_id": None, "after": None, "limit": 50}
        found: list[Any] = ground.attempt(lambda work: visits.listed(work, body), actor)["visits"]
        return found

    [one] = listed(MANAGER)
    assert one["visit_number"] == visit["visit_number"] and PERSON["name"] not in str(one) and ADDRESS not in str(one)
    assert listed(staff("far", "centre_manager", unit="EG-C-02")) == []
    assert PERSON["phone"][1:] not in str(one) and PERSON_LAST4 not in without_ids(str(one))


def _tried(run: Callable[[], Any]) -> bool:
    try:
        run()
    except (Refusal, Conflict):
        return False
    return True
