"""SMS over HTTP: JSON in the dialect of HTTP.md, every message under a key by which the operator knows it again.

The key is the message's id, the same at every attempt: an operator that honours keys sends the message once, whatever
answers were lost and whoever crashed. A message of several parts is one call and one key; the operator cuts it as we
did. Delivery receipts come by callback (http_receipts.py).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from services.notifications import metrics
from services.notifications.providers.base import (
    Answer,
    Arrival,
    Outcome,
    Outgoing,
    Verdict,
    of_whole,
    register,
    together,
)
from services.notifications.settings_providers import HttpSettings

LOG = logging.getLogger(__name__)

AGAIN = (0.2, 1.0, 3.0)  # seconds before the same key is handed over again after an answer was lost
RECONNECT = (1, 2, 5, 10, 20, 30)  # seconds that an operator who cannot be reached is left alone
LONGEST_PAUSE = 300.0
SOON = timedelta(seconds=5)
UNKNOWN = (502, 504)  # of a proxy between us, which does not know whether the operator took it
OURS = (401, 403, 404, 405)  # how this node is set up: nothing is wrong with the message


class _NoAnswer(Exception):
    """It may have been taken."""


class _NotTaken(Exception):
    """It certainly was not."""

    def __init__(self, reason: str, retry_after: timedelta = SOON) -> None:
        super().__init__(reason)
        self.reason, self.retry_after = reason, retry_after


class HttpSms:
    """An operator behind an HTTP API."""

    brings_receipts = True
    repeats_safely = True

    def __init__(self, settings: HttpSettings, name: str = "http") -> None:
        self.name = name
        self._settings = settings
        self._words = settings.fields
        self._session = requests.Session()
        self._calls = threading.Semaphore(settings.window)
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=settings.window)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._session.headers["Authorization"] = f"Bearer {settings.key}"
        self._session.trust_env = False  # no proxy of the machine's environment and no .netrc
        self._paused_until = 0.0
        self._away_until = 0.0
        self._failures = 0
        self._closed = False

    @property
    def away(self) -> bool:
        return self._failures > 0

    def room(self) -> int:
        now = time.monotonic()
        if self._closed or now < self._paused_until or now < self._away_until:
            return 0
        # One that could not be reached is tried with a single call before it is trusted with many.
        return 1 if self._failures else self._settings.window * self._settings.bulk

    def submit(self, batch: Sequence[Outgoing], budget: timedelta) -> Mapping[UUID, Outcome]:
        until = time.monotonic() + budget.total_seconds()
        size = max(1, min(self._settings.bulk, -(-len(batch) // self._settings.window)))
        waiting = deque(batch[start:start + size] for start in range(0, len(batch), size))
        answers: dict[UUID, Answer] = {}
        workers = min(self._settings.window, len(waiting))
        together(self.name, workers, lambda: self._work_off(waiting, answers, until))
        return of_whole(batch, answers)

    def arrivals(self, limit: int) -> Sequence[Arrival]:
        return ()

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        raise AssertionError("receipts of an HTTP operator come by callback")

    def close(self) -> None:
        self._closed = True
        self._session.close()
        metrics.CONNECTED.labels(self.name).set(0)

    # one call

    def _work_off(self, waiting: deque[Sequence[Outgoing]], answers: dict[UUID, Answer], until: float) -> None:
        while waiting:
            chunk = waiting.popleft()
            answers.update(self._hand_over(chunk, until))

    def _hand_over(self, chunk: Sequence[Outgoing], until: float) -> dict[UUID, Answer]:
        """Hand over a few messages in one call, again under the same keys while the answer is lost and there is
        time."""
        def all_of(answer: Answer) -> dict[UUID, Answer]:
            return {one.message_id: answer for one in chunk}

        tried = False
        for pause in (0.0, *AGAIN):
            left = until - time.monotonic()
            paused = self._paused_until - time.monotonic()
            if not tried and (left <= 0 or paused > 0):
                return all_of(Answer(Verdict.HELD, reason="paused" if paused > 0 else "no_time",
                                     retry_after=timedelta(seconds=max(paused, 5))))
            if tried and (self._closed or left <= pause):
                break
            time.sleep(pause)
            begun = time.monotonic()
            try:
                said = self._call(chunk)
            except _NoAnswer as lost:
                tried = True
                LOG.info("no answer of %s: %s", self.name, lost)
                continue
            except _NotTaken as no:
                # A try before this one may have been taken all the same.
                return all_of(Answer(Verdict.UNCERTAIN if tried else Verdict.TEMPORARY, reason=no.reason,
                                     retry_after=no.retry_after, took=time.monotonic() - begun))
            self._failures = 0
            metrics.CONNECTED.labels(self.name).set(1)
            return self._judge(chunk, said, time.monotonic() - begun)
        return all_of(Answer(Verdict.UNCERTAIN, reason="no_answer"))

    def _call(self, chunk: Sequence[Outgoing]) -> dict[str, Any]:
        """The results by key. Raises _NoAnswer, or _NotTaken."""
        words, single = self._words, len(chunk) == 1
        shown = [self._shown(one) for one in chunk]
        headers = {"Content-Type": "application/json"}
        if single:
            headers["Idempotency-Key"] = str(chunk[0].message_id)
        body = orjson.dumps(shown[0] if single else {words["messages"]: shown})
        path = "/messages" if single else "/messages/bulk"
        try:
            with self._calls:
                answer = self._session.post(self._settings.url + path, data=body, headers=headers,
                                            allow_redirects=False, timeout=self._settings.timeout)
        except requests.RequestException as error:
            if _never_left(error):
                self._failures += 1
                self._away_until = time.monotonic() + RECONNECT[min(self._failures, len(RECONNECT)) - 1]
                metrics.CONNECTED.labels(self.name).set(0)
                raise _NotTaken("no_connection") from error
            raise _NoAnswer(type(error).__name__) from error
        return self._read(answer, chunk, single)

    def _shown(self, one: Outgoing) -> dict[str, Any]:
        words = self._words
        return {words["key"]: str(one.message_id), words["to"]: one.address,
                words["from"]: one.parts[0].sender or self._settings.sender,
                words["text"]: "".join(part.text for part in one.parts), words["parts"]: len(one.parts)}

    def _read(self, answer: requests.Response, chunk: Sequence[Outgoing], single: bool) -> dict[str, Any]:
        words, code = self._words, answer.status_code
        if code == 429:
            raise _NotTaken("throttled", self._pause(answer))
        if code in UNKNOWN:
            raise _NoAnswer(f"HTTP {code}")
        if code >= 500:
            raise _NotTaken(f"http_{code}", self._pause(answer) if "Retry-After" in answer.headers else SOON)
        if code in OURS or 300 <= code < 400:
            LOG.error("%s answers %d: see the settings of this provider", self.name, code)
            raise _NotTaken(f"http_{code}")
        if code == 409 and single:  # another call with this key is not through yet
            raise _NoAnswer("HTTP 409")
        try:
            data = orjson.loads(answer.content)
        except ValueError as error:
            raise _NoAnswer("an answer that is none") from error
        if not isinstance(data, dict):
            raise _NoAnswer("an answer that is none")
        if code >= 400:
            if not single:
                raise _NotTaken(f"http_{code}")
            data = {**data, words["status"]: words["refused"], words["reason"]: data.get(words["reason"])
                    or f"http_{code}"}
        if single:
            return {str(chunk[0].message_id): data}
        found = data.get(words["results"])
        return {str(one.get(words["key"])): one for one in found if isinstance(one, dict)} \
            if isinstance(found, list) else {}

    def _judge(self, chunk: Sequence[Outgoing], said: Mapping[str, Any], took: float) -> dict[UUID, Answer]:
        words, judged = self._words, {}
        for one in chunk:
            result = said.get(str(one.message_id), {})
            status, identity = result.get(words["status"]), result.get(words["id"])
            reason = _code(result.get(words["reason"]))
            if status == words["accepted"] and isinstance(identity, str) and 0 < len(identity) <= 200:
                answer = Answer(Verdict.ACCEPTED, provider_id=identity, took=took)
            elif status == words["refused"]:
                answer = Answer(Verdict.PERMANENT, reason=reason or "refused", took=took)
            elif status == words["later"]:
                wait = _seconds(result.get(words["retry_after"]))
                answer = Answer(Verdict.TEMPORARY, reason=reason or "later", took=took,
                                retry_after=None if wait is None else timedelta(seconds=wait))
            else:  # it says nothing of this message: it may have been taken
                answer = Answer(Verdict.UNCERTAIN, reason="no_answer", took=took)
            judged[one.message_id] = answer
        return judged

    def _pause(self, answer: requests.Response) -> timedelta:
        wait = _retry_after(answer.headers.get("Retry-After"))
        self._paused_until = max(self._paused_until, time.monotonic() + wait)
        return timedelta(seconds=wait)


def _never_left(error: requests.RequestException) -> bool:
    """Whether there was not even a connection."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _retry_after(given: str | None) -> float:
    """Seconds of a Retry-After header, a number or a moment (RFC 9110, 10.2.3); one where it says nothing."""
    seconds = _seconds(given)
    if seconds is None and given:
        try:
            seconds = (parsedate_to_datetime(given).astimezone(UTC) - datetime.now(UTC)).total_seconds()
        except ValueError:
            seconds = None
    return min(max(seconds if seconds is not None else 1.0, 0.1), LONGEST_PAUSE)


def _seconds(given: Any) -> float | None:
    text = str(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else ""
    return min(float(text), LONGEST_PAUSE) if text.replace(".", "", 1).isdecimal() else None


def _code(given: Any) -> str | None:
    """An operator's reason as a code for ours: letters, digits and underscores, no text of theirs."""
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in given.lower())[:40] \
        if isinstance(given, str) and given else None


@register.kind("http", HttpSettings)
def _make(settings: HttpSettings, name: str) -> HttpSms:
    return HttpSms(settings, name)
