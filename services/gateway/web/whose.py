"""Whose work a door is: a governorate's own, the centre's, or both. The same images run as a node and as the centre, so
every door is there in both; one that is not this place's work says where it is done.

At the centre there is no service of requests: what needs it refuses by itself (Platform.call). Here stands what else is
a node's own, and which pages of a node have another face at the centre.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request

from rules.refusal import refuse
from services.gateway.web.platform import platform

OF_A_NODE = frozenset((
    "bills", "bindings", "boards", "cashier", "choices", "citizens", "complaints", "completing", "counter",
    "desk_answers", "desk_late", "desk_oversight", "desk_people", "desk_register", "desk_visits", "device_entry",
    "devices", "field", "intake", "portal_review", "queue", "rate", "reads", "turns", "units", "verify", "visits",
    "window", "window_acts", "window_intake", "api_citizens", "api_counter", "api_bills", "api_services",
))  # fmt: skip
"""Blueprints that are a governorate's own work."""
OF_BOTH = frozenset((
    "intake.show_drafts", "intake.resume", "counter.verify", "api_bills.take_callback", "api_bills.list_rails",
))  # fmt: skip
"""Doors of these that are for both all the same."""
OF_THE_CENTRE = frozenset((
    "national.show_governorate", "national.show_unit", "api_national.list_governorates",
    "api_national.list_national_services", "api_national.lodge_nationally", "api_national.show_money",
    "finance_charges.show", "finance_charges.workbook", "finance_charges.lines", "finance_charges.show_refund",
    "finance_charges.settle_refund",
))  # fmt: skip

INSTEAD: dict[str, Callable[..., Any]] = {}
"""Endpoint of a node → the view that stands there at the centre."""


def instead(endpoint: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a view as what stands at a node's door at the centre."""

    def keep(view: Callable[..., Any]) -> Callable[..., Any]:
        INSTEAD[endpoint] = view
        return view

    return keep


def of_this_place(endpoint: str) -> bool:
    """Whether a door is work of this place."""
    if not platform().at_centre:
        return endpoint not in OF_THE_CENTRE
    return endpoint in OF_BOTH or endpoint in INSTEAD or endpoint.split(".")[0] not in OF_A_NODE


def demand() -> None:
    """Refuse not_at_the_centre, before anybody is asked to log in for what is not there."""
    if platform().at_centre and request.endpoint is not None and not of_this_place(request.endpoint):
        raise refuse("not_at_the_centre")


def at_its_place() -> Any:
    """At the centre its own face of a page that both have; at a node refuse only_at_the_centre. Runs after it was
    checked who may come in."""
    endpoint = request.endpoint
    if endpoint is None or not platform().at_centre:
        if endpoint in OF_THE_CENTRE:
            raise refuse("only_at_the_centre")
        return None
    return INSTEAD[endpoint](**(request.view_args or {})) if endpoint in INSTEAD else None
