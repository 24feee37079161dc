"""What holds messages back where they are claimed: quiet hours, the daily limit, what was chosen since, and lives that
end while they wait. On a real PostgreSQL, without a provider."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.errors import Conflict
from chassis.ids import uuid7
from services.notifications import keeper, messages, metrics, preferences, waiting
from services.notifications.gate import Held
from services.notifications.kinds import Lane
from services.notifications.messages import Draft
from services.notifications.packing import pack_email, pack_sms
from services.notifications.preferences import Address, Choice, Door
from services.notifications.providers.base import Answer, Outgoing, Verdict
from services.notifications.states import State
from tests.support.messages_ground import LEASE, NOON, Ground, ground

PHONE = "+201012345678"
MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)  # eight o'clock in Cairo
LIMIT = 10


@pytest.fixture
def desk(database_url: Callable[..., str]) -> Iterator[Ground]:
    with ground(database_url("notifications")) as made:
        yield made


def make(desk: Ground, *, lane: Lane = Lane.STEP, legal: bool = False, phone: str = PHONE, channel: str = "sms",
         lifetime: timedelta = timedelta(hours=72)) -> UUID:
    content = {"text": "x"} if channel == "sms" else {"subject": "x", "plain": "x", "html": "x"}
    draft = Draft(channel, phone, "request_received", 1, "en", content, lane=lane, legal=legal, lifetime=lifetime,
                  id=uuid7())
    desk.transact(lambda work: messages.create(work, None, uuid7(), [draft]))
    assert draft.id is not None
    return draft.id


def claim(desk: Ground, most: int = 50, channel: str = "sms", **more: Any) -> list[Outgoing]:
    pack = pack_sms if channel == "sms" else pack_email("no-reply@cairo.example")
    taken: list[Outgoing] = desk.transact(
        lambda work: messages.claim(work, channel, more.get("provider", "smpp"), most, LEASE, pack))
    return taken


def answer(desk: Ground, taken: list[Outgoing], verdict: Verdict = Verdict.ACCEPTED) -> None:
    outcomes = {one.message_id: {part.number: Answer(verdict, f"{one.message_id}-{part.number}", verdict.value)
                                 for part in one.parts} for one in taken}  # fmt: skip
    desk.transact(lambda work: messages.record(work, outcomes))


def told(desk: Ground, message_id: UUID) -> list[dict[str, Any]]:
    found = desk.sql("SELECT body FROM event_log WHERE subject = :id ORDER BY sequence", id=message_id)
    return [json.loads(row.body)["data"] for row in found]


def at(desk: Ground, moment: datetime) -> None:
    desk.later(moment - desk.now)


# -- quiet hours -----------------------------------------------------------------------------------------------------


def test_made_at_night_it_waits_for_the_morning_and_says_why(desk: Ground) -> None:
    at(desk, NOON + timedelta(hours=11))  # eleven at night
    waits, code, mail = make(desk), make(desk, lane=Lane.CODE), make(desk, phone="a@example.org", channel="email")
    assert [one.message_id for one in claim(desk)] == [code]
    assert [one.message_id for one in claim(desk, channel="email")] == [mail]
    row = desk.row(waits)
    assert (row.state, row.held, row.next_at, row.queued_at) == ("created", "quiet_hours", MORNING, None)
    (said,) = told(desk, waits)
    assert (said["state"], said["held"], said["held_until"]) == ("created", "quiet_hours", "2026-03-02T06:00:00+00:00")


def test_in_the_morning_it_stands_in_its_lane_and_goes(desk: Ground) -> None:
    at(desk, NOON + timedelta(hours=11))
    waits = make(desk)
    waiting.move_on(desk.transact)
    assert desk.row(waits).state == "created"
    at(desk, MORNING)
    waiting.move_on(desk.transact)
    row = desk.row(waits)
    assert (row.state, row.held) == ("queued", None)
    assert MORNING <= row.queued_at < MORNING + timedelta(minutes=1)
    assert [one.message_id for one in claim(desk)] == [waits]
    assert [one["state"] for one in told(desk, waits)] == ["created", "queued"]


def test_what_stood_in_its_lane_when_the_quiet_hours_began_is_held_at_the_claim(desk: Ground) -> None:
    stood = make(desk)
    at(desk, NOON + timedelta(hours=11))
    assert claim(desk) == []
    row = desk.row(stood)
    assert (row.state, row.held, row.next_at, row.attempts) == ("created", "quiet_hours", MORNING, 0)


def test_a_retry_never_falls_into_the_night(desk: Ground) -> None:
    at(desk, NOON + timedelta(hours=9, minutes=59, seconds=50))
    tried = make(desk)
    answer(desk, claim(desk), Verdict.TEMPORARY)
    row = desk.row(tried)
    assert (row.state, row.held, row.next_at) == ("failed_temporarily", "quiet_hours", MORNING)
    assert told(desk, tried)[-1]["held_until"] == "2026-03-02T06:00:00+00:00"
    at(desk, MORNING)
    assert [one.message_id for one in claim(desk)] == [tried]


def test_what_nobody_answered_for_is_not_sent_again_at_night_either(desk: Ground) -> None:
    at(desk, NOON + timedelta(hours=9, minutes=55))
    unsure = make(desk)
    assert len(claim(desk)) == 1
    at(desk, desk.now + LEASE + timedelta(seconds=1))
    assert claim(desk) == []
    row = desk.row(unsure)
    assert (row.state, row.held, row.error) == ("failed_temporarily", "quiet_hours", "unanswered")
    at(desk, MORNING)
    assert [one.message_id for one in claim(desk)] == [unsure]


def test_a_life_that_ends_in_the_night_ends_as_expired_and_says_what_held_it(desk: Ground) -> None:
    at(desk, NOON + timedelta(hours=11))
    short = make(desk, lifetime=timedelta(hours=2))
    assert desk.row(short).next_at < MORNING
    at(desk, desk.now + timedelta(hours=2, seconds=1))
    before = metrics.CHANGED.labels("sms", "expired")._value.get()
    waiting.move_on(desk.transact)
    row = desk.row(short)
    assert (row.state, row.error) == ("expired", "quiet_hours")
    assert metrics.CHANGED.labels("sms", "expired")._value.get() == before + 1
    assert claim(desk) == []


# -- the daily limit -------------------------------------------------------------------------------------------------


def test_an_address_gets_so_many_a_day_and_the_rest_the_next_morning(desk: Ground) -> None:
    made = [make(desk) for _ in range(LIMIT + 2)]
    other = make(desk, phone="+201098765432")
    answer(desk, taken := claim(desk))
    assert [one.message_id for one in taken] == [*made[:LIMIT], other]
    for beyond in made[LIMIT:]:
        row = desk.row(beyond)
        assert (row.state, row.held, row.next_at) == ("created", "daily_limit", MORNING)
    at(desk, MORNING)
    waiting.move_on(desk.transact)
    assert [one.message_id for one in claim(desk)] == made[LIMIT:]


def test_codes_and_legal_notices_go_beyond_it_and_take_no_place_within(desk: Ground) -> None:
    first = [make(desk) for _ in range(LIMIT)]
    beyond = [make(desk, lane=Lane.CODE), make(desk, legal=True), make(desk, legal=True)]
    assert {one.message_id for one in claim(desk)} == {*first, *beyond}
    assert desk.sql("SELECT sum(count) AS n FROM address_day")[0].n == LIMIT


def test_one_that_is_tried_again_keeps_its_place(desk: Ground) -> None:
    made = [make(desk) for _ in range(LIMIT)]
    answer(desk, claim(desk), Verdict.TEMPORARY)
    desk.later(timedelta(minutes=1))
    assert [one.message_id for one in claim(desk)] == made
    assert desk.sql("SELECT sum(count) AS n FROM address_day")[0].n == LIMIT


def test_addresses_that_differ_in_their_letters_only_are_one(desk: Ground) -> None:
    for number in range(LIMIT + 1):
        make(desk, channel="email", phone="mona@example.org" if number % 2 else "Mona@example.org")
    assert len(claim(desk, channel="email")) == LIMIT


def test_a_process_that_died_with_messages_in_hand_has_counted_them(desk: Ground) -> None:
    made = [make(desk) for _ in range(LIMIT)]
    assert len(claim(desk)) == LIMIT  # and nobody writes down what became of them
    beyond = make(desk)
    assert claim(desk) == []
    assert desk.row(beyond).held == "daily_limit"
    desk.later(LEASE + timedelta(seconds=1))
    assert [one.message_id for one in claim(desk)] == made
    assert desk.sql("SELECT sum(count) AS n FROM address_day")[0].n == LIMIT


def test_claims_at_once_never_pass_the_limit_together(desk: Ground) -> None:
    for _ in range(3 * LIMIT):
        make(desk)
    taken: list[Outgoing] = []
    start = threading.Barrier(4)

    def take() -> None:
        start.wait()
        for _ in range(8):
            with suppress(Conflict):  # another was faster every time: the loop of a channel tries again too
                taken.extend(claim(desk, 4))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.extend(claim(desk))
    assert len({one.message_id for one in taken}) == len(taken) == LIMIT
    assert desk.sql("SELECT sum(count) AS n FROM address_day")[0].n == LIMIT


def test_the_count_of_a_day_goes_when_the_day_is_over(desk: Ground) -> None:
    make(desk)
    claim(desk)
    desk.transact(keeper.forget)
    assert desk.sql("SELECT count(*) AS n FROM address_day")[0].n == 1
    desk.later(timedelta(days=1))
    desk.transact(keeper.forget)
    assert desk.sql("SELECT count(*) AS n FROM address_day")[0].n == 0


# -- what was chosen since -------------------------------------------------------------------------------------------


def test_who_opted_out_since_gets_the_legal_notice_only(desk: Ground) -> None:
    unwanted, notice, code = make(desk), make(desk, legal=True), make(desk, lane=Lane.CODE)
    desk.transact(lambda work: preferences.keep(work, Address("sms", PHONE), Choice(False), Door.LINK, None))
    assert {one.message_id for one in claim(desk)} == {notice, code}
    row = desk.row(unwanted)
    assert (row.state, row.error) == ("failed", "opted_out")


# -- held by others, and stuck ---------------------------------------------------------------------------------------


def test_what_is_held_until_somebody_brings_it_back(desk: Ground) -> None:
    paused = make(desk, lane=Lane.CAMPAIGN)
    desk.transact(lambda work: waiting.hold(work, desk.row(paused), Held.CAMPAIGN_PAUSED))
    assert claim(desk) == []
    row = desk.row(paused)
    assert (row.state, row.held, row.next_at) == ("created", "campaign_paused", row.expires_at)
    desk.transact(lambda work: waiting.bring_back(work, desk.row(paused)))
    assert [one.message_id for one in claim(desk)] == [paused]


def test_a_stuck_message_is_seen_found_and_counted(desk: Ground) -> None:
    make(desk)
    claim(desk)
    waiting.measure(desk.work())
    assert metrics.STUCK.labels("sms")._value.get() == 0
    desk.later(LEASE + timedelta(seconds=1))
    waiting.measure(desk.work())
    assert metrics.STUCK.labels("sms")._value.get() == 1
    healed = metrics.HEALED.labels("sms")._value.get()
    assert len(claim(desk)) == 1
    assert metrics.HEALED.labels("sms")._value.get() == healed + 1
    waiting.measure(desk.work())
    assert metrics.STUCK.labels("sms")._value.get() == 0


def test_an_uncertain_message_is_nobody_elses_before_the_lease_is_over(desk: Ground) -> None:
    unsure = make(desk)
    assert len(claim(desk)) == 1
    desk.later(LEASE - timedelta(seconds=5))
    assert claim(desk, provider="other") == []
    desk.later(timedelta(seconds=6))
    assert [one.message_id for one in claim(desk, provider="other")] == [unsure]


def test_a_message_of_which_a_part_was_taken_goes_to_no_other_provider(desk: Ground) -> None:
    draft = Draft("sms", PHONE, "request_received", 1, "ar", {"text": "نص عربي " * 15}, id=uuid7())
    desk.transact(lambda work: messages.create(work, None, uuid7(), [draft]))
    (taken,) = claim(desk)
    assert len(taken.parts) == 2
    half = {taken.message_id: {1: Answer(Verdict.ACCEPTED, "a"), 2: Answer(Verdict.TEMPORARY, None, "throttled")}}
    desk.transact(lambda work: messages.record(work, half))
    desk.later(timedelta(minutes=1))
    assert claim(desk, provider="other") == []
    (again,) = claim(desk)
    assert [part.number for part in again.parts] == [2]


def test_lanes_go_in_their_order_whatever_came_first(desk: Ground) -> None:
    made = [make(desk, lane=lane, phone=f"+2010111111{number:02d}")
            for number, lane in enumerate([Lane.CAMPAIGN, Lane.STEP, Lane.CAMPAIGN, Lane.CODE, Lane.STEP])]  # fmt: skip
    order = [one.message_id for one in claim(desk, 4)]
    assert order == [made[3], made[1], made[4], made[0]]


def test_the_text_of_a_code_goes_with_its_last_state(desk: Ground) -> None:
    sent, over = make(desk, lane=Lane.CODE), make(desk, lane=Lane.CODE, lifetime=timedelta(minutes=5))
    answer(desk, [one for one in claim(desk) if one.message_id == sent])
    assert (desk.row(sent).state, desk.row(sent).content) == ("sent", None)
    assert desk.row(over).content is not None
    desk.later(LEASE + timedelta(seconds=1))
    assert claim(desk) == []
    assert (desk.row(over).state, desk.row(over).content) == (State.EXPIRED.value, None)
