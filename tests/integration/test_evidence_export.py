"""The message log of a real database as a file: what the operator exports, the outsider proves."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis.cli import main as chassis
from chassis.database import Statement
from chassis.evidence_cli import keys_of
from chassis.ids import uuid7
from infra.demo.walk import PASSWORD
from rules import evidence as rule
from rules.link import Message, sign
from rules.refusal import Refusal
from services.gateway import accounts
from services.gateway.__main__ import main as gateway
from services.gateway.link import evidence, peers
from services.gateway.link.settings import LinkSettings
from services.gateway.tables_link import link_out
from tests.support.agencies_amqp import KEYS, Centre
from tests.support.centre_door import Door, browser

AUDITED = Statement(text("SELECT subject, details FROM audit WHERE action = 'evidence.exported' ORDER BY id"))


def link_of(place: Centre) -> LinkSettings:
    known = {node: {"k1": key.public_key().public_bytes_raw()} for node, key in KEYS.items()}
    own = {"k1": Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)}
    return LinkSettings("EG", place.settings.role, 1, "", {}, own, known, {}, 15.0, 50_000, 90)


@pytest.fixture
def place(database_url: Callable[[str], str]) -> Iterator[Centre]:
    own = b64encode(b"\x05" * 32).decode()
    found = Centre(database_url("gateway"), {"SHUBBAK_LINK_SIGNING_KEY": f"k1:{own}"})
    found.attempt(lambda work: peers.open_streams(work, link_of(found)))
    yield found
    found.database.close()


def owner(place: Centre, *statements: str) -> None:
    """What whoever owns the database can do, in one transaction."""
    connection = psycopg2.connect(place.settings.database_url.replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def exported(place: Centre, after: int = 0, most: int | None = None) -> list[bytes]:
    return list(place.attempt(lambda work: evidence.received(place.unit_of_work, work, after, most)))


def known(place: Centre) -> Any:
    return keys_of(place.attempt(evidence.keys))


def test_what_came_in_is_proven_by_the_keys_that_the_place_knows(place: Centre) -> None:
    place.arrive(700)
    place.arrive(40, node="EG-SUZ")
    found = rule.prove(exported(place), known(place))
    assert (found.node, found.first) == ("EG", 1) and found.entries == found.last >= 740
    assert found.senders["EG-SUZ"] >= 40 and found.senders["EG-C"] >= 700
    last = place.unit_of_work().all(AUDITED)[-1]
    assert last.subject == "received" and last.details["after"] == 0 and last.details["until"] >= found.last


def test_files_one_after_the_other_are_proven_by_each_others_heads(place: Centre) -> None:
    place.arrive(30)
    first = exported(place, most=10)
    position, last = rule.head_of(first, known(place))
    place.arrive(5)
    second = exported(place, after=position)
    found = rule.prove(second, known(place), {position: last})
    assert found.first == position + 1 and rule.prove(first, known(place)).last == position
    with pytest.raises(rule.Broken, match="earlier_head_off"):
        rule.prove(second, known(place), {position: b"another"})


def test_a_log_that_its_owner_changed_proves_nothing(place: Centre) -> None:
    """Whoever owns the database can switch the table's guard off; the file shows it."""
    place.arrive(20)
    head = dict([rule.head_of(exported(place), known(place))])
    owner(place, "ALTER TABLE link_log DISABLE TRIGGER link_log_append_only",
          "UPDATE link_log SET received_at = received_at - interval '1 day' WHERE position = 7")  # fmt: skip
    try:
        with pytest.raises(rule.Broken) as caught:
            rule.prove(exported(place), known(place), head)
        assert (caught.value.why, caught.value.line) == ("hash_wrong", 8)
    finally:
        owner(place, "UPDATE link_log SET received_at = received_at + interval '1 day' WHERE position = 7",
              "ALTER TABLE link_log ENABLE TRIGGER link_log_append_only")  # fmt: skip
    assert rule.prove(exported(place), known(place), head)


def test_a_log_whose_oldest_entries_are_kept_no_more_begins_at_the_first_that_is(place: Centre) -> None:
    place.arrive(20)
    owner(place, "SET LOCAL shubbak.retention = 'on'", "DELETE FROM link_log WHERE position <= 9")
    found = rule.prove(exported(place), known(place))
    assert found.first == 11  # the tenth vouches for what went before
    with pytest.raises(Refusal, match="evidence_position_unknown"):
        exported(place, after=3)
    with pytest.raises(Refusal, match="evidence_position_unknown"):
        exported(place, after=10**9)


def test_what_went_out_is_proven_too(place: Centre) -> None:
    own = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)

    def send(work: Any) -> None:
        for sequence in range(3, 9):  # the first two are kept no more
            plain = Message("EG", "EG-C", 1, sequence, uuid7(), "catalog.national.retired.v1", b"{}", "k1", b"")
            work.write(Statement.insert(link_out), peer="EG-C", epoch=1, sequence=sequence, event_id=plain.id,
                       type=plain.type, subject=plain.id, occurred_at=work.now, body=plain.body, key_id="k1",
                       signature=sign(plain, own), stored_at=work.now)  # fmt: skip

    place.attempt(send)
    lines = list(place.attempt(lambda work: evidence.sent(place.unit_of_work, work, "EG-C")))
    found = rule.prove(lines, known(place))
    assert (found.direction, found.first, found.last, dict(found.senders)) == ("sent", 3, 8, {"EG": 6})
    with pytest.raises(rule.Broken, match="position_wrong"):
        rule.prove([*lines[:3], *lines[4:]], known(place))
    none = list(place.attempt(lambda work: evidence.sent(place.unit_of_work, work, "EG-SUZ")))
    assert rule.prove(none, known(place)).entries == 0


def test_the_operators_command_and_the_outsiders(
    place: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.arrive(12)
    for name, value in place.environ.items():
        monkeypatch.setenv(name, value)
    run = CliRunner()
    file, keys = tmp_path / "log.jsonl", tmp_path / "keys"
    assert run.invoke(gateway, ["export-log", "--out", str(file)]).exit_code == 0
    keys.write_text(run.invoke(gateway, ["log-keys"]).output)
    for name in place.environ:
        monkeypatch.delenv(name)
    done = run.invoke(chassis, ["verify-log", str(file), "--keys", str(keys)])
    assert done.exit_code == 0 and "received by EG" in done.output, done.output
    file.write_bytes(file.read_bytes().replace(b"EG-C", b"EG-X", 1))
    assert run.invoke(chassis, ["verify-log", str(file), "--keys", str(keys)]).exit_code == 1


def test_at_the_door_an_administrator_gets_the_file_and_others_do_not(place: Centre) -> None:
    place.arrive(4)
    for username, role, unit in (("auditor", "administrator", None), ("clerk", "window_clerk", None),
                                 ("of-a-unit", "administrator", "EG-C-01")):  # fmt: skip
        place.attempt(lambda work, who=username, may=role, of=unit: accounts.create(
            work, username=who, password=PASSWORD, display_name=who, roles=(may,), unit=of))  # fmt: skip
    client = browser(Door(place).app())  # type: ignore[arg-type]

    def headers(username: str) -> dict[str, str]:
        told = client.post("/api/v1/sessions", json={"username": username, "password": PASSWORD}).get_json()
        return {"Authorization": f"Bearer {told['token']}"}

    auditor = headers("auditor")
    answer = client.get("/api/v1/evidence/received", headers=auditor)
    assert answer.status_code == 200 and answer.content_type == "application/x-ndjson"
    keys = keys_of(client.get("/api/v1/evidence/keys", headers=auditor).get_json()["keys"])
    found = rule.prove(answer.data.splitlines(keepends=True), keys)
    assert found.entries >= 4
    later = client.get(f"/api/v1/evidence/received?after={found.last}", headers=auditor)
    assert rule.prove(later.data.splitlines(keepends=True), keys, {found.last: found.hash}).entries == 0
    sent = client.get("/api/v1/evidence/sent?peer=EG-SUZ", headers=auditor)
    assert rule.prove(sent.data.splitlines(keepends=True), keys).direction == "sent"
    assert client.get("/api/v1/evidence/received?after=99999999", headers=auditor).get_json()["code"] == \
        "evidence_position_unknown"
    assert client.get("/api/v1/evidence/sent?peer=nowhere", headers=auditor).status_code == 422
    for path in ("received", "sent?peer=EG", "keys"):
        assert client.get(f"/api/v1/evidence/{path}", headers=headers("clerk")).status_code == 403
        assert client.get(f"/api/v1/evidence/{path}").status_code == 401
        bound = client.get(f"/api/v1/evidence/{path}", headers=headers("of-a-unit"))
        assert (bound.status_code, bound.get_json()["code"]) == (403, "unit_bound")


def test_a_place_without_a_key_says_so(database_url: Callable[[str], str]) -> None:
    place = Centre(database_url("gateway"))
    with pytest.raises(Refusal, match="evidence_unsigned"):
        exported(place)
    place.database.close()
