"""Finding and following a request at a door without scripts, and a request of Cairo that the centre knows."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from chassis.ids import uuid7
from rules import numbering
from tests.support.centre_ground import *  # noqa: F403  (fixtures)
from tests.support.centre_ground import Centre, request
from tests.unit.gateway.ground import hidden

NUMBER = numbering.tracking_number("01", 2026, 9001, b"n" * 32)


def known(centre: Centre, number: str = NUMBER, **changes: Any) -> None:
    centre.hear(centre.arrival("EG-C", "requests.request.submitted.v1", uuid7(), 1, request(number, **changes)))


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answered = client.get(path)
    assert answered.status_code == status, answered.get_data(as_text=True)[:2000]
    return answered.get_data(as_text=True)


def send(client: FlaskClient, path: str, source: str, **data: Any) -> Any:
    shown = page(client, source)
    fields = {"csrf": hidden(shown, "csrf"), **data}
    if 'name="once"' in shown:
        fields["once"] = hidden(shown, "once")
    return client.post(path, data=fields)


def followed(client: FlaskClient, number: str, digits: str = "5678") -> Any:
    return send(client, "/ar/follow", "/ar/follow", tracking_number=number, phone_last4=digits)
