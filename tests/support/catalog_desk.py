"""The desk of proposals over a database of the module, and what is proposed at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.catalog_ground import Desk
from tests.support.requests_ground import shop

__all__ = ["desk", "opened"]  # what a module of tests takes by *

REASON = {"ar": "ضُمّت إلى خدمة أخرى", "en": "merged into another service"}


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Desk]:
    made = Desk(database_url("catalog"))
    yield made
    made.close()


@pytest.fixture
def desk(opened: Desk) -> Desk:
    opened.fresh()
    return opened


def other(*words: str) -> dict[str, Any]:
    """The shop licence with other keywords."""
    return shop() | {"keywords": list(words)}


def offer(desk: Desk) -> None:
    desk.approved("adoption", {"code": "shop-licence", "offered": True})


def seen(proposal: dict[str, Any]) -> dict[str, Any]:
    """Names a proposal as whoever acts on it has seen it."""
    return {"proposal_id": proposal["proposal_id"], "version": proposal["version"]}
