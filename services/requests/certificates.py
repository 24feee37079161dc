"""Certificates that a node makes for itself, until the state's authority issues one for it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)


def sample_key(words: str) -> ec.EllipticCurvePrivateKey:
    """The P-256 key that everybody can make of these words: for demo and training only."""
    secret = int.from_bytes(hashlib.sha256(words.encode()).digest(), "big")
    return ec.derive_private_key(secret % (ORDER - 1) + 1, ec.SECP256R1())


def self_signed(key: ec.EllipticCurvePrivateKey, name: str, since: datetime, days: int = 3650) -> x509.Certificate:
    """A certificate of the key over itself, good for signing documents and nothing else."""
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "EG"),
                         x509.NameAttribute(NameOID.COMMON_NAME, name)])  # fmt: skip
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=days))
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
