"""Secrets of a node, and who is given which.

`python -m infra.secrets > .env` makes a fresh environment file for docker-compose.yml; `… sample` prints env.sample;
`… link >> .env` adds what a place on the line to the centre needs besides, and says what the other side is told.
Each service has its own storage, look-up and audit keys, so that a stolen environment opens one database. Only the
gateway signs actors, only requests signs licences, only payments signs what the treasury is told, and only requests and
notifications read a citizen's contact.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from infra import database
from infra.broker import topology
from services.requests import certificates

SAMPLE_PREFIX = "sample-"  # as chassis.config refuses it outside demo and training
SHARED = {
    "SHUBBAK_ACTOR_PUBLIC_KEYS": database.SERVICES,
    "SHUBBAK_KEYS_CONTACT": ("requests", "notifications"),
}

Secret = Callable[[str], str]


def fresh(name: str) -> str:
    """A new secret of 32 bytes as base64, whatever its name."""
    return base64.b64encode(os.urandom(32)).decode()


def _sample(name: str) -> str:
    return f"{SAMPLE_PREFIX}{name.removeprefix('SHUBBAK_').lower().replace('_', '-')}"


def _public(private: str) -> str:
    public = Ed25519PrivateKey.from_private_bytes(_raw(private)).public_key()
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _raw(private: str) -> bytes:
    sample = private.startswith(SAMPLE_PREFIX)
    return hashlib.sha256(private.encode()).digest() if sample else base64.b64decode(private)


def keys(make: Secret = fresh) -> dict[str, str]:
    """Keys of a node by environment variable, those of all services together."""
    found: dict[str, str] = {}
    for service in database.SERVICES:
        prefix = f"SHUBBAK_{service.upper()}_"
        found[f"{prefix}KEYS_STORE"] = f"k1:{make(f'{prefix}KEYS_STORE')}"
        found[f"{prefix}KEY_LOOKUP"] = make(f"{prefix}KEY_LOOKUP")
        found[f"{prefix}AUDIT_PRIVATE_KEY"] = make(f"{prefix}AUDIT_PRIVATE_KEY")
    actors = make("SHUBBAK_GATEWAY_ACTOR_PRIVATE_KEY")
    found["SHUBBAK_GATEWAY_ACTOR_PRIVATE_KEY"] = actors
    found["SHUBBAK_ACTOR_PUBLIC_KEYS"] = _public(actors)
    found["SHUBBAK_KEYS_CONTACT"] = f"k1:{make('SHUBBAK_KEYS_CONTACT')}"
    licences = make("SHUBBAK_REQUESTS_LICENCE_KEYS")
    if licences.startswith(SAMPLE_PREFIX):
        # A licence key is read by the rules, which know no samples: the key's id says that it is one.
        licences = base64.b64encode(hashlib.sha256(licences.encode()).digest()).decode()
        key_id = "sample-1"
    else:
        key_id = "l1"
    found["SHUBBAK_REQUESTS_LICENCE_KEYS"] = f"{key_id}:{licences}"
    found["SHUBBAK_GATEWAY_LICENCE_PUBLIC_KEYS"] = f"{key_id}:{_public(licences)}"
    treasury = make("SHUBBAK_PAYMENTS_TREASURY_KEYS")
    sample = treasury.startswith(SAMPLE_PREFIX)
    if sample:
        treasury = base64.b64encode(hashlib.sha256(treasury.encode()).digest()).decode()
    found["SHUBBAK_PAYMENTS_TREASURY_KEYS"] = f"{'sample-1' if sample else 't1'}:{treasury}"
    key, certificate = "SHUBBAK_REQUESTS_DOCUMENT_KEY", "SHUBBAK_REQUESTS_DOCUMENT_CERTIFICATE"
    found[key], found[certificate] = (_document_signer() if make is fresh else (make(key), make(certificate)))
    return found


def _document_signer() -> tuple[str, str]:
    """A fresh key and a certificate of its own for the signature on documents, as base64 of DER; to be replaced by
    those that the state's authority issues."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificates.self_signed(key, "Shubbak", datetime.now(UTC) - timedelta(days=1))
    raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(raw).decode(), base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def keys_of(service: str, all_keys: Mapping[str, str]) -> dict[str, str]:
    """The part of a node's keys that one service is given."""
    own = f"SHUBBAK_{service.upper()}_"
    return {name: value for name, value in all_keys.items() if name.startswith(own) or service in SHARED.get(name, ())}


def _password(name: str) -> str:
    return secrets.token_hex(24)


def passwords(make: Secret = _password) -> dict[str, str]:
    """Passwords of every broker and database user; hexadecimal, so that they stand in a URL as they are."""
    names = ["POSTGRES_PASSWORD"]
    names += [database.variable(user) for user in database.USERS]
    names += [topology.password_variable(user) for user in topology.USERS]
    return {name: make(name) for name in names}


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """Keys of one place on the line: what it keeps, and what the other side is told of it."""

    kept: dict[str, str]  # by environment variable
    signs: str  # `id:public key`, as SHUBBAK_LINK_PEERS of the other side has it
    opens: str  # the public key of the box, as SHUBBAK_LINK_BOXES of the centre has it


def link_keys(make: Secret = fresh) -> LinkKeys:
    """The key that signs what a place sends (Ed25519; the gateway's link process has it) and the one that opens what is
    sealed for it (X25519; requests has it). A place that is not on the line needs neither."""
    signing, box = make("SHUBBAK_GATEWAY_LINK_SIGNING_KEY"), make("SHUBBAK_REQUESTS_LINK_BOX_KEY")
    public = X25519PrivateKey.from_private_bytes(_raw(box)).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return LinkKeys(
        {"SHUBBAK_GATEWAY_LINK_SIGNING_KEY": f"k1:{signing}", "SHUBBAK_REQUESTS_LINK_BOX_KEY": box},
        f"k1:{_public(signing)}",
        base64.b64encode(public).decode(),
    )


def link_file(node: str) -> str:
    """What is added to .env of a place on the line, with what the other side is told as remarks."""
    made = link_keys()
    lines = [f"{name}={value}" for name, value in made.kept.items() if node != "EG" or "_BOX_" not in name]
    if node == "EG":
        # The same at every node, so that the national inquiry can compare what it must not store.
        lines += [
            f"SHUBBAK_KEY_INQUIRY={fresh('SHUBBAK_KEY_INQUIRY')}",
            "# every node gets that line too, and: SHUBBAK_LINK_PEERS=EG=" + made.signs,
        ]
    else:
        lines += [
            f"# the centre gets, comma between nodes: SHUBBAK_LINK_PEERS={node}={made.signs}",
            f"# the centre gets, comma between nodes: SHUBBAK_LINK_BOXES={node}={made.opens}",
        ]
    return "\n".join([*lines, ""])


def environment_file() -> str:
    """A fresh .env: every secret that docker-compose.yml asks for."""
    lines = ["# Keep a copy apart from the backups: they cannot be read without it."]
    lines += [f"{name}={value}" for name, value in {**keys(), **passwords()}.items()]
    return "\n".join([*lines, "SHUBBAK_NODE=EG-C", "SHUBBAK_MODE=production", "COMPOSE_PROFILES=node", ""])


def sample_file() -> str:
    """env.sample: the same names with values that every service refuses outside demo and training."""
    lines = [
        "# SAMPLES, known to everybody: services and broker refuse them unless SHUBBAK_MODE is demo or training.",
        "# A real file:  umask 077; python -m infra.secrets > .env",
    ]
    lines += [f"{name}={value}" for name, value in {**keys(_sample), **passwords(_sample)}.items()]
    return "\n".join([*lines, "SHUBBAK_NODE=EG-C", "SHUBBAK_MODE=training", "COMPOSE_PROFILES=node", ""])


def main() -> None:
    """Print an environment file; fresh secrets never to a terminal, where they would stay on the screen."""
    if sys.argv[1:] == ["sample"]:
        sys.stdout.write(sample_file())
    elif sys.stdout.isatty():
        sys.exit("umask 077; python -m infra.secrets > .env")
    elif sys.argv[1:2] == ["link"] and re.fullmatch(r"EG(-[A-Z]{1,3})?", "".join(sys.argv[2:])):
        sys.stdout.write(link_file(sys.argv[2]))
    elif sys.argv[1:]:
        sys.exit("python -m infra.secrets [sample | link EG-C]")
    else:
        sys.stdout.write(environment_file())


if __name__ == "__main__":
    main()
