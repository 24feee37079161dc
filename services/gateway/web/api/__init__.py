"""API v1: the doors of programs."""

from __future__ import annotations

from threading import Lock
from typing import Any

from flask_smorest import Api, Blueprint

from services.gateway.web.api import (
    access_log,
    accounts,
    afterwards,
    agencies,
    agency,
    asyncapi,
    bill_changes,
    bills,
    boards,
    campaigns,
    catalog,
    charges,
    citizens,
    collections,
    counter,
    deadlines,
    desk,
    devices,
    engine,
    evidence,
    finding,
    guide,
    intake,
    keys,
    letter_answers,
    letters,
    licence_register,
    licences,
    link_commands,
    links,
    machinery,
    me,
    message_providers,
    message_templates,
    messages,
    national,
    openapi,
    organisation,
    preferences,
    reconciliation,
    refunds,
    requests,
    services,
    sessions,
    statement_files,
    tasks,
    turns,
    verification,
    versions,
    visits,
)

DESCRIPTION = """One window between a citizen and local government.

Every POST of a client but the log-in carries an `Idempotency-Key`: repeat a request with the same key and it takes \
effect once. `POST /sessions` and `POST /citizens/sessions` carry none: a token is never stored, so the answer cannot \
be repeated; log in again. \
Errors are RFC 9457 problem details with a stable `code` and both languages; `Accept-Language` chooses the language of \
`title` and `detail` (Arabic unless asked otherwise). Public inquiry takes the tracking number in the address and the \
phone's last four digits in the header `X-Phone-Last4`, so that the digits never stand in an address or a log. \
`X-Correlation-Id` is taken over when sent and always answered. Amounts are whole piastres (EGP 1 = 100), times UTC."""


class DescribedLater(Api):  # type: ignore[misc]
    """Opens the doors at once and describes them when somebody first asks: that takes longer than all the rest of a
    start."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self._undescribed: list[Blueprint] = []
        self._describing = Lock()

    def register_blueprint(self, blp: Blueprint, **options: Any) -> None:
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._undescribed.append(blp)

    def description(self) -> dict[str, Any]:
        """The OpenAPI document of all doors."""
        with self._describing:
            while self._undescribed:
                blp = self._undescribed.pop(0)
                blp.register_views_in_doc(self, self._app, self.spec, name=blp.name, parameters=None)
                self.spec.tag({"name": blp.name, "description": blp.description})
            described: dict[str, Any] = self.spec.to_dict()
            return described


def register(app: Any) -> None:
    """Add the API to the app."""
    app.config.update(
        API_TITLE="Shubbak",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={"info": {"description": DESCRIPTION}},
    )
    smorest = DescribedLater(app)
    openapi.describe_security(smorest.spec)
    for module in (finding, services, versions, guide, requests, intake, tasks, bills, bill_changes, refunds,
                   collections, boards, counter, licences, messages, message_providers, deadlines, desk, devices,
                   licence_register, letters, verification, afterwards, preferences, message_templates, campaigns,
                   machinery, links, sessions, me, accounts, keys, agencies, agency, citizens,
                   organisation, catalog, visits, turns, access_log, engine, statement_files, reconciliation, openapi,
                   national, asyncapi, evidence, charges, letter_answers, link_commands):
        smorest.register_blueprint(module.blueprint)
    app.extensions["openapi"] = smorest
