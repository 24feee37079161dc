"""How the staff comes in over the pages and the API: password, then a code where the account has an authenticator."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest

from services.gateway import accounts, second_factors
from services.gateway.web.caller import STAFF_COOKIE
from tests.unit.gateway.ground import Service, client_of, csrf_of, hidden

PASSWORD = "a long password"


class Somebody:
    """An account with a password, and with an authenticator where it is asked for."""

    def __init__(self, *roles: str, factor: bool = False, temporary: bool = False) -> None:
        self.service = Service()
        self.id = uuid4()
        token = self.service.log_in(*roles)
        self.row = self.service.sessions.pop(accounts.hash_of(token))
        self.row.id, self.row.password_hash, self.row.active = self.id, accounts._hasher.hash(PASSWORD), True
        self.row.password_temporary = temporary
        self.service.accounts["salma"] = self.row
        self.app = pyotp.TOTP(second_factors.new_secret())
        if factor:
            self.service.factors[self.id] = SimpleNamespace(
                secret=self.service.privacy.seal(self.app.secret, field=second_factors.SECRET), last_step=0,
                set_up_at=datetime.now(UTC))
        self.client = client_of(self.service)

    def password(self, given: str = PASSWORD, target: str = "") -> Any:
        return self.client.post("/en/staff/login", data={
            "csrf": csrf_of(self.client), "username": "salma", "password": given, "next": target})

    def code(self, page: str, given: str) -> Any:
        return self.client.post("/en/staff/login/code", data={
            "csrf": hidden(page, "csrf"), "begun": hidden(page, "begun"), "next": hidden(page, "next"), "code": given})

    @property
    def is_in(self) -> bool:
        return self.client.get_cookie(STAFF_COOKIE) is not None


def test_a_password_alone_opens_an_account_without_an_authenticator() -> None:
    salma = Somebody("officer")
    answer = salma.password(target="/en/services")
    assert (answer.status_code, answer.location) == (303, "/en/services") and salma.is_in


def test_with_an_authenticator_the_password_leads_to_the_code_and_the_code_in() -> None:
    salma = Somebody("officer", factor=True)
    page = salma.password(target="/en/services").get_data(as_text=True)
    assert not salma.is_in and PASSWORD not in page
    wrong = salma.code(page, "000000")
    assert wrong.status_code == 422 and not salma.is_in
    answer = salma.code(wrong.get_data(as_text=True), salma.app.now())
    assert (answer.status_code, answer.location) == (303, "/en/services") and salma.is_in
    salma.client = client_of(salma.service)
    page = salma.password().get_data(as_text=True)
    assert salma.code(page, salma.app.now()).status_code == 422, "the same code again"


def test_five_wrong_codes_close_the_account_to_codes_for_a_while() -> None:
    salma = Somebody("officer", factor=True)
    page = salma.password().get_data(as_text=True)
    assert [salma.code(page, "000000").status_code for _ in range(6)] == [422] * 5 + [429]
    answer = salma.code(page, salma.app.now())
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0 and not salma.is_in


def test_what_stands_between_password_and_code_ends_with_the_password() -> None:
    salma = Somebody("officer", factor=True)
    page = salma.password().get_data(as_text=True)
    salma.row.password_hash = accounts._hasher.hash("changed meanwhile")
    answer = salma.code(page, salma.app.now())
    assert answer.status_code == 403 and not salma.is_in
    salma.row.active = False
    assert salma.code(page, salma.app.now()).status_code == 403


def test_a_wrong_password_says_nothing_of_an_authenticator() -> None:
    salma = Somebody("officer", factor=True)
    answer = salma.password("not the password")
    assert answer.status_code == 401 and 'name="begun"' not in answer.get_data(as_text=True)


def test_the_api_takes_the_code_beside_the_password() -> None:
    salma = Somebody("officer", factor=True)

    def log_in(**more: str) -> Any:
        return salma.client.post("/api/v1/sessions", json={"username": "salma", "password": PASSWORD, **more})

    asked = log_in()
    assert (asked.status_code, asked.get_json()["code"]) == (401, "second_factor_required")
    assert log_in(code="000000").get_json()["code"] == "second_factor_wrong"
    assert log_in(code=salma.app.now()).status_code == 201


@pytest.mark.parametrize(("roles", "temporary", "why"), [
    (("administrator",), False, "authenticator_required"), (("officer",), True, "password_to_change")])
def test_who_has_still_to_secure_the_log_in_is_led_to_the_own_account_from_everywhere(
    roles: tuple[str, ...], temporary: bool, why: str
) -> None:
    salma = Somebody(*roles, temporary=temporary)
    salma.service.settings.environ["SHUBBAK_TOTP_ROLES"] = "administrator"
    assert salma.password(target="/en/staff/tasks").location == "/en/staff/account"
    for path in ("/en/staff", "/en/staff/shifts"):
        answer = salma.client.get(path)
        assert (answer.status_code, answer.location) == (303, "/en/staff/account"), path
    token = next(iter(salma.client.get_cookie(STAFF_COOKIE).value for _ in range(1)))
    answer = salma.client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, why)
    assert salma.client.get("/en/services").status_code == 200
    out = salma.client.delete("/api/v1/sessions", headers={"Authorization": f"Bearer {token}"})
    assert out.status_code == 204


def test_a_partners_key_opens_no_page_and_only_its_scopes() -> None:
    service = Service()
    key = "shk_" + "k" * 43
    from services.gateway import partners

    service.keys[partners.hash_of(key)] = SimpleNamespace(
        id=UUID(int=7), name="Bank", scopes=["licence.verify"], units=None, per_minute=60, used_at=datetime.now(UTC))
    service.answers["requests.licence"] = {"serial": "x", "fields": {}}
    client, headers = client_of(service), {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/licences/CAI-1/verification", headers=headers).status_code == 200
    assert service.called[-1].actor.scopes == ("licence.verify",)
    assert client.get("/api/v1/services", headers=headers).get_json()["code"] == "forbidden"
    assert client.get("/api/v1/accounts", headers=headers).get_json()["code"] == "forbidden"
    client.set_cookie(STAFF_COOKIE, key)
    assert client.get("/en/staff").status_code == 303
    assert client.get("/api/v1/services", headers={"Authorization": "Bearer shk_" + "x" * 43}).status_code == 401


def test_a_page_left_open_after_its_session_goes_to_the_log_in_whole_and_not_into_a_part_of_itself() -> None:
    asked = {"HX-Request": "true", "HX-Current-URL": "https://node.example/en/staff/board?unit=EG-C-01"}
    answer = client_of(Service()).get("/en/staff/board", headers=asked)
    assert answer.status_code == 401 and not answer.get_data()
    assert answer.headers["HX-Redirect"] == "/en/staff/login?next=%2Fen%2Fstaff%2Fboard"
    astray = client_of(Service()).get("/en/staff/board", headers={**asked, "HX-Current-URL": "http://["})
    assert astray.headers["HX-Redirect"] == "/en/staff/login?next="


def test_what_a_clerk_opened_for_a_citizen_is_closed_with_the_clerks_log_out() -> None:
    service = Service()
    token = service.log_in("window_clerk")
    client = client_of(service, token)
    names = ("shubbak_follow", "shubbak_drafts", "shubbak_completing", "shubbak_visit")
    for name in names:
        client.set_cookie(name, "sealed")
    csrf = csrf_of(client)
    visitor = client.get_cookie("shubbak_visitor")
    assert client.post("/ar/staff/logout", data={"csrf": csrf}).status_code == 303
    left = [name for name in (*names, "shubbak_staff") if client.get_cookie(name) is not None]
    assert left == []
    new = client.get_cookie("shubbak_visitor")
    assert visitor is not None and new is not None and new.value != visitor.value, "its forms are no one's any more"
