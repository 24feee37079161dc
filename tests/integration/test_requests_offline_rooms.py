"""Each kind of thing that a tablet does without a line, brought into the room where it is done at the window."""

from __future__ import annotations

from datetime import timedelta

from chassis.ids import uuid7
from services.requests import documents
from tests.support.offline_ground import *  # noqa: F403  (fixtures)
from tests.support.offline_items import PAPERS, cash_told, codes, request_of, taken, with_ticket
from tests.support.requests_ground import LAST4, OFFICER, PDF
from tests.support.tablet import FieldTablet
from tests.support.visits_ground import CLERK, OTHER_CLERK, VisitsGround


def test_an_application_taken_without_a_line_is_lodged_as_of_then_under_the_number_that_was_given(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    ground.wait(hours=2)
    at = ground.now
    kept = taken(ground, tablet)
    ground.wait(days=2)
    [answer] = tablet.upload(ground.line(OTHER_CLERK))
    assert answer["result"] == "applied", answer
    row = request_of(ground, kept)
    assert (row.lodged_at, row.channel, row.taken_by) == (at, "mobile_district", CLERK.id)
    [step] = ground.rows("SELECT * FROM step WHERE request_id = :r", r=row.id)
    [event] = ground.events(row.id)
    assert (step.at, event.time) == (at, at)
    [item] = ground.rows("SELECT * FROM offline_item")
    assert (item.device_time, item.arrived_at, item.uploaded_by) == (at, ground.now, OTHER_CLERK.id)
    [number] = ground.rows("SELECT request_id FROM number_register WHERE request_id IS NOT NULL")
    assert number.request_id == row.id
    assert len(ground.rows("SELECT 1 FROM document WHERE request_id = :r", r=row.id)) == 2


def test_a_visit_where_nobody_was_met_is_missed_as_of_then_and_told(ground: VisitsGround, tablet: FieldTablet) -> None:
    visit = ground.order_new()
    ground.plan(visit, tablet)
    tablet.take_along(ground.line())
    at = ground.now
    tablet.report(tablet.visit("intake"), "missed", "لم يُفتح الباب")
    ground.wait(hours=5)
    assert tablet.upload(ground.line())[0]["result"] == "applied"
    [row] = ground.rows("SELECT state, ended_at, reason FROM visit")
    assert (row.state, row.ended_at) == ("missed", at) and "الباب" not in row.reason
    assert ground.told(visit)[-1] == "missed"


def test_a_renewal_where_nobody_was_met_is_taken_along_again_with_another_ticket(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    lodged, ticket = with_ticket(ground, tablet)
    released = tablet.release(ticket)  # and yet it says that nobody was met
    missed = tablet.report(tablet.visit("renewal"), "missed")
    ground.wait(hours=5)
    tablet.upload(ground.line(), [missed])
    [visit] = ground.rows("SELECT number FROM visit")
    ground.wait(days=1)
    ground.plan({"visit_number": visit.number}, tablet)
    tablet.take_along(ground.line(), numbers=5)
    [given] = tablet.taken["tickets"]
    assert given["ticket"]["serial"] != ticket["serial"] and given["request_id"] == lodged["request_id"]
    [void] = ground.rows("SELECT state, reason FROM ticket WHERE number = :n", n=ticket["serial"])
    assert (void.state, void.reason) == ("void", "visit_missed")
    tablet.upload(ground.line())
    assert codes(released) == ["ticket_void"] and cash_told(ground) == [False]


def test_a_report_of_a_visit_that_was_given_to_another_tablet_is_a_persons(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    visit = ground.order_new()
    ground.plan(visit, tablet)
    tablet.take_along(ground.line())
    kept = tablet.report(tablet.visit("intake"))
    ground.plan(visit, ground.tablet())
    tablet.upload(ground.line())
    assert codes(kept) == ["visit_unknown"]


def test_what_was_missing_is_completed_as_of_then_and_a_request_that_moved_meanwhile_is_a_persons(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    lodged, other = ground.sent_back(), ground.sent_back()
    ground.wait(hours=1)
    at = ground.now
    tablet.completion(lodged["tracking_number"], LAST4)
    late = tablet.completion(other["tracking_number"], LAST4, {"lease_contract": PAPERS["lease_contract"]})
    ground.wait(days=1)
    ground.resubmit(other)  # the applicant did it at home meanwhile
    tablet.upload(ground.line())
    assert ground.row(lodged).state == "document_review" and codes(late) == ["not_waiting_for_applicant"]
    assert ground.events(lodged["request_id"])[-1].time == at
    ground.attempt(lambda work: documents.purge(work, ground.now + timedelta(days=400)))
    ground.do(OFFICER, "send_back", reason="ناقص")
    ground.do(OFFICER, "send_back", reason="ناقص")
    assert ground.retry(late.signed["item_id"])["result"] == "applied"  # its document is still there


def test_a_document_that_never_came_is_named_and_the_item_applied_once_it_did(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    kept = taken(ground, tablet)
    lost = list(kept.papers)[1]
    content = kept.papers.pop(lost)
    tablet.upload(ground.line())
    assert codes(kept) == ["document_unknown"]
    item = kept.signed["item_id"]
    wrong = ground.line().document(PDF + b"\n%another")
    answer = ground.retry(item, documents=[{"sha256": lost, "document_id": wrong}])
    assert [fault["code"] for fault in answer["faults"]] == ["checksum_differs"]
    right = ground.line().document(content)
    assert ground.retry(item, documents=[{"sha256": lost, "document_id": right}])["result"] == "applied"
    assert [one.details["applied"] for one in ground.audited("offline.retried")] == [False, True]


def test_a_licence_is_released_paid_issued_and_its_delivery_waits_for_it(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    lodged, ticket = with_ticket(ground, tablet)
    ground.wait(hours=1)
    released = tablet.release(ticket)
    handed = tablet.delivery(ticket["serial"], after=released)
    ground.wait(days=1)
    tablet.upload(ground.line())
    assert released.answer and released.answer["result"] == "applied" and handed.answer
    assert handed.answer["waits"] == "licence" and cash_told(ground) == [True]
    ground.hear(ground.bill_event(lodged["request_id"], "final", collected_by=CLERK.id))
    assert ground.row(lodged).licence_serial == ticket["serial"]
    while ground.render():
        pass
    assert ground.sweep() == 0  # its time has not come
    ground.wait(minutes=2)
    assert ground.sweep() == 1
    [delivery] = ground.rows("SELECT at, actor_id FROM delivery")
    assert (delivery.at, delivery.actor_id) == (ground.now - timedelta(days=1, minutes=2), CLERK.id)


def test_a_release_in_quarantine_still_tells_payments_of_the_cash_once(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    _, ticket = with_ticket(ground, tablet)
    kept = tablet.release(ticket)
    ground.of_device(tablet, "suspend")
    tablet.upload(ground.line())
    assert codes(kept) == ["item_device_not_trusted"] and cash_told(ground) == [False]
    ground.retry(kept.signed["item_id"])
    ground.close_item(kept.signed["item_id"])
    assert cash_told(ground) == [False]


def test_a_release_that_waits_and_is_closed_tells_of_its_cash(ground: VisitsGround, tablet: FieldTablet) -> None:
    _, ticket = with_ticket(ground, tablet)
    never = tablet.report({"visit_id": str(uuid7())})
    kept = tablet.release(ticket, after=never)
    tablet.upload(ground.line(), [kept])
    assert codes(kept) == ["waits_for_item"] and cash_told(ground) == []
    ground.close_item(kept.signed["item_id"])
    assert cash_told(ground) == [False]
