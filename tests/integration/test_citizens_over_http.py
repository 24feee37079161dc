"""Citizens over HTTP against the whole node: log in by a code, own requests, a phone bound at the window, sessions that
end; and that nothing tells who has an account."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from infra.demo.walk import API, Walk
from tests.support.citizens import Citizen, a_national_id, a_phone


@pytest.fixture
def walk(node: Any) -> Walk:
    return Walk(node.url, node.peers.pay)


@pytest.fixture
def citizen(node: Any) -> Callable[..., Citizen]:
    # Whatever other tests of this run had sent from here is not counted.
    node.sql("notifications", "DELETE FROM code_count RETURNING 1")
    node.sql("gateway", "DELETE FROM failure RETURNING 1")
    return lambda **known: Citizen(node.url, node.peers, **known)


def a_minute_later(node: Any) -> None:
    node.sql("notifications", "DELETE FROM code_last RETURNING 1")


def bind(walk: Walk, who: Citizen, phone: str | None = None, nth: int = 1, **more: Any) -> dict[str, Any]:
    """A clerk binds a phone to the person's number: the code is read out."""
    asked = walk.post("/citizens/bindings", {"national_id": who.national_id, "phone": phone or who.phone, **more},
                      as_="clerk")  # fmt: skip
    return walk.post(f"/citizens/bindings/{asked['challenge_id']}/confirmation",
                     {"code": who.read(nth, phone)}, as_="clerk")  # fmt: skip


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_from_a_code_to_the_own_request_and_to_all_of_them_once_bound(
    node: Any, walk: Walk, citizen: Callable[..., Citizen]
) -> None:
    owner = citizen()
    without = owner.lodge(walk.papers(), anonymously=True)
    opened = owner.log_in()
    assert (opened["account"]["bound"], opened["account"]["phone"]) == (False, f"010******{owner.phone[-2:]}")
    assert owner.requests() == []
    own = owner.lodge(walk.papers())
    assert owner.requests() == [own]

    stranger = citizen(national_id=owner.national_id)  # knows the number, has another phone
    stranger.log_in()
    assert stranger.requests() == []
    another = stranger.lodge(walk.papers())

    bound = bind(walk, owner, nth=2)
    assert bound["replaced"] == 0 and bound["account_id"] == opened["account"]["account_id"]
    assert owner.requests() == [another, own, without]
    assert stranger.requests() == [another]
    rows = node.sql("gateway", "SELECT actor_id, details FROM audit WHERE action = 'citizen.bound' AND subject = %s",
                    bound["account_id"])  # fmt: skip
    [(clerk, details)] = [(row.actor_id, row.details) for row in rows]
    assert details == {"unit": "EG-C-01", "replaced": []}
    assert [row.username for row in node.sql("gateway", "SELECT username FROM account WHERE id::text = %s", clerk)] == [
        "clerk"]


def test_another_phone_takes_over_only_when_asked_for_with_a_reason_and_the_old_one_is_told(
    node: Any, walk: Walk, citizen: Callable[..., Citizen]
) -> None:
    owner = citizen()
    owner.log_in()
    lodged = owner.lodge(walk.papers())
    bind(walk, owner, nth=2)
    assert owner.requests() == [lodged]

    new_phone = a_phone()
    with_new = citizen(national_id=owner.national_id, phone=new_phone)
    clerk = {"Authorization": f"Bearer {walk.token('clerk')}", "Idempotency-Key": str(uuid.uuid4())}
    refused = requests.post(f"{node.url}{API}/citizens/bindings", headers=clerk, timeout=20,
                            json={"national_id": owner.national_id, "phone": new_phone})  # fmt: skip
    assert code(refused) == (409, "person_has_phone")
    assert node.peers.sms("2" + new_phone) == []
    done = bind(walk, with_new, reason="فقد الشريحة القديمة وأبرز البطاقة")
    assert done["replaced"] == 1

    assert code(owner.get("/citizens/requests")) == (401, "unauthenticated")
    walk.until(lambda: [one["text"] for one in node.peers.sms("2" + owner.phone)],
               lambda texts: any("لم يعد رقمك هذا مربوطاً" in one for one in texts))
    with_new.log_in(nth=2)
    assert with_new.requests() == [lodged]
    a_minute_later(node)
    owner.log_in(nth=3)  # the old phone opens a new account, which has seen nothing yet
    assert owner.requests() == []


def test_a_phone_that_became_another_person_s(
    node: Any, walk: Walk, citizen: Callable[..., Citizen]
) -> None:
    first = citizen()
    first.log_in()
    first.lodge(walk.papers())
    bind(walk, first, nth=2)
    second = citizen(phone=first.phone)
    clerk = {"Authorization": f"Bearer {walk.token('clerk')}"}
    asked = {"national_id": second.national_id, "phone": second.phone}
    for more, said in (({}, "phone_has_person"), ({"reason": "باع الخط"}, "field_invalid")):
        refused = requests.post(f"{node.url}{API}/citizens/bindings", json={**asked, **more}, timeout=20,
                                headers={**clerk, "Idempotency-Key": str(uuid.uuid4())})  # fmt: skip
        assert refused.json()["code"] == said
    a_minute_later(node)
    bind(walk, second, nth=3, reason="انتقل الخط إلى صاحب البطاقة بعقد")
    assert code(first.get("/citizens/requests")) == (401, "unauthenticated")
    a_minute_later(node)
    second.log_in(nth=4)
    assert second.requests() == []


def test_nobody_but_the_clerk_who_began_ends_a_binding(
    node: Any, walk: Walk, citizen: Callable[..., Citizen]
) -> None:
    if not node.sql("gateway", "SELECT 1 FROM account WHERE username = 'clerk-two'"):
        node.employ("clerk-two", "window_clerk", None)
    owner = citizen()
    asked = walk.post("/citizens/bindings", {"national_id": owner.national_id, "phone": owner.phone}, as_="clerk")
    path = f"/citizens/bindings/{asked['challenge_id']}/confirmation"
    other = owner.post(path, {"code": owner.read()}, token=walk.token("clerk-two"))
    assert code(other) == (422, "code_expired")
    assert code(owner.post("/citizens/sessions", {"challenge_id": asked["challenge_id"], "code": owner.read()})) == (
        422, "code_expired")  # fmt: skip
    assert code(owner.post(path, {"code": owner.read()})) == (401, "unauthenticated")
    walk.post(path, {"code": owner.read()}, as_="clerk")
    again = owner.post("/citizens/bindings", {"national_id": owner.national_id, "phone": owner.phone},
                       token=walk.token("clerk"))  # fmt: skip
    assert code(again) == (409, "bound_before")
    officer = owner.post("/citizens/bindings", {"national_id": owner.national_id, "phone": owner.phone},
                         token=walk.token("officer"))  # fmt: skip
    assert code(officer) == (403, "forbidden")


def test_nothing_tells_who_has_an_account(node: Any, walk: Walk, citizen: Callable[..., Citizen]) -> None:
    """An unknown person, a known and unbound one, a bound one with the wrong phone: same answers, a code each, and the
    same refusals of a wrong code and of a second wish."""
    unbound, bound = citizen(), citizen()
    unbound.log_in()
    bound.log_in()
    bind(walk, bound, nth=2)
    a_minute_later(node)
    seen = []
    for who, nth in ((citizen(), 1), (unbound, 2), (citizen(national_id=bound.national_id), 1), (bound, 3)):
        asked = who.ask()
        again = who.ask()
        given = {"challenge_id": asked.json()["challenge_id"], "code": f"{(int(who.read(nth)) + 1) % 10**6:06d}"}
        wrong = who.post("/citizens/sessions", given)
        steady = [re.sub(r"[0-9]{1,2} (?=ثانية|seconds)", "", str(one.json()["errors"])) for one in (again, wrong)]
        assert 0 < int(again.headers["Retry-After"]) <= 61
        kept = {name for name in asked.headers if name not in ("Date", "X-Correlation-Id", "Content-Length")}
        seen.append((asked.status_code, sorted(asked.json()), sorted(kept), len(asked.content), again.status_code,
                     wrong.status_code, *steady))  # fmt: skip
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert (seen[0][0], seen[0][4], seen[0][5]) == (202, 429, 422)


def test_sessions_are_listed_ended_and_kept_from_what_is_the_staff_s(
    citizen: Callable[..., Citizen], node: Any
) -> None:
    owner = citizen()
    owner.log_in()
    first = owner.token
    a_minute_later(node)
    owner.log_in(nth=2)
    listed = owner.get("/citizens/account").json()["sessions"]
    assert [one["this"] for one in listed] == [True, False]
    stranger = citizen()
    stranger.log_in()
    assert stranger.delete(f"/citizens/sessions/{listed[1]['session_id']}").status_code == 204  # nobody's of theirs
    second, owner.token = owner.token, first
    assert owner.get("/citizens/account").status_code == 200
    owner.token = second
    assert owner.delete(f"/citizens/sessions/{listed[1]['session_id']}").status_code == 204
    owner.token = first
    assert code(owner.get("/citizens/account")) == (401, "unauthenticated")
    owner.token = second
    assert code(owner.get("/tasks")) == (403, "forbidden")
    assert code(owner.get("/finding?service_code=shop-licence")) == (403, "forbidden")
    assert owner.delete("/citizens/sessions").status_code == 204
    assert code(owner.get("/citizens/account")) == (401, "unauthenticated")


@pytest.mark.parametrize("column", ["seen_at", "expires_at"])
def test_a_session_ends_when_idle_and_after_some_hours(
    node: Any, citizen: Callable[..., Citizen], column: str
) -> None:
    owner = citizen()
    account = owner.log_in()["account"]["account_id"]
    ago = {"seen_at": "31 minutes", "expires_at": "4 hours"}[column]
    statement = f"UPDATE citizen_session SET {column} = {column} - interval '{ago}' WHERE account_id = %s RETURNING 1"
    assert owner.get("/citizens/account").status_code == 200
    node.sql("gateway", statement, account)
    assert code(owner.get("/citizens/account")) == (401, "unauthenticated")


def test_a_code_falls_after_five_wrong_ones_and_guessing_from_one_address_is_stopped(
    node: Any, citizen: Callable[..., Citizen]
) -> None:
    owner = citizen()
    asked = owner.ask().json()["challenge_id"]
    right = owner.read()
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    given = [code(owner.post("/citizens/sessions", {"challenge_id": asked, "code": wrong})) for _ in range(5)]
    assert given == [(422, "code_wrong")] * 5
    assert code(owner.post("/citizens/sessions", {"challenge_id": asked, "code": right})) == (422, "code_expired")
    last = None
    for _ in range(40):
        last = owner.post("/citizens/sessions", {"challenge_id": str(uuid.uuid4()), "code": "123456"})
        if last.status_code == 429:
            break
    assert last is not None and code(last) == (429, "too_many_requests") and int(last.headers["Retry-After"]) > 0
    node.sql("gateway", "DELETE FROM failure RETURNING 1")


@pytest.mark.parametrize(("changes", "said"), [
    ({"phone": "0223456789"}, "phone"), ({"phone": "+4915112345678"}, "phone"), ({"national_id": "123"}, "national_id"),
    ({"national_id": None}, "national_id"), ({"passport": "A1234567"}, "national_id"),
    ({"national_id": "12", "phone": "12"}, "national_id phone")])  # fmt: skip
def test_what_cannot_be_a_card_or_a_mobile_is_said_with_its_field_and_nothing_is_sent(
    node: Any, citizen: Callable[..., Citizen], changes: dict[str, Any], said: str
) -> None:
    before = node.sql("notifications", "SELECT count(*) AS n FROM code_challenge")[0].n
    refused = citizen().ask(**changes)
    assert refused.status_code == 422
    assert sorted(one["field"] for one in refused.json()["errors"]) == said.split()
    assert node.sql("notifications", "SELECT count(*) AS n FROM code_challenge")[0].n == before


def test_a_passport_holder_logs_in_too(node: Any, citizen: Callable[..., Citizen]) -> None:
    owner = citizen()
    asked = owner.ask(national_id=None, passport="a 1234567", language="en")
    opened = owner.post("/citizens/sessions", {"challenge_id": asked.json()["challenge_id"], "code": owner.read()})
    assert (opened.status_code, opened.json()["account"]["card"], opened.json()["account"]["number"]) == (
        201, "passport", "******67")  # fmt: skip
    [came] = node.peers.sms("2" + owner.phone)
    assert came["text"].splitlines()[-1] == f"@127.0.0.1 #{owner.read()}" and came["total"] == 1


def test_nothing_of_a_person_is_readable_in_database_or_logs(
    node: Any, walk: Walk, citizen: Callable[..., Citizen]
) -> None:
    owner = citizen()
    owner.log_in()
    bind(walk, owner, nth=2)
    for service, tables in (("gateway", ("citizen_account", "citizen_session", "citizen_challenge", "audit")),
                            ("notifications", ("code_challenge", "code_count", "message", "audit", "command"))):
        kept = "\n".join(str(row) for table in tables for row in node.sql(service, f"SELECT * FROM {table}"))
        for secret in (owner.national_id, owner.phone, owner.phone[1:], owner.token or "?"):
            assert secret not in kept, service
    for log in node.logs.iterdir():
        written = log.read_text(errors="replace")
        assert owner.national_id not in written and owner.phone[1:] not in written, log.name


def test_a_code_s_text_is_gone_once_it_was_sent(node: Any, citizen: Callable[..., Citizen]) -> None:
    owner = citizen()
    asked = owner.ask().json()["challenge_id"]
    owner.read()
    statement = "SELECT content FROM message WHERE cause = %s AND state IN ('sent', 'delivered')"

    def sent() -> Any:
        return node.sql("notifications", statement, asked)

    Walk(node.url, node.peers.pay).until(sent, bool)
    assert sent()[0].content is None


def test_numbers_are_looked_up_nowhere_but_by_hash(citizen: Callable[..., Citizen]) -> None:
    """Two people whose numbers differ in one digit are two people."""
    number = a_national_id()
    one, two = citizen(national_id=number), citizen(national_id=number[:-1] + str((int(number[-1]) + 1) % 10))
    assert one.log_in()["account"]["account_id"] != two.log_in()["account"]["account_id"]
