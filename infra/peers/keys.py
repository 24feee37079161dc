"""`python -m infra.peers.keys RAILS GATEWAY`: an environment for a training node and its sandbox rails, fresh keys.

RAILS is the address of the sandboxes and GATEWAY that of the node, each as the other sees it; both processes are given
all of these lines. The published test keys (sample_keys.py) are for the demo, no other node takes them.
"""

from __future__ import annotations

import secrets
import sys
from base64 import b64encode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.peers import sample_keys


def fresh() -> dict[str, str]:
    """The secrets of all rails, made now, as both sides are given them."""
    made = {name: f"test-{secrets.token_hex(16)}" for name, value in sample_keys.environment("", "").items()
            if value.startswith("sample-")}
    node, centre = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    return {**made, "SHUBBAK_EFINANCE_PRIVATE_KEY": _private(node), "SHUBBAK_EFINANCE_NODE_KEY": _public(node),
            "SHUBBAK_EFINANCE_CENTRE_PRIVATE_KEY": _private(centre), "SHUBBAK_EFINANCE_CENTRE_KEY": _public(centre)}


def _private(key: rsa.RSAPrivateKey) -> str:
    return b64encode(key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption())).decode()


def _public(key: rsa.RSAPrivateKey) -> str:
    return b64encode(key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.stdout.isatty():
        sys.exit("umask 077; python -m infra.peers.keys http://sandbox:8080 http://gateway:8000 >> .env")
    print("\n".join(f"{name}={value}" for name, value in (
        {**sample_keys.environment(*sys.argv[1:]), **fresh()}).items()))
