"""Single sign-on against a real provider of OpenID Connect, run here on the loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyotp
import pytest
import requests

from chassis.config import Mode
from chassis.errors import ConfigurationError
from services.gateway import accounts, second_factors
from services.gateway.web import oidc
from services.gateway.web.caller import STAFF_COOKIE
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running
from tests.unit.gateway.ground import Service, client_of, hidden, settings

pytestmark = pytest.mark.filterwarnings("ignore:The 'grant' parameter will become mandatory")  # Authlib's of itself
BACK = "http://localhost/ar/staff/login/oidc/return"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    monkeypatch.setitem(os.environ, "AUTHLIB_INSECURE_TRANSPORT", "1")  # of the provider: it speaks plain HTTP here
    with running(BACK) as one:
        yield one


class Office:
    """A node with single sign-on, and a browser in front of it."""

    def __init__(self, provider: IdentityProvider, **more: str) -> None:
        self.provider, self.service = provider, Service()
        self.service.settings.environ.update({
            "SHUBBAK_OIDC_ISSUER": provider.url, "SHUBBAK_OIDC_CLIENT_ID": CLIENT_ID,
            "SHUBBAK_OIDC_CLIENT_SECRET": CLIENT_SECRET, **more})
        self.client = client_of(self.service)

    def prepare(self, external_id: str, *roles: str) -> Any:
        token = self.service.log_in(*roles)
        row = self.service.sessions.pop(accounts.hash_of(token))
        row.id, row.external_id, row.active, row.password_hash = uuid4(), external_id, True, "-"
        self.service.accounts[roles[0]] = row
        return row

    def go(self, path: str = "/ar/staff/login/oidc") -> str:
        """Log in at the provider: the address that it sends the browser back to."""
        sent = self.client.get(path)
        assert sent.status_code == 303, sent.get_data(as_text=True)
        assert sent.location.startswith(self.provider.url + "/authorize?")
        back = requests.get(sent.location, allow_redirects=False, timeout=5)
        assert back.status_code == 302 and back.headers["Location"].startswith(BACK)
        return str(back.headers["Location"])

    def come_back(self, address: str) -> Any:
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    @property
    def is_in(self) -> bool:
        return self.client.get_cookie(STAFF_COOKIE) is not None


def problem(answer: Any) -> str:
    page = answer.get_data(as_text=True)
    return page.split('data-problem="')[1].split('"')[0] if "data-problem" in page else ""


def test_who_has_a_prepared_account_comes_in_with_the_roles_that_we_gave(provider: IdentityProvider) -> None:
    office = Office(provider)
    office.prepare("salma-at-the-ministry", "officer")
    assert "/ar/staff/login/oidc" in office.client.get("/ar/staff/login").get_data(as_text=True)
    answer = office.come_back(office.go("/ar/staff/login/oidc?next=/ar/services"))
    assert (answer.status_code, answer.location) == (303, "/ar/services") and office.is_in
    assert office.client.get_cookie("shubbak_oidc") is None


def test_what_goes_to_the_provider_is_pkce_state_and_nonce_and_no_name(provider: IdentityProvider) -> None:
    office = Office(provider)
    asked = parse_qs(urlsplit(office.client.get("/ar/staff/login/oidc").location).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert set(asked) == {"client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
                          "code_challenge_method", "response_type"}
    again = parse_qs(urlsplit(office.client.get("/ar/staff/login/oidc").location).query)
    assert all(asked[one] != again[one] for one in ("state", "nonce", "code_challenge"))


def test_whom_the_provider_knows_and_we_do_not_stays_out_and_no_account_is_made(provider: IdentityProvider) -> None:
    office = Office(provider)
    office.prepare("somebody-else", "officer")
    answer = office.come_back(office.go())
    assert (answer.status_code, problem(answer)) == (403, "oidc_no_account") and not office.is_in
    assert len(office.service.accounts) == 1 and "session.refused" in office.service.audited
    office.service.accounts["officer"].external_id, office.service.accounts["officer"].active = (
        "salma-at-the-ministry", False)
    assert problem(office.come_back(office.go())) == "oidc_no_account"


def test_the_claim_is_a_setting_and_an_email_counts_only_verified(provider: IdentityProvider) -> None:
    office = Office(provider, SHUBBAK_OIDC_CLAIM="email", SHUBBAK_OIDC_SCOPE="openid email")
    office.prepare("salma@cairo.example", "officer")
    provider.user |= {"email": "salma@cairo.example", "email_verified": False}
    assert problem(office.come_back(office.go())) == "oidc_failed"
    provider.user["email_verified"] = True
    assert office.come_back(office.go()).status_code == 303 and office.is_in


@pytest.mark.parametrize("lie", [{"iss": "https://elsewhere.example"}, {"aud": "another-client"},
                                 {"nonce": "another"}, {"exp": 1_600_000_000}, {"sub": ""}, {"sub": 7},
                                 {"azp": "another-client"}])
def test_a_token_that_is_not_for_us_opens_nothing(provider: IdentityProvider, lie: dict[str, Any]) -> None:
    office = Office(provider)
    office.prepare("salma-at-the-ministry", "officer")
    provider.lies = lie
    answer = office.come_back(office.go())
    assert (answer.status_code, problem(answer)) == (401, "oidc_failed") and not office.is_in


def test_a_new_key_of_the_provider_is_looked_up_and_a_strangers_is_not_taken(provider: IdentityProvider) -> None:
    office = Office(provider)
    office.prepare("salma-at-the-ministry", "officer")
    assert office.come_back(office.go()).status_code == 303
    provider.renew_key()
    assert office.come_back(office.go()).status_code == 303
    provider.renew_key(shown=False)
    assert problem(office.come_back(office.go())) == "oidc_failed"


def test_state_code_and_browser_must_be_those_that_began(provider: IdentityProvider) -> None:
    office = Office(provider)
    office.prepare("salma-at-the-ministry", "officer")
    address = office.go()
    assert problem(office.come_back(address.replace("state=", "state=x"))) == "oidc_failed"
    stranger = Office(provider)
    stranger.service.accounts = office.service.accounts
    assert problem(stranger.come_back(address)) == "oidc_failed", "a browser that never began"
    stranger.go()
    assert problem(stranger.come_back(address)) == "oidc_failed", "another log-in's answer"
    assert office.come_back(address).status_code == 303
    assert problem(office.come_back(address)) == "oidc_failed", "a code is good once"
    assert problem(office.come_back(f"{BACK}?error=access_denied")) == "oidc_failed"


def test_an_account_with_an_authenticator_is_asked_for_a_code_unless_the_provider_asked_for_more(
    provider: IdentityProvider,
) -> None:
    office = Office(provider)
    row = office.prepare("salma-at-the-ministry", "administrator")
    app = pyotp.TOTP(second_factors.new_secret())
    office.service.factors[row.id] = SimpleNamespace(
        secret=office.service.privacy.seal(app.secret, field=second_factors.SECRET), last_step=0,
        set_up_at=datetime.now(UTC))
    page = office.come_back(office.go()).get_data(as_text=True)
    assert not office.is_in
    answer = office.client.post("/ar/staff/login/code", data={
        "csrf": hidden(page, "csrf"), "begun": hidden(page, "begun"), "next": "", "code": app.now()})
    assert answer.status_code == 303 and office.is_in
    strong = Office(provider)
    strong.service.accounts, strong.service.factors = office.service.accounts, office.service.factors
    provider.user["amr"] = ["pwd", "mfa"]
    assert strong.come_back(strong.go()).status_code == 303 and strong.is_in


def test_a_role_that_needs_a_second_factor_is_not_open_by_a_weak_sign_on(provider: IdentityProvider) -> None:
    office = Office(provider, SHUBBAK_TOTP_ROLES="administrator", SHUBBAK_OIDC_STRONG_ACR="gold")
    office.prepare("salma-at-the-ministry", "administrator")
    assert office.come_back(office.go()).location == "/ar/staff/account"
    provider.user["acr"] = "gold"
    assert office.come_back(office.go()).location == "/ar/staff"


def test_a_provider_that_is_away_is_said_to_be_so() -> None:
    service = Service()
    service.settings.environ.update({
        "SHUBBAK_OIDC_ISSUER": "http://127.0.0.1:9", "SHUBBAK_OIDC_CLIENT_ID": "x", "SHUBBAK_OIDC_CLIENT_SECRET": "y"})
    answer = client_of(service).get("/ar/staff/login/oidc")
    assert answer.status_code == 503 and answer.headers["Retry-After"]


def test_where_it_is_not_set_up_nothing_offers_it() -> None:
    client = client_of(Service())
    assert "oidc" not in client.get("/ar/staff/login").get_data(as_text=True)
    assert problem(client.get("/ar/staff/login/oidc")) == "oidc_off"


_WHOLE = {"OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "the real one"}


@pytest.mark.parametrize(("mode", "given"), [
    ("production", {**_WHOLE, "OIDC_ISSUER": "http://id.example"}),
    ("production", {**_WHOLE, "OIDC_ISSUER": "http://127.0.0.1"}),
    ("production", {**_WHOLE, "OIDC_ISSUER": "id.example"}), ("production", {**_WHOLE, "OIDC_CLIENT_ID": ""}),
    ("production", {**_WHOLE, "OIDC_CLIENT_SECRET": ""}), ("production", {**_WHOLE, "OIDC_CLIENT_SECRET": "sample-1"}),
    ("demo", _WHOLE), ("training", _WHOLE)])  # fmt: skip
def test_what_cannot_be_a_provider_is_told_at_start(mode: str, given: dict[str, str]) -> None:
    of = settings()
    object.__setattr__(of, "mode", Mode(mode))
    of.environ.update({f"SHUBBAK_{name}": value for name, value in given.items()})
    with pytest.raises(ConfigurationError):
        oidc.of(of)


def test_a_provider_of_a_real_node_is_taken_as_it_is_set() -> None:
    of = settings()
    object.__setattr__(of, "mode", Mode.PRODUCTION)
    of.environ.update({f"SHUBBAK_{name}": value for name, value in _WHOLE.items()})
    found = oidc.of(of)
    assert found is not None and found.issuer == "https://id.example"
