"""The guide over a real database: published as a whole or not at all, version after version, and never changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.ids import uuid7
from contracts.definition import authoring, load_definition
from rules import places, strict_yaml
from rules.refusal import Refusal
from tests.support.catalog_desk import *  # noqa: F403  (fixtures)
from tests.support.catalog_ground import EDITOR, LOADER, REVIEWER, Desk
from tests.support.requests_ground import GUIDE, shop


def test_every_file_of_the_guide_is_published_and_offered_where_a_unit_can(desk: Desk) -> None:
    files = authoring.read_folder(GUIDE)
    assert len(files) >= 3
    answers = {code: desk.load(definition, adopt=True) for code, definition in files.items()}
    assert {answer["version"] for answer in answers.values()} == {1}
    here = {unit.kind for unit in places.units().values() if unit.governorate == "EG-C" and unit.status}
    able = [code for code, raw in sorted(files.items()) if here & set(load_definition(raw)["unit_kinds"])]
    assert [code for code, answer in sorted(answers.items()) if answer["offered"]] == able == desk.offered()
    shown = desk.ask(EDITOR, "catalog.list")["services"]
    assert all(one["name"]["ar"] and one["summary"]["en"] for one in shown)


def test_a_guide_of_238_services_is_carried(desk: Desk) -> None:
    files = list(authoring.read_folder(GUIDE).values())
    for number in range(238):
        raw = files[number % len(files)]
        answer = desk.load({**raw, "code": f"{raw['code']}-{number}"}, adopt=True)
        assert answer["offered"]
    assert len(desk.offered()) == len(set(desk.offered())) == 238
    compared = desk.ask(REVIEWER, "catalog.differences")["services"]
    assert [one["code"] for one in compared] == desk.offered() and not any(one["unlike"] for one in compared)
    assert len(desk.events("catalog.definition.published.v1")) == 238


def test_the_same_content_again_changes_nothing(desk: Desk) -> None:
    first = desk.load(shop(), adopt=True)
    before = desk.counts()
    desk.wait(days=3)
    reordered = dict(reversed(list(deepcopy(shop()).items())))
    assert desk.load(reordered, adopt=True) == first == {
        "code": "shop-licence", "version": 1, "effective_from": "2026-03-01", "offered": True}
    assert desk.counts() == before | {"command": before["command"] + 1}


def test_a_repeat_of_a_command_answers_the_same_and_does_nothing(desk: Desk) -> None:
    command_id = uuid7()
    first = desk.ask(LOADER, "catalog.load_national", command_id, definition=shop(), adopt=True)
    before = desk.counts()
    desk.wait(days=1)
    assert desk.ask(LOADER, "catalog.load_national", command_id, definition=shop(), adopt=True) == first
    assert desk.counts() == before


def test_changed_content_is_the_next_version_and_the_old_one_stays(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    desk.wait(days=1)
    changed = shop() | {"keywords": ["محل"]}
    assert desk.load(changed) == {
        "code": "shop-licence", "version": 2, "effective_from": "2026-03-02", "offered": True}
    desk.wait(days=1)
    assert desk.load(shop())["version"] == 3  # back to the old content is a new decision
    assert desk.get("shop-licence", 1)["definition"] == shop()
    assert desk.get("shop-licence", 2)["definition"] == changed
    assert desk.get("shop-licence")["version"] == 3
    for kind in ("catalog.definition.published.v1", "catalog.national.published.v1"):
        events = desk.events(kind)
        assert [event.sequence for event in events] == [1, 2, 3] and len({event.subject for event in events}) == 1
        assert events[1].data["definition"] == changed
    assert [event.data["national_version"] for event in desk.events("catalog.adoption.changed.v1")] == [1, 2, 3]


def test_a_second_version_of_one_day_takes_the_next_free_day(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    assert desk.load(shop() | {"keywords": ["محل"]})["effective_from"] == "2026-03-02"
    assert desk.get("shop-licence")["version"] == 1
    desk.wait(days=1)
    assert desk.get("shop-licence")["version"] == 2


def test_loaders_that_publish_at_once_get_one_version_each(desk: Desk) -> None:
    drafts = [shop() | {"keywords": [f"كلمة {number}"]} for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda draft: desk.load(draft, adopt=True), drafts))
    assert sorted(answer["version"] for answer in answers) == [1, 2, 3, 4]
    assert len({answer["effective_from"] for answer in answers}) == 4
    assert [row.version for row in desk.rows("SELECT version FROM definition ORDER BY version")] == [1, 2, 3, 4]


def test_the_same_draft_sent_twice_at_once_is_one_version(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: desk.load(shop(), adopt=True), range(4)))
    assert {answer["version"] for answer in answers} == {1}
    assert len(desk.events("catalog.definition.published.v1")) == 1


def test_a_definition_with_faults_is_refused_with_all_of_them_and_nothing_is_kept(desk: Desk) -> None:
    wrong = shop()
    wrong["fees"][0]["per"] = "nobody"
    wrong["workflow"]["states"]["inspection"]["actions"][0]["to"] = "nowhere"
    wrong["outputs"][0]["fields"] = ["nobody"]
    with pytest.raises(Refusal) as refusal:
        desk.load(wrong, adopt=True)
    found = {fault.field for fault in refusal.value.faults}
    assert {"fees/0/per", "workflow/states/inspection/actions/report", "outputs/0/fields"} <= found
    assert not any(desk.counts().values())


def test_a_personal_answer_is_refused_where_others_would_read_it(desk: Desk) -> None:
    exposed = shop()
    for field in exposed["form"]:
        if field["name"] in ("area_m2", "shisha", "address"):
            field["personal"] = True
    with pytest.raises(Refusal) as refusal:
        desk.load(exposed)
    assert {(fault.field, fault.params["rule"]) for fault in refusal.value.faults} >= {
        (field, "personal_answer_exposed") for field in ("fees/0", "fees/1", "fees/3", "outputs/0/fields")}
    kept = shop()
    for field in kept["form"]:
        if field["name"] == "notes":
            field["personal"] = True
    assert desk.load(kept, adopt=True)["version"] == 1
    assert load_definition(desk.get("shop-licence")["definition"]) == kept


def test_what_was_published_or_decided_cannot_be_changed_in_the_database(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("retirement", {"code": "shop-licence", "reason": {"ar": "ضُمّت إلى خدمة أخرى", "en": "merged"}})
    for table, column in (("definition", "body"), ("definition", "effective_from"), ("national_version", "body"),
                          ("adoption", "overrides"), ("retirement", "retired_from")):
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="never changes"), desk.database.transaction() as connection:
                connection.execute(text(statement))
    assert desk.get("shop-licence")["definition"] == shop()


def test_what_is_not_in_force_yet_is_not_in_the_guide(desk: Desk) -> None:
    desk.load(shop(), adopt=True, effective_from=desk.day(30))
    assert desk.offered() == []
    with pytest.raises(Refusal, match="service_unknown"):
        desk.get("shop-licence")
    desk.wait(days=29, hours=13, minutes=59)  # 23:59 in Cairo
    assert desk.offered() == []
    desk.wait(minutes=1)
    assert desk.offered() == ["shop-licence"] and desk.get("shop-licence")["version"] == 1


def test_what_was_retired_is_not_brought_back_by_the_loader(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("retirement", {"code": "shop-licence", "reason": {"ar": "ضُمّت إلى خدمة أخرى", "en": "merged"}})
    desk.wait(days=2)
    assert desk.offered() == []
    before = desk.counts()
    desk.load(shop(), adopt=True)  # what stands is not published again, and does not begin again
    with pytest.raises(Refusal, match="retired_already"):
        desk.load(shop() | {"keywords": ["محل"]})
    assert desk.counts() == before | {"command": before["command"] + 1}
    assert desk.offered() == []


def test_what_the_governorate_decided_is_not_undone_by_the_loader(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("adoption", {"code": "shop-licence", "offered": False})
    desk.wait(days=1)
    assert desk.offered() == []
    desk.load(shop(), adopt=True)
    desk.load(shop() | {"keywords": ["محل"]}, adopt=True)
    desk.wait(days=5)
    assert desk.offered() == []


def test_nobody_but_the_loader_loads(desk: Desk) -> None:
    for actor in (EDITOR, REVIEWER):
        with pytest.raises(Refusal, match="forbidden"):
            desk.ask(actor, "catalog.load_national", definition=shop())
    assert len(desk.audited("denied")) == 2


@pytest.mark.parametrize("code", ["nobody", "", "shop-licence\x00", "ترخيص", "' OR 1=1 --", "x" * 10_000])
def test_a_code_that_is_none(desk: Desk, code: str) -> None:
    desk.load(shop(), adopt=True)
    with pytest.raises(Refusal, match="service_unknown"):
        desk.get(code)
    with pytest.raises(Refusal, match="service_unknown"):
        desk.ask(EDITOR, "catalog.versions", code=code)


@pytest.mark.parametrize(("version", "code"), [(2, "version_unknown"), (0, "field_invalid"), (-1, "field_invalid"),
                                               (2**31, "field_invalid")])
def test_a_version_that_is_none(desk: Desk, version: int, code: str) -> None:
    desk.load(shop(), adopt=True)
    with pytest.raises(Refusal, match=code):
        desk.get("shop-licence", version)


def test_a_file_in_which_a_key_stands_twice_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text((GUIDE / "shop-licence.yaml").read_text(encoding="utf-8") + "\nsector: another\n", encoding="utf-8")
    with pytest.raises(strict_yaml.yaml.YAMLError, match="'sector'"):
        strict_yaml.load(path.read_text(encoding="utf-8"))
