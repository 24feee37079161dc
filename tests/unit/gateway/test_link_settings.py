"""The line's settings: all faults at once, none of them with a secret in it."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from chassis import config
from chassis.errors import ConfigurationError
from infra import secrets
from services.gateway.link import settings
from tests.support.link_ground import public

KEY = base64.b64encode(b"\x05" * 32).decode()
PUBLIC = base64.b64encode(public(2)).decode()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    made = {}
    for name in ("CA", "CERTIFICATE", "CERTIFICATE_KEY"):
        path = tmp_path / name
        path.write_text("x")
        made[f"SHUBBAK_LINK_{name}"] = str(path)
    return made


def read(files: dict[str, str], **changes: str | None) -> settings.LinkSettings:
    environ = {
        **secrets.keys(), **files, "SHUBBAK_MODE": "production", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
        "SHUBBAK_DATABASE_URL": "postgresql://u:p@h/d", "SHUBBAK_LINK_URL": "amqps://centre.example:5671/line",
        "SHUBBAK_GATEWAY_LINK_SIGNING_KEY": f"k2:{KEY},k1:{KEY}", "SHUBBAK_LINK_PEERS": f"EG=k1:{PUBLIC}",
        "SHUBBAK_GATEWAY_LINK_SOURCES": "catalog=postgresql://link:p@h/catalog,requests=postgresql://link:p@h/requests",
        **{f"SHUBBAK_{name}": value for name, value in changes.items()},
    }
    return settings.read(config.load("gateway.link", {name: value for name, value in environ.items() if value}))


def fault(files: dict[str, str], **changes: str | None) -> str:
    with pytest.raises(ConfigurationError) as error:
        read(files, **changes)
    assert KEY not in str(error.value) and "link:p@" not in str(error.value)
    return str(error.value)


def test_a_node_speaks_under_its_own_name_and_takes_from_its_own_queue(files: dict[str, str]) -> None:
    node = read(files)
    assert (node.user, node.queue, node.exchange) == ("node.EG-C", "down.EG-C", "up")
    assert node.key("EG", "a.b.c.v1") == "EG-C.a.b.c.v1"
    assert list(node.signing) == ["k2", "k1"] and set(node.sources) == {"catalog", "requests"}
    assert node.options["login_method"] == "EXTERNAL" and node.options["ssl"]["server_hostname"] == "centre.example"


def test_the_centre_speaks_to_each_node(files: dict[str, str]) -> None:
    centre = read(files, ROLE="centre", NODE="EG", LINK_PEERS=f"EG-C=k1:{PUBLIC},EG-SUZ=k1:{PUBLIC},EG-SUZ=k2:{PUBLIC}")
    assert (centre.user, centre.queue, centre.exchange) == ("centre", "link.up", "down")
    assert centre.key("EG-SUZ", "a.b.c.v1") == "EG-SUZ.a.b.c.v1"
    assert {peer: list(keys) for peer, keys in centre.peers.items()} == {"EG-C": ["k1"], "EG-SUZ": ["k1", "k2"]}


@pytest.mark.parametrize(("name", "value", "said"), [
    ("LINK_URL", None, "this place is not linked"),
    ("LINK_URL", "https://centre.example", "must begin with amqps"),
    ("LINK_URL", "amqp://centre.example/line", "amqps:// outside demo"),
    ("LINK_CA", None, "SHUBBAK_LINK_CA is not set"),
    ("LINK_CA", "/nowhere/root.pem", "No such file"),
    ("GATEWAY_LINK_SIGNING_KEY", None, "LINK_SIGNING_KEY is not set"),
    ("GATEWAY_LINK_SIGNING_KEY", "k1:short", "not base64"),
    ("GATEWAY_LINK_SIGNING_KEY", "k1:sample-line", "is a sample"),
    ("GATEWAY_LINK_SIGNING_KEY", f"k1:{KEY},k1:{KEY}", "stands twice"),
    ("LINK_PEERS", None, "LINK_PEERS is not set"),
    ("LINK_PEERS", "Cairo=k1:x", "EG-C=k1:base64"),
    ("LINK_PEERS", f"EG-SUZ=k1:{PUBLIC}", "a node's only peer is EG"),
    ("LINK_PEERS", f"EG-C=k1:{PUBLIC}", "nobody is its own"),
    ("GATEWAY_LINK_SOURCES", "requests", "service=database URL"),
    ("LINK_WINDOW", "5", "LINK_WINDOW"),
    ("LINK_HELLO", "soon", "LINK_HELLO"),
])
def test_each_fault_is_told(files: dict[str, str], name: str, value: str | None, said: str) -> None:
    assert said in fault(files, **{name: value})


def test_all_faults_are_told_together(files: dict[str, str]) -> None:
    said = fault(files, LINK_URL=None, LINK_PEERS="x", GATEWAY_LINK_SOURCES="y")
    assert all(name in said for name in ("LINK_URL", "LINK_PEERS", "LINK_SOURCES"))


def test_in_training_a_broker_without_certificates_will_do(files: dict[str, str]) -> None:
    assert read(files, MODE="training", LINK_URL="amqp://u:p@127.0.0.1/line").options == {}


@pytest.mark.parametrize(("user", "place"), [
    ("centre", "EG"), ("node.EG-C", "EG-C"), ("node.EG-SUZ", "EG-SUZ"), ("EG-C", None), ("gateway", None), (None, None),
    ("node.", None), ("node.EG-C.x", None), ("node.eg-c", None), ("agency.EG-C", None), ("", None),
])
def test_a_place_is_known_by_its_user_at_the_broker(user: str | None, place: str | None) -> None:
    assert settings.sender_of(user) == place


def test_by_itself_one_core_is_left_to_who_takes_and_two_at_most_prove(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for cores, provers in ((1, 0), (2, 1), (3, 2), (64, 2)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert read(files).provers == provers
    assert (read(files, LINK_PROVERS="0").provers, read(files, LINK_PROVERS="12").provers) == (0, 12)
    assert "LINK_PROVERS" in fault(files, LINK_PROVERS="-1")


def test_how_much_may_be_in_memory_can_be_set(files: dict[str, str]) -> None:
    assert read(files).bytes == 16 * 1024 * 1024
    assert read(files, LINK_BYTES="2097152").bytes == 2 * 1024 * 1024
    assert "LINK_BYTES" in fault(files, LINK_BYTES="1000")  # less than one message may have
