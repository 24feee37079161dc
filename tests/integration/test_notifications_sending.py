"""Messages to citizens, whichever way they go: in their language, once, never lost; what events make of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from chassis.ids import uuid7
from contracts import payments, requests
from contracts.events import Event
from infra.peers.client import Peers
from infra.processes import free_port
from services.notifications import messages, recipients, settings
from services.notifications.packing import pack_email, pack_sms
from services.notifications.providers.smtp import Smtp
from services.notifications.sending import Channel
from tests.support.sending_office import *  # noqa: F403  (fixtures)
from tests.support.sending_office import LEASE, URL, bare, claim_only


def test_sms_and_mail_go_out_in_the_citizens_language_and_nothing_readable_stays_behind(office, peers):
    request_id, phone = office.lodge(email="mona@example.org", language="en", name="Mona")
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    (mail,) = peers.mail("mona@example.org")
    assert mail["subject"] == "We received your request EG-C-7K3M-9Q2X-4"
    assert 'dir="ltr"' in mail["html"]
    assert "Dear Mona," in mail["text"]
    assert peers.sms(bare(phone))[0]["coding"] == 0
    for row in office.rows(request_id).values():
        for value in row:
            assert "mona@" not in str(value).lower()  # no letter of sealed text is an @ or a space
            assert "dear mona" not in str(value).lower()
            assert phone not in str(value)
            assert "received your request" not in str(value)


def test_an_operator_that_is_away_gets_the_message_once_when_it_is_back_and_mail_does_not_wait(office, peers):
    peers.control(smsc={"down": True, "drop_now": True})
    request_id, phone = office.lodge(email="aly@example.org")
    for _ in range(3):
        office.sms.step(office.transact)
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    assert office.state(request_id) == "queued"
    peers.control(smsc={"down": False})
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    assert [m["submissions"] for m in peers.sms(bare(phone))] == [2]


def test_a_claim_of_a_dead_process_is_sent_once_when_its_wait_is_over(office, peers):
    request_id, phone = office.lodge()
    assert len(claim_only(office, "sms", pack_sms)) == 1
    for _ in range(3):
        office.sms.step(office.transact)
    assert office.state(request_id) == "sending"
    assert peers.sms(bare(phone)) == []
    office.later(LEASE + timedelta(seconds=1))
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    assert [m["submissions"] for m in peers.sms(bare(phone))] == [2]
    assert office.rows(request_id)["sms"].attempts == 2
    changes = office.events(request_id)
    assert [sequence for sequence, _ in changes] == list(range(1, len(changes) + 1))
    assert "sending" not in [state for _, state in changes]  # who holds a message is told to nobody


def test_a_message_nobody_takes_for_72_hours_expires(office, peers):
    peers.control(smsc={"down": True, "drop_now": True})
    request_id, phone = office.lodge()
    office.sms.step(office.transact)
    office.later(timedelta(hours=72, seconds=1))
    office.sms.step(office.transact)
    assert office.state(request_id) == "expired"
    peers.control(smsc={"down": False})
    provider = office.sms.members["smpp"].provider
    office.until(lambda: office.sms.send_due(office.transact) == 0 and provider.room())
    office.sms.step(office.transact)
    assert peers.sms(bare(phone)) == []


def test_a_message_that_cannot_be_read_waits_or_fails_alone_and_holds_up_no_other(office, peers):
    sealed = office.context.privacy.seal(json.dumps({"subject": "a\r\nBcc: b@example.org", "plain": "", "html": ""}),
                                         field=messages.CONTENT)  # fmt: skip
    unreadable, _ = office.lodge()
    unpackable, _ = office.lodge(email="mona@example.org")
    with office.context.database.transaction() as connection:
        change = text("UPDATE message SET content = :content WHERE request_id = :id AND channel = :channel")
        connection.execute(change, {"content": "v1.AAAA", "id": unreadable, "channel": "sms"})
        connection.execute(change, {"content": sealed, "id": unpackable, "channel": "email"})
    good, _ = office.lodge(email="good@example.org")
    office.until(lambda: office.state(good) == "delivered", office.sms)
    office.until(lambda: office.state(good, "email") == "sent", office.email)
    assert office.rows(unreadable)["sms"].error == "cannot_open"
    assert office.state(unreadable) == "failed_temporarily"
    assert office.rows(unpackable)["email"].error == "cannot_pack"
    assert office.state(unpackable, "email") == "failed"
    assert peers.mail("b@example.org") == []


def test_a_mail_refused_for_now_goes_out_later_and_one_refused_for_good_fails(office, peers):
    peers.control(smtp={"answer": "451 4.3.0 later", "times": 1, "at": "data"})
    request_id, _ = office.lodge(email="later@example.org")
    office.until(lambda: office.state(request_id, "email") == "failed_temporarily", office.email)
    assert office.rows(request_id)["email"].error == "smtp_451"
    office.later(timedelta(minutes=1))
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    assert len(peers.mail("later@example.org")) == 1
    peers.control(smtp={"answer": "550 5.1.1 no such user", "times": 1, "at": "rcpt"})
    refused, _ = office.lodge(email="nobody@example.org")
    office.until(lambda: office.state(refused, "email") == "failed", office.email)
    assert office.rows(refused)["email"].error == "smtp_550"
    # The connection is good for the next one.
    third, _ = office.lodge(email="third@example.org")
    office.until(lambda: office.state(third, "email") == "sent", office.email)


def test_a_mail_whose_answer_was_lost_is_sent_again_under_the_same_message_id(office, peers):
    peers.control(smtp={"drop": True})
    request_id, _ = office.lodge(email="twice@example.org")
    office.until(lambda: peers.mail("twice@example.org"), office.email)
    office.step(office.email)
    assert office.state(request_id, "email") == "sending"
    peers.control(smtp={"drop": False})
    office.later(LEASE + timedelta(seconds=1))
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    first, second = peers.mail("twice@example.org")
    assert first["message_id"] == second["message_id"]
    assert str(office.rows(request_id)["email"].id) in first["message_id"]


def test_a_mail_server_that_is_away_gets_the_mail_when_it_is_back(office):
    port = free_port()
    away = settings.SmtpSettings("127.0.0.1", port, "no-reply@cairo.example", timeout=20)
    channel = Channel("email", Smtp(away), pack_email(away.sender), LEASE)
    request_id, _ = office.lodge(email="down@example.org")
    office.step(channel)
    assert office.state(request_id, "email") == "queued"
    with Peers.running(smtp=port) as back:
        office.until(lambda: office.state(request_id, "email") == "sent", channel)
        assert len(back.mail("down@example.org")) == 1
        channel.close()


def test_where_tls_is_demanded_nothing_goes_out_in_the_clear(office, peers):
    demanded = settings.SmtpSettings("127.0.0.1", peers.smtp, "no-reply@cairo.example", tls_required=True, timeout=20)
    channel = Channel("email", Smtp(demanded), pack_email(demanded.sender), LEASE)
    request_id, _ = office.lodge(email="secret@example.org")
    office.step(channel)
    assert office.state(request_id, "email") == "queued"
    assert peers.mail("secret@example.org") == []


def test_an_event_that_comes_again_makes_no_second_message(office):
    request_id, _ = office.lodge(email="once@example.org")
    bill = Event(uuid7(), payments.ISSUED.name, "urn:t", uuid7(), 1, datetime.now(UTC), "c",
                 {"request_id": str(request_id), "total": 50_000, "bill_number": "B1"})  # fmt: skip
    for _ in range(3):
        office.transact(lambda work: recipients.tell_of_bill(work, bill, URL))
    with office.context.database.transaction() as connection:
        found = connection.execute(
            text("SELECT channel, count(*) FROM message WHERE cause = :cause GROUP BY 1"), {"cause": bill.id}
        )
        assert dict(found.fetchall()) == {"sms": 1, "email": 1}


def test_departments_that_act_at_once_are_told_of_once_and_where_the_file_goes_from_them(office):
    request_id, _ = office.lodge()
    told = []

    def moved(sequence, kind, department, **more):
        data = {"request_id": str(request_id), "state_kind": kind, "department": department, "outcome": None,
                "note": None, "state_name": {"ar": f"مرحلة {sequence}", "en": f"Stage {sequence}"}, **more}
        event = Event(uuid7(), requests.MOVED.name, "urn:t", request_id, sequence, datetime.now(UTC), "c", data)
        office.transact(lambda work: recipients.follow(work, event, URL))
        with office.context.database.transaction() as connection:
            count = connection.execute(text("SELECT count(*) FROM message WHERE request_id = :r AND channel = 'sms'"),
                                       {"r": request_id}).scalar()  # fmt: skip
        told.append(count)

    moved(2, "parallel", None, branch=None)
    moved(3, "parallel", None, branch="health", verdict="favourable")
    moved(4, "parallel", None, branch="roads", verdict="favourable")
    moved(5, "task", "licensing", branch="utilities", verdict="favourable", joined="joined")
    moved(6, "task", "licensing")
    moved(7, "external", "licensing")
    assert told == [2, 2, 2, 3, 3, 4]  # the first one said that it was received
