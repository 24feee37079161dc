"""Applicants and staff who do not give up: they repeat what was not answered, under the same Idempotency-Key."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from infra.demo.walk import Walk, WalkFailed, application, until

PATIENCE = 120.0  # seconds until a person would call the governor
_PAUSE = 0.15
# Before an answer began, or in its midst.
_BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class PatientWalk(Walk):
    """A walk that meets crashes: 503 and broken connections are tried again, everything else is a failure."""

    def _read(self, response: requests.Response) -> dict[str, Any]:
        if response.status_code == 503:
            assert response.headers.get("Retry-After"), "503 without Retry-After"
            raise ConnectionError("503")
        return super()._read(response)

    def get(self, path: str, **options: Any) -> dict[str, Any]:
        return self._patiently(lambda: super(PatientWalk, self).get(path, **options))

    def post(self, path: str, body: Any, *, as_: str | None = None, key: str | None = None) -> dict[str, Any]:
        fixed = key or str(uuid.uuid4())
        return self._patiently(lambda: super(PatientWalk, self).post(path, body, as_=as_, key=fixed))

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                return ask()
            except (ConnectionError, *_BROKEN) as error:
                if time.monotonic() > ends:
                    raise WalkFailed(f"no answer in {PATIENCE:.0f} s: {error}") from error
                time.sleep(_PAUSE)

    def until(self, ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        return until(ask, wanted, patience=PATIENCE, pause=_PAUSE)


@dataclass
class Crowd:
    """So many applicants at once, and one person at each desk."""

    url: str
    pay: Callable[[str], Any]
    accepted: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _closing: threading.Event = field(default_factory=threading.Event)

    def run(self, cases: int, chance: random.Random) -> None:
        """Start them all; returns when every case is over."""
        self._closing.clear()
        desks = [threading.Thread(target=self._desk, args=(name, action))
                 for name, action in (("officer", "accept"), ("inspector", "report"), ("head", "approve"))]
        applicants = [
            threading.Thread(target=self._applicant, args=(chance.random() * 2, chance.choice(_BEHAVIOURS)))
            for _ in range(cases)
        ]
        for thread in (*desks, *applicants):
            thread.start()
        for thread in applicants:
            thread.join()
        self._closing.set()
        for thread in desks:
            thread.join()

    def _applicant(self, delay: float, behaviour: str) -> None:
        walk = PatientWalk(self.url, lambda reference: self._pay(walk, reference, behaviour))
        try:
            time.sleep(delay)
            number = walk.lodge()["tracking_number"]
            self.accepted.append(number)
            walk.pay_bill(number, "inspection")
            walk.pay_bill(number, "final")
            walk.until(lambda: walk.status(number), lambda answer: answer["outcome"] == "approved")
            self.done.append(number)
        except Exception as error:
            self.failures.append(f"applicant: {error!r}")

    def _pay(self, walk: PatientWalk, reference: str, behaviour: str) -> None:
        walk._patiently(lambda: self.pay(reference, behaviour))

    def _desk(self, name: str, action: str) -> None:
        walk = PatientWalk(self.url, self.pay)
        while not self._closing.is_set():
            try:
                if walk.post("/tasks/next", {}, as_=name)["task"] is None:
                    self._closing.wait(_PAUSE)
                for task in walk.get("/tasks", as_=name)["tasks"]:
                    self._act(walk, name, task["task_id"], action)
            except Exception as error:
                self.failures.append(f"{name}: {error!r}")
                return

    def _act(self, walk: PatientWalk, name: str, task_id: str, action: str) -> None:
        inputs = {"findings": "مطابق"} if action == "report" else {}
        walk.post(f"/tasks/{task_id}/actions", {"action": action, "inputs": inputs, "reason": None}, as_=name)


_BEHAVIOURS = ("normal", "normal", "duplicate", "late")

__all__ = ["Crowd", "PatientWalk", "application"]
