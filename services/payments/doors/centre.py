"""Doors to what the centre's rails took for bills of nodes."""

from __future__ import annotations

from typing import Any

from chassis.service import command, query
from chassis.uow import UnitOfWork
from contracts.payments_centre import ChargesByDay, CollectedForNodes, ListCharges, SettleChargeRefund
from services.payments import charge_lists, charge_refunds, refunds
from services.payments.charge_lists import READ


class CentreDoors:
    """Mixed into the service. At a node they answer nothing: it has no charges of others."""

    @query("payments.charges", ListCharges, permission=READ)
    def charges(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return charge_lists.listed(work, body)

    @query("payments.charges_by_day", ChargesByDay, permission=READ)
    def charges_by_day(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return charge_lists.by_day(work, body)

    @command("payments.settle_charge_refund", SettleChargeRefund, permission=refunds.APPROVE)
    def settle_charge_refund(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return charge_refunds.settle(work, body)

    @query("payments.collected_for_nodes", CollectedForNodes, permission=READ)
    def collected_for_nodes(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return charge_lists.collected(work)
