"""SIGKILL notifications, again and again, while it hands over text messages by two operators (SMPP, HTTP), e-mails and
one-time codes, and while receipts come late, twice, in the wrong order or not at all. Afterwards everybody has got what
was written, and twice only what an operator over SMPP may have taken when its answer was lost.

A fifth of `SHUBBAK_KILLS` kills (4 when not said); each falls into a wave of messages of its own.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from infra import processes, secrets
from infra.peers.client import ROOT, Peers
from services.notifications import codes, messages
from services.notifications.kinds import Lane
from services.notifications.messages import Draft

KILLS = max(int(os.environ.get("SHUBBAK_KILLS", "20")) // 5, 2)
SMS, MAILS, CODES = 40, 10, 3  # in a wave
RECEIPTS = ("duplicate", "reordered", "none", "delivered")
DELAYS = (0, 30, 150)  # milliseconds until an operator answers
UNANSWERED = 4  # seconds that a lost answer is waited for
PATIENCE = 180.0
KEYS = secrets.keys()
ARABIC = "تم نقل طلبك رقم EG-C-7K3M-9Q2X-4 إلى إدارة التراخيص. تابعه من صفحة المتابعة في أي وقت."
ENGLISH = "Your request EG-C-7K3M-9Q2X-4 was moved."
UNSENT = ("SELECT state, provider, channel, attempts, error FROM message "
          "WHERE state IN ('created', 'queued', 'sending', 'failed_temporarily')")
# Of a part that is known; it came twice, and the second one is looked at after the part is delivered.
REPEATED = "SELECT FROM receipt JOIN message_part USING (provider_message_id) LIMIT 1"


@dataclass
class Run:
    """What was written to whom, and what was in whose hands at each kill."""

    peers: Peers
    context: Context
    environment: dict[str, str]
    chance: random.Random
    parts: dict[str, int] = field(default_factory=dict)  # address → parts (1 of an e-mail)
    challenges: dict[str, UUID] = field(default_factory=dict)  # number → challenge
    unanswered: Counter[tuple[str, str]] = field(default_factory=Counter)  # (address, provider) → kills
    cut: int = 0  # kills in the middle of handing over
    process: subprocess.Popen[bytes] | None = None

    def attempt(self, run: Callable[[UnitOfWork], Any]) -> Any:
        return attempt(lambda: UnitOfWork(self.context, actors.PUBLIC, "test"), run)

    def sql(self, statement: str, **params: Any) -> list[Any]:
        with self.context.database.transaction() as connection:
            return list(connection.execute(text(statement), params))

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chassis", "run", "gateway", "notifications"], cwd=ROOT,
            env={**os.environ, **self.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def wait(self, condition: Callable[[], object], what: str) -> None:
        ends = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < ends, (what, self.sql(UNSENT))
            time.sleep(0.005)

    def write(self) -> list[UUID]:
        """A wave of messages: steps in two languages and lanes, e-mails, one-time codes."""
        drafts = []
        for number in range(SMS):
            address = f"+2011{len(self.parts):08d}"
            self.parts[address] = 1 + number % 2
            drafts.append(Draft("sms", address, "moved", 1, "ar", {"text": ARABIC if number % 2 else ENGLISH},
                                lane=Lane.STEP if number % 4 else Lane.CAMPAIGN, unit="EG-C-01", id=uuid7()))
        for _ in range(MAILS):
            address = f"c{len(self.parts)}@example.org"
            self.parts[address] = 1
            drafts.append(Draft("email", address, "moved", 1, "ar", {
                "subject": "نقل الطلب", "plain": ARABIC, "html": f"<p>{ARABIC}"}, unit="EG-C-01", id=uuid7()))
        self.chance.shuffle(drafts)
        half = len(drafts) // 2
        self._make(drafts[:half])
        for _ in range(CODES):
            self._send_code()
        self._make(drafts[half:])
        return [draft.id for draft in drafts if draft.id is not None]

    def _make(self, drafts: list[Draft]) -> None:
        def make(work: UnitOfWork) -> None:
            for draft in drafts:
                messages.create(work, None, uuid7(), [draft])

        self.attempt(make)

    def _send_code(self) -> None:
        phone = f"+2012{len(self.parts):08d}"
        body = {"purpose": "log_in", "phone": phone, "source": f"41.33.1.{len(self.challenges) + 1}", "language": "ar"}
        sent = self.attempt(lambda work: codes.send(work, body, "https://cairo.example"))
        self.parts[phone], self.challenges[phone] = 1, UUID(sent["challenge_id"])

    def behave(self, wave: int) -> None:
        """Both operators, each in its own way; every way of receipts comes up."""
        for number, name in enumerate(("smsc", "sms_http")):
            self.peers.control(**{name: {
                "receipts": RECEIPTS[(wave + number) % len(RECEIPTS)], "delay_ms": self.chance.choice(DELAYS),
                "receipt_delay_ms": self.chance.choice((0, 300, 1500))}})

    def stopped_in_the_middle(self, made: list[UUID]) -> list[Any]:
        """Stop the process, as it stands at the first look or at a later one, with something in its hands, or when
        nothing of the wave is left to hand over; what is in its hands."""
        assert self.process is not None
        ends, left = time.monotonic() + PATIENCE, "SELECT FROM message WHERE id = ANY(:ids) AND state = 'queued'"
        while True:
            self.process.send_signal(signal.SIGSTOP)
            in_hand = self.sql("SELECT address, provider FROM message WHERE state = 'sending'")
            if in_hand or not self.sql(left, ids=made):
                return in_hand
            assert time.monotonic() < ends, self.sql(UNSENT)
            self.process.send_signal(signal.SIGCONT)
            time.sleep(0.01)

    def cut_short(self, wave: int) -> None:
        """Write a wave, and kill the process once it has begun to hand it over."""
        self.behave(wave)
        made = self.write()
        self.wait(lambda: self.sql("SELECT FROM message WHERE id = ANY(:ids) AND state <> 'queued' LIMIT 1", ids=made),
                  "a first message in hand")
        time.sleep(self.chance.uniform(0, 0.25))
        in_hand = self.stopped_in_the_middle(made)
        self.kill()
        for row in in_hand:
            address = self.context.privacy.open(row.address, field=messages.ADDRESS)
            self.unanswered[address, row.provider] += 1
        self.cut += bool(in_hand)
        self.start()


@pytest.fixture(scope="module")
def run(database_url, seed: int) -> Iterator[Run]:
    url, web = database_url("notifications"), processes.free_port()
    with Peers.running(sms_callback=f"http://127.0.0.1:{web}/api/v1/messages/receipts/nile") as peers:
        environment = {
            **KEYS, "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_NOTIFICATIONS_DATABASE_URL": url, "SHUBBAK_GATEWAY_DATABASE_URL": database_url("gateway"),
            "SHUBBAK_ADMIN_PORT": str(processes.free_port()), "SHUBBAK_HTTP_PORT": str(web),
            "SHUBBAK_PUBLIC_URL": "https://cairo.example", "SHUBBAK_PROVIDERS": "nile=http:50,smpp=smpp:50",
            "SHUBBAK_SMPP_HOST": "127.0.0.1", "SHUBBAK_SMPP_PORT": str(peers.smpp), "SHUBBAK_SMPP_SYSTEM_ID": "node",
            "SHUBBAK_SMPP_PASSWORD": "sample-1", "SHUBBAK_SMPP_WINDOW": "10", "SHUBBAK_SMPP_PRICE": "300",
            "SHUBBAK_NILE_URL": peers.sms_http, "SHUBBAK_NILE_KEY": "sample-sms-key", "SHUBBAK_NILE_BULK": "5",
            "SHUBBAK_NILE_RECEIPT_KEY": "sample-sms-receipts", "SHUBBAK_NILE_PRICE": "250",
            "SHUBBAK_SMTP_HOST": "127.0.0.1", "SHUBBAK_SMTP_PORT": str(peers.smtp),
            "SHUBBAK_MAIL_FROM": "no-reply@cairo.example", "SHUBBAK_UNCERTAIN_AFTER_SECONDS": str(UNANSWERED),
            "SHUBBAK_QUIET_HOURS": "off", "EVENTLET_NO_GREENDNS": "yes",
        }  # fmt: skip
        settings = config.load("notifications", environment)
        database = Database(url, 4)
        context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys), lambda: datetime.now(UTC))
        done = Run(peers, context, environment, random.Random(f"{seed}:messages"))
        done.start()
        try:
            for wave in range(KILLS):
                done.cut_short(wave)
            done.wait(lambda: not done.sql(UNSENT), "every message sent")
            done.wait(lambda: not peers.get("/sms")["reporting"], "every receipt taken")
            done.wait(lambda: not due(done), "every receipt applied")
            done.wait(lambda: not done.sql(REPEATED), "every repeated receipt seen to be one")
            done.wait(lambda: not done.sql("SELECT FROM message_delta LIMIT 1"), "every count folded in")
            yield done
        finally:
            assert done.process is not None
            done.process.terminate()
            done.process.wait(30)
            database.close()


def arrived(run: Run) -> dict[str, Counter[str]]:
    """By address, how many parts (e-mails) came over whom."""
    found: dict[str, Counter[str]] = {}
    for one in run.peers.sms():
        over = "nile" if one["over"] == "http" else "smpp"
        count = one["total"] if over == "nile" else one["submissions"]
        found.setdefault(f"+{one['to']}", Counter())[over] += count
    for mail in run.peers.mail():
        found.setdefault(mail["to"][0], Counter())["smtp"] += 1
    return found


def reported(run: Run) -> set[str]:
    """The names, at their operators, of the parts that they have reported: with a good word at last, in all the ways
    of this test but the one in which they say nothing. A receipt that was repeated may have come after a later one."""
    told = set()
    for one in run.peers.sms():
        told |= {part["id"] for part in one["parts"] if part["receipt"]}
        told |= {one["id"]} if one.get("receipt") else set()
    return told


def due(run: Run) -> list[Any]:
    """Parts that their operator has reported, or will, and that are not known as delivered."""
    told = reported(run)
    rows = run.sql("SELECT provider_message_id AS known, state FROM message_part WHERE provider_message_id IS NOT NULL")
    return [row for row in rows if row.known in told and row.state != "delivered"]


def test_it_was_killed_in_the_middle_of_handing_over(run: Run) -> None:
    assert run.cut >= KILLS // 2
    assert {provider for _, provider in run.unanswered} & {"smpp", "nile"}


def test_every_message_reached_its_operator_or_mail_server_whole(run: Run) -> None:
    found = arrived(run)
    assert set(found) == set(run.parts)
    assert [address for address, parts in run.parts.items() if sum(found[address].values()) < parts] == []
    whole = {one["to"] for one in run.peers.sms() if one["complete"]}
    assert whole == {address.lstrip("+") for address in run.parts if "@" not in address}


def test_twice_came_only_what_was_unanswered_over_smpp_or_by_mail_when_it_was_killed(run: Run) -> None:
    for address, over in arrived(run).items():
        more = sum(over.values()) - run.parts[address]
        # What may be with the operator over HTTP is left to it, and it knows the key again.
        kills = sum(run.unanswered[address, provider] for provider in ("smpp", "smtp"))
        assert 0 <= more <= kills * run.parts[address], (address, over)


def test_an_operator_with_keys_sends_each_message_once(run: Run) -> None:
    keys = Counter(one["key"] for one in run.peers.sms() if one["over"] == "http")
    assert keys and set(keys.values()) == {1}


def test_a_mail_that_came_twice_is_the_same_mail(run: Run) -> None:
    by_address: dict[str, set[str]] = {}
    for mail in run.peers.mail():
        by_address.setdefault(mail["to"][0], set()).add(mail["message_id"])
    assert by_address and {len(ids) for ids in by_address.values()} == {1}


def test_no_message_is_stuck_and_each_is_what_its_receipts_say(run: Run) -> None:
    told = reported(run)
    rows = run.sql("SELECT m.id, m.channel, m.state, array_agg(p.provider_message_id) AS known "
                   "FROM message AS m JOIN message_part AS p ON p.message_id = m.id GROUP BY m.id")
    assert len(rows) == len(run.parts)
    for row in rows:
        wanted = "delivered" if row.channel == "sms" and set(row.known) <= told else "sent"
        assert row.state == wanted, row
    assert {row.state for row in rows} == {"sent", "delivered"}


def test_of_the_receipts_only_those_of_parts_that_nobody_knows_are_left(run: Run) -> None:
    """What an operator took whose answer was lost has a name that we never heard, and was sent again."""
    left = {row.provider_message_id for row in run.sql("SELECT provider_message_id FROM receipt")}
    known = {row.known for row in run.sql("SELECT provider_message_id AS known FROM message_part")}
    assert left & known == set()
    assert len(left) <= sum(run.parts[address] * kills for (address, _), kills in run.unanswered.items())


def test_the_counts_of_the_day_are_those_of_the_messages(run: Run) -> None:
    counted: Counter[str] = Counter()
    for row in run.sql("SELECT state, sum(messages) AS n FROM message_day WHERE dimension = 'lane' GROUP BY state"):
        counted[row.state] = int(row.n)
    [there] = run.sql("SELECT count(*) AS created, count(sent_at) AS sent, count(delivered_at) AS delivered, "
                      "count(*) FILTER (WHERE state IN ('failed', 'expired')) AS given_up FROM message")
    assert (counted["created"], counted["sent"], counted["delivered"]) == (
        there.created, there.sent, there.delivered)
    assert there.created == there.sent == len(run.parts)
    assert (counted["failed"] + counted["expired"], there.given_up) == (0, 0)


def test_each_change_was_told_once_in_its_order(run: Run) -> None:
    gaps = run.sql("SELECT m.id FROM message AS m WHERE m.version <> (SELECT count(*) FROM event_log AS e "
                   "WHERE e.subject = m.id) OR m.version <> (SELECT max(e.sequence) FROM event_log AS e "
                   "WHERE e.subject = m.id)")
    assert gaps == []


def test_every_code_opens_its_challenge_and_its_text_is_gone(run: Run) -> None:
    kept = run.sql("SELECT content FROM message WHERE lane = 0")
    assert [row.content for row in kept] == [None] * len(run.challenges)
    for phone, challenge_id in run.challenges.items():
        said = next(one["text"] for one in run.peers.sms(phone.lstrip("+")))
        [code] = set(re.findall(r"\b[0-9]{6}\b", said))
        body = {"challenge_id": challenge_id, "code": code, "purpose": "log_in"}
        assert run.attempt(lambda work, body=body: codes.check(work, body))["phone"] == phone
