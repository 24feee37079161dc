"""The authority's signature on a PDF, as a reader of PDF checks it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from chassis import config
from chassis.errors import ConfigurationError
from infra import secrets
from services.requests import certificates, document, signing
from tests.unit.requests.test_document import OUTPUT, licence

needs_pango = pytest.mark.skipif(not document.rendering_available(), reason="Pango is not installed")


def settings(mode: str = "training", **more: str) -> config.Settings:
    return config.load("requests", {
        **secrets.keys(), "SHUBBAK_MODE": mode, "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
        "SHUBBAK_DATABASE_URL": "postgresql://nowhere/none", **more})


def own() -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificates.self_signed(key, "محافظة القاهرة", datetime(2026, 1, 1, tzinfo=UTC))
    raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {"SHUBBAK_REQUESTS_DOCUMENT_KEY": base64.b64encode(raw).decode(),
            "SHUBBAK_REQUESTS_DOCUMENT_CERTIFICATE": base64.b64encode(made.public_bytes(Encoding.DER)).decode()}


def checked(pdf: bytes, signer: Any) -> Any:
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    trust = ValidationContext(trust_roots=[signer.signing_cert], moment=datetime(2026, 6, 1, tzinfo=UTC))
    return signature, validate_pdf_signature(signature, trust)


@pytest.fixture(scope="module")
def page() -> bytes:
    return document.render_licence(licence(), OUTPUT)


@needs_pango
def test_a_signed_licence_is_valid_trusted_and_untouched(page: bytes) -> None:
    signer = signing.signer_of(settings(**own()))
    signed = signing.sign(page, signer, "Licence C-2026-000123-K")
    signature, status = checked(signed, signer)
    assert status.bottom_line and status.trusted and status.intact
    assert status.coverage.name == "ENTIRE_FILE"
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signed.startswith(page)  # the document itself is not changed


@needs_pango
def test_an_altered_document_and_anothers_key_are_found_out(page: bytes) -> None:
    signer, another = signing.signer_of(settings(**own())), signing.signer_of(settings(**own()))
    signed = signing.sign(page, signer, "r")
    at = signed.index(b"/CreationDate") if b"/CreationDate" in signed else 20
    altered = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1:]
    assert not checked(altered, signer)[1].intact
    assert not checked(signed, another)[1].trusted


def test_production_takes_no_sample_and_starts_with_no_key_missing() -> None:
    sample = {"SHUBBAK_REQUESTS_DOCUMENT_KEY": "sample-key", "SHUBBAK_REQUESTS_DOCUMENT_CERTIFICATE": "sample-key"}
    signing.check(settings(**sample))
    with pytest.raises(ConfigurationError, match="sample"):
        signing.check(settings("production", **sample))
    with pytest.raises(ConfigurationError, match="DOCUMENT_KEY"):
        signing.check(settings("production", SHUBBAK_REQUESTS_DOCUMENT_KEY=""))


def test_a_fresh_node_has_a_key_of_its_own() -> None:
    signing.check(settings("production"))
    first, second = (secrets.keys()["SHUBBAK_REQUESTS_DOCUMENT_KEY"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("wrong", ["%%%", base64.b64encode(b"no key").decode()])
def test_what_is_no_key_is_named(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="DOCUMENT"):
        signing.check(settings(**{**own(), "SHUBBAK_REQUESTS_DOCUMENT_KEY": wrong}))


def test_a_certificate_of_another_key_is_refused() -> None:
    mixed = {**own(), "SHUBBAK_REQUESTS_DOCUMENT_KEY": own()["SHUBBAK_REQUESTS_DOCUMENT_KEY"]}
    with pytest.raises(ConfigurationError, match="CERTIFICATE"):
        signing.check(settings(**mixed))
