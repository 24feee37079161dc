"""Secrets of a node. `python -m infra.secrets > .env` makes a fresh environment file for docker-compose.yml."""

from __future__ import annotations

import base64
import os
import secrets
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from infra import database
from infra.broker import topology


def key() -> str:
    """32 random bytes as base64."""
    return base64.b64encode(os.urandom(32)).decode()


def key_pair() -> tuple[str, str]:
    """An Ed25519 key pair: private and public, each 32 raw bytes as base64."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return base64.b64encode(raw).decode(), base64.b64encode(public).decode()


def keys() -> dict[str, str]:
    """Fresh keys of a node, by environment variable."""
    actor_private, actor_public = key_pair()
    audit_private, _ = key_pair()
    return {
        "SHUBBAK_KEYS_STORE": f"k1:{key()}",
        "SHUBBAK_KEYS_CONTACT": f"k1:{key()}",
        "SHUBBAK_KEY_LOOKUP": key(),
        "SHUBBAK_ACTOR_PRIVATE_KEY": actor_private,
        "SHUBBAK_ACTOR_PUBLIC_KEYS": actor_public,
        "SHUBBAK_AUDIT_PRIVATE_KEY": audit_private,
    }


def passwords() -> dict[str, str]:
    """Fresh passwords of every broker and database user; hexadecimal, so that they stand in a URL as they are."""
    names = ["POSTGRES_PASSWORD"]
    names += [database.variable(service) for service in database.SERVICES]
    names += [topology.password_variable(user) for user in topology.USERS]
    return {name: secrets.token_hex(24) for name in names}


def main() -> None:
    """Print an environment file. Refuses a terminal, where secrets would stay on the screen."""
    if sys.stdout.isatty():
        sys.exit("python -m infra.secrets > .env   (write it to a file that only you can read: umask 077)")
    print("# Made by python -m infra.secrets. Keep a copy apart from the backups, which cannot be read without it.")
    for name, value in {**keys(), **passwords()}.items():
        print(f"{name}={value}")


if __name__ == "__main__":
    main()
