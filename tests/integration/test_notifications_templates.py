"""A wording's way from its writing into the next message, in a real database: who may do what, and which words are
said when."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from chassis import actors
from chassis.database import Database
from chassis.errors import Conflict
from chassis.uow import UnitOfWork, attempt
from rules.refusal import Refusal
from services.notifications import messages, template_review, template_store, templates
from tests.support.sending_office import *  # noqa: F403  (fixtures)
from tests.support.sending_office import Office

URL = "https://cairo.example"
CODE = "request_received"
NEW = "سُجل طلبك {tracking_number}. [[service? الخدمة: {service}. ]]تابعه: {link}"
MONA = actors.Actor("mona", "staff", ("message_editor",))
SAMI = actors.Actor("sami", "staff", ("message_editor", "centre_manager"))  # may write and review
LEILA = actors.Actor("leila", "staff", ("centre_manager",), unit="EG-C-01")
CLEAN = ("TRUNCATE template_version", "UPDATE template_edition SET edition = edition + 1")


def wording(**changed: Any) -> dict[str, Any]:
    """The shipped wording of CODE with another Arabic text, and what else is given."""
    given = copy.deepcopy(templates.library()[CODE].as_dict())
    given["ar"] |= {"sms": NEW, **changed}
    return given


@dataclass
class Desk:
    """Those who write and review, over the database of an office that sends."""

    office: Office

    def do(self, actor: actors.Actor, run: Callable[[UnitOfWork], Any]) -> Any:
        return attempt(lambda: UnitOfWork(self.office.context, actor, "test"), run)

    def write(self, actor: actors.Actor = MONA, given: dict[str, Any] | None = None, *, version: int | None = None,
              revision: int | None = None, code: str = CODE) -> dict[str, Any]:
        body = {"code": code, "version": version, "revision": revision, "wording": given or wording()}
        return self.do(actor, lambda work: template_review.write(work, body, URL))

    def move(self, actor: actors.Actor, act: Callable[[UnitOfWork, dict[str, Any]], dict[str, Any]],
             at: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"code": at["code"], "version": at["version"], "revision": at["revision"], **more}
        return self.do(actor, lambda work: act(work, body))

    def in_force(self, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """Written by one, proposed, and put in force by another."""
        proposed = self.move(MONA, template_review.propose, self.write(given=given))
        stands = self.move(LEILA, template_review.put_in_force, proposed)
        self.ask()
        return stands

    def ask(self) -> None:
        """What each process's loop does twice a second."""
        self.office.transact(template_store.refresh)

    def said(self, request_id: UUID) -> tuple[int, str]:
        """Version and text of the SMS about a request."""
        row: Any = self.office.rows(request_id)["sms"]
        return row.template_version, json.loads(self.office.context.privacy.open(
            row.content, field=messages.CONTENT))["text"]

    def rows(self) -> list[Any]:
        with self.office.context.database.transaction() as connection:
            return list(connection.execute(text("SELECT * FROM template_version WHERE origin = 'written'")))


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    def clean() -> None:
        with office.context.database.transaction() as connection:
            for statement in CLEAN:
                connection.execute(text(statement))
        office.transact(template_store.refresh)

    clean()
    yield Desk(office)
    clean()


def faults(refusal: pytest.ExceptionInfo[Refusal]) -> list[tuple[str, str | None]]:
    return [(fault.code, fault.field) for fault in refusal.value.faults]


def test_what_two_people_put_in_force_is_what_the_next_message_says_and_the_last_one_keeps_its_version(desk):
    before, _ = desk.office.lodge()
    stands = desk.in_force()
    after, _ = desk.office.lodge()
    assert stands == {"code": CODE, "version": 1001, "revision": 3, "state": "in_force"}
    assert desk.said(before)[0] == 1
    assert desk.said(before)[1].startswith("استلمنا طلبك")
    assert desk.said(after)[0] == 1001
    assert desk.said(after)[1].startswith("سُجل طلبك EG-C-7K3M-9Q2X-4. الخدمة: ترخيص محل تجاري. تابعه: https://")
    for request_id in (before, after):  # the words of either version can still be read
        number, said = desk.said(request_id)
        kept = desk.do(MONA, lambda work, number=number: template_store.version(work, CODE, number))
        assert said.split("EG-C")[0].split("(")[0] in kept.wordings["ar"].sms.split("{")[0]


def test_a_process_that_does_not_ask_hears_of_a_new_wording_within_a_second(desk, monkeypatch):
    desk.office.lodge()
    desk.move(LEILA, template_review.put_in_force, desk.move(MONA, template_review.propose, desk.write()))
    monkeypatch.setattr(template_store, "STALE", 0.0)  # the second is over
    request_id, _ = desk.office.lodge()
    assert desk.said(request_id)[0] == 1001


def test_telling_asks_the_database_nothing_about_wordings_while_the_loop_does(desk, monkeypatch):
    desk.ask()
    monkeypatch.setattr(template_store, "STALE", 60.0)
    asked = []
    read = Database.read
    monkeypatch.setattr(Database, "read", lambda self, statement, params: (
        asked.append(statement.sql), read(self, statement, params))[1])
    desk.office.lodge()
    assert asked
    assert not [sql for sql in asked if "FROM template_" in sql]


def test_nobody_reviews_what_they_wrote_or_proposed(desk):
    proposed = desk.move(SAMI, template_review.propose, desk.write(SAMI))
    for act, more in ((template_review.put_in_force, {}), (template_review.send_back, {"remark": "لا"})):
        with pytest.raises(Refusal) as refusal:
            desk.move(SAMI, act, proposed, **more)
        assert faults(refusal) == [("template_own", "version")]
    returned = desk.move(LEILA, template_review.send_back, proposed, remark="اختصر")
    again = desk.write(MONA, version=returned["version"], revision=returned["revision"])
    again = desk.move(MONA, template_review.propose, again)
    with pytest.raises(Refusal, match="template_own"):  # whoever wrote any round of it
        desk.move(SAMI, template_review.put_in_force, again)
    assert desk.move(LEILA, template_review.put_in_force, again)["state"] == "in_force"
    [row] = desk.rows()
    assert (row.authors, row.decided_by) == (["mona", "sami"], "leila")


def test_who_only_writes_puts_nothing_in_force_and_who_only_reviews_writes_nothing(desk):
    proposed = desk.move(MONA, template_review.propose, desk.write())
    other = actors.Actor("other", "staff", ("message_editor",))
    for actor, run in ((other, template_review.put_in_force), (LEILA, template_review.withdraw)):
        with pytest.raises(Refusal, match="forbidden"):
            desk.move(actor, run, proposed)
    with pytest.raises(Refusal, match="forbidden"):
        desk.write(LEILA, code="moved", given=templates.library()["moved"].as_dict())
    assert [row.state for row in desk.rows()] == ["proposed"]


@pytest.mark.parametrize("statement", [
    "UPDATE template_version SET state = 'in_force', decided_by = 'mona' WHERE version = 1001",
    "UPDATE template_version SET state = 'in_force', decided_by = NULL WHERE version = 1001",
    "UPDATE template_version SET authors = '{}' WHERE version = 1001",
    "UPDATE template_version SET wording = '{}' WHERE version = 1001",
    "UPDATE template_version SET version = 7 WHERE version = 1001",
    "DELETE FROM template_version WHERE version = 1001",
])
def test_the_database_itself_refuses_a_self_review_and_another_wording_for_what_was_proposed(desk, statement):
    desk.move(MONA, template_review.propose, desk.write())
    with pytest.raises((IntegrityError, ProgrammingError), match=r"two_people|never changes|never deleted"), \
            desk.office.context.database.transaction() as connection:
        connection.execute(text(statement))
    assert [(row.state, row.authors) for row in desk.rows()] == [("proposed", ["mona"])]


def test_what_was_decided_on_is_what_was_read(desk):
    written = desk.write()
    proposed = desk.move(MONA, template_review.propose, written)
    for act in (template_review.put_in_force, template_review.withdraw):
        with pytest.raises(Refusal, match="template_changed"):
            desk.move(LEILA, act, written)
    with pytest.raises(Refusal, match="template_not_possible"):
        desk.write(version=proposed["version"], revision=proposed["revision"])
    with pytest.raises(Refusal, match="template_version_unknown"):
        desk.move(LEILA, template_review.put_in_force, {**proposed, "version": 1999})


def test_one_version_of_a_kind_is_open_at_a_time(desk):
    first = desk.write()
    with pytest.raises(Refusal) as refusal:
        desk.write(SAMI)
    assert refusal.value.faults[0].params == {"version": 1001}
    desk.move(MONA, template_review.withdraw, first)
    assert desk.write(SAMI)["version"] == 1002


def test_of_two_who_begin_at_once_one_does_and_the_other_is_told(desk):
    ready, told = Barrier(2), []

    def begin(actor: actors.Actor) -> None:
        work = UnitOfWork(desk.office.context, actor, "test")
        body = {"code": CODE, "version": None, "revision": None, "wording": wording()}
        template_review.write(work, body, URL)
        ready.wait(60)  # both have read that nothing is open
        try:
            work.commit()
        except Conflict:  # the chassis runs it again then
            with pytest.raises(Refusal, match="template_open"):
                desk.write(actor)
            told.append(actor.id)

    pair = [Thread(target=begin, args=(actor,)) for actor in (MONA, SAMI)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join(60)
    [row] = desk.rows()
    assert told == [({"mona", "sami"} - set(row.authors)).pop()]


def test_the_next_one_replaces_it_and_withdrawing_it_brings_back_the_shipped_wording(desk):
    desk.in_force()
    second = desk.in_force(wording(sms="وصلنا طلبك {tracking_number}. {link}"))
    assert [row.state for row in desk.rows()] == ["replaced", "in_force"]
    assert desk.said(desk.office.lodge()[0])[0] == second["version"] == 1002
    with pytest.raises(Refusal, match="forbidden"):
        desk.move(MONA, template_review.withdraw, second)
    desk.move(LEILA, template_review.withdraw, second)
    desk.ask()
    assert desk.said(desk.office.lodge()[0])[0] == 1
    assert [row.state for row in desk.rows()] == ["replaced", "withdrawn"]


def test_a_bad_wording_is_refused_with_all_its_faults_and_nothing_is_stored(desk):
    given = wording(sms="{amount} [[note? x", body=["<script>alert(1)</script>", "ok"], button="\u202eاضغط")
    del given["en"]
    with pytest.raises(Refusal) as refusal:
        desk.write(given=given)
    assert set(faults(refusal)) == {
        ("wording_brackets", "wording/ar/sms"), ("wording_placeholder_unknown", "wording/ar/sms"),
        ("wording_markup", "wording/ar/body/0"), ("wording_control", "wording/ar/button"),
        ("wording_language_missing", "wording/en")}
    assert desk.rows() == []


def test_shipped_versions_are_written_down_once_and_a_later_release_does_not_overrule_people(desk, monkeypatch):
    assert desk.office.transact(template_store.record) == len(templates.library())
    assert desk.office.transact(template_store.record) == 0
    stands = desk.in_force()
    old = templates.library()
    later = templates.made(CODE, 2, wording(sms="نص الإصدار التالي {link}"))
    monkeypatch.setattr(templates, "library", lambda: {**old, CODE: later})
    with desk.office.context.database.transaction() as connection:
        connection.execute(text(CLEAN[1]))
    assert desk.office.transact(template_store.record) == 1
    assert desk.said(desk.office.lodge()[0])[0] == stands["version"]
    shown = desk.do(LEILA, lambda work: template_review.show(work, CODE))
    assert (shown["shipped_version"], shown["shipped_changed"], shown["origin"]) == (2, True, "written")
    assert "ar/sms" in {one["field"] for one in shown["shipped_differences"]}
    assert desk.do(MONA, lambda work: template_store.version(work, CODE, 1)) == old[CODE]  # of the release before


def test_a_file_that_says_something_else_under_the_same_number_is_not_used(desk, monkeypatch, caplog):
    desk.office.transact(template_store.record)
    changed = templates.made(CODE, 1, wording())
    monkeypatch.setattr(templates, "library", lambda old=templates.library(): {**old, CODE: changed})
    with desk.office.context.database.transaction() as connection:
        connection.execute(text(CLEAN[1]))
    desk.ask()
    assert desk.said(desk.office.lodge()[0])[1].startswith("استلمنا طلبك")
    assert "raise its version" in caplog.text


def test_the_list_and_a_version_show_what_a_reviewer_needs(desk):
    proposed = desk.move(MONA, template_review.propose, desk.write())
    listed = desk.do(LEILA, template_review.overview)["templates"]
    [one] = [one for one in listed if one["code"] == CODE]
    assert (one["version"], one["origin"], one["shipped_changed"]) == (1, "shipped", False)
    assert (one["open"]["version"], one["open"]["state"]) == (1001, "proposed")
    assert {given["name"] for given in one["placeholders"]} == {"tracking_number", "service", "link"}
    shown = desk.do(LEILA, lambda work: template_review.show_version(
        work, {"code": CODE, "version": proposed["version"], "against": None}))
    assert [(found["field"], found["after"]) for found in shown["differences"]] == [("ar/sms", NEW)]
    assert (shown["against"], shown["authors"], shown["state"]) == (1, ["mona"], "proposed")
