"""Four eyes over a real database: what was written by one counts when another has approved exactly that."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.ids import uuid7
from rules.refusal import Refusal
from services.catalog import review
from tests.support.catalog_desk import *  # noqa: F403  (fixtures)
from tests.support.catalog_desk import REASON, offer, other, seen
from tests.support.catalog_ground import BOTH, CLERK, COLLEAGUE, EDITOR, REVIEWER, SECOND, Desk
from tests.support.requests_ground import shop

# -- the life of a definition ----------------------------------------------------------------------------------------


def test_the_whole_life_of_a_definition(desk: Desk) -> None:
    drafted = desk.propose("definition", shop())
    assert drafted["state"] == "draft" and drafted["faults"] == []
    assert not desk.rows("SELECT 1 FROM national_version")
    submitted = desk.submit(drafted)
    assert submitted["state"] == "in_review" and not desk.rows("SELECT 1 FROM national_version")
    decided = desk.decide(submitted)
    assert decided["state"] == "approved"
    assert decided["applied"] == {"code": "shop-licence", "version": 1, "effective_from": "2026-03-01",
                                  "offered": False}
    assert desk.offered() == []  # published for the country; offered when the governorate says so
    offer(desk)
    assert desk.offered() == ["shop-licence"]

    desk.approved("definition", other("محل"), effective_from=desk.day(10))
    assert desk.get("shop-licence")["version"] == 1
    desk.wait(days=10)
    assert desk.get("shop-licence")["version"] == 2
    states = {one["version"]: one["state"] for one in desk.ask(PUBLIC, "catalog.versions",
                                                               code="shop-licence")["versions"]}
    assert states == {1: "superseded", 2: "in_force"}

    retired = desk.approved("retirement", {"code": "shop-licence", "reason": REASON}, effective_from=desk.day(5))
    assert retired == {"code": "shop-licence", "retired_from": "2026-03-16"}
    assert desk.offered() == ["shop-licence"]
    desk.wait(days=5)
    assert desk.offered() == []
    assert desk.get("shop-licence", 1)["definition"] == shop()  # whoever was served by it still is
    versions = desk.ask(PUBLIC, "catalog.versions", code="shop-licence")
    assert versions["in_force"] is None and versions["retirements"] == [{"retired_from": "2026-03-16",
                                                                         "reason": REASON}]

    desk.approved("definition", other("دكان"))  # four eyes may bring it back
    assert desk.get("shop-licence")["version"] == 3

    told = [(event.type.split(".", 1)[1], event.sequence) for event in desk.events()]
    for aggregate in ("definition", "national", "adoption"):
        counted = [sequence for name, sequence in told if name.startswith(aggregate)]
        assert counted == list(range(1, len(counted) + 1)), aggregate
    assert [event.data["retired_from"] for event in desk.events("catalog.definition.retired.v1")] == ["2026-03-16"]
    row = desk.rows("SELECT published_by, approved_by FROM national_version WHERE version = 1")[0]
    assert (row.published_by, row.approved_by) == (EDITOR.id, REVIEWER.id)


def test_every_step_is_on_record(desk: Desk) -> None:
    drafted = desk.propose("definition", shop())
    amended = desk.ask(COLLEAGUE, "catalog.amend", **seen(drafted), body=other("محل"))
    returned = desk.decide(desk.submit(amended), "return", remark="أضف سند الرسم")
    assert returned["state"] == "returned"
    shown = desk.show(returned)
    assert shown["remark"] == "أضف سند الرسم" and shown["editors"] == [COLLEAGUE.id]
    desk.decide(desk.submit(returned))
    actions = [(row.action, row.actor_id) for row in desk.rows("SELECT * FROM audit ORDER BY id")]
    assert actions == [
        ("proposal.propose", EDITOR.id), ("proposal.amend", COLLEAGUE.id), ("proposal.submit", EDITOR.id),
        ("proposal.return", REVIEWER.id), ("proposal.submit", EDITOR.id), ("proposal.approve", REVIEWER.id),
        ("national.publish", REVIEWER.id)]


def test_a_request_keeps_the_version_that_was_shown_to_it(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("definition", other("محل"), effective_from=desk.day(1))
    published = desk.events("catalog.definition.published.v1")
    assert [(event.data["version"], event.data["effective_from"]) for event in published] == [
        (1, "2026-03-01"), (2, "2026-03-02")]
    assert published[0].data["definition"] == shop()
    assert published[1].data["national_version"] == 2 and published[1].data["governorate"] == "EG-C"


# -- four eyes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hands", ["author", "editor"])
def test_nobody_approves_what_the_same_hand_wrote(desk: Desk, hands: str) -> None:
    if hands == "author":
        submitted = desk.submitted("definition", shop(), BOTH)
    else:
        drafted = desk.propose("definition", shop())
        submitted = desk.submit(desk.ask(BOTH, "catalog.amend", **seen(drafted), body=other("محل")))
    before = desk.counts()
    with pytest.raises(Refusal) as refusal:
        desk.decide(submitted, actor=BOTH)
    assert refusal.value.code == "own_approval"
    assert desk.counts() == before
    denied = desk.audited("denied")
    assert [(row.actor_id, row.subject, row.details["permission"]) for row in denied] == [
        (BOTH.id, submitted["proposal_id"], "guide.review")]
    assert desk.decide(submitted)["state"] == "approved"


def test_who_may_not_is_turned_away_and_that_is_recorded(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop())
    before = desk.counts()
    for actor in (EDITOR, COLLEAGUE, CLERK, PUBLIC):
        with pytest.raises(Refusal, match="forbidden"):
            desk.decide(submitted, actor=actor)
    for actor in (REVIEWER, CLERK):
        with pytest.raises(Refusal, match="forbidden"):
            desk.propose("definition", shop(), actor)
    for actor in (CLERK, PUBLIC):
        with pytest.raises(Refusal, match="forbidden"):
            desk.show(submitted, actor)
    assert desk.counts() == before and len(desk.audited("denied")) == 8


def test_the_approved_body_is_exactly_the_one_shown(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop())
    returned = desk.decide(submitted, "return", remark="راجع الرسوم")
    amended = desk.ask(EDITOR, "catalog.amend", **seen(returned), body=other("شيء آخر"))
    again = desk.submit(amended)
    with pytest.raises(Refusal) as refusal:
        desk.decide(submitted)
    assert refusal.value.code == "proposal_changed"
    assert refusal.value.faults[0].params == {"shown": submitted["version"], "standing": again["version"]}
    assert not desk.rows("SELECT 1 FROM national_version")


def test_two_reviewers_who_decide_at_once_decide_once(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop())

    def decide(actor: Any) -> str:
        try:
            return str(desk.decide(submitted, actor=actor)["state"])
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(decide, [REVIEWER, SECOND, REVIEWER, SECOND]))
    assert outcomes == ["approved", "proposal_closed", "proposal_closed", "proposal_closed"]
    assert len(desk.events("catalog.national.published.v1")) == 1 and len(desk.rows("SELECT 1 FROM approval")) == 1


def test_two_proposals_for_one_service_approved_at_once_are_not_both_taken(desk: Desk) -> None:
    """Each is sound alone; the second must not slip in behind the check of the first."""
    desk.load(shop(), adopt=True)
    day = desk.day(5)
    submitted = [desk.submitted("definition", other(f"كلمة {n}"), effective_from=day) for n in range(3)]

    def decide(one: dict[str, Any]) -> str:
        try:
            return str(desk.decide(one)["state"])
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(decide, submitted))
    assert outcomes == ["approved", "proposal_outdated", "proposal_outdated"]
    rows = desk.rows("SELECT version, effective_from FROM national_version ORDER BY version")
    assert [(row.version, row.effective_from.isoformat()) for row in rows] == [(1, desk.day(0)), (2, day)]


@pytest.mark.parametrize("attempt", range(8))
def test_the_loader_and_an_approval_at_once_make_one_line_of_versions(desk: Desk, attempt: int) -> None:
    desk.load(shop(), adopt=True)
    waiting = desk.submitted("definition", other(f"proposed {attempt}"))

    def approved() -> str:
        try:
            return str(desk.decide(waiting)["state"])
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as pool:
        decision, loaded = pool.submit(approved), pool.submit(desk.load, other(f"loaded {attempt}"))
        outcome, version = decision.result(), loaded.result()["version"]
    # An approval that came second is found out; a loader that came second publishes what it brought after it.
    assert (outcome, version) in {("approved", 3), ("proposal_outdated", 2)}
    kept = [row.version for row in desk.rows("SELECT version FROM national_version ORDER BY version")]
    assert kept == list(range(1, len(kept) + 1)) and len(kept) == (3 if outcome == "approved" else 2)
    told = desk.rows("SELECT subject, count(*) AS n, max(sequence) AS last FROM event_log GROUP BY subject")
    assert all(row.n == row.last for row in told)
    state = desk.show(waiting)
    assert (state["state"] == "approved") is bool(state["approvals"]) is (outcome == "approved")


def test_approved_and_returned_at_once_is_one_of_them(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop())

    def decide(given: tuple[Any, str]) -> str:
        try:
            return str(desk.decide(submitted, given[1], given[0], remark="راجع")["state"])
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as pool:
        outcomes = set(pool.map(decide, [(REVIEWER, "approve"), (SECOND, "return")]))
    state = desk.show(submitted)["state"]
    assert state in ("approved", "returned") and outcomes == {state, "proposal_closed"}
    assert len(desk.rows("SELECT 1 FROM national_version")) == (state == "approved")


def test_a_repeat_of_an_approval_answers_the_same_and_is_no_refused_attempt(desk: Desk) -> None:
    submitted, command_id = desk.submitted("definition", shop()), uuid7()
    ask = {"proposal_id": submitted["proposal_id"], "version": submitted["version"], "decision": "approve"}
    first = desk.ask(REVIEWER, "catalog.decide", command_id, **ask)
    before = desk.counts()
    assert desk.ask(REVIEWER, "catalog.decide", command_id, **ask) == first
    assert desk.counts() == before and not desk.audited("denied")


def test_nothing_more_is_done_to_what_is_decided(desk: Desk) -> None:
    approved = desk.decide(desk.submitted("definition", shop()))
    withdrawn = desk.ask(EDITOR, "catalog.withdraw_proposal", **seen(desk.propose("definition", other("محل"))))
    for closed in (approved, withdrawn):
        before = desk.counts()
        for attempt in (lambda one: desk.submit(one), lambda one: desk.decide(one),
                        lambda one: desk.ask(EDITOR, "catalog.amend", **seen(one), body=shop()),
                        lambda one: desk.ask(EDITOR, "catalog.withdraw_proposal", **seen(one))):
            with pytest.raises(Refusal, match="proposal_closed"):
                attempt(closed)
        assert desk.counts() == before


def test_a_proposal_is_returned_only_with_a_reason(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop())
    for remark in (None, "", "   "):
        with pytest.raises(Refusal, match="remark_required"):
            desk.decide(submitted, "return", remark=remark)
    assert desk.show(submitted)["state"] == "in_review"


# -- the list --------------------------------------------------------------------------------------------------------


def test_proposals_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    made = [desk.propose("definition", other(f"كلمة {n}"))["proposal_id"] for n in range(5)]
    desk.propose("retirement", {"code": "shop-licence", "reason": REASON})
    seen: list[str] = []
    page = desk.ask(REVIEWER, "catalog.proposals", kind="definition", limit=2)
    while True:
        seen += [one["proposal_id"] for one in page["proposals"]]
        if page["next"] is None:
            break
        page = desk.ask(REVIEWER, "catalog.proposals", kind="definition", limit=2, after=page["next"])
    assert seen == made[::-1]
    assert len(desk.ask(REVIEWER, "catalog.proposals")["proposals"]) == 6
    assert desk.ask(REVIEWER, "catalog.proposals", state="in_review")["proposals"] == []
    assert desk.ask(REVIEWER, "catalog.proposals", subject="nobody")["proposals"] == []


def test_each_finds_what_waits_for_the_own_decision_and_nothing_that_the_same_hand_wrote(desk: Desk) -> None:
    def waiting(actor: Any) -> list[str]:
        found = desk.ask(actor, "catalog.proposals", to_decide=True)["proposals"]
        return [one["proposal_id"] for one in found]

    desk.propose("definition", other("مسودة"))
    submitted = desk.submitted("definition", other("للاعتماد"))
    own = desk.submitted("definition", other("لي"), BOTH)
    assert waiting(REVIEWER) == [own["proposal_id"], submitted["proposal_id"]]
    assert waiting(BOTH) == [submitted["proposal_id"]] and waiting(EDITOR) == []
    desk.decide(submitted)
    assert waiting(REVIEWER) == [own["proposal_id"]]


# -- the centre's guide ----------------------------------------------------------------------------------------------


def test_where_the_centre_keeps_the_guide_nobody_else_changes_it(database_url: Callable[..., str]) -> None:
    own = Desk(database_url("catalog"))
    own.fresh()
    own.load(shop())  # as the centre told it: tests/integration/test_catalog_received.py
    own.close()
    desk = Desk(database_url("catalog"), SHUBBAK_GUIDE_AUTHORITY="centre")
    before = desk.counts()
    for kind, body in (("definition", other("محل")), ("retirement", {"code": "shop-licence", "reason": REASON})):
        with pytest.raises(Refusal, match="guide_kept_by_centre"):
            desk.propose(kind, body)
        checked = desk.ask(EDITOR, "catalog.check", kind=kind, body=body)
        assert "guide_kept_by_centre" in {fault["code"] for fault in checked["faults"]}
    assert desk.counts() == before
    offer(desk)  # what it offers is the governorate's own affair
    assert desk.offered() == ["shop-licence"]
    desk.close()


def test_nobody_has_more_proposals_open_than_a_desk_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "MOST_OPEN", 2)
    first, _ = (desk.propose("definition", other(word)) for word in ("one", "two"))
    with pytest.raises(Refusal, match="proposals_too_many"):
        desk.propose("definition", other("three"))
    desk.propose("definition", other("three"), actor=COLLEAGUE)
    desk.ask(EDITOR, "catalog.withdraw_proposal", proposal_id=first["proposal_id"], version=1)
    assert desk.propose("definition", other("three"))["state"] == "draft"
