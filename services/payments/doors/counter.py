"""Doors of the cashier's counter."""

from __future__ import annotations

from typing import Any

from chassis.service import command, query
from chassis.uow import UnitOfWork
from contracts.payments_counter import (
    ApproveShift,
    CloseShift,
    GetShift,
    HandInDrawer,
    HandOver,
    ListShifts,
    OpenShift,
    PrintReceipt,
    RegisterCounter,
    VerifyReceipt,
    VoidDeviceNumber,
    VoidNumber,
)
from services.payments import books, counters, drawers, printing, shifts


class CounterDoors:
    """Mixed into the service."""

    @command("payments.register_counter", RegisterCounter, permission=counters.MANAGE)
    def register_counter(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return counters.register(work, body)

    @command("payments.open_shift", OpenShift, permission=shifts.COLLECT)
    def open_shift(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shifts.open_one(work, body)

    @query("payments.shift", GetShift, permission="bill.read")
    def show_shift(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shifts.show(work, body)

    @query("payments.shifts", ListShifts, permission=shifts.APPROVE)
    def list_shifts(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shifts.listed(work, body)

    @command("payments.hand_over", HandOver, permission=shifts.COLLECT)
    def hand_over(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shifts.hand_over(work, body)

    @command("payments.hand_in_drawer", HandInDrawer, permission=shifts.COLLECT)
    def hand_in_drawer(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return drawers.hand_in(work, body)

    @command("payments.close_shift", CloseShift, permission=shifts.COLLECT)
    def close_shift(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shifts.close(work, body)

    @command("payments.approve_shift", ApproveShift, permission=shifts.APPROVE)
    def approve_shift(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shifts.approve(work, body)

    @command("payments.void_number", VoidNumber, permission=shifts.COLLECT)
    def void_number(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return books.void_next(work, body)

    @command("payments.void_device_number", VoidDeviceNumber, permission=counters.MANAGE)
    def void_device_number(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return books.void_of_device(work, body)

    @command("payments.print_receipt", PrintReceipt, permission=printing.PRINT)
    def print_receipt(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return printing.print_one(work, body)

    @query("payments.verify_receipt", VerifyReceipt, permission="receipt.read")
    def verify_receipt(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return printing.verify(work, body)
