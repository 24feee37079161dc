"""Text messages through one process to the SMPP sandbox, window 50: how many a second, what each costs and where; and
how long it takes from the commit of an event to the operator.

A backlog is written beforehand and let go at once, in Arabic of one part and of two; then events of requests are
committed to their log at a modest rate and followed through relay, broker, inbox and claim to the operator. Everything
is a process of its own on a real broker and a real PostgreSQL. The sandbox runs on the same cores, so its share of the
CPU is told beside the others'.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import requests
from infra.peers.client import Peers
from services.notifications import messages
from services.notifications.messages import Draft
from services.notifications.preferences import CONTACT_FIELD, CONTACT_RING
from tests.load import profile
from tests.load.ground import Ground as Bench
from tests.load.ground import line_of
from tests.load.machine import Meter
from tests.load.report import say
from tests.support.campaign_ground import Ground

COUNT, WARM_UP = 3000, 200
EVENTS, PER_SECOND = 300, 10
WINDOW = 50
PROFILE_SECONDS = 8.0
PATIENCE = 120.0
ONE_PART = "تم نقل طلبك EG-C-7K3M-9Q2X-4 إلى إدارة التراخيص."
TWO_PARTS = f"{ONE_PART} تابع طلبك على https://cairo.example/ar/follow/EG-C-7K3M-9Q2X-4"
TEXTS = {"one_part": (ONE_PART, 1), "two_parts": (TWO_PARTS, 2)}
_AHEAD = timedelta(hours=1)  # a backlog is written for later, and let go at once
_OWN = {"SHUBBAK_SMPP_SYSTEM_ID": "bench", "SHUBBAK_SMPP_PASSWORD": "sample-1", "SHUBBAK_SMPP_WINDOW": str(WINDOW),
        "SHUBBAK_PUBLIC_URL": "https://cairo.example", "SHUBBAK_QUIET_HOURS": "off"}
_LET_GO = "UPDATE message SET next_at = clock_timestamp() WHERE state = 'queued' RETURNING clock_timestamp() AS at"
_LEFT = ("SELECT count(*) FILTER (WHERE sent_at IS NULL) AS unsent, "
         "count(*) FILTER (WHERE state <> 'delivered') AS open FROM message")
_ENDS = "SELECT max(sent_at) AS sent, max(delivered_at) AS delivered, sum(parts) AS parts FROM message"


def measure(bench: Bench, count: int = COUNT, *, events: int = EVENTS, profiled: bool = True) -> dict[str, Any]:
    """{window, one_part, two_parts, event}. Of a text: messages and parts a second, CPU a message by process, how much
    of a core each took; of an event: seconds from its commit to the operator at p50 and p99, and until it was a
    message."""
    with Peers.running() as peers:
        environment = bench.environment("notifications", **_OWN, SHUBBAK_SMPP_HOST=peers.host,
                                        SHUBBAK_SMPP_PORT=str(peers.smpp))
        own = {name: value for name, value in environment.items() if name.startswith("SHUBBAK_")}
        with Ground.standing(own["SHUBBAK_DATABASE_URL"], lambda: datetime.now(UTC) + _AHEAD, **own) as ground, \
                bench.child("chassis", "run", "notifications", env=environment) as process:
            broker, postgres = bench.stack.broker.pid, bench.stack.postgres.pid
            assert broker is not None and postgres is not None
            run = _Run(ground, peers, Meter({"notifications": process.pid, "PostgreSQL": postgres, "RabbitMQ": broker,
                                             "sandbox": peers.process.pid}))
            run.sent(ONE_PART, WARM_UP)
            found: dict[str, Any] = {"window": WINDOW}
            for name, (text, parts) in TEXTS.items():
                found[name] = run.measured(text, parts, count)
            if profiled:
                with profile.watching({"notifications": process.pid}, PROFILE_SECONDS) as seen:
                    run.sent(TWO_PARTS, count)
                found["profile"] = seen
            found["event"] = _Events(bench, peers, events).go()
            return found


class _Run:
    def __init__(self, ground: Ground, peers: Peers, meter: Meter) -> None:
        self._ground, self._peers, self._meter = ground, peers, meter
        self._phones = 0

    def measured(self, text: str, parts: int, count: int) -> dict[str, Any]:
        """One backlog: rates until the last was recorded as sent; CPU until every receipt was applied."""
        self._write(text, count)
        before = self._meter.cpu()
        begun = self._let_go()
        self._wait(lambda: not self._left().unsent)
        until_sent = self._meter.cpu() - before
        self._wait(lambda: not self._left().open)
        spent = (self._meter.cpu() - before).milliseconds_per(count)
        [ends] = self._ground.sql(_ENDS)
        if ends.parts != parts * count or len(self._peers.sms()) != count:
            raise RuntimeError(f"{ends.parts} parts were sent, {len(self._peers.sms())} messages arrived")
        seconds = (ends.sent - begun).total_seconds()
        return {
            "messages": count, "parts_each": parts, "seconds": round(seconds, 2),
            "per_second": round(count / seconds, 1), "parts_per_second": round(parts * count / seconds, 1),
            "per_second_until_delivered": round(count / (ends.delivered - begun).total_seconds(), 1),
            "cpu_ms": spent,
            "cores_busy": {name: round(used / seconds, 2) for name, used in until_sent.by_name.items()},
        }

    def sent(self, text: str, count: int) -> None:
        """One backlog that is not measured."""
        self._write(text, count)
        self._let_go()
        self._wait(lambda: not self._left().open)

    def _write(self, text: str, count: int) -> None:
        self._ground.sql("WITH gone AS (DELETE FROM message RETURNING 1) SELECT count(*) FROM gone")
        self._peers.forget()
        for start in range(0, count, 100):
            drafts = [Draft("sms", self._number(), "moved", 1, "ar", {"text": text}, unit="EG-C-01")
                      for _ in range(min(100, count - start))]
            self._ground.attempt(lambda work, drafts=drafts: [
                messages.create(work, None, uuid7(), [draft]) for draft in drafts])

    def _number(self) -> str:
        self._phones += 1
        return f"+2011{self._phones:08d}"

    def _let_go(self) -> datetime:
        rows = self._ground.sql(_LET_GO)
        return max(row.at for row in rows)

    def _left(self) -> Any:
        return self._ground.sql(_LEFT)[0]

    def _wait(self, condition: Callable[[], object]) -> None:
        ends = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > ends:
                raise TimeoutError(f"not all were delivered: {self._left()}")
            time.sleep(0.1)


class _Events:
    """Requests that are lodged, as far as notifications hears of them: their first event, in their own log."""

    def __init__(self, bench: Bench, peers: Peers, count: int) -> None:
        self._bench, self._peers, self._count = bench, peers, count
        self._committed: dict[str, float] = {}

    def go(self) -> dict[str, Any]:
        """Seconds from commit to operator."""
        environment = self._bench.environment("requests")
        settings = config.load("requests", environment)
        database = Database(settings.database_url, 2)
        context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys), lambda: datetime.now(UTC))
        self._peers.forget()
        try:
            with self._bench.child("tests.load.ours", "log", env=environment) as log:
                line_of(log, "started")
                began = time.monotonic()
                for number in range(self._count):
                    time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
                    self._lodge(context, f"+2015{number:08d}")
                return self._told()
        finally:
            database.close()

    def _lodge(self, context: Context, phone: str) -> None:
        contact = {"name": "منى السيد", "phone": phone, "email": None, "language": "ar"}
        request_id = uuid7()

        def lodge(work: UnitOfWork) -> None:
            work.append(requests.SUBMITTED, request_id, 1, {
                "request_id": str(request_id), "tracking_number": "EG-C-7K3M-9Q2X-4", "unit": "EG-C-01",
                "service_name": {"ar": "ترخيص محل تجاري", "en": "Shop licence"}, "language": "ar",
                "state_kind": "payment", "department": None, "state_name": {"ar": "سداد", "en": "Payment"},
                "outcome": None, "note": None,
                "contact": work.privacy.seal(json.dumps(contact), ring=CONTACT_RING, field=CONTACT_FIELD)})

        attempt(lambda: UnitOfWork(context, actors.system("requests"), "bench"), lodge)
        self._committed[phone.lstrip("+")] = time.time()

    def _told(self) -> dict[str, Any]:
        ends = time.monotonic() + PATIENCE
        while True:
            arrived = {one["to"]: min(part["at"] for part in one["parts"]) for one in self._peers.sms()}
            if len(arrived) >= self._count:
                break
            if time.monotonic() > ends:
                raise TimeoutError(f"{len(arrived)} of {self._count} messages arrived")
            time.sleep(0.2)
        took = sorted(arrived[phone] - at for phone, at in self._committed.items())
        return {"events": self._count, "per_second": PER_SECOND, "p50": round(took[len(took) // 2], 3),
                "p99": round(took[math.ceil(len(took) * 0.99) - 1], 3), "worst": round(took[-1], 3)}


def main() -> None:
    """Only this part."""
    from tests.load import messages_report

    with Bench.standing("notifications", "requests") as bench:
        part = measure(bench)
    for figure in messages_report.figures(part):
        say(f"{figure.what}: {figure.value} {figure.goal}")
    for line in messages_report.details(part):
        say(line)


if __name__ == "__main__":
    main()
