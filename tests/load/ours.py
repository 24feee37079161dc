"""The same trivial work on our chassis, under the names, users and permissions of real services.

    python -m tests.load.ours callee       "catalog" with one query; prints "started"
    python -m tests.load.ours caller PID   "gateway" without a web door; calls the callee and prints what a call cost
    python -m tests.load.ours web          "gateway" with its real web door and one route more, /api/v1/ping/<text>
    python -m tests.load.ours log          "requests" with its log's sequencer and relay alone
    python -m tests.load.ours inbox        "notifications" with one subscription that writes nothing of its own

Each is the whole of what a real service pays: actor checked, permission, payload loaded, unit of work, metrics.
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
from chassis import runner  # isort: skip  (patches before anything else is imported)

import eventlet
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from chassis import actors
from chassis.service import Service, query, subscribe
from chassis.web import FlaskServer
from contracts.catalog import PUBLISHED
from contracts.requests import LICENCE_ISSUED
from tests.load import driving


class Ping(Schema):
    text = fields.String(required=True, validate=validate.Length(1, 100))


class Callee(Service):
    name = "catalog"

    @query("catalog.ping", Ping, permission="guide.read")
    def ping(self, work: Any, body: Any) -> dict[str, Any]:
        return {"pong": body["text"]}


class Caller(Service):
    name = "gateway"

    @subscribe(PUBLISHED, way="each")  # a service has at least one door; nothing is published here
    def ignore(self, work: Any, event: Any) -> None:
        """Nothing comes."""


class Web(Service):
    name = "gateway"
    web = FlaskServer("tests.load.ours:web_app")

    @subscribe(PUBLISHED, way="each")
    def ignore(self, work: Any, event: Any) -> None:
        """Nothing comes."""


class Log(Service):
    name = "requests"

    @query("requests.ping", Ping, permission="guide.read")
    def ping(self, work: Any, body: Any) -> dict[str, Any]:
        return {"pong": body["text"]}


class InboxAlone(Service):
    name = "notifications"

    @subscribe(LICENCE_ISSUED, way="each")
    def count(self, work: Any, event: Any) -> None:
        """The inbox row is the whole effect."""


def web_app(service: Any) -> Any:
    """The gateway's real application with one route more, whose answer another service gives."""
    from services.gateway.web.access import door
    from services.gateway.web.api.answers import PREFIX, answer
    from services.gateway.web.app import create_app
    from services.gateway.web.caller import caller
    from services.gateway.web.platform import platform

    app = create_app(service)
    blueprint = Blueprint("bench", __name__, url_prefix=PREFIX)

    @door(blueprint, "GET", "/ping/<text>", permission="guide.read")
    def ping(text: str) -> Any:
        return answer(platform().call("catalog.ping", {"text": text}, caller().actor))

    app.register_blueprint(blueprint)
    return app


def _drive(process: runner.Process) -> None:
    platform = process.platform("gateway")
    while not all(platform.ready.values()):
        eventlet.sleep(0.05)
    signer = actors.Signer(platform.settings.actor_private_key)

    def call() -> Any:
        token = signer.sign(actors.PUBLIC, platform.context.clock())
        return platform.calls("catalog.ping", {"text": driving.TEXT}, actor=token)

    driving.drive(call, callee_pid=int(sys.argv[2]))


def main() -> None:
    service: Any = {"callee": Callee, "caller": Caller, "web": Web, "log": Log, "inbox": InboxAlone}[sys.argv[1]]
    runner.service_class = lambda _: service
    sys.exit(runner.run((service.name,), _drive if service is Caller else _say_started))


def _say_started(process: runner.Process) -> None:
    sys.stdout.write("started\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
