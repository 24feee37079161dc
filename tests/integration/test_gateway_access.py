"""Who decides how the staff comes in: administrators and the accounts they manage, keys of partners, denials."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import select

from chassis import commands
from chassis.actors import PUBLIC, Actor
from chassis.database import Statement
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork
from rules.refusal import Refusal
from services.gateway import accounts, denials, partners, people
from services.gateway.tables_access import partner_key
from tests.support.access_ground import *  # noqa: F403  (fixtures)
from tests.support.access_ground import (
    account,
    actor,
    as_,
    audited,
    check,
    code,
    enrolled,
    row_of,
    session,
    staff,
    told,
)
from tests.support.gateway_ground import NOW, Ground

WHY = "moved to another department"

# -- administrators --------------------------------------------------------------------------------------------------


def test_a_new_account_must_change_its_password_before_anything_else(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    body = {"username": "Salma", "password": "a temporary one", "display_name": " سلمى  فؤاد ", "roles": ["officer"],
            "unit": "EG-C-01"}
    made = UUID(as_(ground, admin, lambda work: people.create(work, body, uuid4()))["account_id"])
    held = staff(ground, session(ground, made))
    assert (held.demand, held.actor.roles, held.actor.name) == ("password_to_change", ("unsecured",), "سلمى فؤاد")
    token = session(ground, made)
    ground.run(lambda work: accounts.change_password(
        work, made, "a temporary one", "one of my own", staff(ground, token).session_id))
    assert staff(ground, token).actor.roles == ("officer",)


def test_accounts_are_found_by_words_role_unit_and_state_a_page_at_a_time(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    for name, role, unit in (("salma", "officer", "EG-C-01"), ("samir", "officer", "EG-C-02"),
                             ("karim", "inspector", "EG-C-01"), ("kar%", "officer", None)):
        account(ground, name, role, unit=unit)

    def found(**asked: Any) -> list[str]:
        return [one["username"] for one in as_(ground, admin, lambda work: people.search(work, **asked))["accounts"]]

    assert found() == ["admin", "kar%", "karim", "salma", "samir"]
    assert found(words="SA") == ["salma", "samir"] and found(words="name of sa") == ["salma", "samir"]
    assert found(words="kar%") == ["kar%"], "what is typed is no pattern"
    assert found(role="officer", unit="EG-C-01") == ["salma"] and found(active=False) == []
    page = as_(ground, admin, lambda work: people.search(work, limit=2))
    assert page["next"] == "kar%" and found(after=page["next"], limit=2) == ["karim", "salma"]
    assert as_(ground, admin, lambda work: people.search(work, after="karim", limit=2))["next"] is None


def test_an_administrator_of_a_unit_reaches_that_units_accounts_only(ground: Ground) -> None:
    local = actor(account(ground, "local", "administrator", unit="EG-C-01"), "administrator", unit="EG-C-01")
    own = account(ground, "salma", "officer", unit="EG-C-01")
    other = account(ground, "samir", "officer", unit="EG-C-02")
    whole = account(ground, "finance", "finance_head")
    found = as_(ground, local, people.search)["accounts"]
    assert [one["username"] for one in found] == ["local", "salma"]
    for account_id in (other, whole):
        for deed in (lambda work, one=account_id: people.one(work, one),
                     lambda work, one=account_id: people.deactivate(work, one, WHY),
                     lambda work, one=account_id: people.reset_password(work, one, "a temporary one", WHY),
                     lambda work, one=account_id: people.reset_second_factor(work, one, WHY),
                     lambda work, one=account_id: people.revoke(work, one),
                     lambda work, one=account_id: people.change(work, one, 1, {"window": "3"}, WHY)):
            with pytest.raises(Refusal) as refused:
                as_(ground, local, deed)
            assert code(refused) == "forbidden"
    for unit in ("EG-C-02", None):
        with pytest.raises(Refusal) as refused:
            as_(ground, local, lambda work, unit=unit: people.change(work, own, 1, {"unit": unit}, WHY))
        assert code(refused) == "forbidden"
        with pytest.raises(Refusal) as refused:
            as_(ground, local, lambda work, unit=unit: people.create(
                work, {"username": "new", "password": "a temporary one", "display_name": "New", "roles": ["officer"],
                       "unit": unit}, uuid4()))
        assert code(refused) == "forbidden"
    assert told(ground).count("denied") == 16
    as_(ground, local, lambda work: people.change(work, own, 1, {"window": "3"}, WHY))


def test_whoever_is_no_administrator_manages_nobody(ground: Ground) -> None:
    salma = account(ground, "salma", "officer")
    for roles in (("officer",), ("unit_head",), ("unsecured",)):
        for deed in (people.search, lambda work: people.one(work, salma),
                     lambda work: people.deactivate(work, salma, WHY), lambda work: people.revoke(work, salma)):
            with pytest.raises(Refusal) as refused:
                as_(ground, actor(uuid4(), *roles), deed)
            assert code(refused) == "forbidden"


def test_a_change_names_the_version_it_saw_and_stands_in_the_audit_with_its_reason(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    salma = account(ground, "salma", "officer", unit="EG-C-01")
    token = session(ground, salma)
    changes = {"roles": ["inspector"], "department": "engineering"}
    assert as_(ground, admin, lambda work: people.change(work, salma, 1, changes, WHY))["version"] == 2
    assert staff(ground, token).actor.roles == ("inspector",), "at once, also where a session is open"
    with pytest.raises(Refusal) as refused:
        as_(ground, admin, lambda work: people.change(work, salma, 1, {"window": "3"}, WHY))
    assert code(refused) == "conflict"
    with pytest.raises(Refusal) as refused:
        as_(ground, admin, lambda work: people.change(work, salma, 2, {"window": "3"}, "because"))
    assert code(refused) == "reason_short"
    with pytest.raises(Refusal) as refused:
        as_(ground, admin, lambda work: people.change(
            work, salma, 2, {"roles": ["public"], "department": "alchemy", "channel": "portal"}, WHY))
    assert [one.code for one in refused.value.faults] == ["role_unknown", "channel_unknown", "department_unknown"]
    row = audited(ground)[-1]
    assert (row.actor_id, row.action, row.subject) == (admin.id, "account.changed", str(salma))
    assert row.details["reason"] == WHY and row.details["changed"] == ["department", "roles"]


def test_nobody_changes_the_own_roles_or_keeps_the_own_account_out(ground: Ground) -> None:
    account(ground, "second", "administrator")
    mine = account(ground, "admin", "administrator")
    me = actor(mine, "administrator")
    for deed in (lambda work: people.change(work, mine, 1, {"roles": ["administrator", "officer"]}, WHY),
                 lambda work: people.change(work, mine, 1, {"unit": "EG-C-01"}, WHY),
                 lambda work: people.deactivate(work, mine, WHY),
                 lambda work: people.reset_password(work, mine, "a temporary one", WHY),
                 lambda work: people.reset_second_factor(work, mine, WHY)):
        with pytest.raises(Refusal) as refused:
            as_(ground, me, deed)
        assert code(refused) == "own_account"
    as_(ground, me, lambda work: people.change(work, mine, 1, {"display_name": "Another name"}, WHY))


def test_the_last_administrator_stays_one_also_when_two_take_each_others_role(ground: Ground) -> None:
    first, second = account(ground, "first", "administrator"), account(ground, "second", "administrator")
    one, other = actor(first, "administrator"), actor(second, "administrator")

    class Overtaken(Exception):
        pass

    def takes_while_the_other_does(work: Any) -> None:
        people.deactivate(work, second, WHY)
        if not overtaken:
            overtaken.append(True)
            as_(ground, other, lambda inner: people.deactivate(inner, first, WHY))

    overtaken: list[bool] = []
    with pytest.raises(Refusal) as refused:
        as_(ground, one, takes_while_the_other_does)
    assert code(refused) == "last_administrator"
    assert [row_of(ground, one).active for one in (first, second)] == [False, True]
    with pytest.raises(Refusal) as refused:
        as_(ground, one, lambda work: people.change(work, second, 1, {"roles": ["officer"]}, WHY))
    assert code(refused) == "last_administrator"
    as_(ground, other, lambda work: people.reactivate(work, first, WHY))
    as_(ground, one, lambda work: people.deactivate(work, second, WHY))


def test_kept_out_reset_and_let_in_again(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    salma = account(ground, "salma", "officer")
    app, _ = enrolled(ground, salma)
    token = session(ground, salma)
    as_(ground, admin, lambda work: people.reset_second_factor(work, salma, "lost her telephone"))
    assert staff(ground, token) is None and check(ground, salma, app.at(ground.now)) is None
    with pytest.raises(Refusal) as refused:
        as_(ground, admin, lambda work: people.reset_second_factor(work, salma, "lost her telephone"))
    assert code(refused) == "second_factor_missing"
    token = session(ground, salma)
    as_(ground, admin, lambda work: people.deactivate(work, salma, WHY))
    assert staff(ground, token) is None
    assert ground.run(lambda work: accounts.check_password(work, "salma", "a long password")) is None
    as_(ground, admin, lambda work: people.reactivate(work, salma, "came back from long leave"))
    as_(ground, admin, lambda work: people.reset_password(work, salma, "a temporary one", "forgot the password"))
    token = session(ground, salma)
    assert staff(ground, token).demand == "password_to_change"
    listed = as_(ground, admin, lambda work: people.sessions_of(work, salma))
    as_(ground, admin, lambda work: people.revoke(work, salma, UUID(listed[0]["session_id"])))
    assert staff(ground, token) is None
    assert {"account.second_factor_reset", "account.deactivated", "account.activated", "account.password_reset",
            "session.revoked"} <= set(told(ground))


def test_the_same_wish_for_an_account_makes_one(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    body = {"username": "salma", "password": "a temporary one", "display_name": "Salma", "roles": ["officer"]}
    privacy = Privacy(ground.settings.rings, ground.settings.lookup_key)
    context = Context(ground.settings, ground.database, privacy, lambda: ground.now)
    wish = uuid4()
    answers = [commands.apply(lambda: UnitOfWork(context, admin, "test"), wish, "accounts.create", body,
                              lambda work: people.create(work, body, wish)) for _ in range(2)]
    assert answers[0] == answers[1] and ground.run(accounts.count) == 2

# -- partners --------------------------------------------------------------------------------------------------------


def make_key(ground: Ground, admin: Actor, **more: Any) -> dict[str, Any]:
    body = {"name": "بنك النيل", "scopes": ["licence.verify"], **more}
    found: dict[str, Any] = as_(ground, admin, lambda work: partners.make(work, body, uuid4()))
    return found


def partner(ground: Ground, key: str) -> Any:
    return ground.run(lambda work: partners.partner_of(work, key))


def test_a_key_may_what_its_scopes_say_until_it_ends_and_only_its_hash_is_kept(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    made = make_key(ground, admin, days=30)
    assert made["key"].startswith("shk_") and made["key"].startswith(made["prefix"])
    held = partner(ground, made["key"]).actor
    assert (held.kind, held.roles) == ("partner", ("partner",))
    assert held.permits("licence.verify") and not held.permits("request.inquire") and not held.permits("account.manage")
    assert made["key"] not in str(ground.database.read(Statement(select(partner_key)), {}))
    assert partner(ground, made["key"][:-1] + "x") is None
    ground.now = NOW + timedelta(days=30)
    assert partner(ground, made["key"]) is None


def test_a_key_is_revoked_with_a_reason_and_at_once(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    made = make_key(ground, admin)
    partner(ground, made["key"])
    as_(ground, admin, lambda work: partners.revoke(work, UUID(made["key_id"]), "the contract ended"))
    assert partner(ground, made["key"]) is None
    [shown] = as_(ground, admin, partners.all_keys)
    assert shown["revoked_because"] == "the contract ended" and shown["used_at"] == NOW.isoformat()
    assert "key" not in shown and told(ground)[-2:] == ["key.made", "key.revoked"]


def test_a_key_that_cannot_be_is_refused_with_all_its_faults(ground: Ground) -> None:
    admin = actor(account(ground, "admin", "administrator"), "administrator")
    with pytest.raises(Refusal) as refused:
        make_key(ground, admin, name="x", scopes=["request.submit", "moon.fly"], units=["EG-XX"], days=731,
                 per_minute=99999)
    assert [one.code for one in refused.value.faults] == [
        "partner_name_invalid", "scope_unknown", "unit_unknown", "key_days", "key_rate"]
    with pytest.raises(Refusal) as refused:
        make_key(ground, actor(uuid4(), "unit_head"))
    assert code(refused) == "forbidden"
    local = actor(uuid4(), "administrator", unit="EG-C-01")
    with pytest.raises(Refusal) as refused:
        make_key(ground, local)
    assert code(refused) == "forbidden"
    assert make_key(ground, local, units=["EG-C-01"])["units"] == ["EG-C-01"]

# -- denials ---------------------------------------------------------------------------------------------------------


def test_what_is_denied_in_a_minute_is_one_row_for_each_caller_and_route(ground: Ground) -> None:
    salma = actor(uuid4(), "officer", unit="EG-C-01")
    for _ in range(3):
        as_(ground, salma, lambda work: denials.count(work, "forbidden", "GET /x", "audit.read", address="192.0.2.7"))
    for _ in range(2):
        as_(ground, PUBLIC, lambda work: denials.count(work, "unauthenticated", "GET /x", "audit.read",
                                                       address="192.0.2.7"))
    assert not ground.run(denials.tell) and told(ground) == []
    ground.now = NOW + timedelta(minutes=2)
    ground.run(denials.tell)
    rows = [row.details for row in audited(ground)]
    assert sorted((row["who"][:8], row["unit"], row["code"], row["count"]) for row in rows) == sorted([
        (salma.id[:8], "EG-C-01", "forbidden", 3), ("address:", None, "unauthenticated", 2)])
    assert "192.0.2.7" not in orjson.dumps(rows).decode()
    ground.run(denials.tell)
    assert told(ground) == ["denied", "denied"]
