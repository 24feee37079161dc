"""Generated histories of two tablets: uploads in any order, doubled, broken off, under clocks that are wrong, about
requests that move meanwhile. Whatever happens, each item is applied exactly once or stands in quarantine with its
reason; what a person can put right is applied then."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rules.refusal import Refusal
from tests.support.requests_ground import LAST4, OFFICER, PDF
from tests.support.tablet import FieldTablet, Kept
from tests.support.visits_ground import CLERK, OTHER_CLERK, VisitsGround, field_ground

PAPERS = {"id_copy": PDF, "lease_contract": PDF + b"\n%lease"}
HISTORIES = 25


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[VisitsGround]:
    made = field_ground(database_url)
    yield made
    made.close()


@dataclass
class Field:
    """Two tablets, three requests that were sent back, and what was done about them."""

    ground: VisitsGround
    chance: random.Random
    tablets: list[FieldTablet] = field(default_factory=list)
    sent_back: list[dict[str, Any]] = field(default_factory=list)
    kept: list[tuple[FieldTablet, Kept]] = field(default_factory=list)

    def begin(self) -> None:
        self.ground.fresh()
        self.sent_back = [self.ground.sent_back() for _ in range(3)]
        for clerk in (CLERK, OTHER_CLERK):
            tablet = self.ground.tablet()
            tablet.take_along(self.ground.line(clerk), numbers=12)
            self.tablets.append(tablet)

    def act(self, what: str) -> None:
        tablet = self.chance.choice(self.tablets)
        before = [kept for whose, kept in self.kept if whose is tablet]
        after = self.chance.choice(before) if before and self.chance.random() < 0.4 else None
        request = self.chance.choice(self.sent_back)
        if what == "intake":
            self._keep(tablet, tablet.intake(self.ground.application(papers=()), PAPERS, after=after))
        elif what == "bad_intake":
            body = self.ground.application(papers=(), answers__area_m2="wide")
            self._keep(tablet, tablet.intake(body, PAPERS, after=after))
        elif what == "completion":
            self._keep(tablet, tablet.completion(request["tracking_number"], LAST4, after=after))
        elif what == "wrong_clock":
            self._keep(tablet, tablet.intake(self.ground.application(papers=()), PAPERS, after=after,
                                             device_time="2026-01-01T00:00:00+00:00"))  # fmt: skip
        elif what == "copied":
            self._keep(tablet, tablet.intake(self.ground.application(papers=()), PAPERS, number=1))
        elif what == "lost":
            tablet.keep("report", "{}")  # a number that never comes
            tablet.queue.pop()
        elif what == "moves":
            try:
                self.ground.resubmit(request)
            except Refusal as refusal:
                assert refusal.code == "not_waiting_for_applicant"
        elif what == "goes_back":
            if self.ground.next(OFFICER) or self.ground.rows("SELECT 1 FROM task WHERE status = 'held'"):
                held = self.ground.rows("SELECT id FROM task WHERE status = 'held' LIMIT 1")
                self.ground.act(OFFICER, {"task_id": str(held[0].id)}, "send_back", reason="ناقص")
        elif what == "suspend":
            if self.ground.standing(tablet)["device_state"] == "certified":
                self.ground.of_device(tablet, "suspend")
        elif what == "resume":
            if self.ground.standing(tablet)["device_state"] == "suspended":
                self.ground.of_device(tablet, "resume")
        elif what == "sweep":
            self.ground.sweep()
        elif what == "wait":
            self.ground.wait(minutes=self.chance.randint(1, 300))
        else:
            self.upload(tablet)

    def upload(self, tablet: FieldTablet) -> None:
        """Some of what the tablet holds, in any order, some of it again, by either clerk."""
        mine = [kept for whose, kept in self.kept if whose is tablet]
        order = self.chance.sample(mine, self.chance.randint(0, len(mine)))
        for kept in order:
            for _ in range(self.chance.randint(1, 2)):
                before = kept.answer
                answer = tablet.send(self.ground.line(self.chance.choice((CLERK, OTHER_CLERK))), kept)
                assert before is None or answer == before  # a repeat gets the same answer

    def _keep(self, tablet: FieldTablet, kept: Kept) -> None:
        self.kept.append((tablet, kept))


STEPS = ("intake", "intake", "bad_intake", "completion", "completion", "wrong_clock", "copied", "lost", "moves",
         "goes_back", "suspend", "resume", "sweep", "wait", "wait", "upload", "upload", "upload")  # fmt: skip


@given(seed=some.integers(0, 2**32), steps=some.lists(some.sampled_from(STEPS), min_size=5, max_size=30))
@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_item_takes_effect_once_or_waits_for_a_person(ground: VisitsGround, seed: int, steps: list[str]) -> None:
    field_ = Field(ground, random.Random(seed))
    field_.begin()
    for what in steps:
        field_.act(what)
    for tablet in field_.tablets:
        for kept in [kept for whose, kept in field_.kept if whose is tablet]:
            if kept.answer is None:
                tablet.send(ground.line(), kept)
    ground.sweep()
    hold(field_)
    people_put_right(field_)
    hold(field_)


def hold(field_: Field) -> None:
    """What must be so whatever happened."""
    ground = field_.ground
    rows = {str(row.id): row for row in ground.rows("SELECT * FROM offline_item")}
    assert set(rows) == {kept.signed["item_id"] for _, kept in field_.kept}  # nothing lost, nothing more
    lodged = {row.tracking_number: row for row in ground.rows("SELECT * FROM request WHERE channel = "
                                                              "'mobile_district'")}  # fmt: skip
    applied = {item for item, row in rows.items() if row.state == "applied"}
    for _, kept in field_.kept:
        row = rows[kept.signed["item_id"]]
        body = json.loads(kept.signed["body"])
        if row.state == "quarantined":
            whole = ground.privacy.open(row.body, field="requests.offline_item.body")
            assert row.codes and whole == kept.signed["body"]
            if row.waits == "item":
                assert str(row.after_id) not in applied
        if kept.signed["kind"] == "intake":
            assert (body["tracking_number"] in lodged) is (row.state == "applied")
        if row.state == "applied" and row.after_id is not None:
            assert rows[str(row.after_id)].state in ("applied", "closed")
    taken = [row for row in rows.values() if row.state == "applied" and row.kind == "intake"]
    assert len(lodged) == len(taken)
    done = ground.rows("SELECT count(*) AS n FROM step WHERE action = 'resubmit' AND actor_id LIKE 'staff:%'")[0].n
    assert done == sum(row.state == "applied" and row.kind == "completion" for row in rows.values())
    for tablet in field_.tablets:
        standing = ground.standing(tablet)
        there = {row.number for row in rows.values() if row.device_id == tablet.id}
        assert standing["missing"] == sorted(set(range(1, max(there, default=0))) - there)
    assert ground.rows("SELECT 1 FROM document GROUP BY id HAVING count(request_id) > 1") == []


def people_put_right(field_: Field) -> None:
    """A person tries again what can be put right; after that, only what is really wrong is left."""
    ground = field_.ground
    for tablet in field_.tablets:
        if ground.standing(tablet)["device_state"] == "suspended":
            ground.of_device(tablet, "resume")
    for _ in range(len(field_.kept)):
        for item in ground.items(limit=200):
            ground.retry(item["item_id"], accept=["item_number_taken"], happened_at=ground.now.isoformat())
        ground.sweep()
    left = {row.id: row for row in ground.rows("SELECT * FROM offline_item WHERE state = 'quarantined'")}
    for row in left.values():
        really_wrong = {"not_waiting_for_applicant", "field_invalid"} & set(row.codes) or any(
            code.startswith(("answer_", "decimal_", "number_")) for code in row.codes)
        assert really_wrong or row.after_id in left, row.codes


def test_the_histories_reach_every_end(ground: VisitsGround) -> None:
    """What the generated histories hold is seen to happen: items applied, waiting, refused and put right."""
    seen: set[str] = set()
    wanted = {"applied", "quarantined", "item", "waits_for_item", "device_time_implausible", "item_number_taken",
              "item_device_not_trusted", "not_waiting_for_applicant"}  # fmt: skip
    for seed in range(60):  # ids are of the moment, so how many it takes differs
        field_ = Field(ground, random.Random(seed))
        field_.begin()
        for what in random.Random(seed).choices(STEPS, k=30):
            field_.act(what)
        ground.wait(hours=1)
        ground.sweep()
        for row in ground.rows("SELECT state, waits, codes FROM offline_item"):
            seen |= {row.state, row.waits or "", *row.codes}
        if wanted <= seen:
            break
    assert wanted <= seen, seen
    assert timedelta(0) < ground.now - ground.rows("SELECT min(arrived_at) AS at FROM offline_item")[0].at
