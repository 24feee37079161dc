"""Queues of agencies: who may consume no more has none, an agency has one, nothing lies in it for ever, and its own is
all that it may read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, NotAllowed, NotFound
from sqlalchemy import text

from chassis.bus import queues
from chassis.database import Statement
from chassis.errors import Unavailable
from chassis.metrics import REGISTRY
from infra.broker import centre, topology
from infra.broker.control import Control
from infra.ca.authority import Authority
from infra.rabbitmq import Broker
from rules.refusal import Refusal
from services.gateway.agencies import agreements, amqp, amqp_queues, registry, subscriptions
from tests.support import amqp_client
from tests.support.agencies_amqp import Centre
from tests.support.agencies_broker import *  # noqa: F403  (fixtures)
from tests.support.agencies_broker import entered, eventually, listening, taken, until, watched

CODES = ("ended", "closed", "kept", "barred", "aged", "reader", "leaves", "went", "next")
AUDITED = Statement(text("SELECT subject, details FROM audit WHERE action = 'agency.queue_removed'"))


def test_who_may_consume_no_more_gets_nothing_and_its_way_is_taken_away(
    place: Centre, couriers: amqp.Couriers, broker: Broker, authority: Authority
) -> None:
    of = {code: place.agency(code) for code in ("ended", "closed", "kept")}
    mine = {code: place.subscribe(one) for code, one in of.items()}
    place.arrive(5)
    until(couriers, lambda: all(watched(place, one)["lag"] == 0 for one in mine.values()))
    place.attempt(lambda work: agreements.end(work, *of["ended"], "انتهى الغرض من الاتفاقية"))
    place.attempt(lambda work: registry.close(work, of["closed"][0], "دُمجت الجهة في غيرها"))
    until(couriers, lambda: mine["closed"] not in couriers._of
          and not couriers._of[mine["ended"]].terms.hold(place.now))  # fmt: skip
    place.arrive(5, seed=2)
    until(couriers, lambda: watched(place, mine["kept"])["lag"] == 0)
    left = {code: broker.queue_length(centre.agency_user(code), centre.AGENCIES) for code in of}
    assert left == {"ended": 5, "closed": 5, "kept": 10}
    leavers = amqp_queues.Leavers(place.settings, place.unit_of_work)
    with listening(broker, authority, "ended") as came:
        assert len(came(5)) == 5  # it holds them and has not settled them
        leavers.step()
        assert came.cancelled()
    assert queue_left(of) == {"ended": None, "closed": None, "kept": None}
    for code in ("ended", "closed"):  # its certificate lets it in still, and there is nothing that it may read or make
        with pytest.raises(NotFound):
            taken(broker, authority, code)
        with pytest.raises(AccessRefused), entered(broker, authority, code) as channel:
            channel.queue_declare(centre.agency_user(code), durable=True)
    audited = place.unit_of_work().all(AUDITED)
    assert {row.subject: row.details["messages"] for row in audited if row.subject in of} == {"closed": 5, "ended": 0}
    listed = amqp_queues.codes(place.unit_of_work())
    assert "kept" in listed and not {"ended", "closed"} & set(listed)
    broker_control = Control(broker.control())
    kept = [code for code in CODES if code not in ("ended", "closed")]
    assert broker_control.keep_agencies(kept) == ["user agency.closed: taken off", "user agency.ended: taken off"]
    with pytest.raises(AccessRefused):
        taken(broker, authority, "closed")
    assert len(taken(broker, authority, "kept")) == 10


def test_the_process_itself_takes_the_queue_away_within_seconds(place: Centre, broker: Broker) -> None:
    agency = place.agency("leaves")
    mine = place.subscribe(agency)
    place.arrive(4)
    environ = {**os.environ, **place.environ, "SHUBBAK_ADMIN_PORT": "0", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen([sys.executable, "-m", "chassis", "run", "gateway.agencies"], env=environ,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        eventually(lambda: watched(place, mine)["lag"] == 0)
        assert broker.queue_length("agency.leaves", centre.AGENCIES) == 4
        place.attempt(lambda work: subscriptions.end(work, mine, "لم تعد الجهة تحتاجه"))
        eventually(lambda: any(row.subject == "leaves" for row in place.unit_of_work().all(AUDITED)))
    finally:
        process.kill()
        process.wait()
    with pytest.raises(RuntimeError):
        broker.queue_length("agency.leaves", centre.AGENCIES)


def test_what_was_taken_away_is_on_record_though_the_broker_goes_before_the_next(
        place: Centre, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in ("went", "next"):
        agency = place.agency(code)
        place.subscribe(agency)
        place.attempt(lambda work, agency=agency: registry.close(work, agency[0], "دُمجت الجهة في غيرها"))
    remove = queues.remove

    def once(url: str, names: list[str], options: Any) -> Any:
        monkeypatch.setattr(queues, "remove", away)
        return remove(url, names, options)

    def away(*_: Any) -> Any:
        raise Unavailable("the broker went")

    before = {row.subject for row in place.unit_of_work().all(AUDITED)}
    monkeypatch.setattr(queues, "remove", once)
    leavers = amqp_queues.Leavers(place.settings, place.unit_of_work)
    with pytest.raises(Unavailable):
        leavers.step()
    assert len({row.subject for row in place.unit_of_work().all(AUDITED)} - before) == 1
    monkeypatch.setattr(queues, "remove", remove)
    leavers.step()
    assert {"went", "next"} <= {row.subject for row in place.unit_of_work().all(AUDITED)} - before


def queue_left(codes: Iterable[str]) -> dict[str, float | None]:
    return {code: REGISTRY.get_sample_value("shubbak_agency_queue_left", {"agency": code}) for code in codes}


def test_a_queue_that_this_process_has_no_right_to_take_away_is_told(place: Centre, broker: Broker) -> None:
    """As on a broker that was declared before the right was given."""
    former = centre.definitions(["EG-C"])
    [own] = [row for row in former["permissions"] if row["user"] == centre.CENTRE and row["vhost"] == centre.AGENCIES]
    agency = place.agency("barred")
    place.subscribe(agency)
    place.attempt(lambda work: registry.close(work, agency[0], "دُمجت الجهة في غيرها"))
    leavers = amqp_queues.Leavers(place.settings, place.unit_of_work)
    broker.add({"permissions": [{**own, "configure": topology.NEVER}]})
    try:
        leavers.step()
    finally:
        broker.add({"permissions": [own]})
    assert queue_left(["barred"]) == {"barred": 0}
    leavers._looked = float("-inf")  # a minute later
    leavers.step()
    assert queue_left(["barred"]) == {"barred": None}


def test_an_agreement_that_is_over_by_its_day_ends_the_way_too(place: Centre) -> None:
    place.subscribe(place.agency("lapsed"))
    assert "lapsed" in amqp_queues.codes(place.unit_of_work())
    place.later(3 * 366 * 86400)
    unit = place.unit_of_work()
    assert "lapsed" not in amqp_queues.codes(unit) and "lapsed" in amqp_queues.former(unit)


def test_an_agency_has_one_subscription_by_amqp_and_another_once_that_is_ended(place: Centre) -> None:
    agency = place.agency("twice")
    first = place.subscribe(agency)
    with pytest.raises(Refusal, match="subscription_amqp_stands") as refused:
        place.subscribe(agency)
    assert [fault.field for fault in refused.value.faults] == ["way"]
    place.subscribe(agency, way="feed")
    place.attempt(lambda work: subscriptions.pause(work, first, "نقل إلى خادم آخر عند الجهة"))
    with pytest.raises(Refusal, match="subscription_amqp_stands"):
        place.subscribe(agency)
    place.attempt(lambda work: subscriptions.end(work, first, "لم تعد الجهة تحتاجه"))
    assert place.subscribe(agency) != first


def test_what_lies_too_long_in_a_queue_goes_to_the_dead_and_from_there(place: Centre, broker: Broker) -> None:
    def age_of(queue: str) -> int:
        return int(broker.evaluate(
            f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"agencies">>, queue, <<"{queue}">>)),'
            ' proplists:get_value(<<"message-ttl">>, rabbit_policy:effective_definition(Q)).'))

    assert age_of("agency.aged") == age_of(centre.AGENCIES_DEAD) == 30 * 86_400_000
    soon = {**centre.agency_policy(), "name": "soon", "pattern": r"^agency\.aged$", "priority": 1,
            "definition": {"message-ttl": 1}}  # fmt: skip
    dead = broker.queue_length(centre.AGENCIES_DEAD, centre.AGENCIES)
    broker.add({"policies": [soon]})  # counts for what comes from now on
    mine = place.subscribe(place.agency("aged"))
    place.arrive(3)
    couriers = amqp.Couriers(place.settings, place.unit_of_work)
    try:
        until(couriers, lambda: watched(place, mine)["lag"] == 0)
        until(couriers, lambda: broker.queue_length(centre.AGENCIES_DEAD, centre.AGENCIES) == dead + 3)
        # The queue lets go of them once it hears that the dead one has them.
        until(couriers, lambda: broker.queue_length("agency.aged", centre.AGENCIES) == 0)
    finally:
        couriers.stop()


def test_an_agency_may_read_its_own_queue_and_nothing_else(broker: Broker, authority: Authority) -> None:
    user = centre.agency_user("reader")
    papers = authority.client(user).write(authority.folder / "issued", user)

    def channel(vhost: str = centre.AGENCIES) -> Any:
        return amqp_client.certified(broker, authority.root_file, *papers, vhost)

    with channel() as mine:
        mine.basic_get(user, no_ack=True)
    for forbidden in (lambda one: one.basic_get(centre.agency_user("kept")),
                      lambda one: one.queue_delete(user), lambda one: one.queue_declare("mine", durable=True),
                      lambda one: one.queue_bind(user, "deliveries", "kept.#")):
        with pytest.raises(AccessRefused), channel() as mine:
            forbidden(mine)
            raise AssertionError("it was let through")
    with pytest.raises((NotAllowed, AccessRefused)), channel(centre.LINE):
        pass
