"""What the gateway keeps sealed (`python -m chassis reseal`). What browsers hold ends by itself in three hours."""

from __future__ import annotations

from chassis.resealing import common

SEALED = common(contact_fields=("requests.contact",))
