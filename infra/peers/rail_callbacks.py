"""Sends signed callbacks until they are acknowledged with 200, as the rails do, and records every attempt."""

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
    """One scheduler thread and four senders. A delivery is a dict: id, url, body (the exact text sent), status,
    forged, then (deliveries that wait for this one), attempts."""

    def __init__(self, store: ChargeStore, paused: Callable[[], bool]) -> None:
        self._store, self._paused = store, paused
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
                self._schedule(0.0, charge.merchant_reference, delivery)
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
        self._schedule(delay, charge.merchant_reference, delivery)

    def sent(self) -> list[dict[str, Any]]:
        """Every attempt made: at, merchant_reference, status, forged, attempt, answer (HTTP status or error text)."""
        with self._wake:
            return list(self._sent)

    def forget_sent(self) -> None:
        with self._wake:
            self._sent.clear()

    def wake(self) -> None:
        with self._wake:
            self._wake.notify()

    def _schedule(self, delay: float, merchant_reference: str, delivery: dict[str, Any]) -> None:
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + delay, next(self._tie), merchant_reference, delivery))
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._stopping:
                    return
                if self._paused() or not self._heap:
                    self._wake.wait(timeout=0.5)
                    continue
                due, _, merchant_reference, delivery = self._heap[0]
                wait = due - time.monotonic()
                if wait > 0:
                    self._wake.wait(timeout=wait)
                    continue
                heapq.heappop(self._heap)
                self._pool.submit(self._attempt, merchant_reference, delivery)

    def _attempt(self, merchant_reference: str, delivery: dict[str, Any]) -> None:
        delivery["attempts"] += 1
        answer: int | str
        try:
            answer = requests.post(delivery["url"], data=delivery["body"].encode("utf-8"), timeout=5,
                                   headers={"Content-Type": "application/json"}).status_code
        except requests.RequestException as error:
            answer = type(error).__name__
        with self._wake:
            self._sent.append({"at": time.time(), "merchant_reference": merchant_reference, "id": delivery["id"],
                               "status": delivery["status"], "forged": delivery["forged"],
                               "attempt": delivery["attempts"], "answer": answer,
                               "body": json.loads(delivery["body"])})
        # Who forges has no patience: a forged callback is thrown once and never repeated.
        if answer != 200 and not delivery["forged"] and delivery["attempts"] < ATTEMPTS:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (delivery["attempts"] - 1))
            self._schedule(wait, merchant_reference, delivery)
            return
        with self._store.lock:
            charge = self._store.by_merchant_reference(merchant_reference)
            if charge is None:
                return
            charge.unsent = [kept for kept in charge.unsent if kept["id"] != delivery["id"]]
            self._store.put(charge)
        for following in delivery["then"]:
            self.send(charge, following)
