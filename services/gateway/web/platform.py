"""What the pages and the API ask of the rest of the platform, and nothing more of it than this."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import current_app, g

from chassis.actors import Actor, Signer
from chassis.config import Settings
from chassis.database import Statement
from chassis.errors import ConfigurationError
from chassis.privacy import Privacy
from rules.calendar import cairo_date
from services.gateway.guide import Guide
from services.gateway.organisation import Organisation

T = TypeVar("T")
CALL_SECONDS = 6.0
UPLOAD_SECONDS = 20.0


class Platform:
    """The gateway's service as its web door sees it: calls to other services, the gateway's own database, the guide."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self.settings: Settings = service.settings
        self.privacy: Privacy = service.privacy
        if self.settings.actor_private_key is None:
            raise ConfigurationError("gateway: SHUBBAK_ACTOR_PRIVATE_KEY is not set")
        self._signer = Signer(self.settings.actor_private_key)
        self.guide = Guide(self.read, self.now)
        self.organisation = Organisation(self.read)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        """The Cairo date."""
        return cairo_date(self.now())

    def read(self, statement: Statement, **params: Any) -> list[Any]:
        """Rows of the gateway's own database, in the platform's own name."""
        rows: list[Any] = self._service.unit_of_work().all(statement, **params)
        return rows

    def live(self) -> dict[str, dict[str, bool]]:
        return {"gateway": self._service.live}

    def ready(self) -> dict[str, dict[str, bool]]:
        return {"gateway": self._service.ready}

    def call(
        self,
        method: str,
        payload: dict[str, Any],
        actor: Actor,
        *,
        command_id: UUID | None = None,
        timeout: float = CALL_SECONDS,
    ) -> dict[str, Any]:
        """Ask another service in the name of `actor`. Raises Refusal, or one of chassis.errors."""
        token = self._signer.sign(actor, self.now())
        answer: dict[str, Any] = self._service.calls(
            method, payload, actor=token, command_id=command_id, timeout=timeout, correlation_id=g.correlation_id
        )
        return answer

    def run(self, work: Callable[[Any], T], actor: Actor) -> T:
        """Run a piece of work of the gateway's own database and commit it."""
        answer: T = self._service.attempt(work, actor)
        return answer


def platform() -> Platform:
    return cast(Platform, current_app.extensions["platform"])
