"""The web door with everything behind it played: other services answer from a table, the database from memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import orjson
from flask.testing import FlaskClient

from chassis import config
from chassis.actors import Actor, Verifier, public_key_of
from chassis.privacy import Privacy
from contracts.definition import authoring, load_definition
from rules.refusal import Refusal, refuse
from services.gateway import accounts, colleagues, denials, guide, organisation, partners, second_factors, throttle
from services.gateway.web.access import Doors
from services.gateway.web.app import create_app
from services.gateway.web.caller import STAFF_COOKIE
from services.gateway.web.platform import Platform

GUIDE = Path(__file__).resolve().parents[3] / "services" / "catalog" / "guide"
PRIVATE = b"\x07" * 32
BILL_ID = "01980c5e-7c00-7000-8000-000000000001"
TASK_ID = "01980c5e-7c00-7000-8000-000000000002"
NUMBER = "01-26-21263991-J"


def settings() -> config.Settings:
    return config.load(
        "gateway",
        {
            "SHUBBAK_MODE": "demo",
            "SHUBBAK_NODE": "EG-C",
            "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": "postgresql://nowhere/none",
            "SHUBBAK_KEYS_STORE": "k1:sample-store",
            "SHUBBAK_KEY_LOOKUP": "sample-lookup",
            "SHUBBAK_ACTOR_PRIVATE_KEY": "sample-actor",
            "SHUBBAK_ACTOR_PUBLIC_KEYS": "sample-actor-public",
            "SHUBBAK_AUDIT_PRIVATE_KEY": "sample-audit",
        },
    )


@cache
def _documents() -> dict[str, bytes]:
    """The guide's own files by their codes, read once a run."""
    loaded = map(load_definition, authoring.read_folder(GUIDE).values())
    return {one["code"]: orjson.dumps(one) for one in loaded}


class Definition:
    """A row of the gateway's copy of the guide. Its document is this test's own, and is made when it is looked at."""

    version, effective_from = 1, date(2026, 1, 1)

    def __init__(self, code: str) -> None:
        self.code = code

    @cached_property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(_documents()[self.code])
        return found


def definitions() -> list[Any]:
    """The guide's own files as rows of the gateway's copy."""
    return [Definition(code) for code in _documents()]


class Work:
    """A unit of work whose database is `Service`'s memory. A statement nobody expected is an error of the test."""

    def __init__(self, service: Service, actor: Actor) -> None:
        self.service, self.actor, self.privacy, self.settings = service, actor, service.privacy, service.settings
        self.now = datetime.now(UTC)

    def all(self, statement: Any, **params: Any) -> list[Any]:
        if statement is guide._STAMP:
            return [(len(self.service.definitions), len(self.service.retirements))]
        if statement is guide._KEYS:
            return self.service.definitions
        if statement is guide._DOCUMENTS:
            return [row for row in self.service.definitions if row.code in params["codes"]]
        if statement is guide._RETIREMENTS:
            return self.service.retirements
        if statement is organisation._STAMP:
            return [(len(self.service.organisation),)]
        if statement is organisation._ALL:
            return self.service.organisation
        if statement is colleagues._OF_ROLE:
            return [SimpleNamespace(id=one, username=one, display_name=name) for one, name in self.service.clerks]
        if statement is colleagues._NAMES:
            known = self.service.names
            return [SimpleNamespace(id=one, display_name=known[one]) for one in params["ids"] if one in known]
        raise AssertionError(f"unexpected read: {statement.sql}")

    def first(self, statement: Any, **params: Any) -> Any:
        if statement is accounts._BY_TOKEN:
            return self.service.sessions.get(params["token_hash"])
        if statement is accounts._BY_NAME:
            return self.service.accounts.get(params["username"])
        if statement in (accounts._BY_ID, accounts._BY_EXTERNAL_ID):
            (name, value), = params.items()
            wanted = {"account_id": "id"}.get(name, name)
            return next((one for one in self.service.accounts.values() if getattr(one, wanted, None) == value), None)
        if statement is second_factors._FACTOR:
            return self.service.factors.get(params["owner"])
        if statement is partners._BY_TOKEN:
            return self.service.keys.get(params["hashed"])
        raise AssertionError(f"unexpected read: {statement.sql}")

    def scalar(self, statement: Any, **params: Any) -> Any:
        assert statement is throttle._COUNTED
        return self.service.failures[params["key"]]

    def write(self, statement: Any, expect: int | None = None, **params: Any) -> None:
        if statement is throttle._ADD:
            self.service.failures[params["key"]] += 1
        elif statement is accounts._OPEN:
            row = next(iter(self.service.accounts.values()))
            self.service.sessions[params["token_hash"]] = row
        elif statement is accounts._REVOKE:
            self.service.sessions.pop(params["seen"], None)
        elif statement is second_factors._TAKEN:
            self.service.factors[params["owner"]].last_step = params["step"]
        else:
            raise AssertionError(f"unexpected write: {statement.sql}")

    def aside(self, statement: Any, **params: Any) -> None:
        assert statement is denials._COUNT
        self.service.denied.append((params["who"], params["route"], params["permission"], params["code"]))

    def require(self, permission: str, unit: str | None = None) -> None:
        if not (self.actor.permits(permission) and self.actor.reaches(unit)):
            self.deny(permission, unit or "")
            raise refuse("forbidden")

    def deny(self, permission: str, subject: str) -> None:
        self.service.audited.append(f"denied {permission}")

    def audit(self, action: str, subject: str, **details: Any) -> None:
        self.service.audited.append(action)


class Service:
    """What the chassis gives the door, played. `answers` maps an RPC to an answer, a callable or an exception."""

    def __init__(self) -> None:
        self.settings = settings()
        self.privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        self.verifier = Verifier((public_key_of(self.settings.actor_private_key or b""),))
        self.definitions = definitions()
        self.retirements: list[Any] = []
        self.organisation: list[Any] = []
        self.sessions: dict[bytes, Any] = {}
        self.accounts: dict[str, Any] = {}
        self.names: dict[str, str] = {}  # of colleagues, by account
        self.clerks: list[tuple[str, str]] = []  # user names and names of a unit's people of some role
        self.failures: Counter[bytes] = Counter()
        self.audited: list[str] = []
        self.denied: list[tuple[str, str, str, str]] = []
        self.factors: dict[Any, Any] = {}
        self.keys: dict[bytes, Any] = {}
        self.answers: dict[str, Any] = {}
        self.called: list[SimpleNamespace] = []
        self.platform: Platform | None = None  # None until a browser comes: reads the guide when it is first asked for
        self.ready = {"database": True, "bus": True, "taking": True}

    def unit_of_work(self, actor: Actor | None = None) -> Work:
        return Work(self, actor or Actor("service:gateway", "system", ("system",)))

    def attempt(self, run: Callable[[Any], Any], actor: Actor | None = None) -> Any:
        return run(self.unit_of_work(actor))

    def calls(self, method: str, payload: Any, *, actor: str, command_id: Any = None, **options: Any) -> Any:
        who = self.verifier.verify(actor, datetime.now(UTC))
        self.called.append(SimpleNamespace(method=method, payload=payload, actor=who, command_id=command_id, **options))
        answer = self.answers.get(method, refuse("not_found"))
        if callable(answer):
            answer = answer(payload)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def log_in(self, *roles: str, unit: str | None = "EG-C-01", department: str | None = None) -> str:
        """A session of somebody with these roles; answers its token."""
        token = "token-of-" + "-".join(roles) + "-0123456789"
        self.sessions[accounts.hash_of(token)] = SimpleNamespace(
            id=f"account:{roles[0]}", username=roles[0], display_name="سلمى", roles=list(roles), unit=unit,
            department=department, window_number=None, channel="centre", session_id=uuid4(), how="password",
            password_temporary=False, seen_at=datetime.now(UTC),
        )  # fmt: skip
        return token


@cache
def _app() -> Doors:
    """One app for all tests: what it holds of its own is the same for everybody, all else is in the platform."""
    return create_app(Service())


def app_of(service: Service) -> Doors:
    """The app in front of this service, until another is asked for."""
    if service.platform is None:
        service.platform = Platform(service)
    app = _app()
    app.extensions["platform"] = service.platform
    return app


class Browser(FlaskClient):
    """Comes to its own service's door with each request, whoever came to the app before."""

    service: Service

    def open(self, *args: Any, **kwargs: Any) -> Any:
        app_of(self.service)
        return super().open(*args, **kwargs)


def client_of(service: Service, staff_token: str | None = None) -> FlaskClient:
    """A browser, or a program, in front of this service's door."""
    app = app_of(service)
    client = Browser(app, app.response_class)
    client.service = service
    if staff_token:
        client.set_cookie(STAFF_COOKIE, staff_token)
    return client


def csrf_of(client: FlaskClient) -> str:
    """The form token of this browser, read off a page as a browser would."""
    page = client.get("/ar/staff/login").get_data(as_text=True)
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no hidden {name}"
    return found[1]


def refused(code: str, field: str | None = None) -> Refusal:
    return refuse(code, field)
