"""What a governorate makes of the national guide: what it offers, the values of its own, and how a centre sees all of
them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree

import pytest

from chassis.actors import PUBLIC
from rules.refusal import Refusal
from tests.support.catalog_desk import *  # noqa: F403  (fixtures)
from tests.support.catalog_ground import EDITOR, REVIEWER, Desk
from tests.support.requests_ground import shop

CODE = "shop-licence"


def national(**bounds: int) -> dict[str, Any]:
    """The shop licence, of which a governorate may set the amount of one fee within bounds."""
    made = deepcopy(shop())
    _fee(made)["amount"] = 300
    made["overridable"] = [{"path": fee_path(), "min": bounds.get("least", 1), "max": bounds.get("most", 10_000_000)}]
    return made


def fee_path() -> str:
    return f"fees/{_fee(shop())['code']}/amount"


def _fee(body: dict[str, Any]) -> dict[str, Any]:
    return next(line for line in body["fees"] if line["kind"] == "fixed")


def amount(body: dict[str, Any]) -> int:
    return int(_fee(body)["amount"])


def adoption(**overrides: Any) -> dict[str, Any]:
    return {"code": CODE, "offered": True, "overrides": {name.replace("__", "/"): value
                                                         for name, value in overrides.items()}}


def priced(piastres: int) -> dict[str, Any]:
    return {"code": CODE, "offered": True, "overrides": {fee_path(): piastres}}


# -- within bounds and beyond ----------------------------------------------------------------------------------------


def test_values_of_its_own_make_the_next_edition(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    applied = desk.approved("adoption", priced(777) | {"overrides": {
        fee_path(): 777, "channels": ["centre"], "keywords": ["دكان الحي"]}})
    assert applied == {"code": CODE, "offered": True, "state": "settled", "effective_from": "2026-03-01",
                       "editions": [2]}
    edition = desk.get(CODE)["definition"]
    assert amount(edition) == 777 and edition["channels"] == ["centre"]
    assert edition["keywords"] == [*shop()["keywords"], "دكان الحي"]
    assert desk.get(CODE, 1)["definition"] == national()
    told = desk.events("catalog.definition.published.v1")[-1].data
    assert (told["version"], told["national_version"], told["governorate"]) == (2, 1, "EG-C")
    changed = desk.events("catalog.adoption.changed.v1")[-1].data
    assert (changed["overrides"][fee_path()], changed["state"], changed["national_version"]) == (777, "settled", 1)
    row = desk.rows("SELECT national_version, overrides FROM definition WHERE version = 2")[0]
    assert row.national_version == 1 and row.overrides[fee_path()] == 777


@pytest.mark.parametrize(("overrides", "code", "field"), [
    ({fee_path(): 10_000_001}, "override_out_of_bounds", fee_path()),
    ({"period/days": 5}, "override_not_allowed", "period/days"),
    ({"channels": ["centre", "moon"]}, "override_not_subset", "channels"),
    ({"channels": []}, "override_not_subset", "channels"),
    ({"fees/nobody/account": "4.1"}, "override_unknown", "fees/nobody/account"),
    ({"units/EG-C-01/fees": 1}, "override_not_allowed", "units/EG-C-01/fees")])
def test_what_is_not_the_governorates_to_set_is_refused(desk: Desk, overrides: dict[str, Any], code: str,
                                                         field: str) -> None:
    desk.load(national(), adopt=True)
    drafted = desk.propose("adoption", {"code": CODE, "offered": True, "overrides": overrides})
    assert [(fault["code"], fault["field"]) for fault in drafted["faults"]] == [(code, f"overrides/{field}")]
    before = desk.counts()
    with pytest.raises(Refusal, match=code):
        desk.submit(drafted)
    assert desk.counts() == before


def test_every_fault_of_an_adoption_is_told_at_once(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    drafted = desk.propose("adoption", {"code": CODE, "offered": True, "overrides": {
        fee_path(): 10_000_001, "period/days": 5, "channels": []}}, effective_from=desk.day(-1))
    assert {fault["code"] for fault in drafted["faults"]} == {
        "override_out_of_bounds", "override_not_allowed", "override_not_subset", "effective_date_past",
        "effective_date_overlaps"}
    misshapen = desk.propose("adoption", {"code": CODE, "offered": "maybe", "overrides": {"period/days": 5}})
    assert {fault["code"] for fault in misshapen["faults"]} == {"field_invalid", "override_not_allowed"}
    unknown = desk.propose("adoption", {"code": "nobody", "offered": True, "more": 1})
    assert {fault["code"] for fault in unknown["faults"]} == {"field_unknown", "adoption_service_unknown"}


def test_what_the_governorate_may_set_is_told(desk: Desk) -> None:
    desk.load(national(least=100, most=900))
    one = desk.ask(EDITOR, "catalog.adoptions", code=CODE)["adoptions"][0]
    assert (one["offered"], one["state"], one["newest_version"]) == (False, None, 1)
    allowed = {entry["path"]: entry for entry in one["allowed"]}
    assert (allowed[fee_path()]["min"], allowed[fee_path()]["max"]) == (100, 900)
    assert {"channels", "unit_kinds", "keywords"} <= set(allowed)


# -- beginning and ending --------------------------------------------------------------------------------------------


def test_a_service_is_offered_from_the_day_it_was_decided_for(desk: Desk) -> None:
    desk.load(national())
    assert desk.offered() == []
    desk.approved("adoption", adoption(), effective_from=desk.day(3))
    assert desk.offered() == []
    desk.wait(days=3)
    assert desk.offered() == [CODE]


def test_offered_no_longer_and_again(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    drafted = desk.propose("adoption", {"code": CODE, "offered": False}, effective_from=desk.day(0))
    assert [fault["code"] for fault in drafted["faults"]] == ["retirement_too_early"]  # it has only just begun
    stopped = desk.approved("adoption", {"code": CODE, "offered": False})
    assert stopped["effective_from"] == desk.day(1) and desk.offered() == [CODE]
    desk.wait(days=1)
    assert desk.offered() == []
    ended = desk.events("catalog.definition.retired.v1")
    assert [event.data["retired_from"] for event in ended] == ["2026-03-02"]
    desk.approved("adoption", adoption())
    assert desk.offered() == [CODE] and desk.get(CODE)["version"] == 2
    counted = [event.sequence for event in desk.events() if event.aggregate == "catalog.definition"]
    assert counted == [1, 2, 3]


def test_before_the_country_has_it_nobody_offers_it(desk: Desk) -> None:
    desk.load(national(), effective_from=desk.day(10))
    early = desk.propose("adoption", adoption(), effective_from=desk.day(9))
    assert [fault["code"] for fault in early["faults"]] == ["adoption_service_unknown"]
    assert desk.approved("adoption", adoption())["effective_from"] == desk.day(10)
    assert desk.offered() == []
    desk.wait(days=10)
    assert desk.offered() == [CODE]


# -- a new national version ------------------------------------------------------------------------------------------


def test_a_new_national_version_takes_the_governorates_values_along(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    desk.approved("adoption", priced(777))
    desk.approved("definition", national() | {"keywords": ["محل"]}, effective_from=desk.day(5))
    desk.wait(days=5)
    edition = desk.get(CODE)["definition"]
    assert edition["keywords"] == ["محل"] and amount(edition) == 777
    last = desk.events("catalog.adoption.changed.v1")[-1].data
    assert (last["national_version"], last["state"], last["overrides"]) == (2, "settled", {fee_path(): 777})


def test_values_that_no_longer_fit_block_the_edition_and_the_one_in_force_stays(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    desk.approved("adoption", priced(777))
    decided = desk.approved("definition", national(most=500) | {"keywords": ["محل"]}, effective_from=desk.day(5))
    assert decided["version"] == 2
    desk.wait(days=5)
    assert amount(desk.get(CODE)["definition"]) == 777 and desk.get(CODE)["version"] == 2
    blocked = desk.ask(REVIEWER, "catalog.adoptions", state="blocked")["adoptions"]
    assert [(one["code"], one["national_version"], one["newest_version"]) for one in blocked] == [(CODE, 1, 2)]
    assert [fault["code"] for fault in blocked[0]["faults"]] == ["override_out_of_bounds"]
    told = desk.events("catalog.adoption.changed.v1")[-1].data
    assert told["state"] == "blocked" and told["national_version"] == 1
    desk.approved("adoption", priced(500))
    assert desk.ask(REVIEWER, "catalog.adoptions", state="blocked")["adoptions"] == []
    edition = desk.get(CODE)
    assert (edition["version"], amount(edition["definition"]), edition["definition"]["keywords"]) == (3, 500, ["محل"])


def test_a_value_set_while_another_version_is_on_its_way_holds_for_both(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    desk.approved("definition", national() | {"keywords": ["محل"]}, effective_from=desk.day(10))
    assert desk.approved("adoption", priced(777), effective_from=desk.day(3))["editions"] == [3, 4]
    seen = []
    for _ in range(12):
        found = desk.get(CODE)
        seen.append((found["version"], amount(found["definition"]) == 777, found["definition"]["keywords"] == ["محل"]))
        desk.wait(days=1)
    assert seen == [(1, False, False)] * 3 + [(3, True, False)] * 7 + [(4, True, True)] * 2


def test_country_and_governorate_deciding_at_once_lose_nothing(desk: Desk) -> None:
    """Whoever comes second sees what the first did: the edition has the country's newest text and the own fee."""
    desk.load(national(), adopt=True)
    desk.wait(days=1)
    changed = desk.submitted("definition", national() | {"keywords": ["محل"]})
    own = desk.submitted("adoption", priced(777))
    with ThreadPoolExecutor(2) as pool:
        outcomes = [answer["state"] for answer in pool.map(desk.decide, [changed, own])]
    assert outcomes == ["approved", "approved"]
    edition = desk.get(CODE)["definition"]
    assert amount(edition) == 777 and edition["keywords"] == ["محل"]


def test_a_retired_service_ends_here_too(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    reason = {"ar": "ألغيت بقرار", "en": "abolished by decree"}
    desk.approved("retirement", {"code": CODE, "reason": reason}, effective_from=desk.day(4))
    drafted = desk.propose("adoption", priced(777), effective_from=desk.day(4))
    assert [fault["code"] for fault in drafted["faults"]] == ["adoption_service_unknown"]
    for kind in ("catalog.national.retired.v1", "catalog.definition.retired.v1"):
        assert [event.data for event in desk.events(kind)] == [
            {"code": CODE, "retired_from": "2026-03-05", "reason": reason}]
    desk.wait(days=4)
    assert desk.offered() == []


# -- compared, measured, drawn ---------------------------------------------------------------------------------------


def test_two_versions_compared_and_measured(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    desk.approved("adoption", priced(777))
    lighter = national()
    lighter["documents"] = lighter["documents"][1:]
    desk.approved("definition", lighter, effective_from=desk.day(1))
    compared = desk.ask(PUBLIC, "catalog.compare", code=CODE, from_version=1, to_version=2)["differences"]
    assert [(one["path"], one["before"], one["after"]) for one in compared] == [
        (fee_path(), 300, 777)]
    effect = desk.ask(PUBLIC, "catalog.effect", code=CODE, from_version=1, to_version=3)
    assert effect["difference"]["documents_required"] + effect["difference"]["documents_conditional"] == -1
    country = desk.ask(PUBLIC, "catalog.compare", code=CODE, from_version=1, to_version=2, scope="national")
    assert {one["section"] for one in country["differences"]} == {"documents"}
    with pytest.raises(Refusal) as refusal:
        desk.ask(PUBLIC, "catalog.effect", code=CODE, from_version=1, to_version=9)
    assert (refusal.value.code, refusal.value.faults[0].field) == ("version_unknown", "to_version")


def test_a_reviewer_sees_what_a_proposal_changes(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    shown = desk.show(desk.submitted("adoption", priced(777)), REVIEWER)
    assert [(one["path"], one["after"]) for one in shown["difference"]] == [(fee_path(), 777)]
    assert shown["approvals_needed"] == ["guide.approve_adoption"] and shown["based_on"] == 1
    changed = desk.show(desk.submitted("definition", national() | {"keywords": ["محل"]}), REVIEWER)
    assert [one["path"] for one in changed["difference"]] == ["keywords"]


def test_the_workflow_of_a_version_is_drawn(desk: Desk) -> None:
    desk.load(national())
    drawn = desk.ask(PUBLIC, "catalog.graph", code=CODE, version=1, scope="national", language="ar")
    assert ElementTree.fromstring(drawn["text"]).tag.endswith("svg")
    assert "stateDiagram" in desk.ask(PUBLIC, "catalog.graph", code=CODE, scope="national", form="mermaid")["text"]
    with pytest.raises(Refusal, match="service_unknown"):
        desk.ask(PUBLIC, "catalog.graph", code=CODE)  # not offered here


# -- between governorates --------------------------------------------------------------------------------------------


@pytest.fixture
def governorates(postgres: Any, desk: Desk) -> Iterator[dict[str, Desk]]:
    """Three governorates and the centre, each with a database of its own."""
    from tests.support import databases

    made = {"EG-C": desk}
    for node in ("EG-ALX", "EG-KFS", "EG"):
        made[node] = Desk(databases.create(postgres, "catalog", migrated=True), node)
    yield made
    for node, one in made.items():
        if node != "EG-C":
            one.close()
            postgres.drop_database(str(one.settings.database_url).rsplit("/", 1)[1])


def test_the_differences_between_governorates_are_one_call(governorates: dict[str, Desk]) -> None:
    centre = governorates["EG"]
    for one in governorates.values():
        one.load(national())
        one.load(national() | {"code": "shop-notice"})
    governorates["EG-C"].approved("adoption", priced(777))
    governorates["EG-ALX"].approved("adoption", adoption())
    governorates["EG-KFS"].approved("adoption", priced(900) | {"code": "shop-notice"})
    with pytest.raises(Refusal, match="adoption_at_centre"):
        centre.propose("adoption", adoption())
    everything = [event for one in governorates.values() for event in one.events("catalog.adoption.changed.v1")]
    assert len(everything) == 3
    for event in (*everything, *reversed(everything)):  # again, and in another order
        centre.hear(event)
    report = centre.ask(REVIEWER, "catalog.differences")
    assert [one["code"] for one in report["governorates"]] == ["EG-ALX", "EG-C", "EG-KFS"]
    assert all(one["name"]["ar"] for one in report["governorates"])
    licence, notice = report["services"]
    assert (licence["code"], licence["offered_by"], licence["not_offered_by"]) == (CODE, ["EG-ALX", "EG-C"], ["EG-KFS"])
    assert [(one["governorate"], [(d["path"], d["before"], d["after"]) for d in one["differences"]])
            for one in licence["unlike"]] == [("EG-C", [(fee_path(), 300, 777)])]
    assert (notice["offered_by"], notice["unlike"][0]["governorate"]) == (["EG-KFS"], "EG-KFS")
    only = centre.ask(REVIEWER, "catalog.differences", code=CODE)["services"]
    assert only == [licence | {"not_offered_by": []}]  # of one service only who told of it is known


def test_a_governorate_behind_the_country_stands_in_the_report(governorates: dict[str, Desk]) -> None:
    centre, cairo = governorates["EG"], governorates["EG-C"]
    for one in (centre, cairo):
        one.load(national())
    cairo.approved("adoption", priced(777))
    for one in (centre, cairo):
        one.wait(days=1)
        one.load(national(most=500))
    for event in cairo.events("catalog.adoption.changed.v1"):
        centre.hear(event)
    unlike = centre.ask(REVIEWER, "catalog.differences", code=CODE)["services"][0]["unlike"]
    assert [(one["governorate"], one["state"], one["national_version"]) for one in unlike] == [("EG-C", "blocked", 1)]
    assert unlike[0]["faults"][0]["code"] == "override_out_of_bounds"


def test_a_version_to_come_is_no_difference_and_a_retired_service_is_not_compared(desk: Desk) -> None:
    def report() -> list[tuple[int | None, list[str], list[Any]]]:
        services = desk.ask(REVIEWER, "catalog.differences", code=CODE)["services"]
        return [(one["version"], one["offered_by"], one["unlike"]) for one in services]

    desk.load(national(), adopt=True)
    desk.approved("definition", national(most=9_000_000), effective_from=desk.day(5))
    assert report() == [(1, ["EG-C"], [])]
    desk.wait(days=5)
    assert report() == [(2, ["EG-C"], [])]
    desk.approved("retirement", {"code": CODE, "reason": {"ar": "دُمجت", "en": "Merged"}}, effective_from=desk.day(2))
    assert report() == [(2, ["EG-C"], [])]
    desk.wait(days=2)
    assert report() == []


def test_a_node_takes_no_telling_of_its_own_affairs(desk: Desk) -> None:
    desk.load(national(), adopt=True)
    before = desk.counts()
    for event in desk.events("catalog.adoption.changed.v1"):
        desk.hear(event)
    assert desk.counts() == before
