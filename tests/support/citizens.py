"""A citizen in front of a node over HTTP: has codes sent, reads them off the sandbox operator, logs in, lodges, looks.
"""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from infra.demo.walk import API, application

SECONDS = 60.0
_GIVEN: set[str] = set()


def a_phone() -> str:
    """A mobile that no other test has."""
    return _once(lambda chance: f"010{chance.randrange(10**8):08d}")


def a_national_id() -> str:
    """A possible national ID that no other test has."""
    return _once(lambda chance: f"2{chance.randrange(60, 99):02d}031201{chance.randrange(10**5):05d}")


def _once(draw: Callable[[random.Random], str]) -> str:
    chance = random.SystemRandom()
    while (drawn := draw(chance)) in _GIVEN:
        pass
    _GIVEN.add(drawn)
    return drawn


@dataclass
class Citizen:
    """One person with a card and a phone. `operator` answers the messages that came to a number."""

    url: str
    operator: Any
    national_id: str = field(default_factory=a_national_id)
    phone: str = field(default_factory=a_phone)
    token: str | None = None

    def ask(self, **changes: Any) -> requests.Response:
        """Have a code sent."""
        return self.post("/citizens/codes", {"national_id": self.national_id, "phone": self.phone, **changes})

    def read(self, nth: int = 1, phone: str | None = None) -> str:
        """The nth code that came to the phone: each ends the first line of its message."""
        number, ends = "2" + (phone or self.phone), time.monotonic() + SECONDS
        while True:
            came = [found[1] for one in self.operator.sms(number)
                    if (found := re.search(r" ([0-9]{6})$", one["text"].partition("\n")[0]))]
            if len(came) >= nth:
                return came[nth - 1]
            assert time.monotonic() < ends, f"no code came to {number}: {came}"
            time.sleep(0.05)

    def log_in(self, nth: int = 1) -> dict[str, Any]:
        """Log in by a code; the session's token is used from then on."""
        asked = self.ask()
        assert asked.status_code == 202, asked.text
        opened = self.post("/citizens/sessions", {"challenge_id": asked.json()["challenge_id"], "code": self.read(nth)})
        assert opened.status_code == 201, opened.text
        self.token = opened.json()["token"]
        answer: dict[str, Any] = opened.json()
        return answer

    def lodge(self, documents: list[dict[str, str]], *, anonymously: bool = False, **changes: Any) -> str:
        """Lodge a shop licence in the own name; answers its tracking number."""
        body = application(documents)
        body["applicant"] |= {"national_id": self.national_id, "phone": self.phone, **changes}
        answer = self.post("/requests", body, token=None if anonymously else self.token)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["tracking_number"])

    def requests(self) -> list[str]:
        """The tracking numbers of the own requests, the newest first."""
        answer = self.get("/citizens/requests")
        assert answer.status_code == 200, answer.text
        return [one["tracking_number"] for one in answer.json()["requests"]]

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + API + path, headers=self._headers(self.token), timeout=20)

    def delete(self, path: str) -> requests.Response:
        return requests.delete(self.url + API + path, headers=self._headers(self.token), timeout=20)

    def post(self, path: str, body: Any, token: str | None = None) -> requests.Response:
        headers = {**self._headers(token), "Idempotency-Key": str(uuid.uuid4())}
        return requests.post(self.url + API + path, json=body, headers=headers, timeout=20)

    def _headers(self, token: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"} if token else {}
