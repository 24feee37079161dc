"""Doors of bills: what is owed, and the ways in which it is paid."""

from __future__ import annotations

from typing import Any

from chassis.service import command, query
from chassis.uow import UnitOfWork
from contracts.payments import Callback, GetBill, GetReceipt, ListRails, StartPayment, TakeCash, TakeSlip
from services.payments import bills, callbacks, cash, paying, receipts, slips


class BillDoors:
    """Mixed into the service."""

    @command("payments.start", StartPayment, permission="bill.pay")
    def start(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return paying.start(work, body)

    @command("payments.take_cash", TakeCash, permission="bill.take_cash")
    def take_cash(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return cash.take(work, body)

    @command("payments.take_slip", TakeSlip, permission="bill.take_cash")
    def take_slip(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return slips.take(work, body)

    @command("payments.callback", Callback, permission="bill.callback")
    def callback(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return callbacks.take(work, body)

    @query("payments.bill", GetBill, permission="bill.read")
    def bill(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bills.show(work, body)

    @query("payments.rails", ListRails, permission="bill.read")
    def rails(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return paying.rails(work)

    @query("payments.receipt", GetReceipt, permission="receipt.read")
    def receipt(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return receipts.show(work, body)
