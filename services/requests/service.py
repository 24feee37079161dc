"""requests: the life of one request, from intake to the licence. Doors only; see README.md."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chassis import boxes, country_keys
from chassis.config import Settings
from chassis.service import Platform, Service, command, query, subscribe, timer
from chassis.tending import tended
from chassis.uow import UnitOfWork
from contracts import requests as language
from contracts.catalog import PUBLISHED, RETIRED
from contracts.events import Event
from contracts.links import NUMBERS_RECOVERED
from contracts.organisation import CHANGED as ORGANISATION_CHANGED
from contracts.payments import CHANGED as BILL_CHANGED
from contracts.payments import PAID as BILL_PAID
from services.requests import (
    assignment,
    complaints,
    documents,
    guide,
    inquiry,
    intake,
    licences,
    organisation,
    paid,
    recovered,
    reopening,
    signing,
    tasks,
    visits,
)
from services.requests.doors.afterwards import AfterDoors
from services.requests.doors.assignment import AssignmentDoors
from services.requests.doors.board import BoardDoors
from services.requests.doors.deadlines import DeadlineDoors
from services.requests.doors.desk import DeskDoors
from services.requests.doors.engine import EngineDoors
from services.requests.doors.finding import FindingDoors
from services.requests.doors.intake import IntakeDoors
from services.requests.doors.letter_answers import LetterAnswerDoors
from services.requests.doors.mobile import MobileDoors
from services.requests.doors.outputs import OutputDoors
from services.requests.doors.portal import PortalDoors
from services.requests.doors.privacy import PrivacyDoors
from services.requests.doors.turns import TurnDoors
from services.requests.doors.visits import VisitDoors

UNTAKEN_DOCUMENTS_LIVE = timedelta(days=1)


@tended
class Requests(IntakeDoors, FindingDoors, AssignmentDoors, AfterDoors, EngineDoors, OutputDoors, LetterAnswerDoors,
               DeadlineDoors, DeskDoors, MobileDoors, PrivacyDoors, VisitDoors, TurnDoors, BoardDoors, PortalDoors,
               Service):
    name = "requests"
    serials = tuple(recovered.SERIALS.values())

    def configure(self, settings: Settings) -> None:
        licences.check_keys(settings)
        signing.check(settings)
        complaints.days(settings)
        reopening.days(settings)
        visits.capacity(settings)
        boxes.private_keys(settings)
        country_keys.inquiry_keys(settings)

    @command("requests.submit", language.Submit, permission="request.submit")
    def submit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return intake.submit(work, body)

    @command("requests.add_document", language.AddDocument, permission="document.add")
    def add_document(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return documents.add(work, body)

    @query("requests.status", language.Status, permission="request.inquire")
    def status(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return inquiry.status(work, body)

    @query("requests.timeline", language.Timeline, permission="request.inquire")
    def timeline(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return inquiry.timeline(work, body)

    @command("requests.resubmit", language.Resubmit, permission="request.complete")
    def resubmit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return inquiry.resubmit(work, body)

    @query("requests.tasks", language.ListTasks, permission="task.list")
    def tasks(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return tasks.mine(work, body)

    @command("requests.next_task", language.NextTask, permission="task.next")
    def next_task(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return assignment.next_task(work)

    @query("requests.task_file", language.TaskFile, permission="task.read")
    def task_file(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return tasks.file(work, body["task_id"])

    @query("requests.task_document", language.TaskDocument, permission="task.read")
    def task_document(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return tasks.document(work, body["task_id"], body["document_id"])

    @command("requests.act", language.Act, permission="task.act")
    def act(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return tasks.act(work, body)

    @query("requests.licence", language.Verification, permission="licence.verify")
    def licence(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return licences.verification(work, body["serial"])

    @query("requests.licence_document", language.LicenceDocument, permission="licence.fetch")
    def licence_document(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return licences.document_of(work, inquiry.admitted(work, body).row.licence_serial)

    @query("requests.licence_keys", language.LicenceKeys, permission="licence.verify")
    def licence_keys(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return {"keys": licences.public_keys(work)}

    @subscribe(NUMBERS_RECOVERED, way="each")
    def take_recovered_numbers(self, work: UnitOfWork, event: Event) -> None:
        recovered.take(work, event)

    @subscribe(PUBLISHED, way="each")
    def keep_definition(self, work: UnitOfWork, event: Event) -> None:
        guide.keep(work, event)

    @subscribe(RETIRED, way="each")
    def keep_retirement(self, work: UnitOfWork, event: Event) -> None:
        guide.retire(work, event)

    @subscribe(ORGANISATION_CHANGED, way="latest")
    def keep_organisation(self, work: UnitOfWork, event: Event) -> None:
        organisation.keep(work, event)

    @subscribe(BILL_PAID, way="each")
    def bill_paid(self, work: UnitOfWork, event: Event) -> None:
        paid.go_on(work, event)

    @subscribe(BILL_CHANGED, way="each")
    def bill_changed(self, work: UnitOfWork, event: Event) -> None:
        paid.lapse(work, event)

    @timer(seconds=0.5, name="render-licences")
    def render_licences(self, platform: Platform) -> bool:
        return platform.attempt(licences.render_next)

    @timer(seconds=600, name="purge-untaken-documents")
    def purge_documents(self, platform: Platform) -> None:
        platform.attempt(lambda work: documents.purge(work, work.now - UNTAKEN_DOCUMENTS_LIVE))


