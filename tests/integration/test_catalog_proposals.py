"""Four eyes over a real database: what was written by one counts when another has approved exactly that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.ids import uuid7
from rules.refusal import Refusal
from services.catalog import review
from tests.support.catalog_ground import BOTH, CLERK, COLLEAGUE, EDITOR, REVIEWER, SECOND, Desk
from tests.support.requests_ground import shop

REASON = {"ar": "ضُمّت إلى خدمة أخرى", "en": "merged into another service"}


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Desk]:
    made = Desk(database_url("catalog"))
    yield made
    made.close()


@pytest.fixture
def desk(opened: Desk) -> Desk:
    opened.fresh()
    return opened


def other(*words: str) -> dict[str, Any]:
    """The shop licence with other keywords."""
    return shop() | {"keywords": list(words)}


def offer(desk: Desk) -> None:
    desk.approved("adoption", {"code": "shop-licence", "offered": True})


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
    amended = desk.ask(COLLEAGUE, "catalog.amend", **_of(drafted), body=other("محل"))
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
        submitted = desk.submit(desk.ask(BOTH, "catalog.amend", **_of(drafted), body=other("محل")))
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
    amended = desk.ask(EDITOR, "catalog.amend", **_of(returned), body=other("شيء آخر"))
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
    withdrawn = desk.ask(EDITOR, "catalog.withdraw_proposal", **_of(desk.propose("definition", other("محل"))))
    for closed in (approved, withdrawn):
        before = desk.counts()
        for attempt in (lambda one: desk.submit(one), lambda one: desk.decide(one),
                        lambda one: desk.ask(EDITOR, "catalog.amend", **_of(one), body=shop()),
                        lambda one: desk.ask(EDITOR, "catalog.withdraw_proposal", **_of(one))):
            with pytest.raises(Refusal, match="proposal_closed"):
                attempt(closed)
        assert desk.counts() == before


def test_a_proposal_is_returned_only_with_a_reason(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop())
    for remark in (None, "", "   "):
        with pytest.raises(Refusal, match="remark_required"):
            desk.decide(submitted, "return", remark=remark)
    assert desk.show(submitted)["state"] == "in_review"


# -- faults ----------------------------------------------------------------------------------------------------------


def faulty() -> dict[str, Any]:
    wrong = deepcopy(shop())
    wrong["fees"][0]["per"] = "nobody"
    wrong["workflow"]["states"]["inspection"]["actions"][0]["to"] = "nowhere"
    wrong["outputs"][0]["fields"] = ["nobody"]
    return wrong


def test_a_draft_may_be_faulty_but_goes_no_further(desk: Desk) -> None:
    drafted = desk.propose("definition", faulty(), effective_from=desk.day(-1))
    places = {fault["field"] for fault in drafted["faults"]}
    assert {"fees/0/per", "workflow/states/inspection/actions/report", "outputs/0/fields", "effective_from"} <= places
    assert all(fault["ar"] and fault["en"] and fault["ar"] != fault["en"] for fault in drafted["faults"])
    before = desk.counts()
    with pytest.raises(Refusal) as refusal:
        desk.submit(drafted)
    assert {fault.field for fault in refusal.value.faults} == places
    assert desk.counts() == before and desk.show(drafted)["state"] == "draft"
    checked = desk.ask(EDITOR, "catalog.check", kind="definition", body=faulty(), effective_from=desk.day(-1))
    assert {fault["field"] for fault in checked["faults"]} == places and desk.counts() == before


@pytest.mark.parametrize(("days", "code"), [(-1, "effective_date_past"), (0, "effective_date_overlaps"),
                                            (30, "effective_date_overlaps"), (31, None)])
def test_a_version_has_days_of_its_own(desk: Desk, days: int, code: str | None) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("definition", other("محل"), effective_from=desk.day(30))
    drafted = desk.propose("definition", other("دكان"), effective_from=desk.day(days))
    if code is None:
        assert desk.decide(desk.submit(drafted))["applied"]["version"] == 3
    else:
        with pytest.raises(Refusal) as refusal:
            desk.submit(drafted)
        assert code in {fault.code for fault in refusal.value.faults}


def test_a_day_that_passed_while_it_lay_in_review_is_found_out(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop(), effective_from=desk.day(2))
    desk.wait(days=3)
    before = desk.counts()
    with pytest.raises(Refusal, match="effective_date_past"):
        desk.decide(submitted)
    assert desk.counts() == before and len(desk.audited("denied")) == 1


def test_of_two_proposals_for_one_service_the_second_must_look_at_the_first(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    first, second = (desk.submitted("definition", other(word)) for word in ("محل", "دكان"))
    desk.decide(first)
    with pytest.raises(Refusal) as refusal:
        desk.decide(second)
    assert refusal.value.faults[0].params == {"based_on": 1, "standing": 2}
    returned = desk.decide(second, "return", remark="نُشرت نسخة أحدث")
    assert desk.show(returned)["faults"][0]["code"] == "proposal_outdated"
    amended = desk.ask(EDITOR, "catalog.amend", **_of(returned), body=other("محل", "دكان"), based_on=2)
    assert desk.decide(desk.submit(amended))["applied"]["version"] == 3


def test_what_changes_nothing_is_no_proposal(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    for kind, body in (("definition", shop()), ("adoption", {"code": "shop-licence", "offered": True})):
        assert [fault["code"] for fault in desk.propose(kind, body)["faults"]] == ["nothing_changed"]


@pytest.mark.parametrize(("body", "code"), [
    ({}, "proposal_subject_missing"), ({"code": "../x"}, "proposal_subject_missing"),
    ({"code": 7}, "proposal_subject_missing"), ({"code": "shop-licence", "name": "\x00"}, "malformed")])
def test_what_cannot_be_kept_is_refused_at_once(desk: Desk, body: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        desk.propose("definition", body)
    assert not any(desk.counts().values())


def test_proposals_that_are_none(desk: Desk) -> None:
    nobody = {"proposal_id": str(uuid7()), "version": 1}
    for attempt in (lambda: desk.submit(nobody), lambda: desk.decide(nobody), lambda: desk.show(nobody)):
        with pytest.raises(Refusal, match="proposal_unknown"):
            attempt()
    with pytest.raises(Refusal, match="field_invalid"):
        desk.propose("wish", {"code": "shop-licence"})


# -- retirement ------------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_retirement_is_told_at_once(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    drafted = desk.propose("retirement", {"code": "shop-licence", "reason": {"ar": "سبب"}}, effective_from=desk.day(-1))
    assert {fault["code"] for fault in drafted["faults"]} == {
        "field_invalid", "effective_date_past", "retirement_too_early"}
    unknown = desk.propose("retirement", {"code": "nobody", "reason": REASON})
    assert [fault["code"] for fault in unknown["faults"]] == ["service_unknown"]
    desk.approved("retirement", {"code": "shop-licence", "reason": REASON}, effective_from=desk.day(9))
    again = desk.propose("retirement", {"code": "shop-licence", "reason": REASON}, effective_from=desk.day(20))
    assert [fault["code"] for fault in again["faults"]] == ["retired_already"]


def test_the_reason_that_everybody_reads_turns_no_text(desk: Desk) -> None:
    desk.load(shop())
    for text in ("until \u202e7202", "\x1b[2J"):
        drafted = desk.propose("retirement", {"code": "shop-licence", "reason": REASON | {"en": text}})
        assert [(fault["code"], fault["field"]) for fault in drafted["faults"]] == [("field_invalid", "reason")]
        assert "رموز تحكم" in drafted["faults"][0]["ar"]


def test_a_service_does_not_end_before_what_was_published_begins(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("definition", other("محل"), effective_from=desk.day(10))
    body = {"code": "shop-licence", "reason": REASON}
    drafted = desk.propose("retirement", body, effective_from=desk.day(10))
    assert drafted["faults"][0]["params"] == {"taken": desk.day(10), "first": desk.day(11)}
    assert desk.approved("retirement", body)["retired_from"] == desk.day(11)
    desk.wait(days=10)
    assert desk.get("shop-licence")["version"] == 2
    desk.wait(days=1)
    assert desk.offered() == []


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


# -- the centre's guide ----------------------------------------------------------------------------------------------


def test_where_the_centre_keeps_the_guide_nobody_else_changes_it(database_url: Callable[..., str]) -> None:
    desk = Desk(database_url("catalog"), SHUBBAK_GUIDE_AUTHORITY="centre")
    desk.fresh()
    desk.load(shop())
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


def _of(proposal: dict[str, Any]) -> dict[str, Any]:
    return {"proposal_id": proposal["proposal_id"], "version": proposal["version"]}


def test_nobody_has_more_proposals_open_than_a_desk_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "MOST_OPEN", 2)
    first, _ = (desk.propose("definition", other(word)) for word in ("one", "two"))
    with pytest.raises(Refusal, match="proposals_too_many"):
        desk.propose("definition", other("three"))
    desk.propose("definition", other("three"), actor=COLLEAGUE)
    desk.ask(EDITOR, "catalog.withdraw_proposal", proposal_id=first["proposal_id"], version=1)
    assert desk.propose("definition", other("three"))["state"] == "draft"


def test_of_thousands_of_faults_so_many_are_told_as_an_answer_holds(desk: Desk) -> None:
    desk.load(shop())
    body = {"code": "shop-licence", "offered": True, "overrides": {f"fees/{number}": 1 for number in range(5000)}}
    drafted = desk.propose("adoption", body)
    checked = desk.ask(EDITOR, "catalog.check", kind="adoption", body=body)
    for faults in (drafted["faults"], checked["faults"], desk.show(drafted)["faults"]):
        assert len(faults) == review.MOST_FAULTS + 1
        assert (faults[-1]["code"], faults[-1]["params"]) == ("faults_more", {"count": 5000 - review.MOST_FAULTS})
    with pytest.raises(Refusal) as refused:
        desk.submit(drafted)
    assert len(refused.value.faults) == review.MOST_FAULTS + 1
