"""What visits and items of tablets let go of after their time, and what of them is never let go of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chassis import retention
from rules.refusal import Refusal
from services.requests import documents, retention_visits
from tests.support.requests_ground import PDF
from tests.support.tablet import FieldTablet
from tests.support.visits_ground import VisitsGround, field_ground

PAPERS = {"id_copy": PDF, "lease_contract": PDF + b"\n%lease"}


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[VisitsGround]:
    made = field_ground(database_url)
    made.fresh()
    yield made
    made.close()


def applied(ground: VisitsGround, rule: retention.Rule, more: int = 1) -> int:
    at = ground.now + timedelta(days=rule.days + more)
    counts = list(retention.apply(ground.database, ground.privacy, rule, at, "operator"))
    return counts[-1] if counts else 0


def tablet_of(ground: VisitsGround) -> FieldTablet:
    tablet = ground.tablet()
    tablet.take_along(ground.line(), numbers=5)
    return tablet


def test_a_visit_that_is_over_loses_the_person_and_keeps_its_course(ground: VisitsGround) -> None:
    over, open_ = ground.order_new(), ground.order_new(person={"name": "منى علي", "phone": "01110000009"})
    ground.cancel(over)
    assert applied(ground, retention_visits.VISITS, -1) == 0
    assert applied(ground, retention_visits.VISITS) == 1
    assert applied(ground, retention_visits.VISITS) == 0  # once
    [row] = ground.rows("SELECT * FROM visit WHERE number = :n", n=over["visit_number"])
    assert (row.contact, row.address, row.note, row.person_key, row.state) == (None, None, None, None, "cancelled")
    assert ground.rows("SELECT 1 FROM event_log WHERE subject = :id", id=row.id) == []
    with pytest.raises(Refusal, match="visit_unknown"):
        ground.show(over)
    assert ground.show(open_, "0009")["state"] == "ordered"


def test_an_applied_item_loses_its_body_and_still_answers_a_repeat(ground: VisitsGround) -> None:
    tablet = tablet_of(ground)
    kept = tablet.intake(ground.application(papers=()), PAPERS)
    [answer] = tablet.upload(ground.line())
    assert applied(ground, retention_visits.APPLIED) == 1
    ground.rows("SELECT body FROM offline_item")
    with ground.database.transaction() as connection:
        connection.exec_driver_sql("TRUNCATE command")  # its own time is over too
    assert tablet.send(ground.line(), kept) == answer
    assert ground.rows("SELECT count(*) AS n FROM request")[0].n == 1
    assert ground.item_file(kept.signed["item_id"])["body"] is None


def test_photos_go_with_the_body_of_their_item(ground: VisitsGround) -> None:
    tablet = tablet_of(ground)
    ground.plan(ground.order_new(), tablet)
    tablet.take_along(ground.line(), numbers=5)
    photo = PDF + b"%photo"
    digest = hashlib.sha256(photo).hexdigest()
    tablet.keep("report", {"visit_id": tablet.visit("intake")["visit_id"], "outcome": "done", "note": None,
                           "evidence": {"photos": [{"sha256": digest}]}}, papers={digest: photo})  # fmt: skip
    [answer] = tablet.upload(ground.line())
    assert answer["result"] == "applied", answer

    def swept() -> list[Any]:
        ground.wait(hours=1)
        ground.attempt(lambda work: documents.purge(work, ground.now))
        return ground.rows("SELECT 1 FROM document WHERE sha256 = :d", d=digest)

    assert len(swept()) == 1, "it lies as long as its item"
    assert applied(ground, retention_visits.APPLIED) == 1
    assert swept() == []


def test_an_item_in_quarantine_is_never_let_go_of_and_a_closed_one_after_its_time_with_its_documents(
    ground: VisitsGround,
) -> None:
    tablet = tablet_of(ground)
    for _ in range(2):
        tablet.intake(ground.application(papers=(), answers__area_m2="wide"), PAPERS)
    closed, waiting = tablet.queue
    tablet.upload(ground.line())
    ground.close_item(closed.signed["item_id"])
    for rule in retention_visits.RULES:
        assert applied(ground, rule) == (rule is retention_visits.CLOSED)
    ground.wait(days=2)
    ground.attempt(lambda work: documents.purge(work, ground.now - timedelta(days=1)))
    assert ground.item_file(waiting.signed["item_id"])["body"] == waiting.signed["body"]
    left = {str(row.id) for row in ground.rows("SELECT id FROM document")}
    assert left == set(waiting.uploaded.values())
