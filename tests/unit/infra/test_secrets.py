"""What a place on the line is given besides, and what the other side is told: one read against the other."""

from __future__ import annotations

import base64

from nacl.public import PrivateKey, PublicKey, SealedBox

from infra import secrets
from services.gateway.link import settings as link_settings


def read(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Settings, and those that stand in remarks for the other side."""
    kept, told = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            name, _, value = line[line.index("SHUBBAK_") :].partition("=")
            told[name] = value
        else:
            name, _, value = line.partition("=")
            kept[name] = value
    return kept, told


def test_what_a_node_signs_with_is_what_the_centre_is_told() -> None:
    kept, told = read(secrets.link_file("EG-C"))
    ((key_id, private),) = link_settings._signing(kept["SHUBBAK_GATEWAY_LINK_SIGNING_KEY"]).items()
    public = link_settings._peers(told["SHUBBAK_LINK_PEERS"])["EG-C"][key_id]
    assert private.public_key().public_bytes_raw() == public


def test_what_is_sealed_for_a_node_is_opened_there() -> None:
    kept, told = read(secrets.link_file("EG-SUZ"))
    node, _, public = told["SHUBBAK_LINK_BOXES"].partition("=")
    sealed = SealedBox(PublicKey(base64.b64decode(public))).encrypt(b"an application")
    own = PrivateKey(base64.b64decode(kept["SHUBBAK_REQUESTS_LINK_BOX_KEY"]))
    assert (node, SealedBox(own).decrypt(sealed)) == ("EG-SUZ", b"an application")


def test_the_centre_opens_no_boxes_and_makes_the_key_that_all_share() -> None:
    kept, told = read(secrets.link_file("EG"))
    assert set(kept) == {"SHUBBAK_GATEWAY_LINK_SIGNING_KEY", "SHUBBAK_KEY_INQUIRY"}
    assert link_settings._peers(told["SHUBBAK_LINK_PEERS"]).keys() == {"EG"}


def test_no_two_places_have_the_same_keys() -> None:
    assert not set(secrets.link_keys().kept.values()) & set(secrets.link_keys().kept.values())


def test_only_the_service_that_needs_a_key_of_the_line_is_given_it() -> None:
    kept = secrets.link_keys().kept
    given = {service: set(secrets.keys_of(service, kept)) for service in ("catalog", "requests", "payments", "gateway")}
    assert given == {
        "catalog": set(),
        "requests": {"SHUBBAK_REQUESTS_LINK_BOX_KEY"},
        "payments": set(),
        "gateway": {"SHUBBAK_GATEWAY_LINK_SIGNING_KEY"},
    }
