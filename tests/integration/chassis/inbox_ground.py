"""An inbox with one handler that can be made to fail, and events for it."""

import uuid
from datetime import UTC, datetime

import orjson

from chassis import events, inbox
from chassis.inbox import Inbox, Subscription
from tests.integration.chassis.ground import WRITTEN, apply_note, context_of, maker, rows


class Taker:
    """An inbox with one handler, which can be made to fail."""

    def __init__(self, url, way, handle=None):
        self.url, self.way = url, way
        self.context = context_of("requests", url)
        self.failing = set()
        self.subscription = f"requests.{way}"
        self.inbox = Inbox("requests", [Subscription(self.subscription, (WRITTEN,), way, handle or self._handle)],
                           maker(self.context))

    def _handle(self, work, event):
        apply_note(self.way, work, event)
        if (event.subject, event.sequence) in self.failing:
            raise RuntimeError("cannot")

    def take(self, *bodies):
        self.inbox.take(list(bodies))

    def make_due(self):
        rows(self.url, "UPDATE inbox SET next_at = now() WHERE state = 'waiting'")

    def retry_until_quiet(self, rounds=12):
        """Every waiting event comes due again and again."""
        for _ in range(rounds):
            if not rows(self.url, "SELECT 1 FROM inbox WHERE state = 'waiting'"):
                return
            self.make_due()
            self.inbox.retry_due()

    def effects(self, subject=None):
        found = rows(self.url, "SELECT subject, sequence FROM effect WHERE way = %s ORDER BY id", self.way)
        return [row.sequence for row in found if subject is None or uuid.UUID(str(row.subject)) == subject]

    def inbox_rows(self):
        return rows(self.url, "SELECT * FROM inbox ORDER BY sequence")

    def close(self):
        self.context.database.close()


def body(subject, sequence, text="ن", /, **changes):

    raw = events.encode(WRITTEN, event_id=uuid.uuid5(subject, str(sequence)), source="urn:shubbak:EG-C:catalog:1",
                        subject=subject, sequence=sequence, occurred=datetime.now(UTC), correlation_id="c",
                        data={"text": f"{text}{sequence}"})
    return orjson.dumps({**orjson.loads(raw), **changes}) if changes else raw


def park(taker, subject, sequence):
    taker.failing.add((subject, sequence))
    taker.take(body(subject, sequence))
    rows(taker.url, "UPDATE inbox SET attempts = %s WHERE state = 'waiting'", len(inbox.RETRY))
    taker.make_due()
    taker.inbox.retry_due()
    return uuid.uuid5(subject, str(sequence))
