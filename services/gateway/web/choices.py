"""Choosing what messages come, as the API and the pages ask it. Whose choices they are is proven as on the page of the
request, and once more by the service that holds the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rules.arabic import western_digits
from services.gateway.web import ask
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

READ, CHOOSE, STOP = "notifications.preferences", "notifications.choose_preferences", "notifications.stop_messages"
OF_ADDRESS, SET = "notifications.address_preference", "notifications.set_preference"


def of_request(tracking_number: str, phone_last4: str | None) -> dict[str, Any]:
    """What stands for the addresses of a request. Refuses as the inquiry does."""
    return platform().call(READ, _proof(tracking_number, phone_last4), caller().actor)


def choose_for_request(tracking_number: str, phone_last4: str | None, choices: Sequence[Any],
                       command_id: UUID) -> dict[str, Any]:
    """Choose for the addresses of a request; what stands then."""
    proof = _proof(tracking_number, phone_last4)
    return platform().call(CHOOSE, {**proof, "choices": list(choices)}, caller().actor, command_id=command_id)


def of_link(token: str) -> dict[str, Any]:
    """What stands for the address that the link's message went to. Refuses preference_link_unknown."""
    return platform().call(READ, {"token": token[:100]}, caller().actor)


def choose_by_link(token: str, choices: Sequence[Any], command_id: UUID) -> dict[str, Any]:
    """Choose for the address that the link's message went to; what stands then."""
    return platform().call(CHOOSE, {"token": token[:100], "choices": list(choices)}, caller().actor,
                           command_id=command_id)  # fmt: skip


def stop(token: str, command_id: UUID) -> dict[str, Any]:
    """Stop messages to the address that the link's message went to."""
    return platform().call(STOP, {"token": token[:100]}, caller().actor, command_id=command_id)


def of_address(address: dict[str, Any]) -> dict[str, Any]:
    """For a clerk: what stands for a phone or an e-mail address."""
    return platform().call(OF_ADDRESS, address, caller().actor)


def set_for(address: dict[str, Any], receive: bool, language: str | None, command_id: UUID) -> dict[str, Any]:
    """For a clerk: what the citizen before them wishes."""
    return platform().call(SET, {**address, "receive": receive, "language": language}, caller().actor,
                           command_id=command_id)  # fmt: skip


def _proof(tracking_number: str, phone_last4: str | None) -> dict[str, Any]:
    found = ask.inquire("requests.status", tracking_number, phone_last4)
    return {"request_id": str(found["request_id"]), "phone_last4": western_digits(phone_last4 or "").strip()}
