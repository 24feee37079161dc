"""Charges of the sandbox rails: kept in memory, and in a journal file when a folder is given."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

KEEP = 10_000


@dataclass(slots=True)
class Charge:
    """One order at one rail. Amounts are texts with two decimals, EGP; times are epoch seconds. `secret` opens the
    order's page at a rail that has one; `refunds` are those done: {id, order, amount, at}."""

    merchant: str
    merchant_reference: str
    profile: str
    method: str
    amount: str
    description: str
    callback_url: str
    return_url: str
    created_at: float
    expires_at: float | None
    reference: str
    reference_known_at: float
    status: str = "NEW"
    paid_amount: str | None = None
    paid_at: float | None = None
    payment_reference: str | None = None
    unsent: list[dict[str, Any]] = field(default_factory=list)
    rail: str = "fawry"
    secret: str = ""
    refunds: list[dict[str, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.rail}:{self.merchant_reference}"


class ChargeStore:
    """Charges by rail and merchant reference, by the rail's own reference and by page secret; the oldest beyond 10,000
    are forgotten."""

    def __init__(self, folder: Path | None) -> None:
        self.lock = threading.RLock()
        self._charges: OrderedDict[str, Charge] = OrderedDict()
        self._named: dict[str, str] = {}
        self._journal: TextIO | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "charges.jsonl"
            self._replay(path)
            self._compact(path)

    def by_key(self, key: str) -> Charge | None:
        return self._charges.get(key)

    def by_merchant_reference(self, rail: str, merchant_reference: str) -> Charge | None:
        return self._charges.get(f"{rail}:{merchant_reference}")

    def by_reference(self, reference: str) -> Charge | None:
        return self._charges.get(self._named.get(reference, ""))

    by_secret = by_reference

    def all(self) -> list[Charge]:
        with self.lock:
            return list(self._charges.values())

    def put(self, charge: Charge) -> None:
        """Keep a charge or its change; with a journal, what was put survives a restart of the process."""
        with self.lock:
            self._remember(charge)
            if self._journal is not None:
                self._journal.write(json.dumps(asdict(charge), ensure_ascii=False) + "\n")
                self._journal.flush()

    def close(self) -> None:
        with self.lock:
            if self._journal is not None:
                self._journal.close()
                self._journal = None

    def _remember(self, charge: Charge) -> None:
        self._charges[charge.key] = charge
        self._named[charge.reference] = charge.key
        if charge.secret:
            self._named[charge.secret] = charge.key
        while len(self._charges) > KEEP:
            _, dropped = self._charges.popitem(last=False)
            self._named.pop(dropped.reference, None)
            self._named.pop(dropped.secret, None)

    def _replay(self, path: Path) -> None:
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                self._remember(Charge(**json.loads(line)))
            except (ValueError, TypeError):
                continue  # the last line of a killed process may be cut short

    def _compact(self, path: Path) -> None:
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as out:
            for charge in self._charges.values():
                out.write(json.dumps(asdict(charge), ensure_ascii=False) + "\n")
        fresh.replace(path)
        self._journal = path.open("a", encoding="utf-8")


def bounded() -> deque[dict[str, Any]]:
    """A log that keeps the last 10,000 entries."""
    return deque(maxlen=KEEP)
