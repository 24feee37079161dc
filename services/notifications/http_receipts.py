"""Delivery receipts that an operator reports over HTTP: proven, fresh, taken once, and kept as any other.

The signature is HMAC-SHA256 over timestamp, a full stop and the raw body, in hexadecimal. Whoever may not be believed
is refused and written down; whatever message a true receipt speaks of, it is kept and waits for it (receipts.py).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import Refusal, refuse
from services.notifications import receipts
from services.notifications.providers.base import Receipt
from services.notifications.settings_providers import HttpSettings, Instance
from services.notifications.tables_providers import provider_callback

PERMISSION = "message.receipt"
FRESH = timedelta(minutes=5)  # how far the timestamp may be from our clock, either way
MOST = 1000

_SEEN = Statement(select(provider_callback.c.provider).where(provider_callback.c.signature == bindparam("known")))
_KEEP = Statement.insert(provider_callback, "signature", "provider", "at")
_NOTED = Statement(text("INSERT INTO provider_callback (signature, provider, at) VALUES (:signature, :provider, :at) "
                        "ON CONFLICT DO NOTHING"))
_FORGET = Statement(delete(provider_callback).where(provider_callback.c.at < bindparam("before")))


def take(work: UnitOfWork, instance: Instance | None, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the receipts of one callback; returns how many. Refuses provider_unknown, receipt_forged, receipt_stale,
    receipt_replayed, receipt_malformed."""
    if instance is None or not isinstance(instance.own, HttpSettings):
        raise refuse("provider_unknown", "provider")
    settings, raw = instance.own, body["body"]
    signed = f"{body['timestamp']}.{raw}".encode()
    expected = hmac.new(settings.receipt_key.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), body["signature"].lower().encode("utf-8", "replace")):
        raise _recorded(work, instance, "receipt_forged")
    at = _moment(body["timestamp"])
    if at is None or abs(work.now - at) > FRESH:
        raise _recorded(work, instance, "receipt_stale")
    signature = bytes.fromhex(expected)
    if work.first(_SEEN, known=signature) is not None:
        raise _recorded(work, instance, "receipt_replayed")
    found = _read(raw, settings.fields)
    # Two of the same at once meet at the key; the second one runs again and finds the first.
    work.write(_KEEP, expect=1, signature=signature, provider=instance.name, at=work.now)
    receipts.keep(work, instance.name, found)
    return {"taken": len(found)}


def forget(work: UnitOfWork) -> None:
    """Drop signatures that are too old to be believed again."""
    work.write(_FORGET, before=work.now - 2 * FRESH)


def _recorded(work: UnitOfWork, instance: Instance, code: str) -> Refusal:
    """A stranger may send them without end, and the audit is kept for years: of those of one minute, provider and kind
    the first is written down; the door's metrics count all."""
    minute = hashlib.sha256(f"{code}\n{instance.name}\n{work.now:%Y-%m-%dT%H:%M}".encode()).digest()
    if work.first(_SEEN, known=minute) is None:
        work.aside(_NOTED, signature=minute, provider=instance.name, at=work.now)
        work.deny(PERMISSION, f"{code}:{instance.name}")
    return refuse(code)


def _moment(told: str) -> datetime | None:
    """A timestamp in seconds since 1970."""
    return datetime.fromtimestamp(int(told), UTC) if re.fullmatch(r"[0-9]{9,11}", told) else None


def _read(raw: str, words: Mapping[str, str]) -> list[Receipt]:
    """Final receipts; what is on its way only is left out."""
    try:
        data = orjson.loads(raw)
    except ValueError as error:
        raise refuse("receipt_malformed", "body") from error
    listed = data.get(words["receipts"]) if isinstance(data, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST:
        raise refuse("receipt_malformed", "body")
    found = []
    for number, one in enumerate(listed):
        given = [one.get(words[name]) for name in ("id", "to", "status")] if isinstance(one, dict) else []
        values = [value for value in given if isinstance(value, str) and 0 < len(value) <= 200 and "\x00" not in value]
        if len(values) != 3:
            raise refuse("receipt_malformed", f"body/{number}")
        identity, to, status = values
        if status not in (words["delivered"], words["undelivered"]):
            continue
        delivered = status == words["delivered"]
        said = one.get(words["reason"])
        reason = re.sub(r"[^a-z0-9]+", "_", said.lower())[:40].strip("_") if isinstance(said, str) else ""
        found.append(Receipt(identity, delivered, None if delivered else "_".join(filter(None, ("receipt", reason))),
                             None, "+" + to.lstrip("+")))
    return found
