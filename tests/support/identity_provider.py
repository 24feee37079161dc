"""A small provider of OpenID Connect on the loopback, of Authlib's server side: authorisation code with PKCE demanded,
client secret, nonce, signed ID tokens, discovery and keys. Whoever comes is `user` and agrees at once.

It can be made to lie: another issuer, audience, nonce or key in what it signs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "shubbak-cairo", "the secret between the two"


class Client:
    """The node, as the provider registered it."""

    client_id = CLIENT_ID
    id_token_signed_response_alg = "RS256"

    def __init__(self, back_to: str) -> None:
        self._back_to = back_to

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self._back_to

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self._back_to

    def check_client_secret(self, secret: str) -> bool:
        return secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class IdentityProvider:
    """`user` is what the token says of who logs in; `lies` is laid over it; `asked` are the questions that came."""

    def __init__(self, back_to: str) -> None:
        self.client = Client(back_to)
        self.user: dict[str, Any] = {"sub": "salma-at-the-ministry"}
        self.lies: dict[str, Any] = {}
        self.codes: dict[str, Any] = {}
        self.asked: list[str] = []
        self.url = ""
        self.key = self._shown_key = RSAKey.generate_key(2048, {"kid": "first"})
        self.app = self._make()

    def renew_key(self, *, shown: bool = True) -> None:
        """Sign with another key from now on, and show it (`shown`) or go on showing the old one."""
        self.key = RSAKey.generate_key(2048, {"kid": "second"})
        if shown:
            self._shown_key = self.key

    def _make(self) -> Flask:
        app = Flask("identity provider")
        server = AuthorizationServer(app, query_client=lambda one: self.client if one == CLIENT_ID else None,
                                     save_token=lambda *_: None)
        provider = self

        class Code(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

            def save_authorization_code(self, code: str, asked: Any) -> None:
                given = asked.payload.data
                provider.codes[code] = SimpleNamespace(
                    code=code, nonce=given.get("nonce"), redirect_uri=asked.payload.redirect_uri,
                    scope=asked.payload.scope, code_challenge=given.get("code_challenge"),
                    code_challenge_method=given.get("code_challenge_method"), get_redirect_uri=lambda: given[
                        "redirect_uri"], get_scope=lambda: given["scope"], get_nonce=lambda: given.get("nonce"),
                    get_auth_time=lambda: int(time.time()), get_acr=lambda: provider.user.get("acr"),
                    get_amr=lambda: provider.user.get("amr"))

            def query_authorization_code(self, code: str, client: Any) -> Any:
                return provider.codes.get(code)

            def delete_authorization_code(self, authorization_code: Any) -> None:
                del provider.codes[authorization_code.code]

            def authenticate_user(self, authorization_code: Any) -> Any:
                return SimpleNamespace(**provider.user)

        class Signed(OpenIDCode):
            def exists_nonce(self, nonce: str, asked: Any) -> bool:
                return False

            def resolve_client_private_key(self, client: Any) -> Any:
                return provider.key

            def get_client_claims(self, client: Any) -> dict[str, Any]:
                now = int(time.time())
                return {"iss": provider.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300}

            def get_encode_header(self, client: Any) -> dict[str, Any]:
                return {"alg": "RS256", "kid": provider.key.kid}

            def generate_user_info(self, user: Any, scope: str) -> UserInfo:
                return UserInfo({**provider.user, **provider.lies})

        server.register_grant(Code, [Signed(require_nonce=True), CodeChallenge(required=True)])

        @app.get("/.well-known/openid-configuration")
        def description() -> Any:
            self.asked.append("description")
            return jsonify(issuer=self.url, authorization_endpoint=f"{self.url}/authorize",
                           token_endpoint=f"{self.url}/token", jwks_uri=f"{self.url}/keys")

        @app.get("/keys")
        def keys() -> Any:
            self.asked.append("keys")
            return jsonify(keys=[self._shown_key.as_dict(private=False)])

        @app.get("/authorize")
        def authorize() -> Any:
            self.asked.append("authorize " + request.query_string.decode())
            return server.create_authorization_response(grant_user=SimpleNamespace(**self.user))

        @app.post("/token")
        def token() -> Any:
            self.asked.append("token")
            return server.create_token_response()

        return app


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def running(back_to: str) -> Iterator[IdentityProvider]:
    """A provider on a free port, whose one client may be sent back to `back_to`."""
    provider = IdentityProvider(back_to)
    server = make_server("127.0.0.1", 0, provider.app, handler_class=_Quiet)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
