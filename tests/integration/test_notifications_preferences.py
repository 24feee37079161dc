"""What citizens choose, through every door, and what they are told after it. On a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from marshmallow import ValidationError

from chassis import actors, retention
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.rekeying import Rehashed
from chassis.uow import Context
from contracts import payments, requests
from contracts.events import Event
from contracts.notifications_preferences import GetPreferences
from rules.refusal import Refusal
from services.notifications import (
    hashed,
    messages,
    preference_links,
    preference_notice,
    preferences,
    receipts,
    recipients,
)
from services.notifications import retention as terms
from services.notifications.packing import pack_email
from services.notifications.preferences import Address, Choice, Door
from services.notifications.providers.base import Inbound, Receipt
from tests.support.messages_ground import Ground, ground
from tests.support.round_trips import counted

PHONE, MAIL, URL = "+201012345678", "mona@example.org", "https://cairo.example"
TELL = partial(preference_notice.tell, public_url=URL)
CLERK = actors.Actor("staff:clerk", "staff", ("window_clerk",), unit="EG-C-01")


@pytest.fixture
def desk(database_url: Callable[..., str]) -> Iterator[Ground]:
    with ground(database_url("notifications")) as made:
        yield made


def event(desk: Ground, kind: Any, subject: UUID, request_id: UUID, data: dict[str, Any], sequence: int = 1) -> Event:
    return Event(uuid7(), kind.name, "urn:t", subject, sequence, desk.now, "c", {"request_id": str(request_id), **data})


def lodged(desk: Ground, language: str = "ar", **contact: str | None) -> Event:
    given = {"name": "منى السيد", "phone": PHONE, "email": MAIL, "language": language, **contact}
    sealed = desk.context.privacy.seal(json.dumps(given), ring="contact", field="requests.contact")
    request_id = uuid7()
    return event(desk, requests.SUBMITTED, request_id, request_id, {
        "tracking_number": "EG-C-7K3M-9Q2X-4", "unit": "EG-C-01", "language": language, "outcome": None, "note": None,
        "service_name": {"ar": "ترخيص محل تجاري", "en": "Shop licence"}, "state_kind": "task",
        "department": "licensing", "state_name": {"ar": "مراجعة", "en": "Review"}, "contact": sealed})


def lodge(desk: Ground, **contact: Any) -> UUID:
    """A request that was told as received; its id."""
    made = lodged(desk, **contact)
    desk.transact(lambda work: recipients.follow(work, made, URL))
    return made.subject


def bill(desk: Ground, request_id: UUID, *, paid: bool = False) -> None:
    """A bill is issued, a legal notice; or paid, which is none."""
    kind = payments.PAID if paid else payments.ISSUED
    data = {"total": 50_000, "bill_number": "B1", "receipt_number": "R1"}
    desk.transact(lambda work: recipients.tell_of_bill(work, event(desk, kind, uuid7(), request_id, data), URL))


def told(desk: Ground, request_id: UUID) -> list[tuple[str, str, str]]:
    found = desk.sql("SELECT channel, template, language FROM message WHERE request_id = :r "
                     "ORDER BY created_at, channel", r=request_id)
    return [(row.channel, row.template, row.language) for row in found]


def choose(desk: Ground, request_id: UUID, **choices: tuple[bool, str | None]) -> dict[str, Any]:
    body = {"request_id": request_id, "phone_last4": "5678", "choices": [
        {"channel": channel, "receive": receive, "language": language}
        for channel, (receive, language) in choices.items()]}
    answer: dict[str, Any] = desk.transact(lambda work: preferences.choose(work, body, TELL))
    return answer


def history(desk: Ground, address: str) -> list[tuple[str, bool, str | None]]:
    key = "phone" if address.startswith("+") else "email"
    shown = preferences.of_address(desk.work(CLERK), {key: address})
    return [(one["door"], one["receive"], one["language"]) for one in shown["history"]]


# -- what is told after a choice -------------------------------------------------------------------------------------


def test_who_stops_a_channel_is_told_legal_notices_there_and_the_rest_on_the_other(desk: Ground) -> None:
    request_id = lodge(desk)
    answer = choose(desk, request_id, sms=(False, None))
    assert answer["addresses"][0] == {"channel": "sms", "address": "010******78", "receive": False, "language": None}
    assert "Legal notices" in answer["always"]["en"] and "القانونية" in answer["always"]["ar"]
    bill(desk, request_id, paid=True)
    bill(desk, request_id)
    assert told(desk, request_id)[2:] == [
        ("email", "payment_received", "ar"), ("email", "payment_needed", "ar"), ("sms", "payment_needed", "ar")]


def test_it_holds_for_every_other_request_of_the_same_address(desk: Ground) -> None:
    choose(desk, lodge(desk), sms=(False, None), email=(False, None))
    assert told(desk, lodge(desk)) == []


def test_the_language_of_an_address_goes_before_that_of_the_request(desk: Ground) -> None:
    choose(desk, lodge(desk), sms=(True, "en"))
    other = lodge(desk)
    assert told(desk, other) == [("email", "request_received", "ar"), ("sms", "request_received", "en")]
    rows = {row.channel: row for row in desk.sql("SELECT * FROM message WHERE request_id = :r", r=other)}
    said = {channel: json.loads(desk.context.privacy.open(row.content, field=messages.CONTENT))
            for channel, row in rows.items()}
    assert "Shop licence" in said["sms"]["text"] and f"{URL}/en/follow/" in said["sms"]["text"]
    assert "ترخيص محل تجاري" in said["email"]["plain"]


def test_messages_carry_lane_unit_and_whether_they_are_legal_notices(desk: Ground) -> None:
    request_id = lodge(desk)
    bill(desk, request_id)
    rows = desk.sql("SELECT template, lane, unit, legal FROM message WHERE request_id = :r AND channel = 'sms' "
                    "ORDER BY created_at", r=request_id)
    assert [tuple(row) for row in rows] == [
        ("request_received", 1, "EG-C-01", False), ("payment_needed", 1, "EG-C-01", True)]


def test_a_batch_of_requests_reads_twice_and_writes_once_whatever_was_chosen(desk: Ground) -> None:
    choose(desk, lodge(desk), sms=(False, "en"))
    events = [lodged(desk, phone=f"+2010123456{number:02d}") for number in range(70, 80)]
    with counted(desk.context.database) as trips:
        work = desk.work()
        recipients.look_up(work, events)
        for one in events:
            recipients.follow(work, one, URL)
        work.commit()
    assert trips == ["read", "read", "write"]
    assert told(desk, events[8].subject) == [("email", "request_received", "ar")]  # …78 wants none


# -- the doors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["5679", "", "8", "45678"])
def test_without_the_digits_nobody_learns_or_changes_anything(desk: Ground, digits: str) -> None:
    body = {"request_id": lodge(desk), "phone_last4": digits}
    with pytest.raises(Refusal, match="tracking_unknown"):
        preferences.own(desk.work(), body)
    with pytest.raises(Refusal, match="tracking_unknown"):
        choices = [{"channel": "sms", "receive": False, "language": None}]
        preferences.choose(desk.work(), {**body, "choices": choices}, TELL)


def test_digits_may_be_arabic_and_a_channel_without_an_address_is_refused(desk: Ground) -> None:
    request_id = lodge(desk, email=None)
    shown = preferences.own(desk.work(), {"request_id": request_id, "phone_last4": "٥٦٧٨"})
    assert [one["channel"] for one in shown["addresses"]] == ["sms"]
    with pytest.raises(Refusal, match="preference_no_address"):
        choose(desk, request_id, email=(False, None))


def test_a_proof_is_one_of_both(desk: Ground) -> None:
    for body in ({}, {"request_id": str(uuid7()), "token": "x"}):
        with pytest.raises(ValidationError):
            GetPreferences().load(body)


def mail_of(desk: Ground, request_id: UUID) -> Any:
    return desk.sql("SELECT * FROM message WHERE request_id = :r AND channel = 'email'", r=request_id)[0]


def test_the_link_of_a_mail_opens_its_own_address_and_says_nothing_of_it(desk: Ground) -> None:
    row = mail_of(desk, lodge(desk))
    token = preference_links.token(desk.context.privacy, row.id)
    content = json.loads(desk.context.privacy.open(row.content, field=messages.CONTENT))
    assert f"{URL}/ar/messages/{token}" in content["plain"] and f"{URL}/ar/messages/{token}" in content["html"]
    shown = preferences.own(desk.work(), {"token": token})
    assert [(one["channel"], one["address"]) for one in shown["addresses"]] == [("email", "m***@example.org")]
    body = {"token": token, "choices": [{"channel": "email", "receive": True, "language": "en"}]}
    desk.transact(lambda work: preferences.choose(work, body, TELL))
    assert history(desk, MAIL) == [("link", True, "en")]
    assert history(desk, PHONE) == []


def test_a_name_that_leads_somewhere_stands_in_no_message(desk: Ground) -> None:
    row = mail_of(desk, lodge(desk, name="ربحت جائزة: evil.example/x"))
    content = json.loads(desk.context.privacy.open(row.content, field=messages.CONTENT))
    assert "evil.example" not in "".join(content.values()) and "مقدم الطلب" in content["plain"]


def stopped(desk: Ground) -> list[Any]:
    return desk.sql("SELECT * FROM message WHERE template = 'messages_stopped' ORDER BY created_at, channel")


def test_who_is_named_in_another_s_request_hears_that_messages_were_stopped_and_has_them_back(desk: Ground) -> None:
    """Anybody may lodge a request with somebody else's mailbox, and knows its number and digits."""
    request_id = lodge(desk)
    choose(desk, request_id, email=(False, None))
    [row] = stopped(desk)
    assert (row.channel, row.legal, row.request_id) == ("email", True, None)
    content = json.loads(desk.context.privacy.open(row.content, field=messages.CONTENT))
    token = preference_links.token(desk.context.privacy, row.id)
    assert f"{URL}/ar/messages/{token}" in content["plain"] and "محمود" not in content["plain"]
    body = {"token": token, "choices": [{"channel": "email", "receive": True, "language": None}]}
    desk.transact(lambda work: preferences.choose(work, body, TELL))
    assert [one[:2] for one in history(desk, MAIL)] == [("link", True), ("page", False)]
    choose(desk, request_id, email=(False, None))
    assert len(stopped(desk)) == 1  # once a day: nobody is pestered by this either


def test_nothing_is_told_of_what_changes_nothing_or_came_by_the_address_itself(desk: Ground) -> None:
    request_id = lodge(desk)
    choose(desk, request_id, sms=(True, "en"), email=(True, None))
    token = preference_links.token(desk.context.privacy, mail_of(desk, request_id).id)
    body = {"token": token, "choices": [{"channel": "email", "receive": False, "language": None}]}
    desk.transact(lambda work: preferences.choose(work, body, TELL))
    choose(desk, request_id, email=(False, None))
    assert stopped(desk) == []
    choose(desk, request_id, sms=(False, "en"))
    assert [(one.channel, one.language) for one in stopped(desk)] == [("sms", "en")]


def test_a_mailbox_stops_mail_with_one_click_as_often_as_it_likes(desk: Ground) -> None:
    request_id = lodge(desk)
    row = mail_of(desk, request_id)
    content = json.loads(desk.context.privacy.open(row.content, field=messages.CONTENT))
    head = pack_email("no-reply@cairo.example")(row, MAIL, content)[0].payload.split(b"\r\n\r\n")[0].decode()
    assert f"List-Unsubscribe: <{content['stop']}>" in head
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    token = content["stop"].removesuffix("/stop").rsplit("/", 1)[1]
    for _ in range(2):
        assert desk.transact(lambda work: preferences.stop(work, {"token": token})) == {"stopped": True}
    assert history(desk, MAIL) == [("one_click", False, None)]
    bill(desk, request_id, paid=True)
    assert told(desk, request_id)[2:] == [("sms", "payment_received", "ar")]


@pytest.mark.parametrize("token", ["x", "A" * 43, ""])
def test_a_key_that_is_not_ours_opens_nothing(desk: Ground, token: str) -> None:
    with pytest.raises(Refusal, match=r"preference_link_unknown|tracking_unknown"):
        preferences.own(desk.work(), {"token": token, "request_id": uuid7() if not token else None, "phone_last4": "1"})


def test_a_clerk_sets_what_the_citizen_at_the_window_wishes_and_is_recorded(desk: Ground) -> None:
    body = {"phone": "٠١٠١٢٣٤٥٦٧٨", "receive": False, "language": None}
    answer = desk.transact(lambda work: preferences.set_for(work, body), CLERK)
    assert (answer["receive"], answer["address"]) == (False, "010******78") and "Legal" in answer["always"]["en"]
    assert told(desk, lodge(desk, email=None)) == []
    shown = desk.transact(lambda work: preferences.of_address(work, {"phone": PHONE}), CLERK)
    assert [(one["door"], one["actor_id"]) for one in shown["history"]] == [("window", "staff:clerk")]
    acts = [row.action for row in desk.sql("SELECT action FROM audit WHERE actor_id = 'staff:clerk' ORDER BY at")]
    assert acts[-2:] == ["preference.set", "preference.read"]


@pytest.mark.parametrize(("body", "code"), [({}, "field_required"), ({"phone": "0223456789"}, "phone_landline"),
                                            ({"email": "a@b\r\nBcc: c@d.e"}, "email_invalid")])
def test_a_clerk_types_a_number_or_an_address(desk: Ground, body: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        preferences.of_address(desk.work(CLERK), body)


def reply(desk: Ground, *texts: str, number: str = PHONE) -> None:
    desk.transact(lambda work: receipts.keep(work, "smpp", [Inbound(number, text) for text in texts]))


def test_a_text_sent_back_stops_messages_and_starts_them_again(desk: Ground) -> None:
    reply(desk, "إيقاف", number="+01012345678")  # as an operator of the country may write it
    assert told(desk, lodge(desk, email=None)) == []
    reply(desk, "شكراً لكم")
    assert history(desk, PHONE) == [("reply", False, None)]
    reply(desk, "START")
    assert history(desk, PHONE) == [("reply", True, None), ("reply", False, None)]
    assert len(told(desk, lodge(desk, email=None))) == 1


def test_texts_and_receipts_may_come_together_and_the_last_word_counts(desk: Ground) -> None:
    receipt = Receipt("7", True, None, None, PHONE)
    desk.transact(lambda work: receipts.keep(work, "smpp", [Inbound(PHONE, "stop"), receipt, Inbound(PHONE, "اشتراك")]))
    assert history(desk, PHONE) == []
    assert desk.sql("SELECT count(*) AS n FROM receipt")[0].n == 1
    reply(desk, "stop", number="not a number")
    assert desk.sql("SELECT count(*) AS n FROM preference")[0].n == 0


# -- how long, and under which key -----------------------------------------------------------------------------------


def run(desk: Ground, rule: retention.Rule, days: float) -> int:
    moment = desk.now + timedelta(days=days)
    return sum(1 for _ in retention.apply(desk.context.database, desk.context.privacy, rule, moment, "operator"))


def test_text_and_address_go_after_their_time_and_the_row_later(desk: Ground) -> None:
    request_id = lodge(desk)
    assert run(desk, terms.TEXTS, 364) == 0
    assert run(desk, terms.TEXTS, 369) == 1
    rows = desk.sql("SELECT * FROM message WHERE request_id = :r", r=request_id)
    assert {(row.content, row.address, row.address_lookup) for row in rows} == {(None, None, None)}
    assert {row.template for row in rows} == {"request_received"}
    token = preference_links.token(desk.context.privacy, rows[0].id)
    with pytest.raises(Refusal, match="preference_link_unknown"):
        preferences.own(desk.work(), {"token": token})
    assert run(desk, terms.MESSAGES, 729) == 0
    assert run(desk, terms.MESSAGES, 734) == 1
    assert desk.sql("SELECT count(*) AS n FROM message")[0].n == 0


def test_a_node_has_its_own_term(desk: Ground) -> None:
    environ = {**desk.context.settings.environ, "SHUBBAK_MESSAGES_KEPT_DAYS": "30"}
    settings = type(desk.context.settings)(**{**vars_of(desk.context.settings), "environ": environ})
    days = {rule.name: rule.days for rule in retention.rules_of(settings)}
    assert (days[terms.TEXTS.name], days[terms.MESSAGES.name]) == (30, 730)


def vars_of(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def test_an_opt_out_stays_and_a_choice_that_asks_for_nothing_goes(desk: Ground) -> None:
    choose(desk, lodge(desk), sms=(False, None), email=(True, "en"))
    choose(desk, lodge(desk), email=(True, None))
    assert run(desk, terms.CHOICES, 364) == 0
    assert run(desk, terms.CHOICES, 3660) == 1
    assert [row.channel for row in desk.sql("SELECT channel FROM preference")] == ["sms"]
    assert desk.sql("SELECT count(*) AS n FROM preference_choice")[0].n == 1


def test_a_choice_holds_while_a_new_key_is_laid_under_it_and_after(desk: Ground) -> None:
    old = desk.context
    desk.transact(lambda work: preferences.keep(work, Address("sms", PHONE), Choice(False), Door.LINK, None))
    (key,) = old.settings.lookup_keys
    both, new = Privacy(old.settings.rings, (b"n" * 32, key)), Privacy(old.settings.rings, b"n" * 32)
    desk.context = Context(old.settings, old.database, both, old.clock)
    assert told(desk, lodge(desk, email=None)) == []
    (preferred,) = [one for one in hashed.HASHED if isinstance(one, Rehashed) and one.target == "preference"]

    def renewed(work: Any) -> list[bool]:
        return [preferred.renew(work, row) for row in work.all(preferred.page, after=None, size=10)]

    assert (desk.transact(renewed), desk.transact(renewed)) == ([True], [False])
    desk.context = Context(old.settings, old.database, new, old.clock)
    assert told(desk, lodge(desk, email=None)) == []
    desk.context = old
