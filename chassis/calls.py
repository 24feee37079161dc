"""Calling another service of the node: bounded, typed errors, applied once.

A request carries its method, payload, signed actor, command id, deadline and correlation id. When an answer is lost the
call is repeated inside its own deadline under the same command id.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import orjson

from chassis import logs
from chassis.bus.base import Bus
from chassis.errors import Busy, DeadlineExceeded, RemoteFailure, Unavailable
from rules.refusal import Fault, Refusal, refuse

TIMEOUT = 5.0
_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


class Calls:
    """`calls("requests.submit", payload, actor=token, command_id=uuid)` → the answer."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def __call__(
        self,
        method: str,
        payload: dict[str, Any] | None = None,
        *,
        actor: str | None = None,
        command_id: UUID | None = None,
        timeout: float = TIMEOUT,
        correlation_id: str | None = None,
    ) -> dict[str, Any]:
        """The service's answer. Raises Refusal (it said no; or `malformed`, when the payload cannot be written as
        JSON), Busy, DeadlineExceeded, Unavailable or RemoteFailure."""
        ends = time.time() + timeout
        request = {
            "method": method,
            "payload": payload or {},
            "actor": actor,
            "command": command_id,
            "deadline": ends,
            "correlation": correlation_id or logs.correlation.get(),
        }
        try:
            body = orjson.dumps(request)
        except TypeError:  # an integer beyond 64 bits, half a character: what somebody gave, not what we made
            raise refuse("malformed") from None
        service = method.partition(".")[0]
        # The first try gets two thirds of the time: a reply lost with a connection is then still found by the second.
        share, pause = timeout * 2 / 3, _PAUSE
        while True:
            try:
                return _read(self._bus.call(service, body, min(share, ends - time.time())))
            except Busy:
                raise
            except Unavailable:
                remains = ends - time.time()
                if remains < 0.1:
                    raise
                time.sleep(min(pause, remains / 2))  # green: chassis.patched sees to it
                # Hundreds of callers wait at a time, and what is in trouble is not to be hammered by all of them.
                share, pause = timeout, min(pause * 2, _LONGEST_PAUSE)


def _read(raw: bytes) -> dict[str, Any]:
    answer = orjson.loads(raw)
    if "answer" in answer:
        result: dict[str, Any] = answer["answer"]
        return result
    if "refused" in answer:
        raise Refusal([Fault(fault["code"], fault["field"], fault["params"]) for fault in answer["refused"]])
    kind = answer.get("failed")
    if kind == "busy":
        raise Busy(answer.get("service", ""))
    if kind == "deadline_exceeded":
        raise DeadlineExceeded(answer.get("service", ""))
    if kind == "unavailable":
        raise Unavailable(answer.get("service", ""))
    raise RemoteFailure(answer.get("service", ""))
