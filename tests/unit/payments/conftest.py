"""The wire to a rail as the only fake of the adapters' tests."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests


class Wire:
    """What was asked, and the answers that the test sets: (status, body) or an exception; the last one stands."""

    def __init__(self) -> None:
        self.answers: list[Any] = [(200, "{}")]
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, method: str, url: str, **options: Any) -> requests.Response:
        self.asked.append((method, url, options))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        body = answer[1] if isinstance(answer[1], str) else json.dumps(answer[1])
        response.status_code, response._content = answer[0], body.encode()
        return response


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    fake = Wire()
    monkeypatch.setattr(requests, "request", fake)
    return fake
