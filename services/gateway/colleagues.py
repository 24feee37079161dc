"""Names of colleagues: other services know accounts by id only, a page of a head or a manager shows people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement

_NAMES = Statement(
    text("SELECT id::text AS id, display_name FROM account WHERE id = ANY(CAST(CAST(:ids AS text[]) AS uuid[]))")
)
_OF_ROLE = Statement(
    text(
        "SELECT id::text AS id, username, display_name FROM account WHERE active AND unit = :unit "
        "AND :role = ANY(roles) ORDER BY display_name LIMIT 200"
    )
)


def names(work: Any, ids: Iterable[str | None]) -> dict[str, str]:
    """The display names of accounts by their ids. What is no account's id (a timer of the platform) has none."""
    wanted = sorted({one for one in ids if one and _is_id(one)})
    return {row.id: row.display_name for row in work.all(_NAMES, ids=wanted)} if wanted else {}


def of_role(work: Any, role: str, unit: str | None) -> list[tuple[str, str]]:
    """(user name, display name) of the people of a unit who hold a role and are let in, by name."""
    return [(row.username, row.display_name) for row in work.all(_OF_ROLE, role=role, unit=unit)]


def _is_id(text_: str) -> bool:
    try:
        UUID(text_)
    except ValueError:
        return False
    return True
