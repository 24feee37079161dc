"""What a tablet did without a line, uploaded: applied once, or in quarantine with its reason until a person acts."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.ids import uuid7
from rules.refusal import Refusal
from services.requests import access, life
from tests.support.offline_ground import *  # noqa: F403  (fixtures)
from tests.support.offline_items import PAPERS, codes, request_of, taken
from tests.support.requests_ground import LAST4, staff
from tests.support.tablet import FieldTablet
from tests.support.visits_ground import MANAGER, OTHER_CLERK, PERSON, VisitsGround


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
    moved = life.move
    tries = []

    def unlucky(work: Any, of: Any, *args: Any, **more: Any) -> Any:
        tries.append(of.id)
        return moved(work, _behind(of), *args, **more)

    monkeypatch.setattr(life, "move", unlucky)
    tablet.upload(ground.line())
    assert codes(kept) == ["conflict"] and len(tries) == 3
    monkeypatch.undo()
    assert ground.retry(kept.signed["item_id"])["result"] == "applied"


def _behind(of: Any) -> Any:
    of.row = of.row._replace(version=of.row.version - 1)
    return of
