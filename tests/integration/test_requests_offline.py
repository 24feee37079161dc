"""What a tablet did without a line, uploaded: applied once, or in quarantine with its reason until a person acts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.ids import uuid7
from rules.refusal import Refusal
from services.requests import access, documents, inquiry
from tests.support.requests_ground import HEAD, LAST4, OFFICER, PDF, staff
from tests.support.tablet import FieldTablet, Kept
from tests.support.visits_ground import CLERK, MANAGER, OTHER_CLERK, PERSON, VisitsGround, field_ground

PAPERS = {"id_copy": PDF, "lease_contract": PDF + b"\n%lease"}


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[VisitsGround]:
    made = field_ground(database_url)
    yield made
    made.close()


@pytest.fixture
def ground(opened: VisitsGround) -> VisitsGround:
    opened.fresh()
    return opened


@pytest.fixture
def tablet(ground: VisitsGround) -> FieldTablet:
    """A tablet that took its bundle along this morning and has had no line since."""
    tablet = ground.tablet()
    tablet.take_along(ground.line(), numbers=5)
    return tablet


def taken(ground: VisitsGround, tablet: FieldTablet, **more: Any) -> Kept:
    return tablet.intake(ground.application(papers=()), PAPERS, **more)


def codes(kept: Kept) -> list[str]:
    assert kept.answer is not None
    return [fault["code"] for fault in kept.answer["faults"]]


def request_of(ground: VisitsGround, kept: Kept) -> Any:
    number = json.loads(kept.signed["body"])["tracking_number"]
    [row] = ground.rows("SELECT * FROM request WHERE tracking_number = :n", n=number)
    return row


def decided(ground: VisitsGround) -> dict[str, Any]:
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    return lodged


def with_ticket(ground: VisitsGround, tablet: FieldTablet) -> tuple[dict[str, Any], dict[str, Any]]:
    """A decided request, and the ticket that the tablet took along for it."""
    lodged = decided(ground)
    ground.plan(ground.order_for(lodged), tablet)
    tablet.take_along(ground.line(), numbers=5)
    [given] = tablet.taken["tickets"]
    return lodged, given["ticket"]


def cash_told(ground: VisitsGround) -> list[bool]:
    rows = ground.rows("SELECT body FROM event_log WHERE type = 'requests.release.reported.v1' ORDER BY occurred_at")
    return [json.loads(bytes(row.body))["data"]["applied"] for row in rows]


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


def test_the_same_again_gets_the_same_answer_from_whomever_and_other_content_is_refused(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    kept = taken(ground, tablet)
    [answer] = tablet.upload(ground.line())
    counts = ground.counts()
    ground.wait(hours=1)
    assert tablet.send(ground.line(), kept) == answer
    assert tablet.send(ground.line(OTHER_CLERK), kept) == answer
    assert {**ground.counts(), "command": 0} == {**counts, "command": 0}
    other = tablet.keep("report", {"visit_id": str(uuid7()), "outcome": "done"}, item_id=kept.signed["item_id"])
    with pytest.raises(Refusal, match=r"idempotency_key_reused|item_differs"):
        tablet.send(ground.line(), other)
    with pytest.raises(Refusal, match="item_differs"):
        tablet.send(ground.line(staff("third", "mobile_clerk")), other)


def test_of_many_uploads_of_one_item_at_once_one_is_applied(ground: VisitsGround, tablet: FieldTablet) -> None:
    kept = taken(ground, tablet)
    tablet.upload(ground.line(), [])
    for digest, content in kept.papers.items():
        kept.uploaded[digest] = ground.line().document(content)
    clerks = [staff(f"clerk{n}", "mobile_clerk") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda clerk: tablet.send(ground.line(clerk), kept), clerks))
    assert len({json.dumps(answer, sort_keys=True) for answer in answers}) == 1
    assert answers[0]["result"] == "applied"
    assert ground.rows("SELECT count(*) AS n FROM request")[0].n == 1


@pytest.mark.parametrize("change", [
    {"body": "{}"}, {"number": 9}, {"kind": "delivery"}, {"device_time": "2026-03-01T08:00:01+00:00"},
    {"signature": "AAAA"}, {"signature": "not base64 ~"}, {"item_id": str(uuid7())}])
def test_what_the_tablet_did_not_sign_is_refused_recorded_and_not_kept(
    ground: VisitsGround, tablet: FieldTablet, change: dict[str, Any]
) -> None:
    kept = tablet.report({"visit_id": str(uuid7())})
    kept.signed |= change
    with pytest.raises(Refusal, match="item_not_genuine"):
        tablet.send(ground.line(), kept)
    assert ground.rows("SELECT 1 FROM offline_item") == [] and len(ground.audited("denied")) == 1


@pytest.mark.parametrize(("kind", "body", "code"), [
    ("teleport", "{}", "item_kind_unknown"), ("intake", "{", "item_unreadable"), ("intake", "[]", "item_unreadable"),
    ("intake", '{"a": "\\u0000"}', "item_unreadable"), ("intake", '{"a": "\\ud800"}', "item_unreadable"),
    ("intake", "", "item_unreadable"), ("report", '{"outcome": "done"}', "field_required"),
    ("release", '{"bundle_id": 7}', "field_invalid"), ("delivery", '{"surprise": 1}', "field_unknown"),
    ("report", "[" * 20000, "item_unreadable")])
def test_what_cannot_be_understood_is_kept_whole_for_a_person(
    ground: VisitsGround, tablet: FieldTablet, kind: str, body: str, code: str
) -> None:
    kept = tablet.keep(kind, body)
    [answer] = tablet.upload(ground.line())
    assert answer["result"] == "quarantined" and code in codes(kept)
    assert all(fault["ar"] and fault["en"] for fault in answer["faults"])
    file = ground.item_file(kept.signed["item_id"])
    assert file["body"] == body and file["faults"] == answer["faults"]
    assert len(ground.audited("offline.read")) == 1
    assert ground.close_item(kept.signed["item_id"])["state"] == "closed"
    assert ground.item_file(kept.signed["item_id"])["body"] == body  # closing deletes nothing
    with pytest.raises(Refusal, match="item_settled"):
        ground.retry(kept.signed["item_id"])


def test_what_is_too_large_is_refused_clearly_and_not_kept(ground: VisitsGround, tablet: FieldTablet) -> None:
    kept = tablet.keep("report", "x" * (48 * 1024 + 1))
    with pytest.raises(Refusal, match="item_too_large"):
        tablet.send(ground.line(), kept)
    assert ground.rows("SELECT 1 FROM offline_item") == []


@pytest.mark.parametrize("told", [
    "2026-02-01T08:00:00+00:00", "2030-01-01T00:00:00+00:00", "yesterday", "2026-03-01T09:00:00"])
def test_a_time_that_cannot_be_is_looked_into_by_a_person(
    ground: VisitsGround, tablet: FieldTablet, told: str
) -> None:
    ground.wait(hours=2)
    kept = taken(ground, tablet, device_time=told)
    tablet.upload(ground.line())
    assert codes(kept) == ["device_time_implausible" if "+" in told else "device_time_unreadable"]
    item = kept.signed["item_id"]
    assert ground.retry(item)["result"] == "quarantined"
    found = ground.now - timedelta(hours=1)
    assert ground.retry(item, happened_at=found.isoformat())["result"] == "applied"
    assert request_of(ground, kept).lodged_at == found
    [row] = ground.rows("SELECT told_time, happened_at, settled_by FROM offline_item")
    assert (row.told_time, row.happened_at, row.settled_by) == (told, found, MANAGER.id)


def test_a_clock_that_is_a_little_ahead_is_not_doubted_and_dates_nothing_into_the_future(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    tablet.clock = lambda: ground.now + timedelta(minutes=4)
    kept = taken(ground, tablet)
    assert tablet.upload(ground.line())[0]["result"] == "applied"
    assert request_of(ground, kept).lodged_at == ground.now


@pytest.mark.parametrize("act", ["revoke", "suspend"])
def test_nothing_of_a_tablet_that_is_not_trusted_is_applied_by_the_machine(
    ground: VisitsGround, tablet: FieldTablet, act: str
) -> None:
    kept = taken(ground, tablet)
    ground.of_device(tablet, act)
    tablet.upload(ground.line())
    assert codes(kept) == ["item_device_not_trusted"]
    item = kept.signed["item_id"]
    assert ground.sweep() == 0 and ground.retry(item)["result"] == "quarantined"
    given_up = act == "revoke"
    answer = ground.retry(item, accept=["item_device_not_trusted"])
    assert answer["result"] == ("quarantined" if given_up else "applied")
    if given_up:  # its numbers are void: the application gets a new one, as of when it was taken
        assert [fault["code"] for fault in answer["faults"]] == ["number_not_reserved"]
        answer = ground.retry(item, accept=["number_not_reserved"])
        assert answer["result"] == "applied"
        assert answer["answer"]["tracking_number"] != json.loads(kept.signed["body"])["tracking_number"]
    assert ground.rows("SELECT count(*) AS n FROM request")[0].n == 1


def test_a_tablet_that_was_never_certified_is_heard_of_nothing(ground: VisitsGround) -> None:
    tablet = ground.tablet(certified=False)
    with pytest.raises(Refusal, match="item_not_genuine"):
        tablet.send(ground.line(), tablet.keep("report", "{}"))
    tablet.id = uuid7()
    with pytest.raises(Refusal, match="device_unknown"):
        tablet.send(ground.line(), tablet.keep("report", "{}"))


def test_what_follows_another_waits_for_it_and_is_applied_by_itself(ground: VisitsGround, tablet: FieldTablet) -> None:
    bad = ground.application(papers=(), answers__area_m2="wide")
    first = tablet.intake(bad, PAPERS)
    number = json.loads(first.signed["body"])["tracking_number"]
    second = tablet.completion(number, LAST4, after=first)
    third = tablet.report({"visit_id": str(uuid7())}, after=second)
    tablet.upload(ground.line(), [third, second, first])
    assert (codes(first), codes(second), codes(third)) == (["field_invalid"], ["waits_for_item"], ["waits_for_item"]) \
        or codes(first)[0].startswith("answer")
    assert ground.sweep() == 0
    ground.close_item(first.signed["item_id"])
    assert ground.sweep() == 1  # the second goes on, meets nobody of that number, and is a person's now
    [second_now] = [one for one in ground.items() if one["item_id"] == second.signed["item_id"]]
    assert second_now["codes"] == ["tracking_unknown"] and second_now["waits"] is None
    assert ground.sweep() == 0
    ground.close_item(second.signed["item_id"])
    assert ground.sweep() == 1


def test_items_that_came_in_the_wrong_order_are_applied_in_the_right_one(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    visit = ground.order_new()
    ground.plan(visit, tablet)
    tablet.take_along(ground.line(), numbers=5)
    first = taken(ground, tablet)
    second = tablet.report(tablet.visit("intake"), after=first)
    ground.wait(hours=3)
    tablet.upload(ground.line(), [second])
    assert codes(second) == ["waits_for_item"]
    assert ground.standing(tablet)["missing"] == [1]
    tablet.upload(ground.line(), [first])
    assert ground.show(visit)["state"] == "out"
    assert ground.sweep() == 1 and ground.show(visit)["state"] == "done"
    standing = ground.standing(tablet)
    assert (standing["missing"], standing["applied"], standing["quarantined"]) == ([], 2, 0)
    assert ground.told(visit) == [None, "planned", None, None]


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


def test_the_applicant_sees_that_an_item_was_read_also_before_there_was_a_request(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    kept = taken(ground, tablet, number=7, device_time="2026-02-01T08:00:00+00:00")
    tablet.upload(ground.line())
    ground.item_file(kept.signed["item_id"])
    ground.retry(kept.signed["item_id"], happened_at=ground.now.isoformat())
    row = request_of(ground, kept)
    body = {"tracking_number": row.tracking_number, "phone_last4": LAST4, "before": None, "limit": 50}
    entries = access.log(ground.unit_of_work(PUBLIC), body)["entries"]
    assert [(entry["act"], entry["role"]) for entry in entries] == [("offline.read", "centre_manager")]


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


def test_two_items_under_one_number_tell_of_a_copied_tablet(ground: VisitsGround, tablet: FieldTablet) -> None:
    taken(ground, tablet)
    second = taken(ground, tablet, number=1)
    tablet.upload(ground.line())
    assert codes(second) == ["item_number_taken"]
    assert ground.retry(second.signed["item_id"], accept=["item_number_taken"])["result"] == "applied"


def test_a_bundle_that_the_tablet_never_took_is_doubted(ground: VisitsGround, tablet: FieldTablet) -> None:
    tablet.taken["bundle_id"] = str(uuid7())
    kept = taken(ground, tablet)
    tablet.upload(ground.line())
    assert codes(kept) == ["bundle_unknown"]


def test_the_quarantine_is_the_own_units_and_names_nobody(ground: VisitsGround, tablet: FieldTablet) -> None:
    kept = taken(ground, tablet, device_time="2026-02-01T08:00:00+00:00")
    tablet.upload(ground.line())
    [one] = ground.items()
    assert one["codes"] == ["device_time_implausible"] and "محمود" not in str(one)
    far = staff("far", "centre_manager", unit="EG-C-02")
    assert ground.items(far) == []
    for act in (ground.item_file, ground.retry, ground.close_item):
        with pytest.raises(Refusal, match="forbidden"):
            act(kept.signed["item_id"], far)
        with pytest.raises(Refusal, match="item_unknown"):
            act(uuid7(), MANAGER)
    [row] = ground.rows("SELECT * FROM offline_item")
    assert "محمود" not in str(row) and PERSON["name"] not in str(row)
    with pytest.raises(Refusal, match="forbidden"):
        tablet.send(ground.line(staff("far", "mobile_clerk", unit="EG-C-02")), kept)


def test_conflicts_that_do_not_end_are_put_before_a_person(
    ground: VisitsGround, tablet: FieldTablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    lodged = ground.sent_back()
    kept = tablet.completion(lodged["tracking_number"], LAST4)
    moved = inquiry.life.move
    tries = []

    def unlucky(work: Any, of: Any, *args: Any, **more: Any) -> Any:
        tries.append(of.id)
        return moved(work, _behind(of), *args, **more)

    monkeypatch.setattr(inquiry.life, "move", unlucky)
    tablet.upload(ground.line())
    assert codes(kept) == ["conflict"] and len(tries) == 3
    monkeypatch.undo()
    assert ground.retry(kept.signed["item_id"])["result"] == "applied"


def _behind(of: Any) -> Any:
    of.row = of.row._replace(version=of.row.version - 1)
    return of
