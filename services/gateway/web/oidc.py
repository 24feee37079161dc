"""Single sign-on of the staff by a provider of OpenID Connect (Core 1.0, 3.1): authorisation code with PKCE (RFC 7636),
state and nonce. Who somebody is comes from the provider, what they may stays ours: the claim must name an account that
an administrator prepared, and none is ever made here.

Calls to the provider go out on green sockets and hold up nobody else; each waits CALL_SECONDS at most. No database work
is open meanwhile.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from chassis.config import Mode, Settings
from chassis.errors import ConfigurationError, Unavailable
from rules.refusal import refuse

log = logging.getLogger(__name__)
CALL_SECONDS = 5.0
FRESH_SECONDS = 3600.0
LEEWAY = 60
"""Seconds that the provider's clock may be off."""
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
_NEAR = ("localhost", "127.0.0.1", "::1", "sandbox")
STRONG = frozenset({"mfa", "otp", "hwk", "sc"})
"""Ways of RFC 8176 that are more than a password."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in on its way: where the browser goes, and what it must bring back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Known:
    """Whom the provider knows, and whether it asked for more than a password."""

    external_id: str
    strong: bool


class Provider:
    """The provider that the settings name: OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_CLAIM (`sub`),
    OIDC_SCOPE (`openid`), OIDC_STRONG_ACR (levels that count as more than a password, comma between)."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = (settings.env("OIDC_ISSUER") or "").rstrip("/")
        parts = urlsplit(self.issuer)
        if settings.mode is Mode.PRODUCTION:
            if parts.scheme != "https" or not parts.hostname:
                raise ConfigurationError("SHUBBAK_OIDC_ISSUER must be an https address")
        elif parts.scheme not in ("http", "https") or parts.hostname not in _NEAR:  # nothing leaves the machine
            raise ConfigurationError("SHUBBAK_OIDC_ISSUER must be on this machine in demo and training")
        self._client_id = settings.env("OIDC_CLIENT_ID") or ""
        if not self._client_id:
            raise ConfigurationError("SHUBBAK_OIDC_CLIENT_ID is not set")
        self._secret = settings.secret("OIDC_CLIENT_SECRET")
        self._claim = settings.env("OIDC_CLAIM") or "sub"
        self._scope = settings.env("OIDC_SCOPE") or "openid"
        self._strong_acr = {one.strip() for one in (settings.env("OIDC_STRONG_ACR") or "").split(",") if one.strip()}
        self._document: dict[str, Any] = {}
        self._keys: Any = None
        self._fetched = float("-inf")

    def begin(self, back_to: str) -> Begun:
        """Send a browser to the provider, which sends it on to `back_to`."""
        nonce, verifier = generate_token(32), generate_token(64)
        with self._session(back_to) as session:
            address, state = session.create_authorization_url(
                self._known()["authorization_endpoint"], nonce=nonce, code_verifier=verifier)
        return Begun(address, state, nonce, verifier)

    def finish(self, came_back: str, back_to: str, begun: Begun) -> Known:
        """Who came back with the address `came_back`. Refuses oidc_failed for all that is not as it must be: another
        state, a code that does not hold, a token of another issuer, client, nonce or time, a wrong signature."""
        try:
            with self._session(back_to, begun.state) as session:
                token = session.fetch_token(
                    self._known()["token_endpoint"], authorization_response=came_back, code_verifier=begun.verifier,
                    timeout=CALL_SECONDS)
            claims = self._claims(token, begun.nonce)
        except requests.RequestException as error:
            raise Unavailable(f"the provider of single sign-on: {type(error).__name__}") from error
        except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("single sign-on failed", extra={"why": type(error).__name__})
            raise refuse("oidc_failed") from error
        external_id = claims.get(self._claim)
        if not isinstance(external_id, str) or not external_id or (
                self._claim == "email" and claims.get("email_verified") is not True):
            log.warning("single sign-on without the claim", extra={"claim": self._claim})
            raise refuse("oidc_failed")
        ways = claims.get("amr")
        shown = bool(STRONG.intersection(ways if isinstance(ways, list) else ()))
        return Known(external_id, shown or claims.get("acr") in self._strong_acr)

    def _claims(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            found = jwt.decode(token["id_token"], key=self._key_set(), registry=registry)
        except (JoseError, ValueError):  # it may have been signed with a key that came after we looked
            found = jwt.decode(token["id_token"], key=self._key_set(anew=True), registry=registry)
        options = {"iss": {"essential": True, "values": [self._known()["issuer"]]},
                   "aud": {"essential": True, "values": [self._client_id]},
                   "nonce": {"essential": True, "value": nonce}}
        claims = CodeIDToken(found.claims, found.header, options=options, params={
            "nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")})
        claims.validate(leeway=LEEWAY)
        return dict(found.claims)

    def _session(self, back_to: str, state: str | None = None) -> OAuth2Session:
        return OAuth2Session(self._client_id, self._secret, scope=self._scope, redirect_uri=back_to, state=state,
                             code_challenge_method="S256")

    def _known(self) -> dict[str, Any]:
        """The provider's own description (OpenID Connect Discovery 1.0), an hour old at most."""
        if time.monotonic() - self._fetched > FRESH_SECONDS:
            document = _fetch(self.issuer + "/.well-known/openid-configuration")
            if str(document.get("issuer", "")).rstrip("/") != self.issuer:
                raise Unavailable("the provider of single sign-on calls itself by another name")
            self._document, self._keys, self._fetched = document, None, time.monotonic()
        return self._document

    def _key_set(self, *, anew: bool = False) -> Any:
        if self._keys is None or anew:
            self._keys = KeySet.import_key_set(cast(Any, _fetch(self._known()["jwks_uri"])))
        return self._keys


def of(settings: Settings) -> Provider | None:
    """The provider, or None where single sign-on is not set up. ConfigurationError for what cannot be one."""
    return Provider(settings) if settings.env("OIDC_ISSUER") else None


def _fetch(address: str) -> dict[str, Any]:
    try:
        answer = requests.get(address, timeout=CALL_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(f"the provider of single sign-on: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Unavailable("the provider of single sign-on answers no object")
    return found
