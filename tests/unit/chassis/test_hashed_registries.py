"""Every column of keyed hashes is registered for the laying of a new look-up key, once."""

from __future__ import annotations

import importlib

import pytest
from sqlalchemy import LargeBinary

from chassis.rekeying import Lasting, Passing, Rehashed, hashed_of

SERVICES = ("catalog", "requests", "payments", "notifications", "gateway")
# Plain digests of random tokens: no key is in them. The others are sealed, public keys, or signatures.
UNKEYED = {"rating_invitation.token_key", "session.token_hash", "device.public_key"}


def hashes(service: str) -> set[str]:
    tables = importlib.import_module(f"services.{service}.tables").metadata.tables
    return {f"{table.name}.{column.name}" for table in tables.values() for column in table.columns
            if isinstance(column.type, LargeBinary) and column.name.endswith(("_key", "_lookup", "claim"))} - UNKEYED


@pytest.mark.parametrize("service", SERVICES)
def test_every_hashed_column_says_what_a_new_key_does_to_it(service: str) -> None:
    registered = [column for one in hashed_of(service) for column in one.columns]
    assert hashes(service) <= set(registered)
    assert "command.request_hash" in registered
    once = [column for one in hashed_of(service) if isinstance(one, Rehashed) for column in one.columns]
    assert len(once) == len(set(once))


def test_the_hashes_are_found() -> None:
    assert {"request.inquiry_key", "party.person_key", "declared_relation.person_key"} <= hashes("requests")
    assert {"message.address_lookup", "receipt.address_lookup"} <= hashes("notifications")


def test_what_cannot_be_computed_again_says_why() -> None:
    kinds = [one for service in SERVICES for one in hashed_of(service) if isinstance(one, Passing | Lasting)]
    assert all(one.why for one in kinds)
