"""What the gateway keeps sealed (`python -m chassis reseal`). What browsers hold ends by itself in three hours."""

from __future__ import annotations

from chassis.resealing import SealedColumn, common

SEALED = (
    *common(contact_fields=("requests.contact",)),
    SealedColumn("citizen_account", "number", ("gateway.citizen.number",)),
    SealedColumn("citizen_account", "phone", ("gateway.citizen.phone",)),
    SealedColumn("citizen_account", "bound_reason", ("gateway.citizen.reason",)),
    SealedColumn("citizen_challenge", "number", ("gateway.citizen.number",)),
    SealedColumn("citizen_challenge", "reason", ("gateway.citizen.reason",)),
)
