"""The organisation over a whole node: a decreed holiday goes from an editor's desk, past two reviewers, to every
service that counts days."""

from __future__ import annotations

from typing import Any

import pytest

from infra.demo.walk import Walk, WalkFailed

CODE, DAY = "H-2090-1", "2090-03-15"  # a Wednesday so far away that no other test counts it
OPERATION = {
    "op": "add", "kind": "holiday", "code": CODE, "from": "2090-01-01",
    "body": {"name": {"ar": "إجازة بقرار", "en": "Decreed holiday"}, "effect": "holiday", "first": DAY, "last": DAY,
             "decree": {"number": "15/2090", "date": "2090-01-01"}},
}


def move(walk: Walk, proposal: dict[str, Any], what: str, who: str, **body: Any) -> dict[str, Any]:
    path = f"/catalog/proposals/{proposal['proposal_id']}/{what}"
    return walk.post(path, {"version": proposal["version"], **body}, as_=who)


def test_a_decreed_holiday_from_the_editors_desk_to_the_services_that_count_days(node):
    walk = Walk(node.url, node.peers.pay)
    faulty = {"operations": [{**OPERATION, "code": "H 2090", "body": {**OPERATION["body"], "name": {"ar": "إجازة"}}}]}
    draft = walk.post("/catalog/proposals", {"kind": "organisation", "body": faulty}, as_="organiser")
    assert [fault["field"] for fault in draft["faults"]] == ["operations/0/code", "operations/0/body/name/en"]
    with pytest.raises(WalkFailed, match="organisation_code_malformed"):
        move(walk, draft, "submission", "organiser")

    draft = move(walk, draft, "amendments", "organiser", body={"operations": [OPERATION]})
    assert draft["faults"] == []
    proposal = move(walk, draft, "submission", "organiser")
    proposal = move(walk, proposal, "decision", "council", decision="approve")
    assert proposal["applied"] is None and DAY not in days(walk)
    with pytest.raises(WalkFailed, match="approved_already_by_you"):
        move(walk, proposal, "decision", "council", decision="approve")
    proposal = move(walk, proposal, "decision", "follow-up", decision="approve")
    assert proposal["applied"] == {"entities": [{"kind": "holiday", "code": CODE, "version": 1}]}

    assert (days(walk)[DAY]["why"], days(walk)[DAY]["decree"]["number"]) == ("decree", "15/2090")
    for service in ("requests", "gateway"):
        kept = walk.until(
            lambda service=service: node.sql(service, "SELECT timeline FROM organisation WHERE code = %s", CODE), bool)
        assert kept[0].timeline[0]["body"]["first"] == DAY
    shown = walk.get(f"/organisation/holiday/{CODE}/history", as_="council")["versions"]
    assert [one["permission"] for one in shown[0]["approved_by"]] == [
        "organisation.review_council", "organisation.review_follow_up"]


def days(walk: Walk) -> dict[str, Any]:
    return {day["date"]: day for day in walk.get("/calendar/2090")["days"]}
