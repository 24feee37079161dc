"""Licences: anybody checks one, the applicant fetches it."""

from __future__ import annotations

import base64

from flask import Response
from flask_smorest import Blueprint

from services.gateway.web import ask
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, answer
from services.gateway.web.api.requests import PHONE_PARAMETER, last4
from services.gateway.web.api.shapes import VerificationShown
from services.gateway.web.platform import UPLOAD_SECONDS

blueprint = Blueprint("api_licences", __name__, url_prefix=PREFIX, description="Licences and their verification")


@door(blueprint, "GET", "/licences/<serial>/verification", permission="licence.verify")
@blueprint.response(
    200,
    VerificationShown,
    example={
        "serial": "C-2026-000001-T",
        "status": "valid",
        "holder": "محمود عبد الله حسن",
        "service_code": "shop-licence",
        "service_name": {"ar": "ترخيص محل", "en": "Shop licence"},
        "output_name": {"ar": "رخصة تشغيل محل", "en": "Licence to run a shop"},
        "unit": "EG-C-01",
        "unit_name": {"ar": "الزيتون", "en": "El Zeitoun"},
        "governorate_name": {"ar": "القاهرة", "en": "Cairo"},
        "valid_from": "2026-11-21",
        "valid_until": "2031-11-20",
        "issued_on": "2026-11-21",
        "qr": "SHB1.WyJrMSIs….Zm9v",
        "key_id": "k1",
    },
)
def verify(serial: str) -> Response:
    """Whether a licence is real and in force. Sixty look-ups of one address in a quarter of an hour, then 429"""
    return answer(ask.licence(serial))


@door(blueprint, "GET", "/requests/<tracking_number>/licence", permission="licence.fetch", parameters=[PHONE_PARAMETER])
@blueprint.response(200, {"type": "string", "contentMediaType": "application/pdf"}, content_type="application/pdf")
def fetch(tracking_number: str) -> Response:
    """The licence as a PDF"""
    return pdf(ask.inquire("requests.licence_document", tracking_number, last4(), timeout=UPLOAD_SECONDS))


def pdf(document: dict[str, str]) -> Response:
    """The document as a download under its own name."""
    response = Response(base64.b64decode(document["content"]), content_type=document["media_type"])
    response.headers.set("Content-Disposition", "attachment", filename=document["file_name"])
    return response
