"""What notifications keeps sealed, and under which names (`python -m chassis reseal`)."""

from __future__ import annotations

from chassis.resealing import SealedColumn, common

CONTACT = ("requests.contact", "requests.note", "requests.rating.token")

SEALED = (
    *common(contact_fields=CONTACT),
    SealedColumn("recipient", "contact", ("requests.contact",), ring="contact"),
    SealedColumn("message", "address", ("notifications.address",)),
    SealedColumn("message", "content", ("notifications.content",)),
    SealedColumn("preference", "address", ("notifications.address",)),
    SealedColumn("code_challenge", "phone", ("notifications.code.phone",)),
    SealedColumn("audience", "file_name", ("notifications.audience.file_name",)),
    SealedColumn("audience_piece", "content", ("notifications.audience",), "bytes"),
    SealedColumn("audience_member", "content", ("notifications.audience",)),
)
