"""The payment centre's envelope from the other side, written apart from the platform's own. It proves that two readings
of the little that is known agree, not that the centre reads it so: services/payments/rails/EFINANCE.md.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any
from xml.etree import ElementTree as Xml

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key


class Envelopes:
    """`own` and `other` are SenderIDs; keys are base64 of DER, with `sample-` before them or not."""

    def __init__(self, own: str, other: str, own_key: str, other_key: str) -> None:
        self.own, self.other = own, other
        self._own_key: Any = load_der_private_key(b64decode(own_key.removeprefix("sample-")), None)
        self._other_key: Any = load_der_public_key(b64decode(other_key.removeprefix("sample-")))

    def close(self, kind: str, inner: Any, signing_key: Any = None) -> str:
        """An envelope as text. `signing_key` is another than our own when a forger makes it."""
        key, start = secrets.token_bytes(32), secrets.token_bytes(16)
        plain = Xml.tostring(inner, encoding="utf-8")
        filled = plain + bytes([16 - len(plain) % 16]) * (16 - len(plain) % 16)
        coder = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
        text = b64encode(coder.update(filled) + coder.finalize())
        wrapped = self._other_key.encrypt(key + start, padding.OAEP(
            mgf=padding.MGF1(algorithm=hashes.SHA256()), algorithm=hashes.SHA256(), label=None))
        signature = (signing_key or self._own_key).sign(text, padding.PKCS1v15(), hashes.SHA256())
        outer = Xml.Element(kind)
        for name, value in (("SenderID", self.own.encode()), ("RandomSecret", b64encode(wrapped)),
                            ("RequestObject", text), ("RequestHash", sha256(text).hexdigest().encode()),
                            ("Signature", b64encode(signature))):
            Xml.SubElement(outer, name).text = value.decode()
        return Xml.tostring(outer, encoding="unicode")

    def open(self, kind: str, raw: bytes) -> Any:
        """The inner document. Raises ValueError for whatever is wrong with it."""
        outer = Xml.fromstring(raw)  # noqa: S314  (a practice rail on the loopback)
        if outer.tag != kind or outer.findtext("SenderID") != self.other:
            raise ValueError("not for us")
        text = (outer.findtext("RequestObject") or "").encode()
        if sha256(text).hexdigest() != outer.findtext("RequestHash"):
            raise ValueError("hash")
        try:
            self._other_key.verify(b64decode(outer.findtext("Signature") or ""), text, padding.PKCS1v15(),
                                   hashes.SHA256())
        except Exception as error:  # the library has a class of its own for it
            raise ValueError("signature") from error
        secret = self._own_key.decrypt(b64decode(outer.findtext("RandomSecret") or ""), padding.OAEP(
            mgf=padding.MGF1(algorithm=hashes.SHA256()), algorithm=hashes.SHA256(), label=None))
        coder = Cipher(algorithms.AES(secret[:32]), modes.CBC(secret[32:])).decryptor()
        filled = coder.update(b64decode(text)) + coder.finalize()
        return Xml.fromstring(filled[:-filled[-1]])  # noqa: S314
