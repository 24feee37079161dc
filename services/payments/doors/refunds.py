"""Doors of money that goes back."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts.payments_refunds import (
    CloseDispute,
    DecideRefund,
    HandOverRefund,
    ListRefunds,
    OpenDispute,
    RequestRefund,
    SteerRefund,
)
from services.payments import disputes, refund_errands, refunds


class RefundDoors:
    """Mixed into the service."""

    @command("payments.request_refund", RequestRefund, permission=refunds.REQUEST)
    def request_refund(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return refunds.request(work, body)

    @command("payments.decide_refund", DecideRefund, permission=refunds.APPROVE)
    def decide_refund(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return refunds.decide(work, body)

    @command("payments.hand_over_refund", HandOverRefund, permission=refunds.PAY)
    def hand_over_refund(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return refunds.hand_over(work, body)

    @command("payments.steer_refund", SteerRefund, permission=refunds.APPROVE)
    def steer_refund(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return refunds.steer(work, body)

    @query("payments.refunds", ListRefunds, permission=refunds.READ)
    def list_refunds(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return refunds.listed(work, body)

    @command("payments.open_dispute", OpenDispute, permission=disputes.MANAGE)
    def open_dispute(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return disputes.open_one(work, body)

    @command("payments.close_dispute", CloseDispute, permission=disputes.MANAGE)
    def close_dispute(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return disputes.close(work, body)

    @timer(seconds=0.5, name="refund-errands")
    def run_refunds(self, platform: Platform) -> bool:
        return refund_errands.run(platform)
