"""Sends signed callbacks until they are acknowledged, as the rails do, and records every attempt."""

from __future__ import annotations

import heapq
import itertools
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from infra.peers.rail_store import Charge, ChargeStore, bounded

FIRST_WAIT, LONGEST_WAIT, ATTEMPTS = 0.25, 30.0, 14  # about three minutes in all


class CallbackSender:
    """One scheduler thread and four senders. A delivery is a dict: id, url, body (the exact text sent), media_type,
    status, forged, then (deliveries that wait for this one), attempts. `taken` judges the merchant's answer."""

    def __init__(self, store: ChargeStore, paused: Callable[[], bool],
                 taken: Callable[[Charge, int, str], bool]) -> None:
        self._store, self._paused, self._taken = store, paused, taken
        self._sent = bounded()
        self._heap: list[tuple[float, int, str, dict[str, Any]]] = []
        self._tie = itertools.count()
        self._wake = threading.Condition()
        self._stopping = False
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="callback")
        self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)

    def start(self) -> None:
        """Start sending; deliveries that an earlier process left unacknowledged go out again."""
        for charge in self._store.all():
            for delivery in charge.unsent:
                self._schedule(0.0, charge.key, delivery)
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(timeout=5)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def send(self, charge: Charge, delivery: dict[str, Any], delay: float = 0.0) -> None:
        with self._store.lock:
            charge.unsent.append(delivery)
            self._store.put(charge)
        self._schedule(delay, charge.key, delivery)

    def sent(self) -> list[dict[str, Any]]:
        """Every attempt made: at, rail, merchant_reference, status, forged, attempt, answer (HTTP status or
        error text), taken."""
        with self._wake:
            return list(self._sent)

    def forget_sent(self) -> None:
        with self._wake:
            self._sent.clear()

    def wake(self) -> None:
        with self._wake:
            self._wake.notify()

    def _schedule(self, delay: float, key: str, delivery: dict[str, Any]) -> None:
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + delay, next(self._tie), key, delivery))
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._stopping:
                    return
                if self._paused() or not self._heap:
                    self._wake.wait(timeout=0.5)
                    continue
                due, _, key, delivery = self._heap[0]
                wait = due - time.monotonic()
                if wait > 0:
                    self._wake.wait(timeout=wait)
                    continue
                heapq.heappop(self._heap)
                self._pool.submit(self._attempt, key, delivery)

    def _attempt(self, key: str, delivery: dict[str, Any]) -> None:
        charge = self._store.by_key(key)
        if charge is None:
            return
        delivery["attempts"] += 1
        answer: int | str
        taken = False
        try:
            answered = requests.post(delivery["url"], data=delivery["body"].encode("utf-8"), timeout=5,
                                     headers={"Content-Type": delivery.get("media_type", "application/json")})
            answer, taken = answered.status_code, self._taken(charge, answered.status_code, answered.text)
        except requests.RequestException as error:
            answer = type(error).__name__
        with self._wake:
            self._sent.append({"at": time.time(), "rail": delivery.get("rail", charge.rail),
                               "merchant_reference": charge.merchant_reference, "id": delivery["id"],
                               "status": delivery["status"], "forged": delivery["forged"],
                               "attempt": delivery["attempts"], "answer": answer, "taken": taken,
                               "body": _shown(delivery["body"])})
        # Who forges has no patience: a forged callback is thrown once and never repeated.
        if not taken and not delivery["forged"] and delivery["attempts"] < ATTEMPTS:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (delivery["attempts"] - 1))
            self._schedule(wait, key, delivery)
            return
        with self._store.lock:
            charge.unsent = [kept for kept in charge.unsent if kept["id"] != delivery["id"]]
            self._store.put(charge)
        for following in delivery["then"]:
            self.send(charge, following)


def _shown(body: str) -> Any:
    return json.loads(body) if body.startswith("{") else body
