"""The keys that sign on the line: a new one is announced by the old, a revoked one ends at its place, a stolen one
leaves nothing behind that it had not honestly signed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from chassis.errors import ConfigurationError
from chassis.ids import uuid7
from infra import secrets
from services.gateway.link import keys, keys_down, peers
from services.gateway.link.__main__ import main as operate
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import CENTRE, NODE, RATED, End, envelope, exchange, ids, key, public, sent


def test_a_new_key_is_announced_by_the_old_one_and_signs_once_the_peer_knows_it(ends) -> None:
    node, centre = ends
    centre.receiving._appliers = (*centre.receiving._appliers, keys.take)
    told = node.tell(3)
    exchange(node, centre)
    node.signing = {"k2": key(3), "k1": key(1)}
    node.start()
    told += node.tell(2)
    out = node.send()
    assert [one.headers["key"] for one in out] == ["k1", "k1"]
    centre.take(out)
    node.do("UPDATE event_log SET position = (SELECT max(position) FROM event_log) + 1 WHERE position IS NULL")
    exchange(node, centre)
    assert centre.rows("SELECT key_id FROM link_key WHERE peer = :peer ORDER BY key_id", peer=NODE)[1].key_id == "k2"
    told += node.tell(2)
    out = node.send()
    assert {one.headers["key"] for one in out} == {"k2"}
    centre.take(out)
    assert [one.event.id for one in centre.arrived if one.event.type == RATED] == told
    assert centre.parked() == []
    assert bytes(centre.one("SELECT public FROM link_key WHERE key_id = 'k2'").public) == public(3)


def test_what_follows_the_place_from_which_a_key_is_revoked_takes_no_effect(ends) -> None:
    node, centre = ends
    told = node.tell(5)
    on_the_way = node.send()
    centre.do("UPDATE link_key SET revoked_epoch = 1, revoked_sequence = 4 WHERE peer = :peer", peer=NODE)
    centre.take(on_the_way)
    assert ids(centre) == told[:3]
    assert centre.parked() == [("key_revoked", 1), ("key_revoked", 1)]


def test_what_waits_for_its_turn_goes_with_the_key_that_signed_it_and_the_real_one_takes_its_place(ends) -> None:
    node, centre = ends
    told = node.tell(3)
    on_the_way = node.send()
    forged = uuid7()
    centre.take([on_the_way[2], centre.message(4, envelope(forged), event_id=forged)])
    assert centre.one("SELECT count(*) AS held FROM link_held").held == 2
    revoked = {"peer": NODE, "line": {"peer": NODE}, "key_id": "k1", "public": b64encode(public(1)).decode(),
               "since_epoch": 1, "since_sequence": 1, "revoked_epoch": 1, "revoked_sequence": 4}
    centre.attempt(lambda work: keys_down.change(work, revoked))
    centre.take(on_the_way[:2])
    assert ids(centre) == told and not centre.rows("SELECT 1 FROM link_held")


@pytest.mark.parametrize("order", [(3, 4, 5, 6), (5, 6, 3, 4), (6, 4, 5, 3)])
def test_what_a_key_signed_behind_its_revocation_takes_no_effect_in_the_same_batch_either(ends, order) -> None:
    node, centre = ends
    centre.receiving._appliers = (*centre.receiving._appliers, keys.take)
    centre.do("INSERT INTO link_key (peer, key_id, public, since_epoch, since_sequence) VALUES (:peer, 'k2', :key, "
              "1, 1)", peer=NODE, key=public(3))
    told = node.tell(2)
    first = node.send()
    revocation, forged, honest = uuid7(), uuid7(), uuid7()
    about = {"node": CENTRE, "peer": NODE, "key_id": "k1", "public": b64encode(public(1)).decode(), "since_epoch": 1,
             "since_sequence": 1, "revoked_epoch": 1, "revoked_sequence": 4}
    by_place = {
        3: centre.message(3, envelope(revocation, event_type="gateway.key.issued.v1", data=about),
                          event_type="gateway.key.issued.v1", event_id=revocation, by=3, key_id="k2"),
        4: centre.message(4, envelope(forged), event_id=forged),
        5: centre.message(5, envelope(uuid7()), event_id=uuid7()),
        6: centre.message(6, envelope(honest), event_id=honest, by=3, key_id="k2"),
    }
    centre.take([*first, *(by_place[place] for place in order)])
    assert ids(centre) == [*told, revocation]
    assert centre.parked() == [("key_revoked", 1), ("key_revoked", 1)]
    assert [row.sequence for row in centre.rows("SELECT sequence FROM link_held")] == [6]


def test_a_key_is_not_taken_back_while_messages_that_the_peer_wants_are_signed_by_it(ends) -> None:
    node, centre = ends
    word = f"k1:{b64encode(public(1)).decode()}"
    environment = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": NODE, "SHUBBAK_BUS": "local",
                   "SHUBBAK_GATEWAY_DATABASE_URL": node.url, "SHUBBAK_LINK_URL": "amqp://nowhere/line"}

    def take_back(*more: str) -> Result:
        return CliRunner().invoke(operate, ["revoke-own", CENTRE, word, *more], env=environment)

    def placed() -> None:
        node.do("UPDATE event_log SET position = (SELECT max(position) FROM event_log) + 1 WHERE position IS NULL")

    centre.receiving._appliers = (*centre.receiving._appliers, keys.take)
    node.tell(3)
    exchange(node, centre)
    assert "k1 still signs" in take_back().output
    node.signing = {"k2": key(3), "k1": key(1)}
    node.start()
    node.number()
    placed()
    exchange(node, centre)
    node.tell(1)
    exchange(node, centre)
    node.do("UPDATE link_sent SET applied = 2")
    assert "2 messages from there on" in take_back("--from", "1:2").output
    node.do("UPDATE link_sent SET applied = 5")
    done = take_back()
    assert done.exit_code == 0, done.output
    placed()
    exchange(node, centre)
    assert centre.parked() == []
    kept = centre.one("SELECT revoked_epoch, revoked_sequence FROM link_key WHERE key_id = 'k1' AND peer = :peer",
                      peer=NODE)
    assert tuple(kept) == (1, 6)


def test_other_bytes_under_a_key_id_that_is_known_stop_the_start_and_are_named(ends, caplog) -> None:
    _, centre = ends
    peers.check(centre.database, centre.link)
    peers.check(centre.database, replace(centre.link, peers={"EG-C": {"k1": public(4)}, NODE: {"k2": public(4)}}))
    changed = replace(centre.link, peers={NODE: {"k1": public(4)}})
    with pytest.raises(ConfigurationError, match=f"k1 of {NODE} is trusted with other bytes"):
        peers.check(centre.database, changed)
    centre.attempt(lambda work: peers.open_streams(work, changed))
    assert f"k1 of {NODE} is trusted with other bytes" in caplog.text
    assert centre.attempt(lambda work: peers.keys(work, NODE))["k1"].public == public(1)


def operator(end: End, *words: str, **environment: str) -> Result:
    """What an operator does by hand at an end."""
    private = ",".join(f"{name}:{b64encode(one.private_bytes_raw()).decode()}" for name, one in end.signing.items())
    other = f"{end.peer}=k1:{b64encode(end.trusts['k1']).decode()}"
    settings = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": end.node, "SHUBBAK_BUS": "local",
                "SHUBBAK_ROLE": end.role.value, "SHUBBAK_GATEWAY_DATABASE_URL": end.url,
                "SHUBBAK_LINK_URL": "amqp://nowhere/line", "SHUBBAK_GATEWAY_LINK_SIGNING_KEY": private,
                "SHUBBAK_LINK_PEERS": other, "SHUBBAK_GATEWAY_LINK_SOURCES": f"gateway={end.url}", **environment}
    return CliRunner().invoke(operate, list(words), env=settings)


def test_a_key_that_was_stolen_is_revoked_and_what_it_had_honestly_signed_goes_out_again_signed_anew(ends) -> None:
    node, centre = ends
    told = node.tell(1210)
    node.number()
    for _ in range(2):  # the line is cut behind the first 200
        centre.take(node.send()[:200])
        node.take(centre.speak())
    assert len(ids(centre)) == 200
    done = operator(centre, "revoke", NODE, "k1", "--from", "1:201", "--reason", "a disk was stolen")
    assert done.exit_code == 0 and f"sign-again {CENTRE} --from 1:201" in done.output, done.output
    assert f"no other key of {NODE} is good" in done.output
    node.signing = {"k2": key(3)}  # the stolen one is taken out
    node.start()
    exchange(node, centre, 2)
    assert len(ids(centre)) == 200  # what it signed is not believed, and the new key is nobody's yet
    done = operator(node, "sign-again", CENTRE, "--reason", "a disk was stolen")
    assert done.exit_code == 0, done.output
    assert "1010 messages to EG from 1:201 on are signed by k2 now" in done.output
    [command] = [line for line in done.output.splitlines() if " trust " in line]
    told += node.tell(3)
    done = operator(centre, *command.partition("services.gateway.link ")[2].split())
    assert done.exit_code == 0, done.output
    for _ in range(4):
        node.control._spoken.clear()
        centre.control._spoken.clear()
        exchange(node, centre, 2)
    assert [one.event.id for one in centre.arrived if one.event.type == RATED] == told
    assert sent(node).applied >= 1213
    audited = node.rows("SELECT subject FROM audit WHERE action = 'link.signed_again'")
    assert {row.subject for row in audited} == {"k2"} and len(audited) == 3  # 500 at a time
    assert "0 messages" in operator(node, "sign-again", CENTRE, "--reason", "again").output


def test_a_place_that_is_trusted_by_hand_is_told_everything_from_the_beginning(ends) -> None:
    _, centre = ends
    retired = {"code": "shop-licence", "retired_from": "2026-12-01", "reason": {"ar": "س", "en": "x"}}
    told = centre.tell(3, "catalog.national.retired.v1", retired)
    centre.do("INSERT INTO link_key (peer, key_id, public, since_epoch, since_sequence) VALUES ('EG-ALX', 'k1', :key, "
              "1, 1)", key=public(4))
    centre.start()
    assert centre.attempt(peers.known) == ["EG-ALX", NODE]
    while centre.numbering.step(centre.attempt, ["EG-ALX"]):
        pass
    found = centre.rows("SELECT event_id FROM link_out WHERE peer = 'EG-ALX' ORDER BY sequence")
    assert [row.event_id for row in found] == told
