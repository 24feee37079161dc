"""Every governorate's portal can be read, in light and dark, and looks like no other's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules import places
from services.gateway import brand
from tests.unit.gateway.ground import Service, client_of

STYLE = Path(__file__).resolve().parents[3] / "services" / "gateway" / "web" / "static" / "style.css"


@pytest.mark.parametrize("governorate", list(places.governorates()))
@pytest.mark.parametrize("dark", [False, True])
def test_what_is_read_on_a_governorates_colours_can_be_read(governorate: str, dark: bool) -> None:
    found = {**(brand.DARK if dark else brand.LIGHT), **brand.tokens(brand.colours()[governorate], dark=dark)}
    faint = {(front, back): round(contrast, 2) for front, back, least in brand.PAIRS
             if (contrast := brand.contrast(found[front], found[back])) < least}
    assert faint == {}


def test_a_colour_that_is_too_light_would_be_told() -> None:
    found = {**brand.LIGHT, **brand.tokens("#8fd3e0", dark=False)}
    assert brand.contrast(found["on-brand"], found["brand"]) < brand.TEXT
    assert brand.contrast(found["link"], found["paper"]) < brand.TEXT


def test_contrast_is_that_of_the_guideline() -> None:
    assert brand.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert brand.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_no_two_governorates_look_alike() -> None:
    assert len(set(brand.colours().values())) == len(places.governorates())


def test_what_is_no_governorates_own_is_what_the_style_sheet_says() -> None:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.S)[:2]
    for block, said in ((light, brand.LIGHT), (dark, brand.DARK)):
        for name, value in said.items():
            [written] = re.findall(rf"--{name}: (#[0-9a-f]+);", block)
            assert (written if len(written) == 7 else "#" + "".join(2 * digit for digit in written[1:])) == value, name
    assert set(brand.tokens("#0b4f5c", dark=False)) <= set(re.findall(r"--([\w-]+):", light))


def test_the_style_sheet_is_the_nodes_own_and_is_asked_for_again_for_nothing() -> None:
    client = client_of(Service())
    page = client.get("/ar/").get_data(as_text=True)
    assert re.search(r'rel="stylesheet" href="/brand.css\?v=\w{12}"', page) and "شُبّاك القاهرة" in page
    answer = client.get("/brand.css")
    assert answer.mimetype == "text/css" and "--brand: #0b4f5c" in answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers
    again = client.get("/brand.css", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.get_data() == b""
    assert "Shubbak Cairo" in client.get("/en/").get_data(as_text=True)
