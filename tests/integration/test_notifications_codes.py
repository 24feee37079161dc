"""One-time codes over a database: kept as hashes, used once, few tries, throttled, the same for every number."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest

from chassis.actors import PUBLIC, Actor
from chassis.ids import uuid7
from chassis.uow import attempt
from rules import one_time_codes, sms
from rules.refusal import Refusal
from services.notifications import codes, template_store
from tests.support.codes_ground import MORNING, OTHER, PHONE, Ground, other_than

CLERK = Actor(id="staff:clerk", kind="staff", roles=("window_clerk",), unit="EG-C-01")


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("notifications"))
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground) -> Ground:
    opened.fresh()
    return opened


def refused(run: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        run()
    return caught.value


# -- what is sent, and what is kept of it ----------------------------------------------------------------------------


def test_a_code_is_sent_in_the_lane_before_all_others_and_given_back(ground: Ground) -> None:
    sent = ground.send("٠١٠ ١٢٣٤ ٥٦٧٨")
    assert sent["expires_at"] == (MORNING + one_time_codes.LIFETIME).isoformat()
    assert sent["resend_at"] == (MORNING + one_time_codes.BETWEEN).isoformat()
    [message] = ground.rows("message")
    assert (message.lane, message.state, message.request_id, message.template) == (0, "queued", None, "login_code")
    assert message.expires_at == MORNING + one_time_codes.LIFETIME
    assert ground.check(sent, ground.code_of(sent)) == {"phone": PHONE, "purpose": "log_in"}


@pytest.mark.parametrize(("language", "warns", "asks"), [("ar", "لا تعطه لأحد", "لن يطلبه منك أي موظف"),
                                                         ("en", "Never pass it on", "our staff never ask for it")])
def test_the_message_warns_and_ends_in_the_code(ground: Ground, language: str, warns: str, asks: str) -> None:
    sent = ground.send(language=language)
    said = ground.text_of(sent)
    assert warns in said and asks in said
    assert re.search(r" [0-9]{6}$", said.splitlines()[0])
    assert sms.segments(said).count == 1
    assert (said.splitlines()[-1] == f"@cairo.shubbak.example #{ground.code_of(sent)}") is (language == "en")


def test_a_code_to_bind_with_says_to_whom_it_may_be_read_and_takes_a_clerk(ground: Ground) -> None:
    said = ground.text_of(ground.send(actor=CLERK, purpose="bind"))
    assert "لموظف الشباك" in said and "لن يطلبه" not in said
    assert refused(lambda: ground.send(OTHER, purpose="bind")).code == "forbidden"
    sent = ground.send()
    assert refused(lambda: ground.check(sent, ground.code_of(sent), purpose="bind")).code == "code_expired"
    assert ground.check(sent, ground.code_of(sent))["phone"] == PHONE


def test_neither_code_nor_number_nor_address_can_be_read_in_the_database(ground: Ground) -> None:
    sent = ground.send()
    code = ground.code_of(sent)
    ground.check(sent, code)
    tables = ("code_challenge", "code_count", "code_last", "message", "event_log", "audit", "command")
    kept = "\n".join(str(row) for table in tables for row in ground.rows(table))
    assert not re.search(rf"(?<![0-9]){code}(?![0-9])", kept)
    assert PHONE not in kept and PHONE[1:] not in kept and "41.33.1.2" not in kept
    one, two = (ground.privacy.lookup(f"{uuid7()}/{code}", codes.CODE) for _ in range(2))
    assert one != two  # the hash is bound to its challenge: equal codes look different


@pytest.mark.parametrize("phone", ["0223456789", "+4915112345678", "1234", "01012345678\nx", "01612345678"])
def test_what_is_no_egyptian_mobile_is_refused_before_anything_is_sent(ground: Ground, phone: str) -> None:
    assert refused(lambda: ground.send(phone)).faults[0].field == "phone"
    assert ground.rows("code_challenge") == ground.rows("message") == []


# -- single use, few tries -------------------------------------------------------------------------------------------


def test_a_code_is_good_once(ground: Ground) -> None:
    sent = ground.send()
    code, command = ground.code_of(sent), uuid7()
    first = ground.check(sent, code, command)
    assert ground.check(sent, code, command) == first  # the same command, told again
    assert refused(lambda: ground.check(sent, code)).code == "code_expired"


def test_two_checks_at_once_let_one_in(ground: Ground) -> None:
    sent = ground.send()
    body = {"challenge_id": sent["challenge_id"], "purpose": "log_in",
            "code": ground.code_of(sent)}  # fmt: skip
    slow = ground.work()
    codes.check(slow, body)  # compared, not committed
    assert ground.check(sent, body["code"])["phone"] == PHONE
    tried = iter([slow])
    late = refused(lambda: attempt(lambda: next(tried, None) or ground.work(),
                                   lambda work: {} if work is slow else codes.check(work, body)))  # fmt: skip
    assert late.code == "code_expired"


def test_many_right_checks_at_once_let_one_in(ground: Ground) -> None:
    sent = ground.send()
    code = ground.code_of(sent)

    def one(_: int) -> str:
        try:
            ground.check(sent, code)
        except Refusal as refusal:
            return refusal.code
        return "in"

    said = list(eventlet.GreenPool(8).imap(one, range(8)))
    assert sorted(said) == ["code_expired"] * 7 + ["in"]


def test_many_guesses_at_once_take_no_more_tries_than_there_are(ground: Ground) -> None:
    sent = ground.send()
    wrong = other_than(ground.code_of(sent))

    def guess(_: int) -> str:
        return refused(lambda: ground.check(sent, wrong)).code

    said = sorted(eventlet.GreenPool(10).imap(guess, range(20)))
    assert said == ["code_expired"] * 15 + ["code_wrong"] * one_time_codes.TRIES
    assert refused(lambda: ground.check(sent, ground.code_of(sent))).code == "code_expired"


def test_after_the_last_try_right_and_wrong_are_refused_alike(ground: Ground) -> None:
    sent = ground.send()
    code = ground.code_of(sent)
    for _ in range(one_time_codes.TRIES):
        assert refused(lambda: ground.check(sent, other_than(code))).code == "code_wrong"
    right, wrong = refused(lambda: ground.check(sent, code)), refused(lambda: ground.check(sent, other_than(code)))
    nobodys = refused(lambda: ground.check({"challenge_id": str(uuid7())}, code))
    assert right.faults == wrong.faults == nobodys.faults


def test_what_is_no_code_costs_no_try(ground: Ground) -> None:
    sent = ground.send()
    for _ in range(one_time_codes.TRIES + 1):
        assert refused(lambda: ground.check(sent, "12345")).code == "code_malformed"
    assert ground.check(sent, ground.code_of(sent))["phone"] == PHONE


def test_a_code_falls_after_ten_minutes(ground: Ground) -> None:
    sent = ground.send()
    code = ground.code_of(sent)
    ground.wait(minutes=9, seconds=59)
    assert refused(lambda: ground.check(sent, other_than(code))).code == "code_wrong"
    ground.wait(seconds=1)
    assert refused(lambda: ground.check(sent, code)).code == "code_expired"


def test_a_new_code_ends_the_older_ones_of_its_number_and_purpose_only(ground: Ground) -> None:
    first, other, binding = ground.send(), ground.send(OTHER), ground.send(actor=CLERK, purpose="bind")
    ground.wait(seconds=60)
    second = ground.send()
    assert refused(lambda: ground.check(first, ground.code_of(first))).code == "code_expired"
    assert ground.check(second, ground.code_of(second))["phone"] == PHONE
    assert ground.check(other, ground.code_of(other))["phone"] == OTHER
    assert ground.check(binding, ground.code_of(binding), purpose="bind")["phone"] == PHONE


@pytest.mark.parametrize("where", ["tried", "committed"])
def test_a_process_killed_in_mid_check_gives_a_code_neither_away_nor_twice(ground: Ground, where: str) -> None:
    sent, command = ground.send(), uuid7()
    code = ground.code_of(sent)
    killed = subprocess.run(
        [sys.executable, "-m", "tests.support.codes_ground", ground.settings.database_url, ground.now.isoformat(),
         sent["challenge_id"], code, str(command), where],
        env={**os.environ, **ground.keys}, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    [row] = ground.rows("code_challenge")
    assert len(row.tries) == 1
    if where == "tried":
        assert row.ended is None
        assert ground.check(sent, code)["phone"] == PHONE
    else:
        assert ground.check(sent, code, command)["phone"] == PHONE  # the caller asks again under the same command
    assert refused(lambda: ground.check(sent, code)).code == "code_expired"


# -- throttling, the same for everybody ------------------------------------------------------------------------------


def test_a_number_is_sent_one_a_minute_five_an_hour_ten_a_day(ground: Ground) -> None:
    ground.send()
    ground.wait(seconds=20)
    early = refused(ground.send)
    assert (early.code, early.faults[0].params["seconds"]) == ("too_many_requests", 41)
    sent, waited = 1, 0
    while sent < 10:
        ground.wait(minutes=1)
        waited += 1
        try:
            ground.send(source=f"41.33.1.{waited % 250}")  # from wherever
            sent += 1
        except Refusal as refusal:
            assert refusal.code == "too_many_requests"
    assert waited >= 60  # five in the first hour, five in the second
    over = refused(ground.send)
    assert over.faults[0].params["seconds"] > 3600
    ground.send(OTHER)
    ground.wait(days=1)
    ground.send()


def test_wishes_at_once_for_one_number_send_one_code(ground: Ground) -> None:
    def wish(_: int) -> str:
        try:
            ground.send()
        except Refusal as refusal:
            return refusal.code
        return "sent"

    said = sorted(eventlet.GreenPool(6).imap(wish, range(6)))
    assert said == ["sent"] + ["too_many_requests"] * 5
    assert len(ground.rows("message")) == len(ground.rows("code_challenge")) == 1


def test_an_address_is_throttled_whatever_the_numbers(ground: Ground) -> None:
    most = next(one.most for one in one_time_codes.CEILINGS
                if (one.of, one.span) == (one_time_codes.ADDRESS, one_time_codes.HOUR))  # fmt: skip
    for turn in range(most):
        ground.send(f"+2010{turn:08d}", source=f"2c0f:fc89:1:2::{turn:x}")
    assert refused(lambda: ground.send("+201099999999", source="2c0f:fc89:1:2:ffff::1")).code == "too_many_requests"
    ground.send("+201099999999", source="2c0f:fc89:1:3::1")


def test_a_number_that_nobody_has_answers_like_one_that_is_used(ground: Ground) -> None:
    """Keys, shape and refusals; and the work: as many statements for the one as for the other."""
    used = ground.send()
    ground.check(used, ground.code_of(used))
    ground.wait(minutes=2)

    def asked(phone: str) -> tuple[list[str], int]:
        template_store.refresh(ground.work(PUBLIC))  # as each process's own loop does every second, whoever asks
        statements = 0
        read, commit = ground.database.read, ground.database.commit

        def counting(run: Any) -> Any:
            def counted(*args: Any) -> Any:
                nonlocal statements
                statements += 1
                return run(*args)

            return counted

        ground.database.read, ground.database.commit = counting(read), counting(commit)  # type: ignore[method-assign]
        try:
            return sorted(ground.send(phone)), statements
        finally:
            ground.database.read, ground.database.commit = read, commit  # type: ignore[method-assign]

    known, unknown = asked(PHONE), asked("+201599999999")
    assert known == unknown and known[0] == ["challenge_id", "expires_at", "resend_at"]
    assert refused(lambda: ground.send(PHONE)).faults == refused(lambda: ground.send("+201599999999")).faults


def test_processor_time_tells_a_known_number_from_an_unknown_one_as_little(ground: Ground) -> None:
    """Medians of many, in turn; half of the time apart would be worth a guesser's while."""
    ground.send()
    spent: dict[str, list[float]] = {"known": [], "unknown": []}
    for turn in range(40):
        ground.wait(hours=2)
        if turn % 9 == 8:
            ground.wait(days=1)
        for whose, phone in (("known", PHONE), ("unknown", f"+2015{turn:08d}")):
            began = time.process_time()
            ground.send(phone, source=f"10.0.{turn}.1")
            spent[whose].append(time.process_time() - began)
    known, unknown = (sorted(spent[whose])[20] for whose in ("known", "unknown"))
    assert abs(known - unknown) < 0.5 * max(known, unknown), (known, unknown)


# -- letting go ------------------------------------------------------------------------------------------------------


def test_challenges_and_counts_go_after_a_day(ground: Ground) -> None:
    ground.send()
    ground.wait(hours=20)
    attempt(ground.work, codes.forget)
    assert ground.rows("code_count") and ground.rows("code_challenge")
    ground.wait(hours=29)
    attempt(ground.work, codes.forget)
    assert [ground.rows(table) for table in ("code_challenge", "code_count", "code_last")] == [[], [], []]


def test_a_phone_is_told_that_it_opens_an_account_no_more(ground: Ground) -> None:
    body = {"account_id": uuid7(), "phone": PHONE, "language": "ar"}
    attempt(lambda: ground.work(PUBLIC), lambda work: codes.tell_unbound(work, body))
    [message] = ground.rows("message")
    assert (message.template, message.legal, message.lane) == ("phone_unbound", True, 1)
