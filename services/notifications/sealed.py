"""What notifications keeps sealed, and under which names (`python -m chassis reseal`)."""

from __future__ import annotations

from chassis.resealing import SealedColumn, common

CONTACT = ("requests.contact", "requests.note", "requests.rating.token")

SEALED = (
    *common(contact_fields=CONTACT),
    SealedColumn("recipient", "contact", ("requests.contact",), ring="contact"),
    SealedColumn("message", "address", ("notifications.address",)),
    SealedColumn("message", "content", ("notifications.content",)),
    SealedColumn("code_challenge", "phone", ("notifications.code.phone",)),
)
