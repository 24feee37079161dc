"""Doors of intake beyond lodging itself: documents in pieces and their check."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_intake as language
from services.requests import corrections, drafts, inquiry, numbers, quarantine, quoting, receipt, uploads


class IntakeDoors:
    """What a Requests service takes in before and beside the request."""

    @command("requests.begin_upload", language.BeginUpload, permission="document.add")
    def begin_upload(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return uploads.begin(work, body)

    @command("requests.add_piece", language.AddPiece, permission="document.add")
    def add_piece(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return uploads.add_piece(work, body)

    @query("requests.upload", language.Upload, permission="document.add")
    def upload(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return uploads.standing(work, body)

    @command("requests.end_upload", language.EndUpload, permission="document.add")
    def end_upload(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return uploads.end(work, body)

    @command("requests.replace_documents", language.ReplaceDocuments, permission="request.complete")
    def replace_documents(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return quarantine.replace(work, inquiry.admitted(work, body), body["documents"])

    @command("requests.save_draft", language.SaveDraft, permission="request.submit")
    def save_draft(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return drafts.save(work, body)

    @query("requests.draft", language.Draft, permission="request.submit")
    def draft(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return drafts.resume(work, body)

    @query("requests.own_drafts", language.OwnDrafts, permission="request.own")
    def own_drafts(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return drafts.own(work, body)

    @command("requests.drop_draft", language.Draft, permission="request.submit")
    def drop_draft(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return drafts.drop(work, body)

    @timer(seconds=600, name="purge-drafts")
    def purge_drafts(self, platform: Platform) -> None:
        platform.attempt(drafts.purge)

    @query("requests.quote", language.Quote, permission="guide.read")
    def quote(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return quoting.quote(work, body)

    @query("requests.receipt", language.Receipt, permission="request.inquire")
    def receipt(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return receipt.printed(work, body)

    @query("requests.corrections", language.ShowCorrections, permission="request.correct")
    def corrections(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return corrections.show(work, body)

    @command("requests.correct", language.Correct, permission="request.correct")
    def correct(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return corrections.correct(work, body)

    @command("requests.withdraw", language.Withdraw, permission="request.complete")
    def withdraw(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return inquiry.withdraw(work, body)

    @timer(seconds=1, name="check-documents")
    def check_documents(self, platform: Platform) -> bool:
        return platform.attempt(quarantine.check_next)

    @timer(seconds=30, name="explain-numbers")
    def explain_numbers(self, platform: Platform) -> bool:
        return platform.attempt(numbers.explain)
