"""Certificates and licences from the templates of their definition: filled in, drawn, signed; previewed before."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from chassis.actors import PUBLIC
from chassis.answers import load
from contracts import requests_outputs as language
from contracts.definition import load_definition
from rules.refusal import Refusal
from services.requests import document, licences, paper, signing
from tests.support.requests_ground import NAME, Ground, shop, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

EDITOR = staff("editor", "catalogue_editor")
BLOCKS = [
    {"kind": "heading", "text": {"ar": "شهادة", "en": "Certificate"}},
    {"kind": "paragraph", "text": {"ar": "تشهد {unit} بأن {holder} يدير {shop_name} ونشاطه {activity}.",
                                   "en": "{unit} certifies that {holder} runs {shop_name}: {activity}."}},
    {"kind": "clause", "text": {"ar": "عدد العاملين {workers}.", "en": "{workers} workers."},
     "when": {"field": "workers", "at_least": 5}},
    {"kind": "clause", "text": {"ar": "رقمها {serial} وتسري حتى {valid_until}.", "en": "{serial}, {valid_until}."}},
]


def certificate(**changes: Any) -> dict[str, Any]:
    base = shop()
    output = {**base["outputs"][0], "kind": "certificate", "template": "text", "fields": ["address"]}
    return load_definition({**base, "code": "certificate", "documents": [], "outputs": [output],
                            "templates": [{"code": "text", "blocks": BLOCKS}], **changes})


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(certificate())
    yield made
    made.close()


def issued(ground: Ground, **changes: Any) -> str:
    return str(ground.row(ground.issued(service_code="certificate", documents=[], **changes)).licence_serial)


def drawn(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page is made of, without drawing it."""
    seen: list[dict[str, Any]] = []

    def render(shown: dict[str, Any], output: dict[str, Any]) -> tuple[bytes, str]:
        seen.append(shown)
        return b"page", document.HTML

    monkeypatch.setattr(document, "render", render)
    assert ground.render()
    return seen[0]


def test_the_text_is_filled_in_from_the_answers_and_what_does_not_apply_is_left_out(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = issued(ground)
    said = drawn(ground, monkeypatch)
    assert [block["text"]["ar"] for block in said["blocks"]] == [
        "شهادة", f"تشهد الزيتون بأن {NAME} يدير بقالة النور ونشاطه بيع بالتجزئة.",
        f"رقمها {serial} وتسري حتى 28 فبراير 2031."]
    assert [line["name"] for line in said["fields"]] == ["address"]


def test_a_clause_that_applies_stands(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    issued(ground, answers__workers=7)
    assert "عدد العاملين 7." in [block["text"]["ar"] for block in drawn(ground, monkeypatch)["blocks"]]


def test_braces_in_an_answer_are_text(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    issued(ground, answers__shop_name="{serial} {holder.__class__}")
    assert "يدير {serial} {holder.__class__} ونشاطه" in drawn(ground, monkeypatch)["blocks"][1]["text"]["ar"]


@pytest.mark.skipif(not document.rendering_available(), reason="Pango is not installed")
def test_the_document_carries_the_authoritys_signature(ground: Ground) -> None:
    serial = issued(ground)
    assert ground.render()
    found = ground.attempt(lambda work: licences.document_of(work, serial), PUBLIC)
    signer = signing.signer_of(ground.settings)
    [signature] = PdfFileReader(BytesIO(base64.b64decode(found["content"]))).embedded_signatures
    trust = ValidationContext(trust_roots=[signer.signing_cert], moment=datetime.now(UTC))
    assert validate_pdf_signature(signature, trust).bottom_line
    assert str(signature.sig_object["/Reason"]) == serial


def previewed(ground: Ground, monkeypatch: pytest.MonkeyPatch, **asked: Any) -> dict[str, Any]:
    seen: list[dict[str, Any]] = []

    def render(shown: dict[str, Any], output: dict[str, Any]) -> tuple[bytes, str]:
        seen.append(shown)
        return b"page", document.HTML

    monkeypatch.setattr(document, "render", render)
    body = load(language.PreviewOutput(), {"output": "licence", **asked})
    ground.attempt(lambda work: paper.preview(work, body), EDITOR)
    return seen[0]


def test_a_preview_says_that_it_is_one_and_keeps_nothing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ground.counts()
    said = previewed(ground, monkeypatch, service_code="certificate", version=1)
    assert said["specimen"] and not said["qr"].startswith("SHB1") and len(said["blocks"]) >= 3
    assert ground.counts() == before


def test_a_draft_is_previewed_before_anybody_publishes_it(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = certificate(templates=[{"code": "text", "blocks": [
        {"text": {"ar": "نص جديد عن {shop_name}", "en": "New text on {shop_name}"}}]}])
    assert previewed(ground, monkeypatch, definition=draft)["blocks"][0]["text"]["ar"].startswith("نص جديد عن ")


@pytest.mark.parametrize("asked", [{"output": "none"}, {"example": 99}])
def test_what_there_is_not_is_not_previewed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    with pytest.raises(Refusal, match="output_unknown"):
        previewed(ground, monkeypatch, service_code="certificate", version=1, **asked)


def rules_broken(**changes: Any) -> set[tuple[str, str]]:
    with pytest.raises(Refusal) as refused:
        certificate(**changes)
    return {(str(fault.params["rule"]), str(fault.field)) for fault in refused.value.faults}


def test_a_template_that_could_not_be_filled_in_is_not_published() -> None:
    said = {"ar": "{nothing} {holder.name}", "en": "x"}
    assert rules_broken(templates=[{"code": "text", "blocks": [{"text": said}]}]) == {
        ("template_placeholder_unknown", "templates/0/blocks/0/text/ar")}
    assert rules_broken(templates=[{"code": "other", "blocks": [{"text": {"ar": "أ", "en": "a"}}]}]) == {
        ("template_unknown", "outputs/0/template"), ("template_unused", "templates/0/code")}


def test_a_personal_answer_stands_in_no_text() -> None:
    form = [{**field, "personal": True} if field["name"] == "shop_name" else field for field in shop()["form"]]
    assert ("template_placeholder_unknown", "templates/0/blocks/1/text/ar") in rules_broken(form=form)
