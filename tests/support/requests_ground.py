"""The ground of requests' tests: its capabilities over a real database, without a bus, on a clock of the test's own."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import commands, config
from chassis.actors import PUBLIC, Actor, system
from chassis.answers import load
from chassis.database import Database
from chassis.events import decode
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import requests as language
from contracts.definition import authoring, load_definition
from contracts.events import REGISTRY, Event
from infra import secrets
from services.requests import (
    assignment,
    documents,
    guide,
    inquiry,
    intake,
    licences,
    organisation,
    paid,
    quarantine,
    tasks,
)
from tests.support import papers

GUIDE = Path(__file__).resolve().parents[2] / "services" / "catalog" / "guide"
MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)  # Sunday, 10:00 in Cairo
UNIT = "EG-C-01"
PDF = papers.ONE_PAGE
PHONE, LAST4 = "01012345678", "5678"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAME, NATIONAL_ID, EMAIL = "محمود عبد الله حسن", "28503150101232", "owner@example.org"

# What each kind of applicant says beside the person who stands at the window, as changes of an application.
PARTICULARS: dict[str, dict[str, Any]] = {
    "citizen": {},
    "company": {"applicant__company": {"name": "شركة النور للتجارة", "commercial_register": "1234",
                                       "tax_number": "331-105-268"}},
    "attorney": {"applicant__power_of_attorney": {"number": "1234 ب", "office": "توثيق الزيتون", "year": 2024},
                 "applicant__principal": {"name": "سعاد علي", "national_id": "29001011234566"}},
    "heirs": {"applicant__deceased": {"name": "حسن محمود", "died_on": "2025-01-02"},
              "applicant__heirs": [{"name": "محمود حسن", "national_id": NATIONAL_ID}, {"name": "منى حسن"}],
              "applicant__inheritance": {"number": "77/2025", "court": "محكمة الأسرة", "year": 2025}},
    "foreigner": {"applicant__national_id": None, "applicant__passport": "a 1234567",
                  "applicant__nationality": "SD"},
}


def without_ids(said: str) -> str:
    """A text without the ids in it: their digits are drawn anew, so that four of a phone's stand there by chance."""
    return _ID.sub("", said)


def shop() -> dict[str, Any]:
    """The shop licence of the guide, loaded, to be changed at will."""
    return load_definition(authoring.read_file(GUIDE / "shop-licence.yaml"))


def staff(name: str, role: str, department: str | None = None, unit: str = UNIT) -> Actor:
    return Actor(id=f"staff:{name}", kind="staff", roles=(role,), unit=unit, department=department)


CLERK = staff("clerk", "window_clerk")
OFFICER = staff("officer", "officer", "licensing")
INSPECTOR = staff("inspector", "inspector", "engineering")
HEAD = staff("head", "unit_head", "leadership")


# What a case, a desk or a device leaves behind. Most of it is empty: to delete takes a tenth of the time to truncate.
_CASES = """
    step task document licence licence_act licence_print letter delivery rating rating_invitation complaint reopening
    command retirement organisation found_by attendance apart declared_relation party taken_back
    step_photo waiting follow_up licence_question handed_over late_cause board_delta board_day board_desk board_open
    document_piece draft correction number_register device_act device serial_block reserved_serial ticket release_told
    licence_number request"""
_FRESH = "; ".join((
    *(f"DELETE FROM {table}" for table in _CASES.split()), "TRUNCATE event_log, audit",
    *(f"UPDATE {mark} SET (since, explained, seen) = (SELECT d + 1, d, d FROM (SELECT CASE WHEN is_called THEN "
      f"last_value ELSE last_value - 1 END AS d FROM {serial}) AS so_far)"
      for mark, serial in (("number_mark", "tracking_serial"), ("licence_number_mark", "licence_serial"))),
    "UPDATE organisation_stamp SET stamp = stamp + 1",
))


class Ground:
    """Stands where a Platform stands for the capabilities under test."""

    def __init__(self, url: str, now: datetime = MORNING, **settings: str) -> None:
        environ = {
            **secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": url, **{f"SHUBBAK_{name}": value for name, value in settings.items()}}
        self.settings = config.load("requests", environ)
        self.database = Database(url, 12)
        self.now = now
        privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, privacy, lambda: self.now)
        self.privacy = privacy

    def close(self) -> None:
        self.database.close()

    def fresh(self) -> None:
        """Empty of cases, as on the first day; the guide stays, nothing is retired, the organisation is the lists'."""
        self.now = MORNING
        with self.database.transaction() as connection:
            connection.execute(text(_FRESH))

    def unit_of_work(self, actor: Actor | None = None) -> UnitOfWork:
        return UnitOfWork(self.context, actor or system("requests"), "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: Actor | None = None) -> Any:
        return attempt(lambda: self.unit_of_work(actor), run)

    def command(self, run: Callable[[UnitOfWork], Any], actor: Actor, command_id: UUID, payload: Any = None) -> Any:
        return commands.apply(lambda: self.unit_of_work(actor), command_id, "test", payload, run)

    def wait(self, **duration: float) -> None:
        """Let time pass on the test's clock."""
        self.now += timedelta(**duration)

    # what comes over the bus

    def publish(self, definition: Mapping[str, Any], version: int = 1, effective_from: str = "2026-01-01") -> None:
        data = {"code": definition["code"], "version": version, "effective_from": effective_from,
                "definition": definition}
        event = Event(uuid7(), "catalog.definition.published.v1", "urn:test", uuid7(), version, self.now, "test", data)
        self.attempt(lambda work: guide.keep(work, event))

    def retire(self, code: str, retired_from: str) -> None:
        data = {"code": code, "retired_from": retired_from, "reason": {"ar": "دُمجت في خدمة أخرى", "en": "Merged"}}
        event = Event(uuid7(), "catalog.definition.retired.v1", "urn:test", uuid7(), 1, self.now, "test", data)
        self.attempt(lambda work: guide.retire(work, event))

    def organise(self, kind: str, code: str, *timeline: Mapping[str, Any]) -> None:
        """A change of the organisation as catalog tells it: the entity's whole timeline, entries
        {valid_from, valid_until, body}."""
        data = {"kind": kind, "code": code, "timeline": [{"valid_until": None, **entry} for entry in timeline]}
        event = Event(uuid7(), "catalog.organisation.changed.v1", "urn:test", uuid7(), 1, self.now, "test", data)
        self.attempt(lambda work: organisation.keep(work, event))

    def bill_event(self, request_id: UUID | str, stage: str = "inspection", state: str = "paid",
                   at: datetime | None = None, collected_by: str | None = None) -> Event:
        kind = "paid" if state == "paid" else "changed"
        data = {"bill_id": str(uuid7()), "request_id": str(request_id), "stage": stage, "state": state,
                "collected_by": collected_by}
        return Event(uuid7(), f"payments.bill.{kind}.v1", "urn:test", uuid7(), 2, at or self.now, "test", data)

    def hear(self, event: Event) -> None:
        handle = paid.go_on if event.type == "payments.bill.paid.v1" else paid.lapse
        self.attempt(lambda work: handle(work, event))

    def pay(self, lodged: Mapping[str, Any], stage: str = "inspection", at: datetime | None = None) -> None:
        self.hear(self.bill_event(lodged["request_id"], stage, at=at))

    # what the doors do

    def upload(self, content: bytes = PDF, actor: Actor = PUBLIC) -> str:
        body = load(language.AddDocument(),
                    {"file_name": "paper.pdf", "content": base64.b64encode(content).decode()})
        return str(self.attempt(lambda work: documents.add(work, body), actor)["document_id"])

    def check_documents(self) -> None:
        """Judge all that lies in quarantine."""
        while self.attempt(quarantine.check_next):
            pass

    def application(self, *, papers: tuple[str, ...] = ("id_copy", "lease_contract"), **changes: Any) -> dict[str, Any]:
        body = {
            "service_code": "shop-licence", "unit": UNIT, "channel": "portal",
            "applicant": {"kind": "citizen", "name": NAME, "national_id": NATIONAL_ID, "phone": PHONE, "email": EMAIL},
            "answers": {"shop_name": "بقالة النور", "activity": "retail", "address": "12 شارع النزهة",
                        "area_m2": "42.5", "workers": 3, "tenure": "leased"},
            "documents": [{"code": code, "document_id": self.upload()} for code in papers],
        }
        for path, value in changes.items():
            *parents, last = path.split("__")
            place: Any = body
            for name in parents:
                place = place[name]
            place[last] = value
        return body

    def application_of(self, kind: str, **changes: Any) -> dict[str, Any]:
        """An application of this kind of applicant."""
        return self.application(**{"applicant__kind": kind, **PARTICULARS[kind], **changes})

    def submit(self, body: Mapping[str, Any] | None = None, actor: Actor = PUBLIC) -> dict[str, Any]:
        loaded = load(language.Submit(), copy.deepcopy(dict(body or self.application())))
        answer: dict[str, Any] = self.attempt(lambda work: intake.submit(work, loaded), actor)
        return answer

    def next(self, actor: Actor) -> dict[str, Any] | None:
        task: dict[str, Any] | None = self.attempt(assignment.next_task, actor)["task"]
        return task

    def act(self, actor: Actor, task: Mapping[str, Any], action: str, **more: Any) -> dict[str, Any]:
        body = load(language.Act(), {"task_id": task["task_id"], "action": action, **more})
        answer: dict[str, Any] = self.attempt(lambda work: tasks.act(work, body), actor)
        return answer

    def do(self, actor: Actor, action: str, **more: Any) -> dict[str, Any]:
        """Take the next task and act on it."""
        task = self.next(actor)
        assert task is not None, f"{actor.id} has nothing to do"
        return self.act(actor, task, action, **more)

    def resubmit(self, lodged: Mapping[str, Any], last4: str = LAST4, **more: Any) -> dict[str, Any]:
        body = load(language.Resubmit(),
                    {"tracking_number": lodged["tracking_number"], "phone_last4": last4, **more})
        answer: dict[str, Any] = self.attempt(lambda work: inquiry.resubmit(work, body), PUBLIC)
        return answer

    def status(self, number: str, last4: str = LAST4) -> dict[str, Any]:
        return inquiry.status(self.unit_of_work(PUBLIC), {"tracking_number": number, "phone_last4": last4})

    def timeline(self, lodged: Mapping[str, Any], last4: str = LAST4) -> dict[str, Any]:
        body = {"tracking_number": lodged["tracking_number"], "phone_last4": last4}
        return inquiry.timeline(self.unit_of_work(PUBLIC), body)

    def render(self) -> bool:
        return bool(self.attempt(licences.render_next))

    def file(self, actor: Actor, task: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.attempt(lambda work: tasks.file(work, UUID(task["task_id"])), actor)
        return found

    # further along

    def reviewed(self, **changes: Any) -> dict[str, Any]:
        """A request whose inspection fee is paid: it lies before the licensing officer."""
        lodged = self.submit(self.application(**changes))
        self.pay(lodged)
        return lodged

    def sent_back(self, reason: str = "صورة العقد غير واضحة", **changes: Any) -> dict[str, Any]:
        lodged = self.reviewed(**changes)
        self.do(OFFICER, "send_back", reason=reason)
        return lodged

    def decided(self, **changes: Any) -> dict[str, Any]:
        """A request that waits for the head's decision."""
        lodged = self.reviewed(**changes)
        self.do(OFFICER, "accept")
        self.do(INSPECTOR, "report", inputs={"findings": "مطابق للاشتراطات"})
        return lodged

    def issued(self, **changes: Any) -> dict[str, Any]:
        lodged = self.decided(**changes)
        self.do(HEAD, "approve")
        self.pay(lodged, "final")
        return lodged

    # what is in the database

    def rows(self, query: str, **params: Any) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(query), params))

    def row(self, lodged: Mapping[str, Any]) -> Any:
        return self.rows("SELECT * FROM request WHERE id = :id", id=lodged["request_id"])[0]

    def counts(self) -> dict[str, int]:
        """What must be the same after a refusal as before it."""
        tables = ("request", "step", "task", "licence", "event_log", "command")
        return {table: self.rows(f"SELECT count(*) AS n FROM {table}")[0].n for table in tables}

    def raw_events(self) -> str:
        rows = self.rows("SELECT body FROM event_log ORDER BY occurred_at")
        return "\n".join(bytes(row.body).decode() for row in rows)

    def events(self, subject: UUID | str) -> list[Event]:
        """The events of one aggregate in the order of their sequence, each held against its contract."""
        rows = self.rows("SELECT body FROM event_log WHERE subject = :s ORDER BY sequence", s=str(subject))
        found = [decode(bytes(row.body)) for row in rows]
        for event in found:
            faults = REGISTRY[event.type].schema().validate(json.loads(json.dumps(event.data)))
            assert not faults, (event.type, faults)
        return found

    def audited(self, action: str) -> list[Any]:
        return self.rows("SELECT * FROM audit WHERE action = :a", a=action)
