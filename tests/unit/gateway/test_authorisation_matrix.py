"""Every route, every role: who is let in and who is not, as authorisation_matrix.txt beside this file says.

The table is complete by construction: the routes come from the app and the roles from rules/roles.yaml, and a route
or a role that the table does not have fails here. After a change that is meant, write it anew and read what changed:

    python -m tests.unit.gateway.test_authorisation_matrix
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from flask import Flask, Response

from chassis.actors import Actor
from rules import roles
from services.gateway import accounts, partners
from services.gateway.citizens import Citizen
from services.gateway.web import caller as door
from services.gateway.web.caller import CITIZEN_COOKIE, STAFF_COOKIE, Caller
from tests.unit.gateway.ground import Service, client_of, csrf_of

TABLE = Path(__file__).parent / "authorisation_matrix.txt"
KEY = "shk_" + "k" * 43
STAFF = sorted(code for code, role in roles.load().roles.items() if role.staff)
# As whom one may stand at a door. The others of rules/roles.yaml come in by their own doors: see SIGNED.
CALLERS = ("public", "citizen", "bound_citizen", "partner", "unsecured", *STAFF)
SIGNED = {"rail", "provider", "device", "system"}
IN, LOG_IN, NO = "in", "log in", "no"
HEAD = """\
# Who is let in where. One line a route: method, route, permission, and who is let in; everybody else is turned away:
# whoever is not logged in is told to log in (401, on the pages a redirect), all others are told no (403).
#
# public         nobody logged in              citizen, bound_citizen  by a one-time code
# partner        a key with every scope        unsecured               staff whose log-in is not complete
# visitors       public, citizen and bound_citizen
# staff          every role that is given to staff
# everybody      all of these                  signed                  a message with a signature, checked behind
#
# What a role may is one thing, whose it is another: the services refuse what is another unit's, see
# tests/integration/test_unit_matrix.py.
"""


def test_the_table_names_every_route_and_who_is_let_in() -> None:
    told, real = TABLE.read_text().splitlines(), drawn().splitlines()
    assert [line for line in real if line not in told] == [], "not in the table"
    assert [line for line in told if line not in real] == [], "in the table and not so"
    assert told == real


def test_every_role_stands_in_the_table_or_comes_by_a_door_of_its_own() -> None:
    from_outside = set(CALLERS) | SIGNED
    assert set(roles.load().roles) - from_outside == set()


def test_who_is_turned_away_is_told_to_log_in_or_told_no() -> None:
    for route in routes():
        for caller, answer in answers(route).items():
            if answer == IN:
                continue
            on_page, for_staff = not route[1].startswith("/api/"), route[3]
            stranger = (
                caller == "public"
                or (caller in ("citizen", "bound_citizen") and (on_page or for_staff))
                or (caller == "partner" and (on_page or for_staff))  # a key opens no page
                or (caller not in ("citizen", "bound_citizen") and route[4].startswith("citizens."))
            )
            assert answer == (LOG_IN if stranger else NO), (route, caller)


def test_a_route_that_the_table_does_not_have_fails() -> None:
    """The comparison can fail: one line less in the table is found."""
    told = TABLE.read_text().splitlines()
    assert [line for line in drawn().splitlines() if line not in told[:-1]] != []


# -- asking ----------------------------------------------------------------------------------------------------------

Route = tuple[str, str, str, bool, str]


def routes() -> list[Route]:
    """Method, rule, permission, whether somebody of the staff is demanded, endpoint; in the order of the table."""
    app: Any = _Ground.get().app
    return sorted(
        (method, re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", rule.rule), gate.permission, gate.staff, rule.endpoint)
        for rule in app.url_map.iter_rules() for gate in [app.gates[rule.endpoint]]
        for method in rule.methods - {"HEAD", "OPTIONS"}
    )  # fmt: skip


def answers(route: Route) -> dict[str, str]:
    """How each caller is answered at a route: in, log in or no."""
    return _Ground.get().answers[route]


def drawn() -> str:
    """The table as the door answers now."""
    lines = []
    for route in sorted(routes(), key=lambda one: (one[1].replace("<", "~"), one[0])):
        method, rule, permission, staff, endpoint = route
        gate = _Ground.get().app.gates[endpoint]
        who = "signed" if gate.signed else _named([one for one, answer in answers(route).items() if answer == IN])
        lines.append(f"{method:<7}{rule:<66} {permission + (' staff' if staff else ''):<36} {who}")
    return HEAD + "\n".join(lines) + "\n"


def _named(let_in: list[str]) -> str:
    left, said = set(let_in), []
    for name, group in (("everybody", CALLERS), ("visitors", CALLERS[:3]), ("staff", STAFF)):
        if left >= set(group):
            said.append(name)
            left -= set(group)
    return ", ".join([*said, *sorted(left)]) or "nobody"


class _Ground:
    """The app with every view taken out, so that only the door answers; asked once for everybody."""

    _one: _Ground | None = None

    def __init__(self) -> None:
        self.service = Service()
        self.service.definitions = []
        self.service.settings.environ["SHUBBAK_RATE_LIMITS"] = "off"
        self.client = client_of(self.service)
        self.app: Any = self.client.application
        self.answers: dict[Route, dict[str, str]] = {}

    @classmethod
    def get(cls) -> _Ground:
        if cls._one is None:
            cls._one = cls()
            cls._one._ask()
        return cls._one

    def _ask(self) -> None:
        views = self.app.view_functions
        csrf_of(self.client)  # the app has met its first request: nothing of it is made later
        type(self)._one = self
        let_in = dict.fromkeys(views, _inside)
        people = {name: self._caller(name) for name in CALLERS}
        with patch.dict(views, let_in), patch.object(door, "_holder", lambda token: people.get(token)):
            for route in routes():
                self.answers[route] = {name: self._answer(route, name) for name in CALLERS}

    def _caller(self, name: str) -> Caller | None:
        if name == "public":
            return None
        if name in ("citizen", "bound_citizen"):
            held = ("citizen",) if name == "citizen" else ("citizen", "bound_citizen")
            who = Actor("01980c5e-0000-7000-8000-000000000001", "citizen", held)
            known = Citizen(who, UUID(int=1), "national_id", "28503150101232", "01012345678", "ar")
            return Caller(who, "c", citizen=known)
        if name == "partner":
            self.service.keys[partners.hash_of(KEY)] = SimpleNamespace(
                id=UUID(int=7), name="Bank", scopes=list(partners.scopes()), units=None, per_minute=6000,
                used_at=datetime.now(UTC))
            found = partners.partner_of(self.service.unit_of_work(), KEY)
            assert found is not None
            return Caller(found.actor)
        self.service.log_in("officer" if name == "unsecured" else name)
        token = next(reversed(self.service.sessions))
        self.service.sessions[token].password_temporary = name == "unsecured"
        with patch.object(accounts, "hash_of", lambda _: token):
            staff = accounts.staff_of(self.service.unit_of_work(), "x" * 40, datetime.now(UTC))
        assert staff is not None
        return Caller(staff.actor, "s", staff.username, session_id=staff.session_id, demand=staff.demand)

    def _answer(self, route: Route, name: str) -> str:
        method, rule, *_ = route
        path = self._path(route)
        headers = {"Idempotency-Key": "0123456789abcdef"}
        on_page = not rule.startswith("/api/")
        for cookie in (STAFF_COOKIE, CITIZEN_COOKIE):
            self.client.delete_cookie(cookie)
        if name != "public" and on_page:
            if name != "partner":  # a key is taken by the API alone
                self.client.set_cookie(CITIZEN_COOKIE if "citizen" in name else STAFF_COOKIE, name)
        elif name != "public":
            headers["Authorization"] = f"Bearer {name}"
        answer = self.client.open(path, method=method, headers=headers)
        if answer.status_code == 204:
            return IN
        if answer.status_code == 303:
            return NO if answer.location.endswith("/staff/account") else LOG_IN
        code = (answer.get_json(silent=True) or {}).get("code") or re.findall(
            r'data-problem="(\w+)"', answer.get_data(as_text=True))[0]
        if code == "unauthenticated":
            return LOG_IN
        return NO if code in ("forbidden", "password_to_change") else IN

    def _path(self, route: Route) -> str:
        rule = next(one for one in self.app.url_map.iter_rules(route[4]) if route[0] in one.methods
                    and re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", one.rule) == route[1])
        found: str = rule.rule
        for part in re.findall(r"<[^<>]+>", found):
            found = found.replace(part, _sample(part))
        return found


def _sample(part: str) -> str:
    """A value that fits the place in the address."""
    kind, _, name = part.strip("<>").rpartition(":")
    if name == "lang":
        return "ar"
    if kind == "uuid":
        return "01980c5e-7c00-7000-8000-000000000001"
    if kind.startswith("int"):
        return "1"
    if kind.startswith("any("):
        return kind[4:-1].split(",")[0].strip()
    return "x"


def _inside(**_: Any) -> Response:
    return Response(status=204)


if __name__ == "__main__":
    assert isinstance(_Ground.get().app, Flask)
    TABLE.write_text(drawn())
    sys.stdout.write(f"{TABLE.name}: {len(routes())} routes\n")
