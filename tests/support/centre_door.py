"""A door over a real database, in either role: what the chassis gives the gateway's web, without a bus."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask.testing import FlaskClient
from werkzeug.serving import make_server

from chassis.actors import Actor, system
from chassis.config import Role
from chassis.uow import Context, UnitOfWork, attempt
from rules.refusal import refuse
from services.gateway.web.access import Doors
from services.gateway.web.app import create_app
from services.gateway.web.platform import Platform
from tests.support.centre_ground import Centre


class Door:
    """Stands where the platform stands for the web door. `answers` maps an RPC to an answer or an exception."""

    live = ready = {"database": True}

    def __init__(self, ground: Centre, *, role: Role = Role.CENTRE, node: str = "EG", **more: str) -> None:
        self.ground = ground
        named = {f"SHUBBAK_{name}": value for name, value in more.items()}
        self.settings = replace(ground.settings, role=role, node=node, environ={**ground.settings.environ, **named})
        self.privacy = ground.privacy
        self.answers: dict[str, Any] = {}
        self.called: list[tuple[str, Mapping[str, Any]]] = []

    def unit_of_work(self, actor: Actor | None = None) -> UnitOfWork:
        context = Context(self.settings, self.ground.database, self.privacy, lambda: self.ground.now)
        return UnitOfWork(context, actor or system("gateway"), "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: Actor | None = None) -> Any:
        return attempt(lambda: self.unit_of_work(actor), run)

    def calls(self, method: str, payload: Mapping[str, Any], **options: Any) -> Any:
        self.called.append((method, payload))
        answer = self.answers.get(method, refuse("not_found"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def app(self) -> Doors:
        """The app of this door's role, in front of this door until another of the same role comes; its clock is the
        ground's. To make an app takes longer than a test."""
        held = Platform(self)
        held.now = lambda: self.ground.now  # type: ignore[method-assign]
        app = _app(self.settings.role, self)
        app.extensions["platform"] = held
        return app


_APPS: dict[Role, Doors] = {}


def _app(role: Role, door: Door) -> Doors:
    if role not in _APPS:
        _APPS[role] = create_app(door)
    return _APPS[role]


def browser(app: Doors) -> FlaskClient:
    return app.test_client()


@contextmanager
def served(app: Doors) -> Iterator[str]:
    """The app over HTTP on a free port of the loopback; answers its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
