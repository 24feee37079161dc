"""Who may come in where. Every route is registered with the permission it takes; one without cannot be registered, and
what was not registered so is never served. Visitors hold the role `public`, so a public page names a permission too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint, Flask, request

from rules import roles

F = TypeVar("F", bound=Callable[..., Any])

JSON = ("application/json",)
FORM = ("application/x-www-form-urlencoded", "multipart/form-data")
BODY_BYTES = 64 * 1024
"""Largest body of a door that takes no documents."""


class UnguardedRoute(RuntimeError):
    """A route was registered without a permission, or with one that rules.roles does not know."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a route demands before its view runs. `permission` may be several with `|` between: any of them lets in,
    and the view demands the one that what is asked for takes."""

    permission: str
    media_types: tuple[str, ...] = ()
    idempotent: bool = False
    csrf: bool = False
    limit: int = BODY_BYTES
    staff: bool = False
    signed: bool = False

    @property
    def permissions(self) -> tuple[str, ...]:
        return tuple(self.permission.split("|"))

    def lets_in(self, permits: Callable[[str], bool]) -> bool:
        """Whether somebody of whom `permits` tells what they may do comes in here."""
        return any(permits(permission) for permission in self.permissions)


class Doors(Flask):
    """A Flask app that serves nothing without a gate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.gates: dict[str, Gate] = {}
        kwargs["static_folder"] = None  # files are served by a route with a permission, as all else
        super().__init__(*args, **kwargs)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        gate = options.pop("gate", None)
        name = endpoint or (view_func.__name__ if view_func else "")
        if not isinstance(gate, Gate):
            raise UnguardedRoute(f"{rule} ({name}) names no permission")
        if not set(gate.permissions) <= set(roles.load().permissions):
            raise UnguardedRoute(f"{rule} ({name}) names an unknown permission: {gate.permission!r}")
        self.gates[name] = gate
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options=False, **options)

    def gate_of_request(self) -> Gate | None:
        """The gate of the route that this request met; None when it met none (404, 405)."""
        if request.url_rule is None:
            return None
        return self.gates[request.url_rule.endpoint]


def door(
    blueprint: Blueprint,
    method: str,
    rule: str,
    *,
    permission: str,
    media_types: tuple[str, ...] = (),
    idempotent: bool = False,
    csrf: bool = False,
    limit: int = BODY_BYTES,
    staff: bool = False,
    signed: bool = False,
    **options: Any,
) -> Callable[[F], F]:
    """Register a view. `permission` is one of rules.roles; `media_types` are the bodies it takes (none: any);
    `idempotent` demands an Idempotency-Key; `csrf` demands the form's token; `limit` bounds the body in bytes;
    `staff` demands somebody who is logged in, whatever the public may; `signed` takes a message whose
    sender's signature the service behind checks: it comes in the role of a payment rail,
    of a message provider or of a registered device, by its permission, without a session."""
    gate = Gate(permission, media_types, idempotent, csrf, limit, staff, signed)
    decorate: Callable[[F], F] = blueprint.route(rule, methods=[method], gate=gate, **options)
    return decorate
