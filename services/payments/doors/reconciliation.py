"""Doors to statements, what does not agree, settlement, and periods told to the treasury."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, subscribe, timer
from chassis.uow import UnitOfWork
from contracts import payments_reconciliation as language
from contracts import payments_statements as sending
from contracts.events import Event
from contracts.organisation import CHANGED
from services.payments import treasury
from services.payments.reconciliation import differences, holidays, imports, reports, settlements, uploads


class ReconciliationDoors:
    """Mixed into the service."""

    @subscribe(CHANGED, way="latest")
    def on_organisation(self, work: UnitOfWork, event: Event) -> None:
        holidays.keep(work, event)

    @command("payments.begin_statement", sending.BeginStatement, permission=imports.PERMISSION)
    def begin_statement(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return uploads.begin(work, body)

    @command("payments.add_statement_piece", sending.AddStatementPiece, permission=imports.PERMISSION)
    def add_statement_piece(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return uploads.add_piece(work, body)

    @command("payments.end_statement", sending.EndStatement, permission=imports.PERMISSION)
    def end_statement(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return uploads.end(work, body)

    @query("payments.statement_upload", sending.GetStatementUpload, permission=reports.READ)
    def statement_upload(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return uploads.show(work, body)

    @timer(seconds=1, name="read-statements")
    def read_statements(self, platform: Platform) -> bool:
        return uploads.run(platform)

    @query("payments.statements", language.ListStatements, permission=reports.READ)
    def statements(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return reports.statements(work, body)

    @query("payments.statement", language.GetStatement, permission=reports.READ)
    def statement(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return reports.statement(work, body)

    @query("payments.statement_lines", language.ListLines, permission=reports.READ)
    def statement_lines(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return reports.lines(work, body)

    @query("payments.differences", language.ListDifferences, permission=reports.READ)
    def waiting_differences(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return differences.listed(work, body)

    @command("payments.settle_difference", language.SettleDifference, permission=differences.PERMISSION)
    def settle_difference(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return differences.decide(work, body)

    @command("payments.set_statement_aside", language.SetAside, permission=differences.PERMISSION)
    def set_statement_aside(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return settlements.set_aside(work, body)

    @command("payments.receive_settlement", language.ReceiveSettlement, permission=settlements.RECORD)
    def receive_settlement(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return settlements.receive(work, body)

    @command("payments.let_difference_go", language.LetGo, permission=settlements.LET_GO)
    def let_difference_go(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return settlements.let_go(work, body)

    @query("payments.reconciled", language.GetReconciled, permission=reports.READ)
    def reconciled(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return reports.reconciled(work, body)

    @command("payments.prepare_treasury", language.PrepareTreasury, permission=treasury.EXPORT)
    def prepare_treasury(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return treasury.prepare(work, body)

    @command("payments.close_treasury", language.CloseTreasury, permission=treasury.CLOSE)
    def close_treasury(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return treasury.close(work, body)

    @query("payments.treasury_periods", language.ListTreasury, permission=treasury.READ)
    def treasury_periods(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return treasury.listed(work)

    @query("payments.treasury_file", language.GetTreasury, permission=treasury.READ)
    def treasury_file(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return treasury.file(work, body)
