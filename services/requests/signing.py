"""The authority's signature on its PDFs: PAdES baseline B-B (ETSI EN 319 142-1), which any reader of PDF shows.

The key and its certificate are settings. A sample key is made of its words and known to everybody; production refuses
it. No time-stamping authority is asked: when a document was signed stands in the register and in the audit.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from chassis.config import SAMPLE_PREFIX, Mode, Settings
from chassis.errors import ConfigurationError
from services.requests import certificates

FIELD = "Authority"
_SAMPLE = f"{SAMPLE_PREFIX}document"


def check(settings: Settings) -> None:
    """ConfigurationError unless key and certificate are there, are what they should be, and belong together."""
    signer_of(settings)


def sign(pdf: bytes, signer: signers.SimpleSigner, reason: str) -> bytes:
    """The document with the authority's signature, added at its end as the standard demands."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, reason=reason
    )
    signed = _finish(signers.PdfSigner(meta, signer).async_sign_pdf(writer))
    content: bytes = signed.getvalue()
    return content


def signer_of(settings: Settings) -> signers.SimpleSigner:
    """Whose hand signs this node's documents. Outside production a missing key is the sample one."""
    key, certificate = settings.env("DOCUMENT_KEY"), settings.env("DOCUMENT_CERTIFICATE")
    if settings.mode is Mode.PRODUCTION or key or certificate:
        key, certificate = settings.secret("DOCUMENT_KEY"), settings.secret("DOCUMENT_CERTIFICATE")
    return _signer(key or _SAMPLE, certificate or _SAMPLE, settings.node)


@lru_cache(maxsize=4)
def _signer(key: str, certificate: str, node: str) -> signers.SimpleSigner:
    if key.startswith(SAMPLE_PREFIX):
        made = certificates.sample_key(key)
        signed = certificates.self_signed(made, f"Shubbak {node} (sample)", datetime(2026, 1, 1, tzinfo=UTC))
        raw = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        chain = [signed.public_bytes(Encoding.DER)]
    else:
        raw, chain = _decoded("DOCUMENT_KEY", key), [_decoded("DOCUMENT_CERTIFICATE", one)
                                                     for one in certificate.split(",")]  # fmt: skip
    try:
        if load_der_private_key(raw, None).public_key() != x509.load_der_x509_certificate(chain[0]).public_key():
            raise ConfigurationError("SHUBBAK_DOCUMENT_CERTIFICATE is not that of SHUBBAK_DOCUMENT_KEY")
    except ValueError as error:
        raise ConfigurationError("SHUBBAK_DOCUMENT_KEY or its certificate is none") from error
    first, *others = [one for der in chain for one in load_certs_from_pemder_data(der)]
    store = SimpleCertificateStore()
    store.register_multiple(others)
    private = load_private_key_from_pemder_data(raw, passphrase=None)
    return signers.SimpleSigner(signing_cert=first, signing_key=private, cert_registry=store)


def _decoded(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"SHUBBAK_{name} is not base64 of DER") from error


def _finish(signing: Coroutine[Any, Any, Any]) -> Any:
    """What the coroutine answers, run in an event loop of its own: on a thread of the pool, beside the green ones."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(signing)
    finally:
        loop.close()
