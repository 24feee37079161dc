"""The portal as an app: manifest, icons, service worker, the page without a line."""

from __future__ import annotations

import re
import struct

import orjson
import pytest
from flask.testing import FlaskClient

from services.gateway.web.pages import shown
from tests.unit.gateway.ground import Service, client_of
from tests.unit.gateway.test_citizen_pages import CITIZEN_COOKIE, TOKEN, CitizensService


@pytest.fixture
def client() -> FlaskClient:
    return client_of(Service())


@pytest.mark.parametrize(("lang", "direction", "name"), [("ar", "rtl", "شُبّاك القاهرة"), ("en", "ltr", "Shubbak Cairo")])
def test_it_installs_in_the_language_in_which_it_was_found(
    client: FlaskClient, lang: str, direction: str, name: str
) -> None:
    page = client.get(f"/{lang}/").get_data(as_text=True)
    assert f'rel="manifest" href="/{lang}/manifest.webmanifest"' in page
    answer = client.get(f"/{lang}/manifest.webmanifest")
    told = answer.get_json(force=True)
    assert answer.mimetype == "application/manifest+json"
    assert (told["name"], told["lang"], told["dir"], told["start_url"]) == (name, lang, direction, f"/{lang}/")
    assert {one["purpose"] for one in told["icons"]} == {"any", "maskable"}
    again = client.get(f"/{lang}/manifest.webmanifest", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_every_icon_is_a_picture_of_the_size_it_is_said_to_have(client: FlaskClient) -> None:
    for icon in client.get("/ar/manifest.webmanifest").get_json(force=True)["icons"]:
        picture = client.get(icon["src"]).get_data()
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert "{}x{}".format(*struct.unpack(">II", picture[16:24])) == icon["sizes"]


def shell_of(client: FlaskClient) -> list[str]:
    found = re.search(r"const SHELL = (\[.*?\]);", client.get("/sw.js").get_data(as_text=True))
    assert found is not None
    shell: list[str] = orjson.loads(found[1])
    return shell


def test_all_that_the_worker_keeps_is_there_and_the_same_for_everybody(client: FlaskClient) -> None:
    shell = shell_of(client)
    assert {"/ar/offline", "/en/offline"} <= set(shell)
    for address in shell:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "Set-Cookie" not in answer.headers, address


def test_the_page_without_a_line_names_nobody_who_is_logged_in() -> None:
    service = CitizensService()
    service.of_citizen()
    client = client_of(service)
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    page = client.get("/ar/offline").get_data(as_text=True)
    assert page == client_of(Service()).get("/ar/offline").get_data(as_text=True) and "csrf" not in page


def test_the_worker_is_asked_for_anew_and_has_the_whole_portal(client: FlaskClient) -> None:
    answer = client.get("/sw.js")
    assert answer.mimetype == "text/javascript" and answer.headers["Cache-Control"] == "no-cache"
    assert client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_pages_of_the_staff_are_no_app(client: FlaskClient) -> None:
    page = client.get("/ar/staff/login").get_data(as_text=True)
    assert "manifest" not in page and "device.js" not in page and "brand.css" in page


def test_what_a_page_links_to_is_what_the_worker_keeps(client: FlaskClient) -> None:
    page, shell = client.get("/ar/").get_data(as_text=True), shell_of(client)
    for name in ("style.css", "js/device.js", "mark.svg"):
        [address] = [one for one in shell if name in one]
        assert f'"{address}"' in page
        assert shown.version_of(name) in address
