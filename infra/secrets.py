"""Secrets of a node, and who is given which.

`python -m infra.secrets > .env` makes a fresh environment file for docker-compose.yml; `… sample` prints env.sample.
Each service has its own storage, look-up and audit keys, so that a stolen environment opens one database. Only the
gateway signs actors, only requests signs licences, only payments signs what the treasury is told, and only requests and
notifications read a citizen's contact.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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


def _fresh(name: str) -> str:
    return base64.b64encode(os.urandom(32)).decode()


def _sample(name: str) -> str:
    return f"{SAMPLE_PREFIX}{name.removeprefix('SHUBBAK_').lower().replace('_', '-')}"


def _public(private: str) -> str:
    sample = private.startswith(SAMPLE_PREFIX)
    raw = hashlib.sha256(private.encode()).digest() if sample else base64.b64decode(private)
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key()
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def keys(make: Secret = _fresh) -> dict[str, str]:
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
    found[key], found[certificate] = (_document_signer() if make is _fresh else (make(key), make(certificate)))
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
    names += [database.variable(service) for service in database.SERVICES]
    names += [topology.password_variable(user) for user in topology.USERS]
    return {name: make(name) for name in names}


def environment_file() -> str:
    """A fresh .env: every secret that docker-compose.yml asks for."""
    lines = ["# Keep a copy apart from the backups: they cannot be read without it."]
    lines += [f"{name}={value}" for name, value in {**keys(), **passwords()}.items()]
    return "\n".join([*lines, "SHUBBAK_NODE=EG-C", "SHUBBAK_MODE=production", ""])


def sample_file() -> str:
    """env.sample: the same names with values that every service refuses outside demo and training."""
    lines = [
        "# SAMPLES, known to everybody: services and broker refuse them unless SHUBBAK_MODE is demo or training.",
        "# A real file:  umask 077; python -m infra.secrets > .env",
    ]
    lines += [f"{name}={value}" for name, value in {**keys(_sample), **passwords(_sample)}.items()]
    return "\n".join([*lines, "SHUBBAK_NODE=EG-C", "SHUBBAK_MODE=training", ""])


def main() -> None:
    """Print an environment file; fresh secrets never to a terminal, where they would stay on the screen."""
    if sys.argv[1:] == ["sample"]:
        sys.stdout.write(sample_file())
    elif sys.argv[1:] or sys.stdout.isatty():
        sys.exit("umask 077; python -m infra.secrets > .env")
    else:
        sys.stdout.write(environment_file())


if __name__ == "__main__":
    main()
