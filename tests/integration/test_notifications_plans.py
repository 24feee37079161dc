"""What a claim costs while 200,000 messages to many wait: it reads each lane from its head and nothing behind it, and a
one-time code is found as quickly as if nobody else waited."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis.ids import uuid7
from services.notifications import messages, waiting
from services.notifications.kinds import Lane
from services.notifications.messages import Draft
from services.notifications.packing import pack_sms
from tests.support.messages_ground import LEASE, Ground, ground
from tests.support.plans import asked, plan

WAITING = 200_000
MOST = 100
READ = "EXPLAIN (ANALYZE, BUFFERS)"
_FILL = text("""
    INSERT INTO message (id, version, request_id, cause, channel, template, template_version, language, state, address,
                         address_lookup, content, created_at, expires_at, next_at, queued_at, lane)
    SELECT gen_random_uuid(), 1, NULL, gen_random_uuid(), 'sms', 'request_received', 1, 'ar', 'queued', :address,
           sha256(n::text::bytea), :content, :now, :now + interval '72 hours', :now, :now, 2
    FROM generate_series(1, :n) AS n""")


@pytest.fixture(scope="module")
def desk(database_url: Callable[..., str]) -> Iterator[Ground]:
    with ground(database_url("notifications")) as made:
        privacy = made.context.privacy
        with made.context.database.transaction() as connection:
            connection.execute(text("SET LOCAL statement_timeout = '2min'"))
            connection.execute(_FILL, {
                "n": WAITING, "now": made.now - timedelta(minutes=1),
                "address": privacy.seal("+201012345678", field=messages.ADDRESS),
                "content": privacy.seal('{"text": "x"}', field=messages.CONTENT)})
        with made.context.database.engine.connect() as connection:
            connection.execute(text("SET statement_timeout = '2min'"))
            connection.execute(text("VACUUM ANALYZE message"))
            connection.execute(text("RESET statement_timeout"))
        yield made
        with made.context.database.transaction() as connection:
            connection.execute(text("TRUNCATE message CASCADE"))


def pages(found: str) -> int:
    """Pages of tables and indexes that a plan's whole run touched."""
    return sum(int(one) for one in re.findall(r"shared (?:hit|read)=(\d+)", found.splitlines()[1])) + sum(
        int(one) for one in re.findall(r" read=(\d+)", found.splitlines()[1]))


def claim(work: Any, lanes: Any = tuple(Lane)) -> Any:
    return messages.claim(work, "sms", "smpp", MOST, LEASE, pack_sms, lanes=lanes)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("lanes", [tuple(Lane), (Lane.CODE,)])
def test_a_claim_reads_no_further_than_it_takes(desk: Ground, mode: str, lanes: Any) -> None:
    due = asked(desk.context.database, lambda: claim(desk.work(), lanes))[0]
    found = plan(desk.context.database, *due, mode, READ)
    assert "Seq Scan on message " not in found
    assert "Index Scan using message_due on message" in found
    assert pages(found) < 10 * MOST, found


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_neither_what_is_held_nor_what_is_over_is_looked_for_among_what_waits(desk: Ground, mode: str) -> None:
    def looking() -> None:
        work = desk.work()
        waiting.release(work, "sms")
        messages.expire(work, "sms")

    looked = asked(desk.context.database, looking)
    for due, index in zip(looked, ("message_held", "message_over"), strict=True):
        found = plan(desk.context.database, *due, mode, READ)
        assert index in found and "Seq Scan" not in found
        assert pages(found) < 50, found


def test_a_code_is_first_and_as_quick_as_in_an_empty_house(desk: Ground) -> None:
    draft = Draft("sms", "+201098765432", "login_code", 1, "ar", {"text": "123456"}, lane=Lane.CODE, id=uuid7())
    desk.transact(lambda work: messages.create(work, None, uuid7(), [draft]))
    claim(desk.work(), (Lane.CODE,))  # plans are made
    took = []
    for _ in range(21):
        begun = time.perf_counter()
        taken = claim(desk.work(), (Lane.CODE,))
        took.append(time.perf_counter() - begun)
    assert [one.message_id for one in taken] == [draft.id]
    assert sorted(took)[10] < 0.1  # most of them: something else may have held up one
    first = claim(desk.work())[0]
    assert first.message_id == draft.id
