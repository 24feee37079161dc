"""A sample event on its way to a webhook, at once and once: what the receiver answers is shown to who asked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.config import Settings
from rules.webhook import Signer
from services.gateway.agencies import samples, subscriptions
from services.gateway.agencies.terms import STRUCTURED, Cut
from services.gateway.agencies.webhooks import resolve
from services.gateway.agencies.webhooks.engine import tls
from services.gateway.agencies.webhooks.wire import SECONDS, Wire

SHOWN = 500  # characters of the receiver's answer


def prepared(work: Any, subscription_id: UUID, event_id: UUID, event_type: str | None = None) -> tuple[Any, Cut, Any]:
    """The subscription's row, the sample and what signs it. The unit of work ends before anything is sent: a receiver
    that hangs holds no database connection. Refuses as samples.sample, and subscription_way_differs for AMQP."""
    row, cut = samples.sample(work, subscription_id, event_id, event_type)
    signer = subscriptions.signer_of(work, row) if row.way == subscriptions.WEBHOOK else None
    return row, cut, signer


def sent(settings: Settings, row: Any, cut: Cut, signer: Signer, at: int) -> dict[str, Any]:
    """Post the sample: {status, error, seconds, answer}. Nothing is retried and nothing is counted."""
    networks = subscriptions.let_in(settings)
    wire = Wire(row.endpoint, lambda host, port: resolve.address_of(host, port, networks), context=tls(settings),
                seconds=settings.seconds("WEBHOOK_SECONDS", SECONDS))
    headers, body = cut.written(row.mode or STRUCTURED)
    try:
        found = wire.send({**headers, **signer.headers(cut.envelope["id"], at, body)}, body)
    finally:
        wire.close()
    return {"status": found.status, "error": found.error, "seconds": round(found.seconds, 3),
            "answer": found.body[:SHOWN].decode("utf-8", "replace") or None}  # fmt: skip


def in_words(found: dict[str, Any]) -> str:
    """What is kept of it."""
    told = found["error"] or f"HTTP {found['status']}"
    return f"{told} ({round(found['seconds'] * 1000)} ms)"
