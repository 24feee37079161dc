"""Whoever looks after the platform, at a service's doors: the audit is searched, parked events are settled."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from chassis import tending
from chassis.actors import Actor
from chassis.answers import load
from chassis.ids import uuid7
from chassis.uow import UnitOfWork, attempt
from contracts.machinery import ListOwed, ReplayParked, SearchAudit, SkipParked
from rules.refusal import Refusal
from tests.integration.chassis.ground import rows
from tests.integration.chassis.inbox_ground import body, park

ADMINISTRATOR = Actor("admin-1", "staff", ("administrator",), name="إدارة")
CLERK = Actor("clerk-1", "staff", ("window_clerk",), unit="EG-C-01")


def asked(taker, capability, schema, who=ADMINISTRATOR, **said):
    loaded = load(schema(), said)
    return attempt(lambda: UnitOfWork(taker.context, who, "thread-1"), lambda work: capability(work, loaded))


def refused(taker, capability, schema, who=ADMINISTRATOR, **said):
    with pytest.raises(Refusal) as caught:
        asked(taker, capability, schema, who, **said)
    return [(fault.code, fault.field) for fault in caught.value.faults]


def done(taker, *acts):
    """Audit rows written as acts are: (actor, action, subject, minutes ago)."""
    for actor, action, subject, ago in acts:
        rows(taker.url, "INSERT INTO audit (at, actor_id, actor_kind, action, subject, correlation_id, details) "
             "VALUES (%s, %s, 'staff', %s, %s, 'c', '{}') RETURNING id",
             datetime.now(UTC) - timedelta(minutes=ago), actor, action, subject)


def found(answer):
    return [(row["actor_id"], row["action"], row["subject"]) for row in answer["rows"]]


def test_parked_events_are_counted_listed_with_their_kind_and_tried_again(take):
    taker, subject = take("each"), uuid7()
    event_id = park(taker, subject, 1)
    answer = asked(taker, tending.owed, ListOwed)
    (row,) = answer["rows"]
    assert (answer["parked"], answer["waiting"], answer["next"]) == (1, 0, None)
    assert (row["type"], row["error"], row["state"]) == ("catalog.note.written.v1", "RuntimeError: cannot", "parked")
    taker.failing.clear()
    asked(taker, tending.replay, ReplayParked, subscription=row["subscription"], event_id=row["event_id"])
    taker.inbox.retry_due()
    assert taker.effects() == [1]
    assert refused(taker, tending.replay, ReplayParked, subscription=row["subscription"],
                   event_id=str(event_id)) == [("event_not_parked", None)]
    assert [(one.action, one.actor_id) for one in rows(taker.url, "SELECT action, actor_id FROM audit")] == [
        ("inbox.replay", "admin-1")]


def test_every_parked_event_is_listed_once_over_pages(take):
    taker = take("each")
    ids = {str(park(taker, uuid7(), 1)) for _ in range(5)}
    seen, after = [], None
    while True:
        page = asked(taker, tending.owed, ListOwed, after=after, limit=2)
        seen += [row["event_id"] for row in page["rows"]]
        if (after := page["next"]) is None:
            break
    assert len(seen) == 5 and set(seen) == ids


@pytest.mark.parametrize("stuck", [1, 2], ids=["first of its stream", "in mid-stream"])
def test_what_waited_behind_a_given_up_event_goes_on(take, stuck):
    taker, subject = take("ordered"), uuid7()
    for sequence in range(1, stuck):
        taker.take(body(subject, sequence))
    event_id = park(taker, subject, stuck)
    taker.take(body(subject, stuck + 1), body(subject, stuck + 2))
    which = {"subscription": taker.subscription, "event_id": str(event_id)}
    assert refused(taker, tending.skip, SkipParked, **which, reason="bad") == [("skip_reason_required", "reason")]
    asked(taker, tending.skip, SkipParked, **which, reason="written twice by mistake")
    while taker.inbox.retry_due():
        pass
    assert taker.effects() == [*range(1, stuck), stuck + 1, stuck + 2]
    assert rows(taker.url, "SELECT details FROM audit")[0].details == {
        "subscription": taker.subscription, "reason": "written twice by mistake"}


@pytest.mark.parametrize("capability, schema, more", [
    (tending.replay, ReplayParked, {}), (tending.skip, SkipParked, {"reason": "written twice by mistake"})])
def test_an_administrator_of_a_unit_settles_no_event_of_the_whole_node(take, capability, schema, more):
    taker = take("each")
    event_id = park(taker, uuid7(), 1)
    of_unit = Actor("admin-2", "staff", ("administrator",), unit="EG-C-02")
    which = {"subscription": taker.subscription, "event_id": str(event_id)}
    assert refused(taker, capability, schema, of_unit, **which, **more) == [("forbidden", None)]
    assert [(one.action, one.actor_id) for one in rows(taker.url, "SELECT action, actor_id FROM audit")] == [
        ("denied", "admin-2")]
    assert asked(taker, tending.owed, ListOwed)["parked"] == 1


def test_the_audit_is_found_by_subject_account_and_time_newest_first(take):
    taker, one, other = take("each"), str(uuid.uuid4()), str(uuid.uuid4())
    done(taker, ("a", "request.read", one, 5), ("b", "request.act", one, 4), ("a", "bill.read", other, 3),
         ("a", "request.read", other, 60 * 24 * 40))
    assert found(asked(taker, tending.search, SearchAudit, subject=one)) == [
        ("b", "request.act", one), ("a", "request.read", one)]
    assert found(asked(taker, tending.search, SearchAudit, actor_id="a", action="request.")) == [
        ("a", "request.read", other), ("a", "request.read", one)]
    hour = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
            "until": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}
    assert len(found(asked(taker, tending.search, SearchAudit, **hour))) == 3
    page = asked(taker, tending.search, SearchAudit, **hour, limit=2)
    rest = asked(taker, tending.search, SearchAudit, **hour, limit=2, before=page["next"])
    assert found(page) == [("a", "bill.read", other), ("b", "request.act", one)]
    assert found(rest) == [("a", "request.read", one)]
    assert rest["next"] is None


def test_an_administrator_of_a_unit_finds_what_was_done_by_people_of_that_unit(take):
    taker = take("each")
    for unit in ("EG-C-01", "EG-C-02", None):
        rows(taker.url, "INSERT INTO audit (at, actor_id, actor_kind, actor_unit, action, subject, correlation_id, "
             "details) VALUES (now(), %s, 'staff', %s, 'request.read', 's', 'c', '{}') RETURNING id", str(unit), unit)
    of_unit = Actor("admin-2", "staff", ("administrator",), unit="EG-C-02")
    assert found(asked(taker, tending.search, SearchAudit, of_unit, subject="s")) == [
        ("EG-C-02", "request.read", "s")]
    assert len(found(asked(taker, tending.search, SearchAudit, subject="s"))) == 4  # and the search before


def test_who_searched_the_audit_stands_in_the_audit(take):
    taker = take("each")
    asked(taker, tending.search, SearchAudit, subject="somebody")
    (row,) = asked(taker, tending.search, SearchAudit, actor_id="admin-1")["rows"]
    assert (row["action"], row["subject"], row["sealed"]) == ("audit.read", "somebody", False)


@pytest.mark.parametrize("said, field", [
    ({}, "since"), ({"since": "2026-01-01T00:00:00Z"}, "until"),
    ({"since": "2026-01-01T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "until"),
])
def test_a_search_that_would_read_everything_is_refused(take, said, field):
    taker = take("each")
    assert refused(taker, tending.search, SearchAudit, **said) == [("audit_too_wide", field)]
    reversed_ = {"subject": "x", "since": "2026-03-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert refused(taker, tending.search, SearchAudit, **reversed_) == [("period_reversed", "until")]


def test_nobody_else_comes_in(take):
    taker = take("each")
    for capability, schema, said in ((tending.search, SearchAudit, {"subject": "x"}), (tending.owed, ListOwed, {}),
                                     (tending.replay, ReplayParked, {"subscription": "s", "event_id": str(uuid7())})):
        assert refused(taker, capability, schema, CLERK, **said) == [("forbidden", None)]
