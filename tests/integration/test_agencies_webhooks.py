"""Webhooks on a real database and a real receiver: what arrives, in which order, what failing costs and whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from chassis.database import Database
from chassis.ids import uuid7
from rules import webhook
from rules.refusal import Refusal
from services.gateway.agencies import agreements, dead_letters, subscriptions, watching
from tests.support.agencies_ground import MOVED, AgencyGround, Received, receiving, settings


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[AgencyGround]:
    ground = AgencyGround(Database(database_url("gateway"), 8))
    yield ground
    ground.close()


def subscribed(ground: AgencyGround, url: str, code: str = "mot", **more: object) -> tuple[UUID, str]:
    agency = ground.agency(code)
    return ground.subscription(agency, ground.agreement(agency), endpoint=url, **more)


def watched(ground: AgencyGround, subscription: UUID) -> dict[str, Any]:
    found: dict[str, Any] = ground.run(lambda work: watching.watch(work, subscription))
    return found


def test_what_arrives_is_delivered_signed_and_cut_to_the_agreement(ground: AgencyGround) -> None:
    with receiving() as receiver:
        agency = ground.agency()
        agreement = ground.agreement(agency, fields={MOVED: ["request_id", "state"]})
        subscription, secret = ground.subscription(agency, agreement, endpoint=receiver.url)
        request = uuid7()
        event_id = ground.moved(request)
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        (got,) = receiver.got
        assert got.headers["content-type"] == "application/cloudevents+json"
        assert got.headers["webhook-id"] == got.event["id"] == str(event_id)
        assert got.event["source"] == "urn:shubbak:EG-C:requests:1" and got.event["type"] == MOVED
        assert got.event["data"] == {"request_id": str(request), "state": "state-1"}
        assert webhook.genuine(got.headers, got.body, secret, ground.now)
        assert not webhook.genuine(got.headers, got.body + b" ", secret, ground.now)
        told = watched(ground, subscription)
        assert (told["condition"], told["lag"], told["delivered"]) == ("well", 0, 1)


def test_binary_mode_and_a_public_key(ground: AgencyGround) -> None:
    with receiving() as receiver:
        subscription, public = subscribed(ground, receiver.url, mode="binary", signing="ed25519")
        ground.moved(uuid7())
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        (got,) = receiver.got
        assert got.headers["content-type"] == "application/json" and got.headers["ce-specversion"] == "1.0"
        assert got.headers["ce-type"] == MOVED and got.headers["ce-id"] == got.headers["webhook-id"]
        assert got.event["state"] == "state-1"
        assert public.startswith("whpk_") and webhook.genuine(got.headers, got.body, public, ground.now)


def test_only_what_agreement_and_filter_let_through(ground: AgencyGround) -> None:
    with receiving() as receiver:
        agency = ground.agency()
        agreement = ground.agreement(agency, MOVED, "payments.bill.paid.v1", services=["shop-licence", "kiosk"],
                                     governorates=["EG-C", "EG-SUZ"])
        subscription, _ = ground.subscription(agency, agreement, endpoint=receiver.url, events=[MOVED],
                                              governorates=["EG-SUZ"])
        wanted = ground.moved(uuid7(), node="EG-SUZ")
        ground.moved(uuid7(), node="EG-C")
        ground.moved(uuid7(), node="EG-SUZ", service="well-drilling")
        ground.moved(uuid7(), node="EG-SUZ", parked="schema_wrong")
        ground.land({"request_id": str(uuid7()), "service_code": "kiosk"}, "payments.bill.paid.v1", node="EG-SUZ")
        last = ground.moved(uuid7(), node="EG-SUZ", service="kiosk")
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        assert receiver.ids == [str(wanted), str(last)]


def test_later_events_of_a_failing_request_wait_and_all_others_go_on(ground: AgencyGround) -> None:
    sick, well = uuid7(), uuid7()
    healed = Event()

    def answers(got: Received) -> int:
        return 204 if got.event["data"]["request_id"] != str(sick) or healed.is_set() else 422

    with receiving(answers) as receiver:
        subscription, _ = subscribed(ground, receiver.url)
        ids = {number: ground.moved(sick, number) for number in (1, 2, 3)}
        others = [ground.moved(well, number) for number in (1, 2, 3, 4)]
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        assert [one for one in receiver.ids if one in map(str, others)] == [str(one) for one in others]
        assert ground.deliveries(subscription) == [("waiting", 1), ("behind", 0), ("behind", 0)]
        ids[4] = ground.moved(sick, 4)
        ground.until(lambda: len(ground.deliveries(subscription)) == 4, engine)
        healed.set()
        ground.later(seconds=10)
        ground.until(lambda: not ground.deliveries(subscription), engine)
        taken = [one for one in receiver.ids if one in map(str, ids.values())]
        assert taken == [str(ids[1]), *(str(ids[number]) for number in (1, 2, 3, 4))]


def test_after_72_hours_a_delivery_is_a_dead_letter_that_is_replayed_in_order(ground: AgencyGround) -> None:
    status = [500]
    with receiving(lambda _: status[0]) as receiver:
        subscription, _ = subscribed(ground, receiver.url)
        request = uuid7()
        first, second = ground.moved(request, 1), ground.moved(request, 2)
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        began = ground.now
        for _ in range(40):  # the longest pause is four hours
            ground.later(hours=20)
            before = len(receiver.got)
            ground.until(lambda before=before: len(receiver.got) > before, engine)
            if ground.now - began >= timedelta(hours=72):
                break
        ground.until(lambda: ground.deliveries(subscription)[0][0] == "dead", engine)
        assert [state for state, _ in ground.deliveries(subscription)] == ["dead", "behind"]
        listed = ground.run(lambda work: dead_letters.listed(work, subscription))["rows"]
        assert [(one["event_id"], one["last_status"], one["behind"]) for one in listed] == [(str(first), 500, 1)]
        assert ground.now - ground.rows("SELECT first_at FROM delivery WHERE state = 'dead'")[0].first_at >= (
            timedelta(hours=72))
        tried = len(receiver.got)
        status[0] = 204
        ground.later(hours=24)
        ground.run(lambda work: dead_letters.replay(work, subscription, first))
        ground.until(lambda: not ground.deliveries(subscription), engine)
        assert receiver.ids[tried:] == [str(first), str(second)]


def test_letting_a_dead_letter_go_frees_what_waits_behind_it(ground: AgencyGround) -> None:
    with receiving(lambda got: 422 if got.event["data"]["state"] == "state-1" else 204) as receiver:
        subscription, _ = subscribed(ground, receiver.url)
        request = uuid7()
        first, second = ground.moved(request, 1), ground.moved(request, 2)
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        ground.execute("UPDATE delivery SET state = 'dead', next_at = NULL WHERE state = 'waiting'")
        with pytest.raises(Refusal, match="reason_short"):
            ground.run(lambda work: dead_letters.let_go(work, subscription, first, "لا"))
        ground.run(lambda work: dead_letters.let_go(work, subscription, first, "الجهة لا تحتاج هذا الحدث"))
        ground.until(lambda: not ground.deliveries(subscription), engine)
        assert receiver.ids == [str(first), str(second)]


def test_a_receiver_that_is_down_is_left_alone_and_its_backlog_stays_in_the_feed(ground: AgencyGround) -> None:
    with receiving(lambda _: 503) as receiver:
        subscription, _ = subscribed(ground, receiver.url, at_once=2)
        sent = [ground.moved(uuid7()) for _ in range(300)]
        engine = ground.engine()
        ground.until(lambda: engine.couriers and len(receiver.got) >= webhook.TRIPS_AT, engine)
        ground.until(lambda: watched(ground, subscription)["condition"] == "circuit_open", engine)
        told = watched(ground, subscription)
        assert told["last_failure"] == "HTTP 503"
        assert len(receiver.got) <= webhook.TRIPS_AT + 2 and told["lag"] > 200
        receiver.answers = lambda _: 204
        ground.later(seconds=6)
        ground.until(lambda: ground.settled(engine, subscription)() and not ground.deliveries(subscription), engine)
        assert set(receiver.ids) == set(map(str, sent))
        assert watched(ground, subscription)["condition"] == "well"


def test_one_that_hangs_delays_no_other(ground: AgencyGround) -> None:
    ground.settings = settings(SHUBBAK_WEBHOOK_SECONDS="60")
    released = Event()
    with receiving(lambda _: hang(released)) as slow, receiving() as quick:
        subscribed(ground, slow.url, "slow")
        subscription, _ = subscribed(ground, quick.url, "quick")
        engine = ground.engine()
        engine.step()
        for _ in range(100):
            ground.moved(uuid7())
        ground.until(ground.settled(engine, subscription), engine, seconds=50)  # before anything of the other is over
        assert len(quick.got) == 100 and not slow.got
        released.set()


def test_one_that_hangs_is_given_up_and_left_alone(ground: AgencyGround) -> None:
    ground.settings = settings(SHUBBAK_WEBHOOK_SECONDS="1")
    released = Event()
    with receiving(lambda _: hang(released)) as slow:
        hanging, _ = subscribed(ground, slow.url)
        for _ in range(100):
            ground.moved(uuid7())
        engine = ground.engine()
        ground.until(lambda: watched(ground, hanging)["failures"] >= webhook.TRIPS_AT, engine)
        assert "no answer within 1 s" in ground.rows("SELECT last_error FROM delivery")[0].last_error
        assert not slow.got
        released.set()


def hang(released: Event) -> int:
    """A receiver that takes its time."""
    released.wait(90)
    return 204


def test_a_process_that_is_killed_sends_again_under_the_same_id_and_loses_nothing(ground: AgencyGround) -> None:
    with receiving() as receiver:
        subscription, _ = subscribed(ground, receiver.url)
        first = [ground.moved(uuid7()) for _ in range(50)]
        dying = ground.engine()
        ground.until(lambda: len(receiver.got) >= 20, dying)
        ground.engines.clear()  # it is never asked again, writes nothing down and closes nothing
        second = [ground.moved(uuid7()) for _ in range(50)]
        heir = ground.engine()
        ground.until(ground.settled(heir, subscription), heir)
        times = Counter(receiver.ids)
        assert set(times) == set(map(str, first + second)) and max(times.values()) <= 2
        before = ground.rows("SELECT position, delivered FROM subscription_progress")[0]
        for courier in dying.couriers.values():
            courier._wrote = float("-inf")
        ground.moved(uuid7())
        dying.step()  # it wakes up once more: what it writes touches no row
        assert ground.rows("SELECT position, delivered FROM subscription_progress")[0] == before


def test_the_secret_is_replaced_with_both_signing_for_a_while(ground: AgencyGround) -> None:
    with receiving() as receiver:
        subscription, old = subscribed(ground, receiver.url)
        made = ground.run(lambda work: subscriptions.rotate(work, subscription, timedelta(hours=2)))
        engine = ground.engine()
        ground.moved(uuid7())
        ground.until(ground.settled(engine, subscription), engine)
        ground.later(hours=3)
        engine._looked = float("-inf")
        ground.moved(uuid7())
        ground.until(ground.settled(engine, subscription), engine)
        during, after = receiver.got
        at = ground.now - timedelta(hours=3)
        assert webhook.genuine(during.headers, during.body, old, at)
        assert webhook.genuine(during.headers, during.body, made["secret"], at)
        assert not webhook.genuine(after.headers, after.body, old, ground.now)
        assert webhook.genuine(after.headers, after.body, made["secret"], ground.now)


def test_pause_resume_and_replay_from_a_date(ground: AgencyGround) -> None:
    with receiving() as receiver:
        subscription, _ = subscribed(ground, receiver.url)
        engine = ground.engine()
        first = ground.moved(uuid7())
        ground.until(ground.settled(engine, subscription), engine)
        ground.run(lambda work: subscriptions.pause(work, subscription, "صيانة في مركز بيانات الجهة"))
        ground.later(hours=1)
        since = ground.now
        engine._looked = float("-inf")
        engine.step()
        second = ground.moved(uuid7())
        for _ in range(10):
            engine.step()
        assert receiver.ids == [str(first)]
        assert watched(ground, subscription)["condition"] == "paused"
        ground.run(lambda work: subscriptions.resume(work, subscription))
        engine._looked = float("-inf")
        ground.until(ground.settled(engine, subscription), engine)
        ground.run(lambda work: subscriptions.replay(work, subscription, since))
        engine._looked = float("-inf")
        ground.until(lambda: len(receiver.got) == 3, engine)
        assert receiver.ids == [str(first), str(second), str(second)]


def test_gone_pauses_the_subscription_and_keeps_the_event(ground: AgencyGround) -> None:
    with receiving(lambda _: 410) as receiver:
        subscription, _ = subscribed(ground, receiver.url)
        ground.moved(uuid7())
        engine = ground.engine()
        ground.until(lambda: ground.rows("SELECT state FROM subscription")[0].state == "paused", engine)
        assert len(receiver.got) == 1 and ground.deliveries(subscription) == [("waiting", 1)]


def test_nothing_leaves_when_the_agreement_is_over_and_it_goes_on_where_it_was(ground: AgencyGround) -> None:
    with receiving() as receiver:
        agency = ground.agency()
        agreement = ground.agreement(agency, valid_until=date(2026, 11, 21))
        subscription, _ = ground.subscription(agency, agreement, endpoint=receiver.url)
        engine = ground.engine()
        ground.later(days=1)
        event_id = ground.moved(uuid7())
        for _ in range(10):
            engine.step()
        assert not receiver.got
        assert watched(ground, subscription)["condition"] == "agreement_over"
        ground.run(lambda work: agreements.extend(work, agency, agreement, date(2027, 1, 31)))
        engine._looked = float("-inf")
        ground.until(ground.settled(engine, subscription), engine)
        assert receiver.ids == [str(event_id)]


def test_no_redirect_is_followed_and_no_private_address_connected_to(ground: AgencyGround) -> None:
    with receiving() as inner, receiving(lambda _: (302, {"location": inner.url}, b"")) as outer:
        subscription, _ = subscribed(ground, outer.url)
        ground.moved(uuid7())
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        assert outer.got and not inner.got
        assert ground.rows("SELECT last_error FROM delivery")[0].last_error == "HTTP 302"


def test_a_name_that_turns_out_to_lie_inside_is_refused_at_the_connection(ground: AgencyGround) -> None:
    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        ground.settings = type(ground.settings)(**{**ground.settings.__dict__, "environ": {
            **ground.settings.environ, "SHUBBAK_WEBHOOK_NETWORKS": ""}})
        subscription, _ = subscribed(ground, f"http://events.example.com:{port}/")
        ground.moved(uuid7())
        engine = ground.engine(look=lambda *_: ["93.184.216.34", "127.0.0.1"])
        ground.until(ground.settled(engine, subscription), engine)
        assert not receiver.got
        assert ground.rows("SELECT last_error FROM delivery")[0].last_error == (
            "address refused: 127.0.0.1 is not public")


def test_a_long_answer_costs_its_connection_and_nothing_else(ground: AgencyGround) -> None:
    with receiving(lambda _: (200, {}, b"x" * 1_000_000)) as receiver:
        subscription, _ = subscribed(ground, receiver.url, at_once=1)
        for _ in range(3):
            ground.moved(uuid7())
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        assert len(receiver.got) == 3 and receiver.connections == 3
        assert not ground.deliveries(subscription)


def test_connections_are_kept(ground: AgencyGround) -> None:
    with receiving(lambda _: (200, {}, b"thanks")) as receiver:
        subscription, _ = subscribed(ground, receiver.url, at_once=4)
        for _ in range(40):
            ground.moved(uuid7())
        engine = ground.engine()
        ground.until(ground.settled(engine, subscription), engine)
        assert len(receiver.got) == 40 and receiver.connections <= 4
