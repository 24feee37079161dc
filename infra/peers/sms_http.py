"""The sandbox operator over HTTP: takes messages under keys, knows a key again, reports receipts by signed callback.

It speaks services/notifications/providers/HTTP.md with imports of its own: nothing of the platform is used, so that a
mistake of ours is not repeated on this side of the wire.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import socket
import threading
import time
from collections import deque
from typing import Any

import requests
from flask import Blueprint, Response, jsonify, request

from infra.peers import samples
from infra.peers.rail_store import bounded

PREFIX = "/sms-http/v1"
REPEATS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds between tries of a callback that was not taken
BULK = 1000


class HttpOperator:
    """`settings`: `answer` (a status such as 500, 503, 429, 502) given `times` times (-1: always) with `retry_after`;
    `drop` `before` or `after` taking it; `delay_ms`; `honours_keys`; `receipts` (`delivered`, `failed`, `none`,
    `duplicate`, `reordered`, `forged`, `stale`) after `receipt_delay_ms`, to `callback`; `reject_numbers`; `down`."""

    def __init__(self, key: str = samples.KEY, receipt_key: str = samples.RECEIPT_KEY) -> None:
        self.settings: dict[str, Any] = {
            "answer": None, "times": -1, "retry_after": 1, "drop": None, "drop_times": -1, "delay_ms": 0,
            "honours_keys": True, "receipts": "delivered", "receipt_delay_ms": 0, "callback": None,
            "reject_numbers": [], "down": False}
        self._key, self._receipt_key = key, receipt_key
        self._lock = threading.Lock()
        self._messages = bounded()
        self._callbacks = bounded()
        self._by_key: dict[str, dict[str, Any]] = {}
        self._ids = itertools.count(int(time.time()) % 1_000_000 * 1000)
        self._tries = samples.Tries()
        self._due: deque[tuple[float, list[dict[str, Any]]]] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._report, name="sms-http", daemon=True)
        self.calls = 0
        self.reporting = 0  # receipts that are still to be taken

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def messages(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(message) for message in self._messages]

    def callbacks(self) -> list[dict[str, Any]]:
        """Every callback with the answer that it got."""
        with self._lock:
            return [dict(one) for one in self._callbacks]

    def forget(self) -> None:
        with self._lock:
            self._messages.clear()
            self._callbacks.clear()

    def door(self) -> Blueprint:
        """The API."""
        door = Blueprint("sms_http", __name__, url_prefix=PREFIX)

        @door.post("/messages")
        def one() -> tuple[Response, int]:
            faulty = self._faults()
            if faulty is not None:
                return faulty
            given = request.get_json(silent=True)
            key = request.headers.get("Idempotency-Key", "")
            if not isinstance(given, dict) or key != given.get("key"):
                return jsonify({"reason": "malformed"}), 400
            return self._answered([given], lambda results: _single(results[0]))

        @door.post("/messages/bulk")
        def bulk() -> tuple[Response, int]:
            faulty = self._faults()
            if faulty is not None:
                return faulty
            given = request.get_json(silent=True)
            messages = given.get("messages") if isinstance(given, dict) else None
            if not isinstance(messages, list) or not 1 <= len(messages) <= BULK:
                return jsonify({"reason": "malformed"}), 400
            return self._answered(messages, lambda results: (jsonify({"results": results}), 200))

        return door

    # taking

    def _faults(self) -> tuple[Response, int] | None:
        settings = self.settings
        with self._lock:
            self.calls += 1
        if settings["delay_ms"]:
            time.sleep(settings["delay_ms"] / 1000)
        if settings["down"]:
            return jsonify({"reason": "down"}), 503
        if request.headers.get("Authorization") != f"Bearer {self._key}":
            return jsonify({"reason": "unauthorized"}), 401
        if settings["drop"] == "before" and self._once("drop_times"):
            return _cut()
        if settings["answer"] and self._once("times"):
            answer = jsonify({"reason": "on_demand"})
            if settings["answer"] in (429, 503):
                answer.headers["Retry-After"] = str(settings["retry_after"])
            return answer, int(settings["answer"])
        return None

    def _once(self, name: str) -> bool:
        with self._lock:
            left = self.settings[name]
            if left > 0:
                self.settings[name] = left - 1
            return bool(left)

    def _answered(self, given: list[Any], shape: Any) -> tuple[Response, int]:
        results = [self._take(one if isinstance(one, dict) else {}) for one in given]
        dropped = any(one.pop("cut", False) for one in results)
        if dropped or (self.settings["drop"] == "after" and self._once("drop_times")):
            return _cut()  # taken and on its way, but the sender never hears so
        shaped: tuple[Response, int] = shape(results)
        return shaped

    def _take(self, one: dict[str, Any]) -> dict[str, Any]:
        key, to, text = one.get("key"), one.get("to"), one.get("text")
        if not (isinstance(key, str) and key and isinstance(to, str) and isinstance(text, str)):
            return {"key": key, "status": "refused", "reason": "malformed"}
        with self._lock:
            known = self._by_key.get(key) if self.settings["honours_keys"] else None
            if known is not None:
                known["message"]["repeats"] += 1
                return dict(known["result"])
        behaviour, first = samples.of_number(to), self._tries.first(to, text.encode())
        if not to.startswith("+20") or to.lstrip("+") in self.settings["reject_numbers"] or behaviour == "refused":
            return {"key": key, "status": "refused", "reason": "number_invalid"}
        if behaviour == "throttled" and first:
            return {"key": key, "status": "later", "reason": "throttled", "retry_after": 1}
        if behaviour == "failed_then_delivered" and first:
            return {"key": key, "status": "later", "reason": "system_error", "retry_after": 1}
        if behaviour == "slow":
            time.sleep(samples.SLOW_MS / 1000)
        result = self._keep(key, to, text, one)
        self._plan_receipts(result["id"], to, behaviour)
        return {**result, "cut": behaviour == "no_answer" and first}

    def _keep(self, key: str, to: str, text: str, one: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            identity = f"h{next(self._ids):x}"
            result = {"key": key, "status": "accepted", "id": identity}
            message: dict[str, Any] = {
                "to": to.lstrip("+"), "from": one.get("from"), "text": text, "total": one.get("parts"),
                "key": key, "id": identity, "at": time.time(), "complete": True, "submissions": 1, "repeats": 0,
                "receipt": None, "parts": []}
            self._messages.append(message)
            self._by_key[key] = {"result": result, "message": message}
            return dict(result)

    # reporting

    def _plan_receipts(self, identity: str, to: str, behaviour: str | None) -> None:
        wish = {"undelivered": "failed", "no_receipt": "none", "duplicate": "duplicate",
                "undelivered_then_delivered": "reordered"}.get(behaviour or "", self.settings["receipts"])
        delay = samples.LATE_MS if behaviour == "delivered_late" else self.settings["receipt_delay_ms"]
        good, bad = ({"id": identity, "to": to, "status": "delivered"},
                     {"id": identity, "to": to, "status": "undelivered", "reason": "absent"})
        planned = {"none": [], "failed": [bad], "duplicate": [good] * 3, "reordered": [bad, good]}.get(wish, [good])
        due = time.time() + delay / 1000
        with self._lock:
            self._due.extend((due + 0.05 * number, [one]) for number, one in enumerate(planned))
            self.reporting += len(planned)
        self._wake.set()

    def _report(self) -> None:
        """Send what is due, several receipts a callback, and again until it is taken."""
        waiting: list[tuple[float, int, list[dict[str, Any]]]] = []
        while not self._stopping:
            self._wake.wait(0.05)
            self._wake.clear()
            now, callback = time.time(), self.settings["callback"]
            with self._lock:
                ripe = [entry for entry in self._due if entry[0] <= now]
                for entry in ripe:
                    self._due.remove(entry)
            # What was reported first is told first, each state of a message in a callback of its own.
            if ripe:
                waiting.append((now, 0, [one for _, receipts in ripe for one in receipts]))
            if not callback:
                continue
            later = []
            for due, tries, receipts in waiting:
                if due > now:
                    later.append((due, tries, receipts))
                elif not self._call_back(callback, receipts) and tries < len(REPEATS):
                    later.append((now + REPEATS[tries], tries + 1, receipts))
                else:
                    with self._lock:
                        self.reporting -= len(receipts)
            waiting = later

    def _call_back(self, url: str, receipts: list[dict[str, Any]]) -> bool:
        wish = self.settings["receipts"]
        body = json.dumps({"receipts": receipts}, separators=(",", ":"))
        at = str(int(time.time()) - (3600 if wish == "stale" else 0))
        key = "another key" if wish == "forged" else self._receipt_key
        signature = hmac.new(key.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
        try:
            answer = requests.post(url, data=body.encode(), timeout=5, headers={
                "Content-Type": "application/json", "X-Timestamp": at, "X-Signature": signature})
            status = answer.status_code
        except requests.RequestException:
            status = 0
        with self._lock:
            self._callbacks.append({"receipts": receipts, "status": status, "timestamp": at, "signature": signature,
                                    "body": body})
            if status == 200:
                for one in receipts:
                    known = next((m for m in reversed(self._messages) if m["id"] == one["id"]), None)
                    if known is not None:
                        known["receipt"] = one["status"]
        # Refused for good is not repeated: 4xx but 408 and 429.
        return status == 200 or (400 <= status < 500 and status not in (408, 429))


def _single(result: dict[str, Any]) -> tuple[Response, int]:
    if result["status"] == "refused":
        return jsonify(result), 422
    return jsonify(result), 202


def _cut() -> tuple[Response, int]:
    """Close the connection under the answer."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response(""), 500
