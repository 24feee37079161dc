"""A node that published before there were proposals goes on with what it published."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from alembic import command
from sqlalchemy import text

from chassis import migrations
from chassis.database import Database
from infra import secrets
from services.catalog.succession import digest_of
from tests.support import databases
from tests.support.catalog_ground import Desk
from tests.support.requests_ground import shop

_INSERT = text(
    "INSERT INTO definition VALUES ('shop-licence', :version, gen_random_uuid(), :day, now(), 'staff:old', :digest, "
    "CAST(:body AS jsonb))"
)


def test_what_was_published_before_stands_and_is_offered(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = databases.create(postgres, "catalog", migrated=False)
    for name, value in {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
                        "SHUBBAK_DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    command.upgrade(migrations.configuration("catalog", url), "catalog0001")
    bodies = [shop(), shop() | {"keywords": ["محل"]}]
    database = Database(url, 1)
    with database.transaction() as connection:
        for version, body in enumerate(bodies, 1):
            connection.execute(_INSERT, {"version": version, "day": f"2026-01-0{version}", "digest": digest_of(body),
                                         "body": orjson.dumps(body).decode()})
    database.close()

    migrations.upgrade("catalog", url)

    desk = Desk(url)
    try:
        assert desk.offered() == ["shop-licence"] and desk.get("shop-licence")["version"] == 2
        assert [one["state"] for one in desk.ask_versions("shop-licence", "national")] == ["in_force", "superseded"]
        before = desk.counts()
        assert desk.load(bodies[1], adopt=True)["version"] == 2  # the same content is no new version
        assert desk.counts() == before | {"command": before["command"] + 1}
        desk.load(shop() | {"keywords": ["دكان"]})
        assert desk.get("shop-licence")["version"] == 3
        for aggregate, counted in (("catalog.national", [1, 2, 3]), ("catalog.adoption", [1, 2]),
                                   ("catalog.definition", [3])):
            assert [event.sequence for event in desk.events() if event.aggregate == aggregate] == counted
    finally:
        desk.close()
        postgres.drop_database(url.rsplit("/", 1)[1])
