"""What is let go of after its time, what stays, and the count in the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from chassis import retention
from chassis.database import Database
from chassis.ids import uuid7
from chassis.retention_cli import retain
from rules.refusal import Refusal
from services.catalog import retention as of_catalog
from services.gateway import retention as of_gateway
from services.notifications import retention as of_notifications
from services.payments import retention as of_payments
from services.requests import retention as of_requests
from tests.support.requests_ground import HEAD, NAME, OFFICER, Ground, shop


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.fresh()
    made.publish(shop())
    yield made
    made.close()


def applied(ground: Ground, rule: retention.Rule, days: float) -> int:
    counts = list(retention.apply(ground.database, ground.privacy, rule, ground.now + timedelta(days=days), "operator"))
    return counts[-1] if counts else 0


def test_an_ended_request_keeps_its_course_and_loses_the_person(ground: Ground) -> None:
    ended, going = ground.decided(), ground.reviewed()
    reason = shop()["workflow"].get("reasons") or []
    more = {"legal_reason": reason[0]["code"]} if reason else {}
    ground.do(HEAD, "reject", reason="لا يطابق الاشتراطات المقررة", **more)
    steps = ground.rows("SELECT count(*) AS n FROM step WHERE request_id = :r", r=ended["request_id"])[0].n
    rule = of_requests.ENDED
    assert applied(ground, rule, rule.days - 1) == 0
    assert applied(ground, rule, rule.days + 1) == 1
    assert applied(ground, rule, rule.days + 1) == 0  # once
    row = ground.row(ended)
    assert ground.privacy.open(row.name, field="requests.request.name") == "—"
    assert (row.national_id, row.national_id_key, row.particulars, row.outcome) == (None, None, None, "rejected")
    for table in ("document", "event_log", "found_by", "party"):
        column = "subject" if table == "event_log" else "request_id"
        assert ground.rows(f"SELECT count(*) AS n FROM {table} WHERE {column} = :r", r=row.id)[0].n == 0, table
    assert ground.rows("SELECT count(*) AS n FROM step WHERE request_id = :r", r=row.id)[0].n == steps
    with pytest.raises(Refusal, match="tracking_unknown"):
        ground.status(row.tracking_number)
    assert [entry.details for entry in ground.audited("retention.applied")] == [{"count": 1}]
    assert ground.privacy.open(ground.row(going).name, field="requests.request.name") == NAME
    assert ground.status(ground.row(going).tracking_number)["outcome"] is None


def test_the_command_lets_go_in_batches_and_a_dry_run_of_nothing(ground: Ground, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        ground.command(lambda _, number=number: {"n": number}, OFFICER, uuid7(), {"n": number})
    with ground.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE command SET applied_at = applied_at - interval '31 days'")
    ground.command(lambda _: {"n": 9}, OFFICER, uuid7(), {"n": 9})
    environ = dict(ground.settings.environ)
    dry = CliRunner().invoke(retain, ["requests", "--dry-run"], env=environ, catch_exceptions=False)
    assert "stored answers of commands, after 30 days: 5 due" in dry.output
    assert ground.counts()["command"] == 6
    done = CliRunner().invoke(retain, ["requests"], env=environ, catch_exceptions=False)
    assert done.exit_code == 0 and "5 let go of" in done.output
    assert ground.counts()["command"] == 1
    assert [entry.details["count"] for entry in ground.audited("retention.applied")] == [2, 2, 1]


@pytest.mark.parametrize(("service", "rules"), [
    ("catalog", of_catalog.RULES), ("gateway", of_gateway.RULES), ("payments", of_payments.RULES),
    ("notifications", of_notifications.RULES)])
def test_every_rule_runs_on_its_service(
    database_url: Callable[..., str], service: str, rules: tuple[retention.Rule, ...]
) -> None:
    database = Database(database_url(service), 1)
    for rule in rules:
        with database.transaction() as connection:
            assert retention.due(connection, rule, datetime.now(UTC)) == 0
            for statement in rule.forget:
                connection.execute(text(statement), {"ids": []})
    database.close()
