"""The totals of the boards are what the cases say: after any history, and after a fold that was killed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.database import execute
from rules.calendar import cairo_date
from rules.refusal import Refusal
from services.requests import __main__ as operator
from services.requests import board
from tests.support.boards_ground import *  # noqa: F403  (fixtures)
from tests.support.boards_ground import (
    at_the_window,
    complain,
    counts,
    deliver,
    fold,
    licensed,
    lying,
    open_again,
    rate,
    reject,
    shown,
    withdraw,
    wrong,
)
from tests.support.deadlines_ground import Sweeping
from tests.support.requests_ground import HEAD, INSPECTOR, OFFICER, Ground
from tests.support.slow_commit import before_the_first_commit

MIGRATION = import_module("services.requests.migrations.versions.0017_boards")
STEPS = ("window", "portal", "pay", "send_back", "resubmit", "accept", "report", "approve", "reject", "final", "reopen",
         "withdraw", "lapse", "complain", "deliver", "rate", "judge", "night", "weeks", "fold")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.sampled_from(STEPS), min_size=8, max_size=40))
def test_the_totals_are_what_the_cases_say_after_any_history(ground: Ground, history: list[str]) -> None:
    sweeping = Sweeping(ground)
    ground.fresh()
    lives: list[dict[str, Any]] = []
    for step in history:
        _take(ground, sweeping, step, lives)
        if step == "fold":
            assert wrong(ground) == []
    assert wrong(ground) == []  # some folded, some waiting
    fold(ground)
    assert wrong(ground) == []
    open_now = ground.rows("SELECT count(*) AS n FROM request WHERE outcome IS NULL")[0].n
    total = shown(ground, since="2026-03-01", until=cairo_date(ground.now).isoformat())["total"]
    ends = sum(total[outcome] for outcome in ("approved", "rejected", "withdrawn", "lapsed"))
    assert total["lodged"] - ends + total["reopened"] == open_now
    assert lying(ground)["requests"]["total"]["open"] == open_now


def _take(ground: Ground, sweeping: Sweeping, step: str, lives: list[dict[str, Any]]) -> None:
    """One step of a history, with whichever request it fits; nothing where it fits none."""
    def one(state: str) -> dict[str, Any] | None:
        return next((life for life in lives if ground.row(life).state == state), None)

    ground.wait(minutes=7)
    if step in ("window", "portal"):
        lives.append(at_the_window(ground) if step == "window" else ground.submit(ground.application(documents=[])))
    elif step == "pay" and (life := one("awaiting_inspection_fee")):
        ground.pay(life)
    elif step == "final" and (life := one("awaiting_final_fee")):
        ground.pay(life, "final")
    elif step == "lapse" and (life := one("awaiting_inspection_fee")):
        ground.hear(ground.bill_event(life["request_id"], state="expired"))
    elif step == "resubmit" and (life := one("completion")):
        ground.resubmit(life, action="resubmit")
    elif step in ("send_back", "accept") and one("document_review"):
        ground.do(OFFICER, step, **({"reason": "صورة العقد غير واضحة"} if step == "send_back" else {}))
    elif step == "report" and one("inspection"):
        ground.do(INSPECTOR, "report", inputs={"findings": "مطابق"})
    elif step == "approve" and one("decision"):
        ground.do(HEAD, "approve")
    elif step == "reject" and one("decision"):
        reject(ground)
    elif step == "reopen" and (life := one("rejected")):
        try:
            open_again(ground, life)
        except Refusal as refusal:
            assert refusal.code in ("reopening_not_possible", "reopening_asked_before")
    elif step == "withdraw" and (life := one("document_review")):
        withdraw(ground, life)
    elif step == "complain" and lives:
        try:
            complain(ground, lives[-1])
        except Refusal as refusal:
            assert refusal.code == "complaint_open"
    elif step in ("deliver", "rate") and (life := one("issued")):
        try:
            deliver(ground, life) if step == "deliver" else rate(ground, life, 3)
        except Refusal as refusal:
            assert refusal.code in ("delivered_before", "rated_before")
    elif step == "judge":
        sweeping.judge()
    elif step in ("night", "weeks"):
        ground.wait(days=1 if step == "night" else 21)
    elif step == "fold":
        fold(ground)


def test_a_total_that_was_tampered_with_is_named(ground: Ground) -> None:
    at_the_window(ground)
    fold(ground)
    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE board_day SET lodged = lodged + 2 WHERE place = '*' AND dimension = 'service'"))
        said = board.check(connection)
        connection.rollback()
    day = cairo_date(ground.now)
    assert said == [f"{day} * service shop-licence: lodged +2 beside the cases"]


def test_an_operator_has_the_totals_held_against_the_cases(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_window(ground)
    monkeypatch.setattr(operator, "_context", lambda: ground.context)
    good = CliRunner().invoke(operator.main, ["board-check"])
    assert (good.exit_code, good.output) == (0, "the boards count what happened\n")
    with ground.database.transaction() as connection:
        connection.execute(text("DELETE FROM board_delta"))
    wrong_now = CliRunner().invoke(operator.main, ["board-check"])
    assert wrong_now.exit_code == 1 and "service shop-licence: lodged -1 beside the cases" in wrong_now.output


def test_what_was_there_before_the_boards_is_counted_alike(ground: Ground) -> None:
    """The migration leaves what `board_fact` says to the first fold."""
    licensed(ground, at_the_window(ground))
    withdraw(ground, ground.sent_back(documents=[]))
    with ground.database.transaction() as connection:
        connection.execute(text("TRUNCATE board_delta, board_day"))
        connection.execute(text(MIGRATION.COUNTED))
    fold(ground)
    assert wrong(ground) == []
    assert counts(shown(ground)["total"])["lodged"] == 2


def test_nobody_waits_for_the_fold_and_what_comes_meanwhile_stays_for_the_next(ground: Ground) -> None:
    at_the_window(ground)
    with before_the_first_commit(ground, lambda: at_the_window(ground)):
        ground.attempt(board.fold)
    assert wrong(ground) == []
    assert shown(ground)["total"]["lodged"] == 2


def test_a_fold_that_is_killed_took_nothing_and_lost_nothing(ground: Ground) -> None:
    at_the_window(ground)
    dying = ground.database.session()
    with dying.cursor() as cursor:
        cursor.execute("BEGIN")
        execute(cursor, board._FOLD, most=board.AT_ONCE)  # all that a fold does, and then its process is gone
    dying.close()
    assert wrong(ground) == [] and ground.rows("SELECT 1 FROM board_delta")
    fold(ground)
    assert wrong(ground) == [] and shown(ground)["total"]["lodged"] == 1
