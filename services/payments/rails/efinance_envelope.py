"""The sealed envelope in which the payment centre and a node talk. UNVERIFIED: what of it is known and what is guessed
stands in EFINANCE.md beside this file.

Known: an XML envelope with SenderID, RandomSecret and RequestObject; AES-256-CBC, its key wrapped with RSA; a hex
SHA-256 of the base64 ciphertext. The hash proves nothing about the sender, since anybody can make one, so we demand an
RSA signature over the same text and send one too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

KEY_BYTES, BLOCK_BYTES = 32, 16
LEAST_RSA_BITS = 2048
_WRAP = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_SIGN = rsa_padding.PKCS1v15()


class NotAnEnvelope(Exception):
    """What came is no envelope, or cannot be opened."""


class WrongSeal(Exception):
    """An envelope that the other side did not make: its hash, sender or signature is wrong."""


@dataclass(frozen=True)
class Seals:
    """Who we are to the other side, our private key and its public key."""

    sender: str
    other: str
    own_key: rsa.RSAPrivateKey
    other_key: rsa.RSAPublicKey

    def seal(self, kind: str, content: Xml.Element) -> bytes:
        """An envelope of this kind around the content."""
        secret = os.urandom(KEY_BYTES + BLOCK_BYTES)
        padder = padding.PKCS7(BLOCK_BYTES * 8).padder()
        encryptor = _cipher(secret).encryptor()
        plain = padder.update(Xml.tostring(content, "utf-8")) + padder.finalize()
        sealed = base64.b64encode(encryptor.update(plain) + encryptor.finalize())
        return Xml.tostring(element(
            kind, SenderID=self.sender, RandomSecret=_text(self.other_key.encrypt(secret, _WRAP)),
            RequestObject=sealed.decode(), RequestHash=hashlib.sha256(sealed).hexdigest(),
            Signature=_text(self.own_key.sign(sealed, _SIGN, hashes.SHA256()))), "utf-8", xml_declaration=True)

    def open(self, kind: str, envelope: str | bytes) -> Xml.Element:
        """The content of an envelope of this kind. Signature and hash are judged before anything is decrypted, so no
        answer of ours tells a stranger about the padding. Raises NotAnEnvelope, WrongSeal."""
        root = parse(envelope)
        if root.tag != kind:
            raise NotAnEnvelope(root.tag[:40])
        sealed = (root.findtext("RequestObject") or "").strip().encode()
        signature, wrapped = _bytes(root, "Signature"), _bytes(root, "RandomSecret")
        if not sealed or not wrapped:
            raise NotAnEnvelope("empty")
        hashed = hashlib.sha256(sealed).hexdigest()
        genuine = hmac.compare_digest((root.findtext("RequestHash") or "").strip().lower().encode(), hashed.encode())
        if not genuine or root.findtext("SenderID") != self.other:
            raise WrongSeal
        try:
            self.other_key.verify(signature, sealed, _SIGN, hashes.SHA256())
            secret = self.own_key.decrypt(wrapped, _WRAP)
        except (InvalidSignature, ValueError) as error:
            raise WrongSeal from error
        if len(secret) != KEY_BYTES + BLOCK_BYTES:
            raise NotAnEnvelope("secret")
        return parse(_decrypt(secret, sealed))


def element(tag: str, **texts: str) -> Xml.Element:
    """An element with one child for each text."""
    made = Xml.Element(tag)
    for name, text in texts.items():
        Xml.SubElement(made, name).text = text
    return made


def parse(text: str | bytes) -> Xml.Element:
    """The root of a document without a document type (no entity can then grow or reach out). Raises NotAnEnvelope."""
    try:
        readable = text if isinstance(text, str) else text.decode()
        if "<!" in readable:
            raise NotAnEnvelope("document type")
        return Xml.fromstring(readable.encode())  # noqa: S314  (no document type, so no entities)
    except (Xml.ParseError, ValueError, LookupError) as error:
        raise NotAnEnvelope("no XML") from error


def private_key(der_base64: str) -> rsa.RSAPrivateKey:
    """An RSA key of 2048 bits or more from base64 of its PKCS#8 DER. Raises ValueError."""
    key = load_der_private_key(base64.b64decode(der_base64, validate=True), None)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < LEAST_RSA_BITS:
        raise ValueError("no RSA key of 2048 bits or more")
    return key


def public_key(der_base64: str) -> rsa.RSAPublicKey:
    """An RSA key of 2048 bits or more from base64 of its SubjectPublicKeyInfo DER. Raises ValueError."""
    key = load_der_public_key(base64.b64decode(der_base64, validate=True))
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_RSA_BITS:
        raise ValueError("no RSA key of 2048 bits or more")
    return key


def _cipher(secret: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES256(secret[:KEY_BYTES]), modes.CBC(secret[KEY_BYTES:]))


def _decrypt(secret: bytes, sealed: bytes) -> bytes:
    try:
        decryptor, unpadder = _cipher(secret).decryptor(), padding.PKCS7(BLOCK_BYTES * 8).unpadder()
        plain = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        return unpadder.update(plain) + unpadder.finalize()
    except (ValueError, binascii.Error) as error:
        raise NotAnEnvelope("content") from error


def _bytes(root: Xml.Element, name: str) -> bytes:
    try:
        return base64.b64decode((root.findtext(name) or "").strip(), validate=True)
    except (ValueError, binascii.Error) as error:
        raise NotAnEnvelope(name) from error


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
