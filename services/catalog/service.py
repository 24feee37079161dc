"""catalog: the unified guide of services. Doors only; see README.md."""

from __future__ import annotations

from typing import Any

from chassis.service import Service, command, query
from chassis.uow import UnitOfWork
from contracts import catalog as language
from services.catalog import publishing


class Catalog(Service):
    name = "catalog"

    @command("catalog.publish", language.PublishDefinition, permission="catalog.publish")
    def publish(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return publishing.publish(work, body["definition"])

    @query("catalog.get", language.GetDefinition, permission="guide.read")
    def get(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return publishing.get(work, body["code"], body["version"])

    @query("catalog.list", language.ListDefinitions, permission="guide.read")
    def list_(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return publishing.in_force(work)
