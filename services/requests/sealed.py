"""What requests keeps sealed, and under which names: a new key is laid under all of it (`python -m chassis reseal`)."""

from __future__ import annotations

from chassis.resealing import SealedColumn, common

CONTACT = ("requests.contact", "requests.note", "requests.rating.token")

SEALED = (
    *common(contact_fields=CONTACT),
    SealedColumn("request", "name", ("requests.request.name",)),
    SealedColumn("request", "national_id", ("requests.request.national_id",)),
    SealedColumn("request", "passport", ("requests.request.passport",)),
    SealedColumn("request", "contact", ("requests.contact",), ring="contact"),
    SealedColumn("request", "particulars", ("requests.request.particulars",)),
    SealedColumn("request", "holder", ("requests.request.holder",)),
    SealedColumn("request", "answers", ("requests.request.answer",), "json"),
    SealedColumn("step", "reason", ("requests.step.reason",)),
    SealedColumn("step", "inputs", ("requests.step.inputs",)),
    SealedColumn("document", "file_name", ("requests.document.file_name",)),
    SealedColumn("document", "content", ("requests.document.content",), "bytes"),
    SealedColumn("document_piece", "content", ("requests.document.content",), "bytes"),
    SealedColumn("draft", "body", ("requests.draft.body",)),
    SealedColumn("correction", "before", ("requests.correction.value",)),
    SealedColumn("correction", "after", ("requests.correction.value",)),
    SealedColumn("correction", "reason", ("requests.correction.reason",)),
    SealedColumn("licence", "qr", ("requests.licence.qr",)),
    SealedColumn("licence", "document", ("requests.licence.document",), "bytes"),
    SealedColumn("licence_act", "reason", ("requests.licence_act.reason",)),
    SealedColumn("letter", "document", ("requests.letter.document",), "bytes"),
    SealedColumn("letter", "answer_note", ("requests.letter.note",)),
    SealedColumn("device_act", "reason", ("requests.device_act.reason",)),
    SealedColumn("ticket", "body", ("requests.ticket.body",)),
    SealedColumn("ticket", "qr", ("requests.ticket.qr",)),
    SealedColumn("taken_back", "reason", ("requests.taken_back.reason",)),
    SealedColumn("step_photo", "caption", ("requests.step_photo.caption",)),
    SealedColumn("extension", "reason", ("requests.extension.reason",)),
    SealedColumn("deemed", "signed", ("requests.deemed.signed",)),
    SealedColumn("silence_review", "reason", ("requests.review.reason",)),
    SealedColumn("delivery", "receiver_name", ("requests.delivery.receiver_name",)),
    SealedColumn("rating", "comment", ("requests.rating.comment",)),
    SealedColumn("complaint", "text", ("requests.complaint.text",)),
    SealedColumn("complaint", "answer", ("requests.complaint.answer",)),
    SealedColumn("reopening", "reason", ("requests.reopening.reason",)),
    SealedColumn("reopening", "decision", ("requests.reopening.decision",)),
)
