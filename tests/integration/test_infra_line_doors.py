"""Who gets in at the centre's broker, by certificate alone, and how an operator lets in and shuts out."""

from __future__ import annotations

import shlex
import subprocess
import sys
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import amqp
import pytest
from amqp.exceptions import AccessRefused, NotAllowed

from infra.broker import centre, topology
from infra.ca.authority import Authority, Issued, make_request
from infra.rabbitmq import Broker, centre_broker
from tests.support import amqp_client
from tests.support.amqp_client import publish
from tests.support.line_broker import *  # noqa: F403  (fixtures)
from tests.support.line_broker import AGENCY, ENTER, NODES

# -- who gets in -------------------------------------------------------------------------------------------------------


def refused_at_the_door(broker: Broker, root: Path, made: Issued | None, folder: Path) -> None:
    written = made.write(folder, "shown") if made else (None, None)
    for vhost in (*centre.VHOSTS, topology.VHOST):
        with pytest.raises(OSError), amqp_client.certified(broker, root, *written, vhost):
            pass


def test_nobody_gets_in_without_a_certificate(centre_of: Broker, authority: Authority, tmp_path: Path) -> None:
    refused_at_the_door(centre_of, authority.root_file, None, tmp_path)


def test_the_same_name_from_another_authority_gets_in_nowhere(
    centre_of: Broker, authority: Authority, tmp_path: Path
) -> None:
    foreign = Authority.create(tmp_path / "foreign", name="Shubbak line")
    refused_at_the_door(centre_of, authority.root_file, foreign.client("node.EG-C"), tmp_path)


def test_a_servers_certificate_opens_nothing_for_a_client(
    centre_of: Broker, authority: Authority, tmp_path: Path
) -> None:
    refused_at_the_door(centre_of, authority.root_file, authority.server(["centre"]), tmp_path)


def test_a_certificate_that_has_ended_gets_in_nowhere(
    centre_of: Broker, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.ca.authority.BEHIND", timedelta(days=3))
    ended = authority.client("node.EG-C", days=-1)
    refused_at_the_door(centre_of, authority.root_file, ended, tmp_path)


def test_a_revoked_certificate_gets_in_nowhere_from_the_next_connection_on_and_its_successor_does(
    centre_of: Broker, authority: Authority, tmp_path: Path
) -> None:
    lost = authority.client("node.EG-C")
    with amqp_client.certified(centre_of, authority.root_file, *lost.write(tmp_path, "lost")):
        pass
    successor = authority.renew(lost.serial)
    authority.revoke(lost.serial)
    refused_at_the_door(centre_of, authority.root_file, lost, tmp_path)
    with amqp_client.certified(centre_of, authority.root_file, *successor.write(tmp_path, "successor")):
        pass


def test_a_good_certificate_of_somebody_whom_the_broker_does_not_know_gets_in_nowhere(enter: ENTER) -> None:
    for vhost in (*centre.VHOSTS, topology.VHOST):
        with pytest.raises((AccessRefused, NotAllowed)), enter("agency.nobody", vhost):
            pass


def test_a_node_does_not_speak_to_a_broker_that_another_authority_vouches_for(
    centre_of: Broker, papers: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    foreign = Authority.create(tmp_path / "foreign")
    with (
        pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"),
        amqp_client.certified(centre_of, foreign.root_file, *papers["node.EG-C"]),
    ):
        pass

# -- the command -------------------------------------------------------------------------------------------------------


def command(broker: Broker, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.broker", *arguments, "--ctl", shlex.join(broker.control())],
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_nodes_are_declared_on_a_running_broker_again_and_again_and_one_is_shut_out(
    centre_of: Broker, authority: Authority, tmp_path: Path
) -> None:
    request, key = make_request("node.EG-ALX")
    (tmp_path / "alexandria.key").write_bytes(key)
    authority.client("node.EG-ALX", request=request).write(tmp_path, "alexandria")
    shown = (tmp_path / "alexandria.pem", tmp_path / "alexandria.key")

    def alexandria() -> AbstractContextManager[amqp.Channel]:
        return amqp_client.certified(centre_of, authority.root_file, *shown)

    with pytest.raises(AccessRefused), alexandria():
        pass
    for _ in range(2):
        done = command(centre_of, "declare-centre", "--nodes", "EG-ALX,EG-C,EG-SUZ")
        assert done.returncode == 0, done.stderr
    with alexandria() as channel:
        publish(channel, "up", "EG-ALX.requests.request.moved.v1", "kept", mandatory=True, user_id="node.EG-ALX")
        assert command(centre_of, "deny", "node.EG-ALX").returncode == 0
        with pytest.raises((amqp.exceptions.ConnectionForced, OSError)):
            while True:
                channel.connection.drain_events(timeout=10)
    with pytest.raises(AccessRefused), alexandria():
        pass
    assert centre_of.queue_length("link.up", centre.LINE) == 1, "what it had sent is not lost with it"
    assert command(centre_of, "deny", "node.EG-ALX").returncode == 0
    assert command(centre_of, "deny", "operator").returncode == 1
    assert command(centre_of, "declare-centre", "--nodes", "EG-ALX").returncode == 0
    with alexandria() as channel:
        assert channel.queue_declare("down.EG-ALX", passive=True).message_count == 0


def test_agencies_that_are_listed_no_more_are_taken_away_and_only_then(centre_of: Broker) -> None:
    def declared(*agencies: str) -> str:
        done = command(centre_of, "declare-centre", "--nodes", "EG-C", *agencies)
        assert done.returncode == 0, done.stderr
        return done.stdout

    declared("--agencies", f"one-way,other-way,{AGENCY}")
    for nothing in ((), ("--agencies", "")):  # an empty list may come of a command that failed
        assert "taken" not in declared(*nothing)
    done = declared("--agencies", f"other-way,{AGENCY}")
    assert "user agency.one-way: taken off" in done and "queue agency.one-way: taken away, with 0 messages" in done
    assert "other-way" not in done and "taken" not in declared("--agencies", f"other-way,{AGENCY}")
    assert "queue agency.other-way: taken away" in declared("--agencies", "-")
    assert "taken" not in declared("--agencies", AGENCY)


def test_a_queue_that_stands_with_other_arguments_is_named(centre_of: Broker) -> None:
    other = centre.definitions(["EG-ASN"])
    for queue in other["queues"]:
        if queue["name"] == "down.EG-ASN":
            queue["arguments"] = {"x-queue-type": "classic"}
    centre_of.add(other)
    done = command(centre_of, "declare-centre", "--nodes", "EG-ASN")
    assert done.returncode == 1
    assert "queues line down.EG-ASN: arguments" in done.stderr


def test_a_broker_that_is_not_there_is_said(centre_of: Broker) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.broker", "declare-centre", "--nodes", "EG-C", "--ctl", "no-such-program"],
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 1
    assert "no-such-program" in done.stderr


def test_a_kept_broker_finds_its_messages_and_passwords_again(authority: Authority, tmp_path: Path) -> None:
    papers = authority.client("node.EG-C").write(tmp_path, "node.EG-C")
    with centre_broker(authority, NODES, folder=tmp_path / "kept") as first:
        with amqp_client.certified(first, authority.root_file, *papers) as node:
            publish(node, "up", "EG-C.requests.request.moved.v1", user_id="node.EG-C")
        passwords = first.passwords
    with centre_broker(authority, NODES, folder=tmp_path / "kept") as second:
        assert second.passwords == passwords
        assert second.queue_length("link.up", centre.LINE) == 1
