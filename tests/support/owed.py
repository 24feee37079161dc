"""Requests that owe a fee, lodged through the engine's own room many at once, and their payments at rails."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from chassis import config
from chassis.actors import Actor
from chassis.answers import load
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import requests as language
from contracts.definition import authoring
from services.catalog import publishing
from services.payments import paying, settle
from services.payments.rails.base import NEW, Report
from services.requests import intake
from tests.support.node import GUIDE, Node

SERVICE, TOTAL = "fee-alone", 15_000
UNITS = tuple(f"EG-C-{number:02d}" for number in range(1, 11))
_AT_ONCE = 100
_BILLED = "SELECT count(*) AS n FROM bill WHERE service_code = %s"
_OWED = "SELECT id, unit FROM bill WHERE service_code = %s AND state = 'created' ORDER BY id"
_PAYMENTS = "SELECT id, rail, merchant_reference FROM payment WHERE reference IS NULL ORDER BY id"


def definition() -> dict[str, Any]:
    """The guide's shop licence, of which only the inspection fee is left: who pays it is done."""
    given = authoring.read_file(GUIDE / "shop-licence.yaml")
    fee = {key: value for key, value in given["workflow"]["states"]["awaiting_inspection_fee"].items()
           if key not in ("expired", "next")}
    left_out = ("follow_up", "overridable", "supersedes", "register", "stage_periods", "inspections", "templates")
    return {
        **{key: value for key, value in given.items() if key not in left_out},
        "code": SERVICE,
        "fees": [line for line in given["fees"] if line["stage"] == "inspection"],
        "documents": [],
        "outputs": [],
        "period": {"days": 60, "kind": "calendar", "silence": "none", "source": "law"},
        "workflow": {
            "initial": "awaiting_inspection_fee",
            "states": {
                "awaiting_inspection_fee": {**fee, "next": "granted"},
                "granted": {"kind": "end", "name": {"ar": "قُبل", "en": "Granted"}, "outcome": "approved"},
            },
        },
    }


def publish(node: Node) -> None:
    node._attempt("catalog", lambda work: publishing.load_national(work, definition(), None, adopt=True))


def application(chance: random.Random, unit: str) -> dict[str, Any]:
    return {
        "service_code": SERVICE,
        "unit": unit,
        "applicant": {"kind": "citizen", "name": "منى السيد علي حسن", "national_id": _national_id(chance),
                      "phone": f"010{chance.randrange(10**8):08d}", "language": "ar"},
        "answers": {"shop_name": "بقالة النور", "activity": "retail", "area_m2": "42.5", "workers": 3,
                    "tenure": "leased", "address": f"{chance.randrange(1, 300)} شارع النزهة"},
        "documents": [],
    }


def _national_id(chance: random.Random) -> str:
    return f"2{chance.randrange(60, 99)}031501{chance.randrange(100_000):05d}"


def lodge(node: Node, count: int, chance: random.Random) -> None:
    """So many requests; payments bills each once it has heard of it."""
    def some(work: Any, many: int) -> None:
        for number in range(many):
            intake.submit(work, load(language.Submit(), application(chance, UNITS[number % len(UNITS)])))

    _in_batches(count, lambda _, many: node._attempt("requests", lambda work: some(work, many)))


def wait_billed(node: Node, count: int, seconds: float = 120.0) -> None:
    ends = time.monotonic() + seconds
    while (billed := node.sql("payments", _BILLED, SERVICE)[0].n) < count:
        if time.monotonic() > ends:
            raise TimeoutError(f"{billed} of {count} requests are billed")
        time.sleep(0.1)


def start(node: Node, rails: Sequence[str]) -> None:
    """A payment for each bill that is owed, at the rails in turn. A running service sends them to their rails."""
    owed = node.sql("payments", _OWED, SERVICE)
    asked = [{"bill_id": bill.id, "rail": rails[number % len(rails)]} for number, bill in enumerate(owed)]

    def some(work: Any, first: int, many: int) -> None:
        for one in asked[first : first + many]:
            paying.start(work, one)

    _in_batches(len(asked), lambda first, many: node._attempt("payments", lambda work: some(work, first, many)))


def adopt(node: Node) -> list[tuple[str, str, str]]:
    """Give each payment its reference without asking the rails, as if they had answered: (rail, ours, theirs)."""
    begun = node.sql("payments", _PAYMENTS)
    given = [(row.rail, row.merchant_reference, str(900_000_000 + number)) for number, row in enumerate(begun)]

    def some(work: Any, first: int, many: int) -> None:
        for rail, ours, theirs in given[first : first + many]:
            settle.take(work, rail, Report(ours, NEW, theirs), "charge")

    _in_batches(len(given), lambda first, many: node._attempt("payments", lambda work: some(work, first, many)))
    return given


def attempt_as(node: Node, actor: Actor, run: Callable[[UnitOfWork], Any]) -> Any:
    """An act of somebody in a room of payments, as its process would run it."""
    settings = config.load("payments", node.environments["payments"])
    database = Database(settings.database_url, 1)
    context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys))
    try:
        return attempt(lambda: UnitOfWork(context, actor, uuid7().hex), run)
    finally:
        database.close()


def until(true: Callable[[], bool], what: str | Callable[[], Any], seconds: float = 120.0) -> None:
    """Wait until something is so; `what` is said when it does not come."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, what() if callable(what) else what
        time.sleep(0.1)


def _in_batches(count: int, run: Callable[[int, int], None]) -> None:
    for first in range(0, count, _AT_ONCE):
        run(first, min(_AT_ONCE, count - first))
