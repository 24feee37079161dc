"""What the centre told a node's catalog: its guide, its holidays, its organisation; late, twice and out of order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chassis.errors import ConfigurationError, NotYet
from contracts.events import Event
from infra.postgres import Postgres
from rules.refusal import Refusal
from services.catalog.service import Catalog
from tests.support import databases
from tests.support.catalog_country import Line, hear
from tests.support.catalog_desk import REASON, other
from tests.support.deadlines_ground import Sweeping
from tests.support.organisation_office import Office
from tests.support.requests_ground import Ground, shop


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str], postgres: Postgres) -> Iterator[Line]:
    centre_url = databases.create(postgres, "catalog", migrated=True)
    centre = Office(centre_url, node="EG")
    node = Office(database_url("catalog"), SHUBBAK_GUIDE_AUTHORITY="centre", SHUBBAK_GUIDE_OFFER="all")
    yield Line(centre, node)
    centre.close()
    node.close()
    postgres.drop_database(centre_url.rsplit("/", 1)[1])


@pytest.fixture
def line(opened: Line) -> Line:
    opened.fresh()
    return opened


def holiday(office: Office, first: str, op: str = "add", days: int = 0) -> dict[str, Any]:
    return office.op(op, "holiday", "eve", days, effect="holiday", first=first, last=first,
                     decree={"number": "1/2026", "date": "2026-03-01"})


def moved(event: Event, **data: Any) -> Event:
    return Event(event.id, event.type, event.source, event.subject, 1, event.time, "test", {**event.data, **data})


# -- the guide --------------------------------------------------------------------------------------------------------


def test_the_centres_guide_becomes_the_nodes_and_its_edition_follows(line: Line) -> None:
    line.centre.load(shop())
    line.arrive(line.coming_down())
    assert line.node.offered() == ["shop-licence"]  # GUIDE_OFFER says that all is offered
    [national] = line.node.ask_versions("shop-licence", "national")
    assert (national["version"], national["effective_from"]) == (1, line.centre.day(0))
    [published] = line.node.events("catalog.definition.published.v1")
    assert (published.data["national_version"], published.data["governorate"]) == (1, "EG-C")
    line.centre.wait(days=1)
    line.node.wait(days=1)
    line.centre.load(other("كشك"))
    line.arrive(line.coming_down())
    assert line.node.get("shop-licence")["definition"]["keywords"] == ["كشك"]
    assert [one["version"] for one in line.node.ask_versions("shop-licence", "national")] == [2, 1]


def test_a_version_that_comes_twice_is_published_once(line: Line) -> None:
    line.centre.load(shop())
    told = line.coming_down()
    line.arrive([*told, *told])
    before = line.node.counts()
    line.arrive(told)
    assert line.node.counts() == before
    assert before["national_version"] == before["definition"] == 1


def test_a_version_that_overtakes_the_one_before_waits_for_it(line: Line) -> None:
    line.centre.load(shop())
    line.centre.wait(days=1)
    line.node.wait(days=1)
    line.centre.load(other("كشك"))
    first, second = line.coming_down()
    with pytest.raises(NotYet):
        hear(line.node, second)
    line.arrive([first, second])
    assert [one["version"] for one in line.node.ask_versions("shop-licence", "national")] == [2, 1]


def test_what_arrives_after_a_week_keeps_its_day_and_serves_from_the_day_it_came(line: Line) -> None:
    line.centre.load(shop())
    line.arrive(line.coming_down())
    line.centre.wait(days=1)
    line.centre.load(other("كشك"))
    since = line.centre.day(0)
    line.node.wait(days=8)  # the line was cut
    line.arrive(line.coming_down())
    newest = line.node.ask_versions("shop-licence", "national")[0]
    assert newest["effective_from"] == since
    edition = line.node.ask_versions("shop-licence")[0]
    assert (edition["version"], edition["effective_from"]) == (2, line.node.today.isoformat())


def test_a_retirement_comes_down_and_may_come_late(line: Line) -> None:
    line.centre.load(shop())
    line.arrive(line.coming_down())
    line.centre.approved("retirement", {"code": "shop-licence", "reason": REASON})
    ends = line.coming_down()
    line.node.wait(days=9)
    line.arrive([*ends, *ends])
    [stopped] = line.node.events("catalog.definition.retired.v1")
    assert stopped.data["retired_from"] == line.node.today.isoformat()
    assert line.node.offered() == []


def test_other_content_under_a_known_number_is_left_to_a_person(line: Line) -> None:
    """A centre restored from an older backup has published something else under a number that the node knows."""
    line.centre.load(shop())
    [told] = line.coming_down()
    line.arrive([told])
    before = line.node.counts()
    with pytest.raises(Refusal, match="guide_differs"):
        hear(line.node, moved(told, definition=other("آخر")))
    assert line.node.counts() == before


def test_a_definition_that_this_release_cannot_read_is_not_published_by_it(line: Line) -> None:
    line.centre.load(shop())
    [told] = line.coming_down()
    with pytest.raises(Refusal):
        hear(line.node, moved(told, definition={**shop(), "workflow": {"states": {}}}))
    assert line.node.counts()["national_version"] == 0


def test_a_node_publishes_nothing_of_the_national_guide_itself(line: Line) -> None:
    line.centre.load(shop())
    line.arrive(line.coming_down())
    for run in (lambda: line.node.load(other("محلي")), lambda: line.node.propose("definition", other("محلي")),
                lambda: line.node.propose("retirement", {"code": "shop-licence", "reason": REASON})):
        with pytest.raises(Refusal, match="guide_kept_by_centre"):
            run()
    assert line.node.load(shop(), adopt=True)["offered"] is True  # the same content changes nothing


def test_without_a_word_about_offering_a_governorate_decides_itself(line: Line, database_url: Any) -> None:
    plain = Office(database_url("catalog"), SHUBBAK_GUIDE_AUTHORITY="centre")
    line.centre.load(shop())
    for event in line.coming_down():
        hear(plain, event)
    assert plain.offered() == []
    assert plain.load(shop(), adopt=True)["offered"] is True  # the operator's loader offers what the centre published
    assert plain.offered() == ["shop-licence"]
    plain.close()


def test_a_node_that_keeps_its_own_guide_passes_the_centres_over_and_says_so(line: Line, database_url: Any) -> None:
    own = Office(database_url("catalog"))
    line.centre.load(shop())
    for event in line.coming_down():
        hear(own, event)
    assert own.counts()["national_version"] == 0
    [row] = own.audited("guide.passed_over")
    assert row.subject == "shop-licence"
    own.close()


# -- holidays and the organisation ------------------------------------------------------------------------------------


def test_a_holiday_decreed_at_the_centre_is_one_of_the_nodes_calendar(line: Line) -> None:
    line.centre.carry(holiday(line.centre, line.centre.day(3)))
    told = line.coming_down()
    assert [event.type for event in told] == ["gateway.holidays.decreed.v1"]
    line.arrive([*told, *told])
    assert line.node.calendar(2026)[line.node.day(3)]["working"] is False
    [changed] = line.node.events("catalog.organisation.changed.v1")
    assert (changed.data["kind"], changed.data["code"], changed.sequence) == ("holiday", "eve", 1)


def test_a_decree_that_comes_late_moves_the_deadlines_of_open_requests(line: Line, database_url: Any) -> None:
    """As a decree of the node's own would (tests/integration/test_requests_deadlines.py)."""
    ground = Ground(database_url("requests"))
    ground.publish(shop())
    working = {**shop(), "code": "in-working-days"}
    working["period"] = {**working["period"], "days": 10, "kind": "working", "extension": {"days": 5, "times": 1}}
    ground.publish(working)
    ground.fresh()
    sweeping = Sweeping(ground)
    lodged = ground.reviewed(service_code="in-working-days")
    sweeping.move()
    before = ground.row(lodged).due_on
    line.centre.carry(holiday(line.centre, "2026-03-03"))
    line.node.wait(days=4)
    ground.wait(days=4)  # the day is over when the node hears of it
    line.arrive(line.coming_down())
    [changed] = line.node.events("catalog.organisation.changed.v1")
    ground.organise(changed.data["kind"], changed.data["code"], *changed.data["timeline"])
    sweeping.move()
    assert (ground.row(lodged).due_on - before).days == 1
    assert ground.events(lodged["request_id"])[-1].data["why"] == "calendar"
    ground.close()


def test_of_two_decrees_the_one_that_stands_later_on_the_line_counts(line: Line) -> None:
    line.centre.carry(holiday(line.centre, line.centre.day(20)))
    line.centre.wait(days=1)
    line.centre.carry(holiday(line.centre, line.centre.day(25), "change", days=2))
    first, second = line.coming_down()
    line.arrive([second, first])
    [kept] = line.node.rows("SELECT version, timeline FROM organisation_received")
    assert kept.version == 1 and kept.timeline == second.data["timeline"]


def test_a_restored_centre_is_believed_when_it_decrees_anew(line: Line) -> None:
    line.centre.carry(holiday(line.centre, line.centre.day(20)))
    [first] = line.coming_down()
    line.arrive([first])
    restored = moved(first, timeline=[{**first.data["timeline"][0], "body": {**first.data["timeline"][0]["body"],
                                                                           "last": line.centre.day(21)}}],
                     line={"peer": "EG", "epoch": 2, "sequence": 1})
    line.arrive([restored, first])
    [kept] = line.node.rows("SELECT version, epoch, timeline FROM organisation_received")
    assert (kept.version, kept.epoch, kept.timeline) == (2, 2, restored.data["timeline"])
    assert [event.sequence for event in line.node.events("catalog.organisation.changed.v1")] == [1, 2]


def test_a_unit_that_the_centre_closes_is_closed_at_the_node_and_no_longer_the_nodes_to_change(line: Line) -> None:
    unit = {"kind": "district", "governorate": "EG-C", "status": "open"}
    line.centre.carry(line.centre.op("add", "unit", "EG-C-91", 5, **unit))
    line.arrive(line.coming_down())
    assert "EG-C-91" in line.node.list("unit", on=line.node.day(6), limit=500)
    with pytest.raises(Refusal, match="organisation_kept_by_centre"):
        line.node.put_forward(line.node.op("close", "unit", "EG-C-91", 8))
    history = line.node.history("unit", "EG-C-91")
    assert [(one["op"], one["version"]) for one in history] == [("received", 1)]
    line.centre.carry(line.centre.op("close", "unit", "EG-C-91", 8))
    line.arrive(line.coming_down())
    assert "EG-C-91" not in line.node.list("unit", on=line.node.day(9), limit=500)
    assert [event.sequence for event in line.node.events("catalog.organisation.changed.v1")] == [1, 2]


def test_what_the_governorate_has_under_the_same_code_is_never_taken_away_by_itself(line: Line) -> None:
    line.node.carry(holiday(line.node, line.node.day(5)))
    line.centre.carry(holiday(line.centre, line.centre.day(9)))
    told = line.coming_down()
    with pytest.raises(Refusal, match="organisation_code_taken"):
        line.arrive(told)
    line.node.carry(line.node.op("close", "holiday", "eve", 7))
    line.node.wait(days=8)
    line.arrive(told)  # as an operator replays it
    assert line.node.calendar(2026)[line.centre.day(9)]["working"] is False


def test_a_node_of_the_list_changes_what_the_centre_has_not_told_of(line: Line) -> None:
    line.node.carry(line.node.op("add", "window", "W-1", 5, centre="EG-C-01-TC", number=1))
    assert "W-1" in line.node.list("window", on=line.node.day(6))


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("node", "settings"), [
    ("EG", {"SHUBBAK_GUIDE_AUTHORITY": "centre"}), ("EG-C", {"SHUBBAK_GUIDE_OFFER": "some"})])
def test_settings_that_cannot_be_stop_the_start(database_url: Any, node: str, settings: dict[str, str]) -> None:
    desk = Office(database_url("catalog"), node=node, **settings)
    with pytest.raises(ConfigurationError, match="GUIDE"):
        Catalog().configure(desk.settings)
    desk.close()
