"""Doors of what people decide about bills and money: changes, refunds, disputes, reviews."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts.payments_bills import (
    AmendBill,
    CancelBill,
    DecideChange,
    ExtendBill,
    IssueBill,
    ListChanges,
    ListReviews,
    RequestExemption,
    SettleReview,
)
from contracts.payments_refunds import (
    CloseDispute,
    DecideRefund,
    HandOverRefund,
    ListRefunds,
    OpenDispute,
    RequestRefund,
    SteerRefund,
)
from services.payments import bill_changes, disputes, refund_errands, refunds, reviews


class RefundDoors:
    """Mixed into the service."""

    @command("payments.issue_bill", IssueBill, permission=bill_changes.ISSUE)
    def issue_bill(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bill_changes.issue(work, body)

    @command("payments.extend_bill", ExtendBill, permission=bill_changes.ISSUE)
    def extend_bill(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bill_changes.extend(work, body)

    @command("payments.request_exemption", RequestExemption, permission=bill_changes.AMEND)
    def request_exemption(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bill_changes.exempt(work, body)

    @command("payments.amend_bill", AmendBill, permission=bill_changes.AMEND)
    def amend_bill(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bill_changes.amend(work, body)

    @command("payments.decide_change", DecideChange, permission=bill_changes.APPROVE)
    def decide_change(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bill_changes.decide(work, body)

    @command("payments.cancel_bill", CancelBill, permission=bill_changes.CANCEL)
    def cancel_bill(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bill_changes.cancel(work, body)

    @query("payments.bill_changes", ListChanges, permission=bill_changes.AMEND)
    def list_changes(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bill_changes.listed(work, body)

    @query("payments.reviews", ListReviews, permission=reviews.SETTLE)
    def list_reviews(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return reviews.listed(work)

    @command("payments.settle_review", SettleReview, permission=reviews.SETTLE)
    def settle_review(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return reviews.settle_one(work, body)

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
