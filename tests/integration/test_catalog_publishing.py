"""The guide over a real database: published as a whole or not at all, version after version, and never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis import config
from chassis.actors import Actor
from chassis.answers import load
from chassis.database import Database
from chassis.events import decode
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import catalog as language
from contracts.definition import authoring, load_definition
from infra import secrets
from rules import strict_yaml
from rules.refusal import Refusal
from services.catalog import publishing
from tests.support.requests_ground import GUIDE, shop

EDITOR = Actor(id="staff:editor", kind="staff", roles=("catalogue_editor",))


class Desk:
    """The editor's desk: catalog's capabilities on a clock of the test's own."""

    def __init__(self, url: str) -> None:
        environ = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
                   "SHUBBAK_DATABASE_URL": url}
        self.settings = config.load("catalog", environ)
        self.database = Database(url, 8)
        self.now = datetime(2026, 3, 1, 21, 59, tzinfo=UTC)
        privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        self.context = Context(self.settings, self.database, privacy, lambda: self.now)

    def work(self) -> UnitOfWork:
        return UnitOfWork(self.context, EDITOR, "test")

    def publish(self, definition: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = attempt(self.work, lambda work: publishing.publish(work, definition))
        return answer

    def get(self, code: str, version: int | None = None) -> dict[str, Any]:
        body = load(language.GetDefinition(), {"code": code, "version": version})
        return publishing.get(self.work(), body["code"], body["version"])

    def rows(self, query: str) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(query)))


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Desk]:
    made = Desk(database_url("catalog"))
    yield made
    made.database.close()


@pytest.fixture
def desk(opened: Desk) -> Desk:
    with opened.database.transaction() as connection:
        connection.execute(text("TRUNCATE definition, event_log, audit"))  # a trigger of rows does not see it
    opened.now = datetime(2026, 3, 1, 21, 59, tzinfo=UTC)
    return opened


def test_every_file_of_the_guide_is_published(desk: Desk) -> None:
    guide = authoring.read_folder(GUIDE)
    assert len(guide) >= 3
    for definition in guide.values():
        assert desk.publish(definition)["version"] == 1
    shown = publishing.in_force(desk.work())["services"]
    assert [one["code"] for one in shown] == sorted(guide)
    assert all(one["name"]["ar"] and one["summary"]["en"] for one in shown)


def test_the_same_content_again_is_the_version_that_stands(desk: Desk) -> None:
    first = desk.publish(shop())
    desk.now += timedelta(days=3)
    reordered = dict(reversed(list(deepcopy(shop()).items())))
    assert desk.publish(reordered) == first == {
        "code": "shop-licence", "version": 1, "effective_from": "2026-03-01"}
    assert len(desk.rows("SELECT 1 FROM event_log")) == 1


def test_changed_content_is_the_next_version_and_the_old_one_stays(desk: Desk) -> None:
    desk.publish(shop())
    desk.now += timedelta(minutes=1)  # midnight in Cairo
    changed = shop() | {"keywords": ["محل"]}
    assert desk.publish(changed) == {"code": "shop-licence", "version": 2, "effective_from": "2026-03-02"}
    assert desk.publish(shop())["version"] == 3  # back to the old content is a new decision
    assert desk.get("shop-licence", 1)["definition"] == shop()
    assert desk.get("shop-licence", 2)["definition"] == changed
    assert desk.get("shop-licence")["version"] == 3
    events = [decode(bytes(row.body)) for row in desk.rows("SELECT body FROM event_log ORDER BY sequence")]
    assert [event.sequence for event in events] == [1, 2, 3] and len({event.subject for event in events}) == 1
    for event in events:
        assert not language.DefinitionPublished().validate(event.data)
    assert events[1].data["definition"] == changed


def test_editors_who_publish_at_once_get_one_version_each(desk: Desk) -> None:
    drafts = [shop() | {"keywords": [f"كلمة {number}"]} for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(desk.publish, drafts))
    assert sorted(answer["version"] for answer in answers) == [1, 2, 3, 4]


def test_the_same_draft_sent_twice_at_once_is_one_version(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(desk.publish, [shop()] * 4))
    assert {answer["version"] for answer in answers} == {1}
    assert len(desk.rows("SELECT 1 FROM event_log")) == 1


def test_a_definition_with_faults_is_refused_with_all_of_them_and_nothing_is_kept(desk: Desk) -> None:
    wrong = shop()
    wrong["fees"][0]["per"] = "nobody"
    wrong["workflow"]["states"]["inspection"]["actions"][0]["to"] = "nowhere"
    wrong["outputs"][0]["fields"] = ["nobody"]
    with pytest.raises(Refusal) as refusal:
        desk.publish(wrong)
    found = {fault.field for fault in refusal.value.faults}
    assert {"fees/0/per", "workflow/states/inspection/actions/report", "outputs/0/fields"} <= found
    assert not desk.rows("SELECT 1 FROM definition") and not desk.rows("SELECT 1 FROM event_log")


def test_a_personal_answer_is_refused_where_others_would_read_it(desk: Desk) -> None:
    exposed = shop()
    for field in exposed["form"]:
        if field["name"] in ("area_m2", "shisha", "address"):
            field["personal"] = True
    with pytest.raises(Refusal) as refusal:
        desk.publish(exposed)
    assert [(fault.field, fault.params["rule"]) for fault in refusal.value.faults] == [
        (field, "personal_answer_exposed")
        for field in ("fees/0", "fees/1", "fees/3", "outputs/0/fields", "outputs/0/fields")]
    kept = shop()
    for field in kept["form"]:
        if field["name"] == "notes":
            field["personal"] = True
    assert desk.publish(kept)["version"] == 1
    assert load_definition(desk.get("shop-licence")["definition"]) == kept


def test_a_published_version_cannot_be_changed_in_the_database(desk: Desk) -> None:
    desk.publish(shop())
    for statement in ("UPDATE definition SET body = '{}'", "UPDATE definition SET effective_from = '2020-01-01'",
                      "DELETE FROM definition"):
        with pytest.raises(DBAPIError, match="never changes"), desk.database.transaction() as connection:
            connection.execute(text(statement))
    assert desk.get("shop-licence")["definition"] == shop()


def test_what_is_not_in_force_yet_is_not_in_the_guide(desk: Desk) -> None:
    desk.publish(shop())
    desk.now -= timedelta(days=1)
    assert publishing.in_force(desk.work()) == {"services": []}
    with pytest.raises(Refusal, match="service_unknown"):
        desk.get("shop-licence")


@pytest.mark.parametrize("code", ["nobody", "", "shop-licence\x00", "ترخيص", "' OR 1=1 --", "x" * 10_000])
def test_a_code_that_is_none(desk: Desk, code: str) -> None:
    desk.publish(shop())
    with pytest.raises(Refusal, match="service_unknown"):
        desk.get(code)


@pytest.mark.parametrize(("version", "code"), [(2, "service_unknown"), (0, "field_invalid"), (-1, "field_invalid"),
                                               (2**31, "field_invalid")])
def test_a_version_that_is_none(desk: Desk, version: int, code: str) -> None:
    desk.publish(shop())
    with pytest.raises(Refusal, match=code):
        desk.get("shop-licence", version)


def test_a_file_in_which_a_key_stands_twice_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text((GUIDE / "shop-licence.yaml").read_text(encoding="utf-8") + "\nsector: another\n", encoding="utf-8")
    with pytest.raises(strict_yaml.yaml.YAMLError, match="'sector'"):
        strict_yaml.load(path.read_text(encoding="utf-8"))
