"""What a request's events carry for the inquiry at the centre: a check of its number and the phone's last four digits,
under the country's key. Nodes that have no such key take no part in it."""

from __future__ import annotations

import orjson

from chassis.country_keys import inquiry_keys
from chassis.uow import UnitOfWork
from rules import inquiry

_CONTACT = "requests.contact"


def of_contact(work: UnitOfWork, number: str, contact: str | None) -> str | None:
    """The check of a request whose contact this is, sealed; None where it has none any more."""
    keys = inquiry_keys(work.settings)
    if not keys or not contact:
        return None
    phone = str(orjson.loads(work.privacy.open(contact, ring="contact", field=_CONTACT))["phone"])
    return inquiry.check(number, phone[-4:], keys[0]) if len(phone) >= 4 else None
