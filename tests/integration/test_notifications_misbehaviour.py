"""Operators, mail servers and our own database on their worst days, over the real protocols: nothing is lost, nothing
is doubled but in the one window, and a channel in trouble costs the other one nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from chassis.errors import Unavailable
from infra.peers.client import Peers
from services.notifications import messages, receipts
from services.notifications.providers.smpp import Smpp
from services.notifications.providers.smtp import Smtp
from services.notifications.sending import Channel
from services.notifications.settings import SmppSettings, SmtpSettings
from tests.support.messages_ground import LEASE, Ground, ground

CALM = {"reject": None, "reject_times": -1, "reject_numbers": [], "drop_after": None, "drop_keeps": False,
        "receipts": "delivered", "receipt_delay_ms": 0, "delay_ms": 0, "bind": "accept", "down": False}
CALM_MAIL = {"answer": None, "times": -1, "at": "data", "drop": False, "down": False, "delay_ms": 0}


@pytest.fixture
def node(database_url, peers: Peers) -> Iterator[Ground]:
    peers.control(smsc=CALM, smtp=CALM_MAIL)
    peers.forget()
    with ground(database_url("notifications")) as made:
        yield made


@pytest.fixture
def sms(node: Ground, peers: Peers) -> Channel:
    provider = Smpp(SmppSettings("127.0.0.1", peers.smpp, "node", "sample-1", window=10))
    channel = node.channel("sms", [(provider, 100, 0)])
    node.until(channel.members["smpp"].provider.room)
    return channel


@pytest.fixture
def mail(node: Ground, peers: Peers) -> Channel:
    return node.channel("email", [(Smtp(SmtpSettings("127.0.0.1", peers.smtp, "no-reply@cairo.example")), 100, 0)])


def submissions(peers: Peers) -> Counter[str]:
    """By number, how often it was submitted."""
    found: Counter[str] = Counter()
    for one in peers.sms():
        found[one["to"]] += one["submissions"]
    return found


@contextmanager
def running(node: Ground, *channels: Channel) -> Iterator[None]:
    """Channels in loops of their own, as the service runs them."""
    over = threading.Event()

    def run(channel: Channel) -> None:
        while not over.is_set():
            channel.step(node.transact)
            time.sleep(0.02)

    threads = [threading.Thread(target=run, args=(channel,), daemon=True) for channel in channels]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def failing(run: Callable[..., Any], times: int) -> Callable[..., Any]:
    """The same, once the database is back: it is away so many times first."""
    left = [times]

    def tried(*given: Any, **named: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise Unavailable("the database is away")
        return run(*given, **named)

    return tried


# -- ours ------------------------------------------------------------------------------------------------------------

def test_answers_that_cannot_be_written_down_are_kept_until_they_can(node, peers, sms, monkeypatch):
    monkeypatch.setattr(messages, "record", failing(messages.record, 3))
    made = [node.message() for _ in range(5)]
    node.until(lambda: node.states(made) == {"delivered"}, sms)
    assert set(submissions(peers).values()) == {1}
    assert {row.attempts for row in node.rows(made)} == {1}


def test_a_mail_that_was_taken_is_not_sent_again_because_the_database_was_away(node, peers, mail, monkeypatch):
    monkeypatch.setattr(messages, "record", failing(messages.record, 2))
    made = [node.message("email") for _ in range(5)]
    node.until(lambda: node.states(made) == {"sent"}, mail)
    node.later(LEASE + timedelta(seconds=1))
    mail.step(node.transact)
    assert len(peers.mail()) == 5


def test_receipts_that_cannot_be_kept_wait_and_are_acknowledged_when_they_are(node, peers, sms, monkeypatch):
    binds = peers.get("/sms")["binds"]
    monkeypatch.setattr(receipts, "keep", failing(receipts.keep, 3))
    made = [node.message() for _ in range(5)]

    def delivered() -> bool:
        try:
            sms.step(node.transact)
        except Unavailable:  # the service's loop writes it down and comes round again
            assert peers.get("/sms")["reporting"]
        return node.states(made) == {"delivered"}

    node.until(delivered)
    node.until(lambda: not peers.get("/sms")["reporting"], sms)
    assert peers.get("/sms")["binds"] == binds


def test_a_message_that_no_pdu_can_hold_fails_alone(node, peers, sms):
    binds = peers.get("/sms")["binds"]
    before, wrong, after = (node.message(address=address) for address in
                            ("+201098000001", "+2010٩٠٠٠٠٠٠٢", "+201098000003"))
    node.until(lambda: node.states([before, after]) == {"delivered"}, sms)
    assert (node.row(wrong).state, node.row(wrong).error) == ("failed", "cannot_encode")
    assert peers.get("/sms")["binds"] == binds
    assert set(submissions(peers).values()) == {1}


# -- the operator's --------------------------------------------------------------------------------------------------

def test_throttled_in_the_middle_of_a_window_all_arrive_once(node, peers, sms):
    made = [node.message() for _ in range(40)]
    peers.control(smsc={"delay_ms": 20, "reject": "throttled", "reject_times": 7})
    node.until(lambda: "failed_temporarily" in node.states(made), sms)
    node.until(lambda: node.states(made) == {"delivered"}, sms)
    assert sorted(submissions(peers).values()) == [1] * 40


def test_cut_off_again_and_again_in_the_middle_of_a_window(node, peers, sms):
    made = [node.message() for _ in range(40)]
    unanswered: Counter[Any] = Counter()
    for keeps in (True, False, True):
        peers.control(smsc={"delay_ms": 30, "drop_after": 8, "drop_keeps": keeps})
        node.until(lambda: peers.get("/control")["smsc"]["drop_after"] is None, sms)
        node.until(lambda: not any(member.rounds for member in sms.members.values()))
        unanswered.update(row.id for row in node.rows(made) if row.state == "sending")
        peers.control(smsc=CALM)
        node.later(LEASE + timedelta(seconds=1))
        node.until(sms.members["smpp"].provider.room)
    node.until(lambda: node.states(made) == {"delivered"}, sms)
    assert unanswered, "no cut left a message without an answer"
    came = submissions(peers)
    for one in made:
        assert 1 <= came[node.to(one)] <= 1 + unanswered[one]


def test_receipts_late_twice_and_the_wrong_way_round_for_many_at_once(node, peers, sms):
    made = []
    for receipts_come in ("reordered", "duplicate"):
        peers.control(smsc={"receipts": receipts_come, "receipt_delay_ms": 200})
        made += [node.message(says="تم نقل طلبك إلى إدارة التراخيص. " * 3) for _ in range(15)]
        node.until(lambda: node.states(made) <= {"sent", "delivered", "failed"}, sms)
    node.until(lambda: not peers.get("/sms")["reporting"] and node.states(made) == {"delivered"}, sms)
    assert node.sql("SELECT count(*) AS n FROM receipt")[0].n == 0


def test_lost_receipts_leave_a_message_sent_and_never_send_it_again(node, peers, sms):
    peers.control(smsc={"receipts": "none"})
    made = [node.message() for _ in range(5)]
    node.until(lambda: node.states(made) == {"sent"}, sms)
    for hours in (1, 71, 24):
        node.later(timedelta(hours=hours))
        sms.step(node.transact)
    assert node.states(made) == {"sent"}
    came = submissions(peers)
    assert [came[node.to(one)] for one in made] == [1] * 5


# -- one channel and the other ---------------------------------------------------------------------------------------

def test_a_mail_server_that_hangs_holds_up_no_text_message(node, peers, sms, mail):
    peers.control(smtp={"delay_ms": 10_000})
    letters = [node.message("email") for _ in range(4)]
    with running(node, sms, mail):
        node.until(lambda: "sending" in node.states(letters))
        begun = time.monotonic()
        texts = [node.message() for _ in range(60)]
        node.until(lambda: node.states(texts) == {"delivered"})
        took = time.monotonic() - begun
        assert "sent" not in node.states(letters)
        assert took < 9
        peers.control(smtp={"delay_ms": 0})
        node.until(lambda: node.states(letters) == {"sent"}, seconds=30)


@pytest.mark.parametrize("trouble", [
    {"delay_ms": 10_000}, {"down": True, "drop_now": True}, {"reject": "system_error"}])
def test_an_operator_in_trouble_holds_up_no_mail(node, peers, sms, mail, trouble):
    peers.control(smsc=trouble)
    texts = [node.message() for _ in range(20)]
    with running(node, sms, mail):
        begun = time.monotonic()
        letters = [node.message("email") for _ in range(30)]
        node.until(lambda: node.states(letters) == {"sent"})
        took = time.monotonic() - begun
        assert not {"sent", "delivered"} & node.states(texts)
        assert took < 9


# -- a process that ends in peace ------------------------------------------------------------------------------------

@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_process_that_is_asked_to_end_hears_the_answers_to_what_it_has_in_hand(node, peers, sms, mail, channel):
    # The answers to texts come together, those to mails one after the other: long after the step has looked at them.
    peers.control(smsc={"delay_ms": 2000}, smtp={"delay_ms": 400})
    ending = {"sms": sms, "email": mail}[channel]
    made = [node.message(channel) for _ in range(8)]
    ending.step(node.transact)
    assert node.states(made) == {"sending"}
    ending.close()
    assert node.states(made) <= {"sent", "delivered"}
    came = submissions(peers) if channel == "sms" else Counter(one["to"][0] for one in peers.mail())
    assert [came[node.to(one)] for one in made] == [1] * 8
