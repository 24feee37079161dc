"""What the pages and the API ask of the rest of the platform, and nothing more of it than this."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import current_app, g

from chassis import commands
from chassis.actors import Actor, Signer
from chassis.config import Role, Settings
from chassis.database import Statement
from chassis.errors import ConfigurationError
from chassis.privacy import Privacy
from rules.calendar import cairo_date
from services.gateway.guide import Entry, Guide
from services.gateway.national import stand_in
from services.gateway.national.guide import NationalGuide
from services.gateway.organisation import Organisation
from services.gateway.web import oidc
from services.gateway.web.limits import Limits

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
        self.national = NationalGuide(self.read, self.today)
        self.limits = Limits(self.settings)
        self.oidc = oidc.of(self.settings)

    @property
    def at_centre(self) -> bool:
        """Whether this is the centre and not a governorate's node."""
        return self.settings.role is Role.CENTRE

    def offer(self, code: str) -> Entry | None:
        """The service in force today: of this node's guide, or at the centre, by its address, of a governorate's."""
        return self.national.get(code) if self.at_centre else self.guide.get(code)

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
        """Ask another service in the name of `actor`. Raises Refusal, or one of chassis.errors. At the centre there is
        no service of requests: what of it the national portal needs is answered here."""
        if self.at_centre and method.startswith("requests."):
            return stand_in.answer(self, method, payload, actor, command_id)
        token = self._signer.sign(actor, self.now())
        answer: dict[str, Any] = self._service.calls(
            method, payload, actor=token, command_id=command_id, timeout=timeout, correlation_id=g.correlation_id
        )
        return answer

    def run(self, work: Callable[[Any], T], actor: Actor) -> T:
        """Run a piece of work of the gateway's own database and commit it."""
        answer: T = self._service.attempt(work, actor)
        return answer

    def reader(self) -> Callable[[], Any]:
        """What makes units of work to read by, in the platform's own name, while an answer already goes out."""
        make: Callable[[], Any] = self._service.unit_of_work
        return make

    def once(
        self, command_id: UUID, method: str, payload: Any, work: Callable[[Any], dict[str, Any]], actor: Actor
    ) -> dict[str, Any]:
        """Run a command of the gateway's own: applied once, answered alike when it comes again (chassis.commands)."""
        return commands.apply(lambda: self._service.unit_of_work(actor), command_id, method, payload, work)


def platform() -> Platform:
    return cast(Platform, current_app.extensions["platform"])
