"""The licence as a document: one page, in Arabic, with a QR that a reader reads, made of nothing but itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.requests import document

OUTPUT = {"name": {"ar": "رخصة تشغيل محل", "en": "Licence to run a shop"}}


def licence(**changes: Any) -> dict[str, Any]:
    return {
        "serial": "C-2026-000123-K",
        "holder": "محمود عبد الله حسن",
        "service_name": {"ar": "ترخيص محل", "en": "Shop licence"},
        "unit_name": {"ar": "الزيتون", "en": "El Zeitoun"},
        "governorate_name": {"ar": "القاهرة", "en": "Cairo"},
        "valid_from": "2026-11-21",
        "valid_until": "2031-11-20",
        "issued_on": "2026-11-21",
        "fields": [
            {"label": {"ar": "الاسم التجاري", "en": "Trade name"}, "value": {"ar": "بقالة النور", "en": "بقالة النور"}}
        ],
        "qr": "SHB1." + "a" * 250 + "." + "b" * 86,
        "key_id": "k1",
        **changes,
    }


needs_pango = pytest.mark.skipif(not document.rendering_available(), reason="Pango is not installed")


def pages(shown: dict[str, Any], language: str = "ar") -> int:
    import weasyprint

    return len(weasyprint.HTML(string=document._page(shown, OUTPUT, language)).render().pages)


@needs_pango
@pytest.mark.parametrize("language", ["ar", "en"])
def test_it_is_one_page_of_pdf(language: str) -> None:
    made = document.render_licence(licence(), OUTPUT, language)
    assert made.startswith(b"%PDF-") and len(made) < 200_000
    assert pages(licence(), language) == 1


@needs_pango
def test_what_does_not_fit_goes_on_to_another_page() -> None:
    def fields(count: int) -> list[dict[str, Any]]:
        return [{"label": {"ar": f"بند {n}", "en": f"Item {n}"}, "value": {"ar": "قيمة طويلة " * 6, "en": "long " * 9}}
                for n in range(count)]  # fmt: skip

    assert pages(licence(fields=fields(4))) == 1
    assert pages(licence(fields=fields(40))) > 1


@needs_pango
def test_the_same_licence_gives_the_same_bytes() -> None:
    first, media_type = document.render(licence(), OUTPUT)
    assert media_type == document.PDF
    assert first == document.render(licence(), OUTPUT)[0]
    assert first != document.render(licence(holder="غيره"), OUTPUT)[0]


def test_without_pango_the_page_itself_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "rendering_available", lambda: False)
    made, media_type = document.render(licence(), OUTPUT)
    page = made.decode()
    assert media_type.startswith("text/html") and 'dir="rtl"' in page
    assert "C-2026-000123-K" in page and "21 نوفمبر 2026" in page and "data:image/svg+xml" in page


def test_nothing_that_somebody_typed_becomes_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "rendering_available", lambda: False)
    nasty = '<img src="http://evil.example/x"><script>'
    page = document.render(licence(holder=nasty), OUTPUT)[0].decode()
    assert nasty not in page and "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)


def test_a_licence_without_an_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "rendering_available", lambda: False)
    assert "بلا نهاية" in document.render(licence(valid_until=None), OUTPUT)[0].decode()
