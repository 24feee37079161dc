"""How the staff comes in: the authenticator and its codes on paper, the own sessions, the own password."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from chassis.database import Statement
from rules.refusal import Refusal
from services.gateway import accounts, second_factors
from services.gateway.tables_access import recovery_code, second_factor
from tests.support.access_ground import *  # noqa: F403  (fixtures)
from tests.support.access_ground import account, check, code, enrolled, session, staff, told
from tests.support.gateway_ground import NOW, Ground
from tests.unit.gateway.ground import settings

# -- authenticators --------------------------------------------------------------------------------------------------


def test_a_code_of_the_app_is_taken_once_and_a_telephone_may_be_half_a_minute_off(ground: Ground) -> None:
    salma = account(ground, "salma", "officer")
    app, _ = enrolled(ground, salma)
    assert check(ground, salma, app.at(ground.now)) is None, "the code that set it up was taken"
    ground.now = NOW + timedelta(seconds=60)
    assert check(ground, salma, "000000") is None
    late = app.at(ground.now - timedelta(seconds=30))
    typed = f"{late[:3]} {late[3:]}".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert check(ground, salma, typed) == "totp"
    assert check(ground, salma, late) is None
    assert check(ground, salma, app.at(ground.now + timedelta(seconds=30))) == "totp"
    assert check(ground, salma, app.at(ground.now)) is None, "a step before the last that was taken"
    assert check(ground, salma, app.at(ground.now + timedelta(seconds=90))) is None


def test_it_answers_the_values_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # appendix B: 12345678901234567890; the last six of eight digits
    for moment, digits in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert second_factors._step_of(secret, digits, float(moment), since=0) == moment // 30


def test_the_secret_is_sealed_and_no_code_on_paper_is_kept(ground: Ground) -> None:
    salma = account(ground, "salma", "officer")
    app, paper = enrolled(ground, salma)
    kept = str(ground.database.read(Statement(select(second_factor)), {})) + str(
        ground.database.read(Statement(select(recovery_code)), {}))
    assert app.secret not in kept and not any(one.replace("-", "") in kept for one in paper)
    assert len(set(paper)) == second_factors.PAPER_CODES


def test_a_code_on_paper_opens_once_and_new_ones_void_the_old(ground: Ground) -> None:
    salma, karim = account(ground, "salma", "officer"), account(ground, "karim", "inspector")
    _, paper = enrolled(ground, salma)
    enrolled(ground, karim)
    assert check(ground, karim, paper[0]) is None
    assert check(ground, salma, paper[0].lower().replace("-", " ")) == "recovery"
    assert check(ground, salma, paper[0]) is None
    assert ground.run(lambda work: second_factors.state(work, salma))["codes_left"] == 9
    fresh = ground.run(lambda work: second_factors.renew_codes(work, salma))
    assert check(ground, salma, paper[1]) is None and check(ground, salma, fresh[1]) == "recovery"
    assert told(ground).count("account.recovery_code_used") == 2


def test_a_first_code_that_does_not_fit_sets_nothing_up(ground: Ground) -> None:
    salma = account(ground, "salma", "officer")
    with pytest.raises(Refusal) as refused:
        ground.run(lambda work: second_factors.set_up(work, salma, second_factors.new_secret(), "12345"))
    assert code(refused) == "second_factor_wrong"
    assert not ground.run(lambda work: second_factors.exists(work, salma))


def test_a_role_that_needs_an_authenticator_may_nothing_before_it_is_set_up(ground: Ground) -> None:
    ground.settings.environ["SHUBBAK_TOTP_ROLES"] = "finance_head, administrator"
    admin, officer = account(ground, "admin", "administrator"), account(ground, "salma", "officer")
    weak = staff(ground, session(ground, admin))
    assert (weak.demand, weak.actor.roles) == ("authenticator_required", ("unsecured",))
    assert not weak.actor.permits("account.manage") and weak.actor.permits("account.own")
    assert staff(ground, session(ground, admin, accounts.TOTP)).actor.roles == ("administrator",)
    assert staff(ground, session(ground, officer)).demand is None
    token = session(ground, admin)
    ground.run(lambda work: accounts.strengthen(work, staff(ground, token).session_id, accounts.TOTP))
    assert staff(ground, token).demand is None


def test_in_production_administrators_need_one_unless_said_otherwise() -> None:
    from chassis.config import Mode

    live = settings()
    object.__setattr__(live, "mode", Mode.PRODUCTION)
    assert accounts.needs_second_factor(live, ["administrator"])
    assert not accounts.needs_second_factor(live, ["officer"])
    live.environ["SHUBBAK_TOTP_ROLES"] = "none"
    assert not accounts.needs_second_factor(live, ["administrator"])
    assert not accounts.needs_second_factor(settings(), ["administrator"])

# -- own sessions and password ---------------------------------------------------------------------------------------


def test_own_sessions_are_listed_and_ended_one_by_one_or_all_but_this(ground: Ground) -> None:
    salma, karim = account(ground, "salma", "officer"), account(ground, "karim", "inspector")
    first, second, other = session(ground, salma), session(ground, salma), session(ground, karim)
    this = staff(ground, first)
    listed = ground.run(lambda work: accounts.sessions_of(work, salma, this.session_id))
    assert sorted(one["this"] for one in listed) == [False, True]
    ended = staff(ground, other).session_id
    ground.run(lambda work: accounts.end_session(work, salma, ended))
    assert staff(ground, other) is not None, "nobody ends another's"
    ground.run(lambda work: accounts.end_sessions(work, salma, keep=this.session_id))
    assert staff(ground, second) is None and staff(ground, first) is not None
    ground.run(lambda work: accounts.end_session(work, salma, this.session_id))
    assert staff(ground, first) is None


def test_the_use_of_a_session_is_written_down_to_five_minutes(ground: Ground) -> None:
    salma = account(ground, "salma", "officer")
    token = session(ground, salma)
    ground.now = NOW + timedelta(minutes=4)
    staff(ground, token)
    [seen] = ground.run(lambda work: accounts.sessions_of(work, salma))
    assert seen["seen_at"] == NOW.isoformat()
    ground.now = NOW + timedelta(minutes=6)
    staff(ground, token)
    [seen] = ground.run(lambda work: accounts.sessions_of(work, salma))
    assert seen["seen_at"] == ground.now.isoformat()


def test_a_new_password_ends_the_other_sessions(ground: Ground) -> None:
    salma = account(ground, "salma", "officer")
    this, other = session(ground, salma), session(ground, salma)
    held = staff(ground, this).session_id

    def change(old: str, new: str) -> None:
        ground.run(lambda work: accounts.change_password(work, salma, old, new, held))

    for old, new, why in (("not this", "a new password", "password_wrong"), ("a long password", "short",
                          "password_short"), ("a long password", "a long password", "password_same")):
        with pytest.raises(Refusal) as refused:
            change(old, new)
        assert code(refused) == why
    change("a long password", "another password")
    assert staff(ground, this) is not None and staff(ground, other) is None
    assert ground.run(lambda work: accounts.check_password(work, "salma", "another password")) is not None
    assert ground.run(lambda work: accounts.check_password(work, "salma", "a long password")) is None
