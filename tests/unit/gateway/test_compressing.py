"""What goes out compressed: files and pages for everybody; never a page with a form's token."""

from __future__ import annotations

import gzip

from services.gateway.web import compressing
from services.gateway.web.pages import shown
from tests.unit.gateway.followed import opened
from tests.unit.gateway.ground import NUMBER, Service, client_of

GZIP = {"Accept-Encoding": "gzip, br"}


def test_a_page_for_everybody_goes_out_compressed_to_who_takes_it() -> None:
    client = client_of(Service())
    small, plain = client.get("/ar/services", headers=GZIP), client.get("/ar/services")
    assert small.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in small.headers["Vary"]
    assert "Content-Encoding" not in plain.headers and "Accept-Encoding" in plain.headers["Vary"]
    assert gzip.decompress(small.data) == plain.data and len(small.data) < len(plain.data) / 2


def test_a_page_with_a_forms_token_is_sent_as_it_is() -> None:
    page = client_of(Service()).get("/ar/staff/login", headers=GZIP)
    assert 'name="csrf"' in page.text and "Content-Encoding" not in page.headers


def test_a_page_about_somebodys_request_is_sent_as_it_is() -> None:
    _, client = opened()
    page = client.get(f"/ar/follow/{NUMBER}/received", headers=GZIP)
    assert page.status_code == 200 and 'name="csrf"' not in page.text and len(page.data) > compressing.SMALLEST
    assert "Content-Encoding" not in page.headers and page.headers["Cache-Control"] == "no-store"


def test_a_file_of_this_version_is_asked_for_once_and_confirmed_otherwise() -> None:
    client = client_of(Service())
    address = f"/static/style.css?v={shown.version_of('style.css')}"
    found = client.get(address, headers=GZIP)
    assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(found.data) == (shown.STATIC_FILES / "style.css").read_bytes()
    assert client.get("/static/style.css?v=old", headers=GZIP).headers["Cache-Control"] == "public, max-age=300"
    again = client.get(address, headers={**GZIP, "If-None-Match": found.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_font_is_compressed_already() -> None:
    found = client_of(Service()).get("/static/fonts/cairo-arabic-400.woff2", headers=GZIP)
    assert found.status_code == 200 and "Content-Encoding" not in found.headers


def test_what_is_no_file_is_said_as_ever() -> None:
    assert client_of(Service()).get("/static/none.css", headers=GZIP).status_code == 404
    assert client_of(Service()).get("/static/../app.py", headers=GZIP).status_code == 404
