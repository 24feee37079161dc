"""Callbacks of rails."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from chassis.uow import UnitOfWork
from rules.refusal import Refusal
from services.payments import charges, forgeries, settle
from services.payments.rails import RAILS


def raw(body: dict[str, Any]) -> str:
    """A callback as it came, with what of it stood in the address: the signature of some rails does."""
    return orjson.dumps({"body": body["body"], "query": body["query"], "media_type": body["media_type"]}).decode()


def take(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Take one callback, raw as it came. `taken` is false for a repeat; both are acknowledged with 200, also when it
    speaks of nothing we know (that is kept for a person); `reply` is the answer that the rail expects, None for any.
    Refuses rail_unknown, callback_malformed, callback_forged;
    a forged one is counted for the audit and changes nothing."""
    rail = RAILS.of(work.settings, body["rail"])
    try:
        report = rail.read_callback(body["body"], body["query"], body["media_type"])
    except Refusal as refusal:
        if refusal.code == "callback_forged":
            forgeries.count(work, body["rail"], body["source"])
        raise
    charge = charges.find(work, body["rail"], report)
    if charge is not None:
        taken = charges.take(work, charge, report, "callback", raw(body))
    else:
        taken = settle.take(work, body["rail"], report, "callback", body["body"]) is not None
    reply = rail.reply(report)
    return {"taken": taken, "reply": None if reply is None else asdict(reply)}
