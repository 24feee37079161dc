"""A tablet of the mobile district, as the tests hold one: its own key, its receipts, what it signs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.answers import load
from contracts import requests_mobile as language
from rules import device_keys, release
from services.requests import devices, releases
from tests.support.requests_ground import UNIT, Ground, staff

ADMINISTRATOR = staff("admin", "administrator")
MOBILE = staff("mobile", "mobile_clerk")


class Tablet:
    """A device over a ground, from its key on."""

    def __init__(self, ground: Ground, unit: str = UNIT, seed: bytes | None = None) -> None:
        self.ground, self.unit, self.receipts = ground, unit, 0
        self.key = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        self.public_key = device_keys.public_text(self.key)
        self.id = UUID(int=0)

    def registration(self, **changes: Any) -> dict[str, Any]:
        said = device_keys.registration(self.unit, self.public_key)
        return {"unit": self.unit, "label": "لوح 1", "public_key": self.public_key,
                "proof": device_keys.sign(said, self.key), **changes}

    def registered(self) -> Tablet:
        body = load(language.RegisterDevice(), self.registration())
        made = self.ground.attempt(lambda work: devices.register(work, body), ADMINISTRATOR)
        self.id = UUID(made["device_id"])
        return self

    def certified(self, days: int = 30) -> Tablet:
        self.registered()
        self.act("certify", days=days)
        return self

    def act(self, code: str, **more: Any) -> dict[str, Any]:
        """`certify`, `suspend`, `resume`, `revoke` or `return_serials`."""
        schema = {"certify": language.CertifyDevice, "return_serials": language.ReturnSerials}.get(
            code, language.ChangeDevice)  # fmt: skip
        if code != "certify":
            more = {"reason": "سبب مكتوب", **more}
        body = load(schema(), {"device_id": str(self.id), **more})
        answer: dict[str, Any] = self.ground.attempt(lambda work: getattr(devices, code)(work, body), ADMINISTRATOR)
        return answer

    def row(self) -> Any:
        return devices.by_id(self.ground.unit_of_work(), self.id)

    def tickets(self, *requests: dict[str, Any], until: datetime, actor: Any = MOBILE) -> list[dict[str, Any]]:
        ids = [UUID(one["request_id"]) for one in requests]
        found: list[dict[str, Any]] = self.ground.attempt(
            lambda work: releases.tickets(work, devices.certified(work, self.id), ids, until), actor)
        return found

    def released(self, ticket: dict[str, Any], at: datetime | None = None, receipt: int | None = None,
                 ) -> dict[str, Any]:  # fmt: skip
        """What the tablet reports once it took the fee and printed the licence."""
        if receipt is None:
            self.receipts += 1
        made = release.Release((at or self.ground.now).replace(microsecond=0), receipt or self.receipts)
        return {"ticket_id": ticket["ticket_id"], "released_at": made.released_at.isoformat(),
                "receipt_number": made.receipt_number, "qr": release.release(ticket["ticket"], made, self.key)}

    def report(self, body: dict[str, Any], clerk: str = MOBILE.id) -> dict[str, Any]:
        """As the upload does: under a device that is certified now."""
        answer: dict[str, Any] = self.ground.attempt(
            lambda work: releases.apply(work, devices.certified(work, self.id), body, self.ground.now, clerk), MOBILE)
        return answer

    def report_cash(self, body: dict[str, Any], clerk: str = MOBILE.id) -> bool:
        """As the upload does with what was refused."""
        answer = self.ground.attempt(
            lambda work: releases.report_cash_only(work, self.row(), body, self.ground.now, clerk), MOBILE)
        return bool(answer["told"])
