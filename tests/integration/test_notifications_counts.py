"""What is counted of messages and told of them, on a real PostgreSQL: every state once, folded or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from infra import secrets
from rules.calendar import cairo_date
from rules.refusal import Refusal
from services.notifications import messages, receipts, seen, tally
from services.notifications.kinds import Lane
from services.notifications.messages import Draft
from services.notifications.packing import pack_sms
from services.notifications.providers.base import Answer, Receipt, Verdict

NOON = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # noon in Cairo
DAY = cairo_date(NOON)
PHONE = "+201012345678"


class Desk(SimpleNamespace):
    """Notifications' database and a clock that is set."""

    def work(self, actor: actors.Actor) -> UnitOfWork:
        return UnitOfWork(self.context, actor, "test")

    def do(self, run, actor: actors.Actor | None = None):
        return attempt(lambda: self.work(actor or actors.system("notifications")), run)

    def tell(self, lane: Lane = Lane.STEP, phone: str = PHONE, unit: str | None = "EG-C-01") -> UUID:
        draft = Draft("sms", phone, "moved", 1, "ar", {"text": "نص"}, lane=lane, legal=True, unit=unit)
        request_id = uuid7()
        self.do(lambda work: messages.create(work, request_id, uuid7(), [draft]))
        return request_id

    def hand_over(self, verdict: Verdict = Verdict.ACCEPTED, provider: str = "smpp", price: int = 320) -> list[UUID]:
        taken = self.do(lambda work: messages.claim(work, "sms", provider, 10, timedelta(minutes=10), pack_sms))
        answers = {one.message_id: {1: Answer(verdict, provider_id=f"id-{one.message_id}")} for one in taken}
        self.do(lambda work: messages.record(work, answers, price))
        return [one.message_id for one in taken]

    def delivered(self, message_id: UUID, delivered: bool = True) -> None:
        arrived = Receipt(f"id-{message_id}", delivered, None, None, PHONE)
        self.do(lambda work: receipts.keep(work, "smpp", [arrived]))
        self.do(receipts.apply)

    def counts(self, by: str, since=DAY, until=DAY, actor=None) -> dict[tuple[str, str], dict]:
        asked = {"since": since, "until": until, "by": by}
        rows = seen.counts(self.work(actor or actors.Actor("a1", "staff", ("administrator",))), asked)["rows"]
        return {(row["key"], row["channel"]): row for row in rows}


@pytest.fixture
def desk(database_url) -> Iterator[Desk]:
    url = database_url("notifications")
    loaded = config.load("notifications", {
        **secrets.keys(), "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
        "SHUBBAK_DATABASE_URL": url, "SHUBBAK_QUIET_HOURS": "off"})
    database = Database(url, 4)
    with database.transaction() as connection:
        connection.execute(text("TRUNCATE recipient, message, message_part, receipt, message_delta, message_day"))
    now = [NOON]
    yield Desk(context=Context(loaded, database, Privacy(loaded.rings, loaded.lookup_key), lambda: now[0]),
               database=database, now=now)
    database.close()


def test_each_state_is_counted_once_and_folding_changes_nothing(desk):
    for _ in range(3):
        desk.tell()
    desk.now[0] += timedelta(seconds=2)
    first, second, third = desk.hand_over()
    desk.now[0] += timedelta(seconds=8)
    desk.delivered(first)
    desk.delivered(second)
    desk.delivered(second)  # the operator says it twice
    before = {by: desk.counts(by) for by in tally.DIMENSIONS}
    row = before["provider"]["smpp", "sms"]
    assert (row["sent"], row["delivered"], row["failed"], row["parts"], row["price"]) == (3, 2, 0, 3, 3 * 320)
    assert 2 <= row["time"]["sent"]["median"] <= 2.4 and 10 <= row["time"]["delivered"]["p95"] <= 12
    assert before["unit"]["EG-C-01", "sms"]["created"] == before["template"]["moved", "sms"]["created"] == 3
    assert before["template"]["moved", "sms"]["name"]["en"] == "Moved to another step"
    assert before["unit"]["EG-C-01", "sms"]["name"] is None
    assert before["lane"]["1", "sms"]["delivered"] == 2
    desk.do(tally.fold)
    assert {by: desk.counts(by) for by in tally.DIMENSIONS} == before
    desk.delivered(third)
    assert desk.counts("provider")["smpp", "sms"]["delivered"] == 3
    assert not desk.do(tally.fold)


def test_what_arrives_after_it_was_given_up_counts_as_delivered_alone(desk):
    for _ in range(2):
        desk.tell()
    failed, arrived = desk.hand_over()
    for message_id in (failed, arrived):
        desk.delivered(message_id, False)
    assert desk.counts("provider")["smpp", "sms"]["failed"] == 2
    desk.do(tally.fold)
    desk.delivered(arrived)
    for _ in range(2):
        row = desk.counts("provider")["smpp", "sms"]
        assert (row["sent"], row["failed"], row["delivered"]) == (2, 1, 1)
        desk.do(tally.fold)


def test_what_was_refused_or_died_is_counted_under_its_provider_and_the_day_it_was_made(desk):
    desk.tell()
    desk.hand_over(Verdict.PERMANENT, provider="backup")
    late = desk.tell()
    desk.now[0] += timedelta(hours=73)
    desk.do(lambda work: messages.expire(work, "sms"))
    assert desk.counts("provider")["backup", "sms"]["failed"] == 1
    assert desk.counts("provider")["", "sms"] | {"time": None} == {
        "key": "", "channel": "sms", "created": 2, "sent": 0, "delivered": 0, "failed": 0, "expired": 1, "parts": 0,
        "price": 0, "time": None, "name": None}
    assert desk.counts("provider", DAY + timedelta(days=1), DAY + timedelta(days=5)) == {}
    assert late


def test_counts_outlive_the_messages(desk):
    desk.tell()
    desk.hand_over()
    with desk.database.transaction() as connection:
        connection.execute(text("DELETE FROM message"))
    assert desk.counts("provider")["smpp", "sms"]["sent"] == 1


def test_a_unit_sees_its_own_counts(desk):
    desk.tell(unit="EG-C-01")
    desk.tell(unit="EG-C-02")
    here = actors.Actor("m", "staff", ("centre_manager",), unit="EG-C-02")
    assert set(desk.counts("unit", actor=here)) == {("EG-C-02", "sms")}
    assert set(desk.counts("unit")) == {("EG-C-01", "sms"), ("EG-C-02", "sms")}


@pytest.mark.parametrize("since, until, code", [
    (DAY, DAY - timedelta(days=1), "counts_reversed"), (DAY - timedelta(days=366), DAY, "counts_too_long")])
def test_a_period_that_makes_no_sense_is_refused(desk, since, until, code):
    with pytest.raises(Refusal, match=code):
        desk.counts("provider", since, until)


def test_anybody_reads_how_long_messages_took_to_be_delivered_but_not_how_slow_a_campaign_was(desk):
    for lane in Lane:
        desk.tell(lane)
    desk.now[0] += timedelta(seconds=1)
    taken = desk.hand_over()
    desk.now[0] += timedelta(seconds=4)
    for message_id in taken:
        desk.delivered(message_id)
    desk.now[0] += timedelta(days=1)
    told = seen.performance(desk.work(actors.Actor("-", "public", ("public",))))
    assert (told["since"], told["until"]) == (DAY - timedelta(days=29), DAY)
    assert {(one["lane"], one["channel"], one["delivered"]) for one in told["channels"]} == {
        ("code", "sms", 1), ("step", "sms", 1)}
    assert all(5 <= one["time"]["median"] <= 6 for one in told["channels"])


def test_staff_see_what_was_sent_about_a_request_and_to_an_address_masked(desk):
    request_id = desk.tell()
    desk.tell(unit="EG-C-02")
    desk.tell(phone="+201112345678")
    with desk.database.transaction() as connection:
        connection.execute(text(
            "INSERT INTO recipient (request_id, version, tracking_number, service_name, unit, language) "
            "VALUES (:id, 1, 'EG-C-7K3M-9Q2X-4', '{}', 'EG-C-01', 'ar')"), {"id": request_id})
    here = actors.Actor("m", "staff", ("centre_manager",), unit="EG-C-01")
    [about] = desk.do(lambda work: seen.of_request(work, "EG-C-7K3M-9Q2X-4"), here)["messages"]
    assert about["address"] == "010******78" and "content" not in about
    asked = {"address": "٠١٠١٢٣٤٥٦٧٨", "before": None, "limit": 1}
    own = desk.do(lambda work: seen.of_address(work, asked), here)
    assert [one["message_id"] for one in own["messages"]] == [about["message_id"]]
    everywhere = actors.Actor("a", "staff", ("administrator",))
    page = seen.of_address(desk.work(everywhere), asked)
    rest = seen.of_address(desk.work(everywhere), {**asked, "before": page["next"]})
    assert len(page["messages"]) == len(rest["messages"]) == 1 and rest["next"] is None
    with desk.database.transaction() as connection:
        read = connection.execute(text("SELECT action FROM audit WHERE action LIKE 'message.read%'")).scalars().all()
    assert "message.read" in read and "message.read_address" in read


@pytest.mark.parametrize("number, unit, code", [
    ("EG-C-0000-0000-0", "EG-C-01", "messages_unknown"), ("EG-C-7K3M-9Q2X-4", "EG-C-02", "forbidden")])
def test_what_is_not_there_or_not_ones_own_is_refused(desk, number, unit, code):
    with desk.database.transaction() as connection:
        connection.execute(text(
            "INSERT INTO recipient (request_id, version, tracking_number, service_name, unit, language) "
            "VALUES (:id, 1, 'EG-C-7K3M-9Q2X-4', '{}', 'EG-C-01', 'ar')"), {"id": uuid7()})
    with pytest.raises(Refusal, match=code):
        seen.of_request(desk.work(actors.Actor("m", "staff", ("centre_manager",), unit=unit)), number)


def test_an_address_that_is_none_is_refused(desk):
    with pytest.raises(Refusal, match="address_malformed"):
        seen.of_address(desk.work(actors.Actor("a", "staff", ("administrator",))),
                        {"address": "0223456789", "before": None, "limit": 5})
