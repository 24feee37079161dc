"""The ground of tests about visits and tablets: the capabilities over a real database, a tablet beside them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import commands
from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from chassis.ids import named
from contracts import requests as requests_language
from contracts import requests_mobile
from contracts import requests_visits as language
from contracts.definition import authoring, load_definition
from services.requests import devices, documents, offline, offline_review, visit_bundle, visits
from tests.support.requests_ground import GUIDE, LAST4, UNIT, Ground, staff
from tests.support.tablet import FieldTablet

MANAGER = staff("manager", "centre_manager")
ADMINISTRATOR = staff("admin", "administrator")
CLERK = staff("samir", "mobile_clerk")
OTHER_CLERK = staff("nadia", "mobile_clerk")
ADDRESS = "15 شارع سليم الأول، الزيتون"
PERSON = {"name": "سعاد علي حسن", "phone": "01198765432"}
PERSON_LAST4 = "5432"


class VisitsGround(Ground):
    def fresh(self) -> None:
        super().fresh()
        with self.database.transaction() as connection:
            connection.execute(text("TRUNCATE visit, visit_day, visit_bundle, offline_item, device, device_act, "
                                    "serial_block, reserved_serial, ticket, release_told"))  # fmt: skip

    # visits

    def order(self, **body: Any) -> dict[str, Any]:
        loaded = load(language.OrderVisit(), {"purpose": "intake", "address": ADDRESS, **body})
        found: dict[str, Any] = self.attempt(lambda work: visits.order(work, loaded), PUBLIC)
        return found

    def order_new(self, **body: Any) -> dict[str, Any]:
        """A visit for an application to be made."""
        return self.order(**{"service_code": "shop-licence", "unit": UNIT, "person": PERSON, **body})

    def order_for(self, lodged: Mapping[str, Any], purpose: str = "renewal", **body: Any) -> dict[str, Any]:
        return self.order(**{"purpose": purpose, "tracking_number": lodged["tracking_number"], "phone_last4": LAST4,
                             **body})  # fmt: skip

    def plan(self, visit: Mapping[str, Any], tablet: FieldTablet, day: date | None = None, actor: Actor = MANAGER,
             clerk: Actor = CLERK, **more: Any) -> dict[str, Any]:  # fmt: skip
        loaded = load(language.PlanVisit(), {
            "visit_number": visit["visit_number"], "device_id": str(tablet.id), "clerk_id": clerk.id,
            "day": (day or self.now.date()).isoformat(), **more})  # fmt: skip
        found: dict[str, Any] = self.attempt(lambda work: visits.plan(work, loaded), actor)
        return found

    def end(self, visit: Mapping[str, Any], how: str, actor: Actor = MANAGER) -> dict[str, Any]:
        """`call_off` or `miss`."""
        loaded = load(language.EndVisit(), {"visit_number": visit["visit_number"], "reason": "سبب مكتوب"})
        found: dict[str, Any] = self.attempt(lambda work: getattr(visits, how)(work, loaded), actor)
        return found

    def show(self, visit: Mapping[str, Any], last4: str = PERSON_LAST4) -> dict[str, Any]:
        return visits.show(self.unit_of_work(PUBLIC), {"visit_number": visit["visit_number"], "phone_last4": last4})

    def cancel(self, visit: Mapping[str, Any], last4: str = PERSON_LAST4) -> dict[str, Any]:
        body = {"visit_number": visit["visit_number"], "phone_last4": last4}
        found: dict[str, Any] = self.attempt(lambda work: visits.cancel(work, body), PUBLIC)
        return found

    def told(self, visit: Mapping[str, Any]) -> list[str | None]:
        """What was to be told of a visit, event by event."""
        [row] = self.rows("SELECT id FROM visit WHERE number = :n", n=visit["visit_number"])
        return [event.data["change"] for event in self.events(row.id)]

    # tablets

    def tablet(self, certified: bool = True, unit: str = UNIT) -> FieldTablet:
        tablet = FieldTablet(lambda: self.now, unit)
        body = load(requests_mobile.RegisterDevice(), tablet.registration())
        made = self.attempt(lambda work: devices.register(work, body), staff("admin", "administrator", unit=unit))
        tablet.id = UUID(made["device_id"])
        if certified:
            body = load(requests_mobile.CertifyDevice(), {"device_id": str(tablet.id), "days": 30})
            self.attempt(lambda work: devices.certify(work, body), staff("admin", "administrator", unit=unit))
        return tablet

    def of_device(self, tablet: FieldTablet, act: str) -> None:
        """`suspend`, `resume`, `revoke`."""
        body = load(requests_mobile.ChangeDevice(), {"device_id": str(tablet.id), "reason": "سبب مكتوب"})
        self.attempt(lambda work: getattr(devices, act)(work, body), ADMINISTRATOR)

    def line(self, clerk: Actor = CLERK) -> GroundLine:
        return GroundLine(self, clerk)

    # quarantine

    def sweep(self) -> int:
        """What applies itself."""
        count = 0
        while self.attempt(lambda work: offline.apply_next(work, {})):
            count += 1
        return count

    def retry(self, item_id: Any, actor: Actor = MANAGER, **more: Any) -> dict[str, Any]:
        body = load(language.RetryItem(), {"item_id": str(item_id), **more})
        found: dict[str, Any] = self.attempt(lambda work: offline_review.retry(work, body), actor)
        return found

    def close_item(self, item_id: Any, actor: Actor = MANAGER) -> dict[str, Any]:
        body = load(language.CloseItem(), {"item_id": str(item_id), "reason": "أُدخل يدوياً في المركز"})
        found: dict[str, Any] = self.attempt(lambda work: offline_review.close(work, body), actor)
        return found

    def items(self, actor: Actor = MANAGER, **asked: Any) -> list[dict[str, Any]]:
        body = load(language.ListItems(), asked)
        found: list[dict[str, Any]] = self.attempt(lambda work: offline_review.listed(work, body), actor)["items"]
        return found

    def item_file(self, item_id: Any, actor: Actor = MANAGER) -> dict[str, Any]:
        found: dict[str, Any] = self.attempt(lambda work: offline_review.file(work, UUID(str(item_id))), actor)
        return found

    def standing(self, tablet: FieldTablet, actor: Actor = CLERK) -> dict[str, Any]:
        found: dict[str, Any] = self.attempt(lambda work: offline_review.of_device(work, tablet.id), actor)
        return found


class GroundLine:
    """A line to the capabilities themselves: each item a command under its own id, as the doors have it."""

    def __init__(self, ground: VisitsGround, clerk: Actor) -> None:
        self.ground, self.clerk = ground, clerk

    def bundle(self, device_id: UUID, **asked: Any) -> dict[str, Any]:
        body = load(language.VisitBundle(), {"device_id": str(device_id), **asked})
        found: dict[str, Any] = self.ground.attempt(lambda work: visit_bundle.take(work, body), self.clerk)
        return found

    def document(self, content: bytes) -> str:
        body = load(requests_language.AddDocument(),
                    {"file_name": "paper.pdf", "content": base64.b64encode(content).decode()})
        return str(self.ground.attempt(lambda work: documents.add(work, body), self.clerk)["document_id"])

    def item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        body = load(language.OfflineItem(), dict(item))
        payload = dict(item)
        return commands.apply(
            lambda: self.ground.unit_of_work(self.clerk), named("item", self.clerk.id, str(item["item_id"])),
            "requests.offline_item", payload, lambda work: offline.take(work, body))


def mobile_shop() -> dict[str, Any]:
    """The shop licence of the guide, taken by the mobile district too; who names a former licence renews it."""
    definition = load_definition(authoring.read_file(GUIDE / "shop-licence.yaml"))
    former = {**next(field for field in definition["form"] if field["type"] == "text"),
              "name": "former_licence", "required": False}  # fmt: skip
    return {**definition, "channels": sorted({*definition["channels"], "mobile_district"}),
            "form": [*definition["form"], former],
            "supersedes": {"answer": "former_licence", "as": "renewal", "paper": True, "source": "unverified"}}


def field_ground(database_url: Callable[..., str]) -> VisitsGround:
    """A ground with the shop licence, which the mobile district takes."""
    ground = VisitsGround(database_url("requests"))
    ground.publish(mobile_shop())
    return ground

