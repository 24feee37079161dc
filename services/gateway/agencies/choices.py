"""What an agreement or an agency may name of the guide, with names: at a node its own guide, at the centre whatever the
governorates told that they offer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement

_SERVICES = Statement(text(
    "SELECT DISTINCT ON (code) code, name FROM ("
    "SELECT code, version, document->'name' AS name FROM definition UNION ALL "
    "SELECT e.code, e.version, d.document->'name' FROM national_edition AS e "
    "JOIN national_definition AS d USING (digest)) AS known ORDER BY code, version DESC"
))  # fmt: skip
_BODIES = Statement(text(
    "SELECT DISTINCT ON (body->>'code') body->>'code' AS code, body->'name' AS name FROM ("
    "SELECT document FROM definition UNION ALL SELECT document FROM national_definition) AS known, "
    "jsonb_array_elements(CASE jsonb_typeof(document->'external_bodies') WHEN 'array' "
    "THEN document->'external_bodies' ELSE '[]' END) AS body ORDER BY body->>'code'"
))  # fmt: skip


def services(work: Any) -> list[tuple[str, dict[str, str]]]:
    """Code and name of every service that is known here."""
    return [(row.code, row.name) for row in work.all(_SERVICES)]


def bodies(work: Any) -> list[tuple[str, dict[str, str]]]:
    """Code and name of every outside body that a service known here asks."""
    return [(row.code, row.name) for row in work.all(_BODIES)]
