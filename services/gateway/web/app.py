"""The web door as a Flask app: pages for people, API v1 for programs, one way of saying no."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import orjson
from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from chassis import logs, metrics
from chassis.errors import Busy, Conflict, DeadlineExceeded, Unavailable
from chassis.ids import uuid7
from rules.refusal import Fault, Refusal
from services.gateway import denials
from services.gateway.web import api, ask, bodies, compressing, limits, pages, problems, whose
from services.gateway.web.access import JSON, Doors, Gate
from services.gateway.web.caller import VISITOR, check_csrf, identify, keep_visitor, sender, turned_away
from services.gateway.web.idempotency import command_id
from services.gateway.web.platform import Platform, platform

log = logging.getLogger("shubbak.gateway.web")
_CORRELATION = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Scripts and styles are files of ours and nothing else: none in a page, none from elsewhere, no eval.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_MAY_USE = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=(), display-capture=()"
# What people handed in, or was drawn of it, is looked at without any right of this site.
_CSP_OF_FILES = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_SHOWN_BY_US = ("text/html", "text/css", "text/javascript", "application/javascript", "application/json",
                "application/manifest+json", "application/pdf", problems.MEDIA_TYPE)
_LOG_OUT = ("staff.log_out", "api_sessions.close_session")
_DENIED = ("unauthenticated", "forbidden", "authenticator_required", "password_to_change")
_WITH_SECONDS = ("too_many_requests", "slow_down", "tickets_too_many")
_OF_HTTP = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "media_type_unsupported",
}


def create_app(service: Any) -> Doors:
    """The app of one gateway process. `service` is the platform of the chassis (chassis.service.Platform)."""
    app = Doors("services.gateway.web", template_folder="templates")
    app.config.update(PROPAGATE_EXCEPTIONS=False, MAX_FORM_PARTS=200, MAX_FORM_MEMORY_SIZE=256 * 1024)
    app.extensions["platform"] = Platform(service)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.before_request(_arrive)
    app.before_request(whose.at_its_place)
    app.after_request(_leave)
    app.teardown_request(_gone)
    api.register(app)
    pages.register(app)
    for kind in (HTTPException, Exception):  # after the API, which brings a handler of its own
        app.register_error_handler(kind, _answer_failure)
    app.wsgi_app = bodies.Chunked(app.wsgi_app)  # type: ignore[method-assign]
    proxies = int(service.settings.env("WEB_PROXIES", "0") or 0)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app


def for_programs() -> bool:
    """Whether the request is the API's, which answers problems as JSON."""
    return request.path.startswith("/api/") or request.path == "/api"


def _arrive() -> None:
    """Everything that is checked before a view runs."""
    g.started = time.perf_counter()
    given = request.headers.get("X-Correlation-Id", "")
    g.correlation_id = given if _CORRELATION.fullmatch(given) else str(uuid7())
    logs.correlation.set(g.correlation_id)
    g.caller = VISITOR
    g.language = _language_of_programs() if for_programs() else pages.language_of_request()
    app: Any = _app()
    gate = app.gate_of_request()
    served_to_all = pages.needs_nobody()
    if not served_to_all:
        platform().limits.check(limits.ANY, ask.address())
        platform().limits.enter(ask.address())
        g.entered_from = ask.address()
    if gate is None:
        return
    whose.demand()
    bodies.bound(request, bodies.most(request.mimetype, gate.limit))
    bodies.check_texts([("path", request.path), *request.args.items(multi=True)])
    if served_to_all:
        return
    g.caller = sender(gate.permission) if gate.signed else identify(api=for_programs())
    _bound_rate(gate)
    if gate.staff and not g.caller.is_staff:
        raise Refusal(Fault("unauthenticated"))
    if g.caller.demand and gate.staff and gate.permission != "account.own" and request.endpoint not in _LOG_OUT:
        raise turned_away(gate.permission)
    if not gate.lets_in(g.caller.actor.permits):
        raise turned_away(gate.permission)
    if gate.media_types and request.mimetype not in gate.media_types:
        raise Refusal(Fault("media_type_unsupported", "Content-Type", {"accepted": ", ".join(gate.media_types)}))
    if gate.idempotent:
        g.command_id = command_id(request.path, g.caller.key, request.headers.get("Idempotency-Key"))
    if gate.csrf:
        check_csrf()
        bodies.check_texts(request.form.items(multi=True))
    if JSON[0] in gate.media_types and request.mimetype in JSON and gate.limit <= bodies.CHECKED_BYTES:
        bodies.check_json(request.get_data())


def _gone(_error: BaseException | None) -> None:
    if "entered_from" in g:
        platform().limits.leave(g.pop("entered_from"))


def _bound_rate(gate: Gate) -> None:
    """Count this request for who makes it. Refuses slow_down."""
    who, rule = g.caller, request.url_rule.rule if request.url_rule else ""
    kind = limits.class_of(gate, request.endpoint or "", request.method, rule)
    platform().limits.check(kind, who.actor.id if who.is_known else ask.address(), rule, who.per_minute)


def _app() -> Any:
    return current_app


def _language_of_programs() -> str:
    return request.accept_languages.best_match(("ar", "en")) or "ar"


def _leave(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "unmatched"
    metrics.http(route, request.method, response.status_code, time.perf_counter() - g.get("started", 0.0))
    headers = response.headers
    headers["X-Correlation-Id"] = g.get("correlation_id") or str(uuid7())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["X-Permitted-Cross-Domain-Policies"] = "none"
    if response.mimetype not in _SHOWN_BY_US:
        headers.setdefault("Content-Security-Policy", _CSP_OF_FILES)
    headers.setdefault("Content-Security-Policy", _CSP)
    headers["Permissions-Policy"] = _MAY_USE
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    headers.setdefault("Cache-Control", "no-store")
    if not for_programs():
        keep_visitor(response)
        compressing.compress(response)
    return response


def _answer_failure(error: Exception) -> Response:
    refusal, retry_after = _refusal_of(error)
    if refusal.code in _DENIED:
        _record_denial(refusal.code)
    status = problems.status_of(refusal.faults[0])
    if for_programs():
        body = problems.problem(refusal.faults, g.get("language", "ar"), request.path, g.get("correlation_id", ""))
        response = Response(orjson.dumps(body), status, content_type=problems.MEDIA_TYPE)
    else:
        response = pages.answer_failure(refusal, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if isinstance(error, HTTPException) and error.code == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    if status == 413:
        response.headers["Connection"] = "close"  # or the server would read the rest, however long, to throw it away
    if status == 401 and for_programs():
        response.headers["WWW-Authenticate"] = 'Bearer realm="shubbak"'
    return response


def _record_denial(code: str) -> None:
    """Count it for the audit. Who is turned away is told so even where the database does not answer."""
    gate = _app().gate_of_request()
    if gate is None:
        return
    permission = g.get("denied_permission", gate.permission)
    route = f"{request.method} {request.url_rule.rule if request.url_rule else ''}"
    try:
        platform().run(
            lambda work: denials.count(work, code, route, permission, address=ask.address()), g.caller.actor)
    except Unavailable as error:
        log.warning("denial not recorded", extra={"route": route, "code": code, "error": str(error)})


def _refusal_of(error: Exception) -> tuple[Refusal, int | None]:
    """What is said of a failure, and after how many seconds it is worth trying again."""
    if isinstance(error, Refusal):
        wait = error.faults[0].params.get("seconds") if error.code in _WITH_SECONDS else None
        if wait is None and problems.status_of(error.faults[0]) == 503:
            wait = problems.RETRY_AFTER
        return error, wait
    if isinstance(error, Unavailable):
        kind = {Busy: "busy", DeadlineExceeded: "deadline_exceeded"}.get(type(error), "unavailable")
        log.warning("platform did not answer", extra={"why": kind, "error": str(error)})
        return Refusal(Fault(kind)), problems.RETRY_AFTER
    if isinstance(error, Conflict):
        return Refusal(Fault("conflict")), None
    if isinstance(error, RecursionError):
        return Refusal(Fault("malformed")), None
    if isinstance(error, HTTPException):
        return _refusal_of_http(error), None
    log.exception("request failed", exc_info=error)
    return Refusal(Fault("internal")), None


def _refusal_of_http(error: HTTPException) -> Refusal:
    messages = getattr(error, "data", {}).get("messages")
    if error.code == 422 and isinstance(messages, dict):
        return problems.refusal_of_messages(messages)
    if isinstance(error, RequestEntityTooLarge):
        return Refusal(Fault("too_large", None, {"limit": request.max_content_length}))
    code = _OF_HTTP.get(error.code or 500)
    if code is None:
        log.error("http error without a code of its own", extra={"status": error.code})
        code = "internal" if (error.code or 500) >= 500 else "malformed"
    return Refusal(Fault(code))
