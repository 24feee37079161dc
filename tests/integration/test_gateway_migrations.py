"""What stands in the gateway's tables before a change of them goes on by its rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from chassis import migrations
from chassis.database import Database
from infra import secrets
from tests.support import databases

_AGENCY = """
INSERT INTO agency (id, code, name_ar, name_en, bodies, made_at, made_by, version)
VALUES (:agency, :code, 'جهة', 'Agency', '{}', now(), 'staff:old', 1);
INSERT INTO agreement (id, agency_id, reference, events, fields, valid_from, valid_until, made_at, made_by, version)
VALUES (:agency, :agency, 'ب/1', '{}', '{}', '2026-01-01', '2026-12-31', now(), 'staff:old', 1)
"""
_SUBSCRIPTION = """
INSERT INTO subscription (id, agency_id, agreement_id, name, way, at_once, state, state_at, state_by, made_at, made_by,
  version)
VALUES (:id, :agency, :agency, 'اشتراك', :way, 1, :state, now(), 'staff:old', :made, 'staff:old', 1)
"""


class Former:
    """The gateway's database as a former revision had it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url, 1)

    def to(self, revision: str) -> None:
        command.upgrade(migrations.configuration("gateway", self.url), revision)

    def back_to(self, revision: str) -> None:
        command.downgrade(migrations.configuration("gateway", self.url), revision)

    def do(self, sql: str, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(sql), values)

    def rows(self, sql: str) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(sql)))


@pytest.fixture
def former(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Former]:
    url = databases.create(postgres, "gateway", migrated=False)
    for name, value in {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
                        "SHUBBAK_DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    gateway = Former(url)
    yield gateway
    gateway.database.close()
    postgres.drop_database(url.rsplit("/", 1)[1])


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def test_of_several_subscriptions_of_an_agency_by_amqp_the_oldest_active_one_goes_on(former: Former) -> None:
    former.to("gateway0012")
    stood = {  # agency, way, state, day on which it was made
        1: (100, "amqp", "ended", 1), 2: (100, "amqp", "paused", 3), 3: (100, "amqp", "active", 2),
        4: (100, "amqp", "active", 3), 5: (100, "webhook", "active", 4), 6: (200, "amqp", "active", 5),
        7: (300, "amqp", "paused", 1), 8: (300, "amqp", "active", 2), 9: (400, "amqp", "paused", 1),
    }  # fmt: skip
    for agency in (100, 200, 300, 400):
        for statement in _AGENCY.split(";"):
            former.do(statement, agency=_id(agency), **({"code": str(agency)} if ":code" in statement else {}))
    for number, (agency, way, state, day) in stood.items():
        former.do(_SUBSCRIPTION, id=_id(number), agency=_id(agency), way=way, state=state, made=f"2026-01-0{day}")

    former.to("gateway0013")

    rows = {str(row.id): row for row in former.rows("SELECT * FROM subscription")}
    assert {one: rows[_id(one)].state for one in stood} == {
        1: "ended", 2: "ended", 3: "active", 4: "ended", 5: "active", 6: "active", 7: "ended", 8: "active",
        9: "paused"}  # fmt: skip
    for one in (2, 4, 7):
        assert (rows[_id(one)].state_by, rows[_id(one)].version) == ("service:gateway", 2)
        assert "أقدم اشتراكاتها" in rows[_id(one)].state_because
    assert rows[_id(1)].state_because is None and rows[_id(1)].version == 1


def test_numbers_from_before_places_were_kept_count_as_reserved_before(former: Former) -> None:
    former.to("gateway0013")
    for peer, since in (("EG-C", _id(1)), ("EG-SUZ", None)):
        former.do("INSERT INTO link_sent (peer, epoch, sent, applied, backed_up, incarnation, state, peer_epoch, "
                  "peer_counter, counter, numbers_since) VALUES (:peer, 1, 0, 0, 0, 1, 'linked', 1, 1, 1, "
                  "CAST(:since AS uuid))", peer=peer, since=since)
    former.do("INSERT INTO national_number (number, governorate, block_id, at) VALUES "
              "('a', 'EG-C', :new, now()), ('b', 'EG-SUZ', :new, now())", new=_id(9))
    former.to("gateway0014")
    rows = former.rows("SELECT peer, numbers_since, numbers_awaited FROM link_sent ORDER BY peer")
    assert [tuple(row) for row in rows] == [("EG-C", {}, {}), ("EG-SUZ", None, {})]
    assert [tuple(row) for row in former.rows("SELECT epoch, sequence FROM national_number")] == [(None, None)] * 2

    former.back_to("gateway0013")
    counts = former.rows("SELECT n.number FROM national_number AS n JOIN link_sent AS s ON s.peer = n.governorate "
                         "WHERE s.numbers_since IS NULL OR n.block_id >= s.numbers_since")
    assert [row.number for row in counts] == ["b"]
    former.do("INSERT INTO national_number (number, governorate, block_id, at) "
              "VALUES ('c', 'EG-C', '0fffffff-ffff-7000-8000-000000000000', now())")  # of a later time
    assert [row.number for row in former.rows(
        "SELECT number FROM national_number AS n JOIN link_sent AS s ON s.peer = n.governorate "
        "WHERE n.block_id >= s.numbers_since")] == ["c"]
