"""The HTTP door of the sandboxes: the rails' APIs and pages, and what tests and people look at."""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response as AnyResponse

from infra.peers import magic
from infra.peers.mail import MailSink
from infra.peers.outbox import LANGUAGES, mail_page, outbox_page
from infra.peers.pay_page import orders_page, pay_page
from infra.peers.rail import RailError
from infra.peers.rails import Rails
from infra.peers.sms_http import HttpOperator
from infra.peers.smsc import MessageCentre
from infra.peers.statements import statement
from infra.peers.terminal import approve

RAIL_PATHS = ("/fawry", "/paymob", "/efinance", "/pay")


def build(rails: Rails, centre: MessageCentre, mail: MailSink, operator: HttpOperator, cut: Any) -> Flask:
    """The Flask application. `cut` cuts the SMPP connections from any thread."""
    app, rail = Flask("peers"), rails.rail
    for blueprint in rails.doors():
        app.register_blueprint(blueprint)
    app.register_blueprint(operator.door())
    parts: dict[str, Any] = {"rail": rail, "smsc": centre, "smtp": mail, "sms_http": operator}

    @app.before_request
    def faults() -> AnyResponse | None:
        if not request.path.startswith(RAIL_PATHS):
            return None
        if rail.settings["delay_ms"]:
            time.sleep(rail.settings["delay_ms"] / 1000)
        return Response("the rail is down", 503) if rail.settings["down"] else None

    @app.errorhandler(RailError)
    def refused(error: RailError) -> tuple[Response, int]:
        shown = {"type": "ErrorResponse", "statusCode": error.code, "statusDescription": error.text}
        return jsonify(shown), error.status

    @app.get("/charges")
    def charges() -> Response:
        return jsonify([{"rail": c.rail, "merchant_reference": c.merchant_reference, "reference": c.reference,
                         "amount": c.amount, "status": c.status, "paid_amount": c.paid_amount, "refunds": c.refunds,
                         "unsent": len(c.unsent)} for c in rail.store.all()])

    @app.post("/terminals/<terminal_id>/slips")
    def slip(terminal_id: str) -> Response:
        return jsonify(approve(rail.store, terminal_id.upper(), request.get_json(silent=True) or {}))

    @app.get("/statements/<name>")
    def daily_statement(name: str) -> Response:
        percent = rail.settings["commissions"].get(name, "0")
        said = statement(rail.store, name, request.args.get("day", ""), percent)
        return Response(said, content_type="text/csv; charset=utf-8")

    @app.get("/")
    def orders() -> str:
        return orders_page(rail.store.all())

    @app.get("/pay/<reference>")
    def page(reference: str) -> str:
        found = rail.store.by_reference(reference)
        if found is None:
            raise RailError(404, 9938, "no such reference")
        return pay_page(found)

    @app.post("/pay/<reference>")
    def pay(reference: str) -> AnyResponse:
        given = (request.get_json(silent=True) if request.is_json else request.form) or {}
        behaviour = given.get("behaviour") or None
        if given.get("card"):
            behaviour = behaviour or magic.of_card(given["card"])
            if behaviour is None:
                raise RailError(422, 9905, "no test card")
        paid = rail.pay(reference, behaviour)
        if request.is_json:
            return jsonify({"reference": paid.reference, "status": paid.status, "paid_amount": paid.paid_amount})
        return redirect(f"/pay/{reference}", 303)

    @app.get("/sent")
    def sent() -> Response:
        attempts = rail.callbacks.sent()
        wanted = request.args.get("merchant_reference")
        callbacks = [a for a in attempts if wanted in (None, a["merchant_reference"])]
        return jsonify({"count": len(callbacks), "callbacks": callbacks})

    @app.delete("/sent")
    def forget_sent() -> tuple[str, int]:
        rail.callbacks.forget_sent()
        return "", 204

    @app.get("/sms")
    def sms() -> Response:
        wanted = request.args.get("to")
        messages = [{**m, "over": over} for over, one in (("smpp", centre), ("http", operator))
                    for m in one.messages() if wanted in (None, m["to"])]
        messages.sort(key=_came)
        return jsonify({"count": len(messages), "messages": messages, "submissions": len(centre.parts()),
                        "binds": centre.binds, "calls": operator.calls, "callbacks": operator.callbacks(),
                        "reporting": centre.reporting + operator.reporting})

    @app.delete("/sms")
    def forget_sms() -> tuple[str, int]:
        centre.forget()
        operator.forget()
        return "", 204

    @app.get("/mail")
    def mails() -> Response:
        wanted = request.args.get("to")
        messages = [m for m in mail.messages() if wanted is None or wanted in m["to"]]
        return jsonify({"count": len(messages), "messages": messages, "connections": mail.connections})

    @app.delete("/mail")
    def forget_mail() -> tuple[str, int]:
        mail.forget()
        return "", 204

    @app.get("/outbox")
    def outbox_first() -> AnyResponse:
        return redirect(f"/outbox/{LANGUAGES[0]}")

    @app.get(f"/outbox/<any({','.join(LANGUAGES)}):language>")
    def outbox(language: str) -> str:
        return outbox_page(language, centre.messages(), mail.messages())

    @app.get(f"/outbox/<any({','.join(LANGUAGES)}):language>/mail/<int:number>")
    def one_mail(language: str, number: int) -> str | tuple[str, int]:
        kept = mail.messages()
        return mail_page(language, kept[number]) if number < len(kept) else ("no such message", 404)

    @app.post("/sms/replies")
    def write_back() -> tuple[Response, int]:
        said = request.get_json(silent=True) or {}
        number, text = str(said.get("from", "")), str(said.get("text", ""))
        taken = centre.write_back(number, text, str(said.get("to", "Shubbak")))
        return jsonify({"bound": taken}), 202 if taken else 503

    @app.get("/control")
    def settings() -> Response:
        return jsonify({name: part.settings for name, part in parts.items()})

    @app.post("/control")
    def control() -> tuple[Response, int] | Response:
        wanted = request.get_json(silent=True) or {}
        known = {name: {*part.settings} for name, part in parts.items()}
        known["smsc"].add("drop_now")
        unknown = [f"{name}.{key}" for name, values in wanted.items() for key in values
                   if key not in known.get(name, ())]
        if unknown:
            return jsonify({"unknown": unknown}), 422
        for name, values in wanted.items():
            if values.pop("drop_now", False):
                cut()
            parts[name].settings.update(values)
        rail.callbacks.wake()
        return settings()

    @app.get("/health/live")
    def live() -> Response:
        return jsonify({"status": "live"})

    return app


class HttpDoor:
    """Serves the application from threads of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._wanted = host, port
        self._server: BaseWSGIServer
        self._thread: threading.Thread | None = None

    def bind(self) -> int:
        """Take the port before the application exists: the kiosk's address must be known to build it."""
        self._server = make_server(self._host, self._wanted, Flask("not ready"), threaded=True)
        return int(self._server.port)

    def serve(self, app: Flask) -> None:
        self._server.app = app
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _came(message: dict[str, Any]) -> float:
    """When a message began to come, whichever operator took it."""
    return float(message["at"] if "at" in message else min(part["at"] for part in message["parts"]))
