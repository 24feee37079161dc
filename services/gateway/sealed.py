"""What the gateway keeps sealed (`python -m chassis reseal`). What browsers hold ends by itself in three hours."""

from __future__ import annotations

from chassis.resealing import SealedColumn, common

SEALED = (
    *common(contact_fields=("requests.contact",)),
    SealedColumn("second_factor", "secret", ("gateway.second_factor",)),
    SealedColumn("citizen_account", "number", ("gateway.citizen.number",)),
    SealedColumn("citizen_account", "phone", ("gateway.citizen.phone",)),
    SealedColumn("citizen_account", "bound_reason", ("gateway.citizen.reason",)),
    SealedColumn("citizen_challenge", "number", ("gateway.citizen.number",)),
    SealedColumn("citizen_challenge", "reason", ("gateway.citizen.reason",)),
    SealedColumn("subscription", "secret", ("gateway.subscription.secret",)),
    SealedColumn("subscription", "former_secret", ("gateway.subscription.secret",)),
    SealedColumn("portal_draft", "body", ("gateway.portal_draft.body",)),
    SealedColumn("portal_document", "file_name", ("gateway.portal_document.file_name",)),
    SealedColumn("portal_piece", "content", ("gateway.portal_document.content",), "bytes"),
)
