"""What the gateway serves of the field app: the same for everybody, whole, and renewed when anything of it changes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from services.gateway.web.pages import field, shown
from services.gateway.web.pages.texts_field import FIELD
from tests.unit.gateway.ground import Service, client_of

FILES = Path(shown.STATIC_FILES) / "field"


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_the_shell_names_nobody_and_sets_nothing(lang: str) -> None:
    service = Service()
    answer = client_of(service, service.log_in("mobile_clerk", department=None)).get(f"/{lang}/field")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and f'lang="{lang}"' in text and "csrf" not in text
    assert "Set-Cookie" not in answer.headers
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", text), "nothing inline"


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_its_worker_keeps_all_that_it_loads_and_no_more_than_its_own_pages(lang: str) -> None:
    answer = client_of(Service()).get(f"/{lang}/field/sw.js")
    text = answer.get_data(as_text=True)
    assert answer.headers["Service-Worker-Allowed"] == f"/{lang}/field"
    assert answer.mimetype == "text/javascript" and answer.headers["Cache-Control"] == "no-cache"
    kept = {name.split("?")[0] for name in json.loads(re.search(r"^const FILES = (.+);$", text, re.MULTILINE)[1])}  # type: ignore[index]
    loaded = {f"/static/field/{path.name}" for path in FILES.glob("*.js") if path.name != "sw.js"}
    for path in FILES.glob("*.js"):
        for found in re.findall(r'from "(\.{1,2}/[\w./]+)"', path.read_text(encoding="utf-8")):
            loaded.add("/static/" + str(Path("field") / found).replace("field/../", "").replace("field/./", "field/"))
    assert loaded <= kept, loaded - kept
    assert not any(name.startswith("/api/") for name in kept)
    page = client_of(Service()).get(f"/{lang}/field").get_data(as_text=True)
    shell = {one.split("?")[0] for one in re.findall(r'(?:href|src)="(/static/[^"]+|/brand[^"]+)"', page)}
    assert {one for one in shell if not one.endswith("apple-touch-180.png")} <= kept


def test_each_text_that_it_asks_for_is_there_and_none_is_left_over() -> None:
    asked, made = set(), set()
    for path in FILES.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r'"(field\.[a-z0-9_.]+)"', text))
        made |= {one.split("${")[0] for one in re.findall(r"`(field\.[^`]*\$\{[^`]*)`", text)}
    assert asked <= set(FIELD), asked - set(FIELD)
    page = {"field.app", "field.app_short", "field.app_description", "field.noscript"}
    spare = {key for key in set(FIELD) - asked - page if not key.startswith(tuple(made))}
    assert spare == set()


def test_its_words_are_those_of_the_platform_in_each_language() -> None:
    told = {lang: client_of(Service()).get(f"/{lang}/field/words.json").get_json() for lang in ("ar", "en")}
    assert told["ar"]["texts"].keys() == told["en"]["texts"].keys()
    assert told["ar"]["texts"]["field.lock"] == "اقفل" and told["en"]["texts"]["kind.heirs"] == "Heirs"
    assert set(told["ar"]["problems"]) == set(field.CODES)
    assert ["EG-C-01", "El Zeitoun"] in told["en"]["units"] and ["SD", "السودان"] in told["ar"]["countries"]
    assert not any(code == "EG" for code, _ in told["en"]["countries"])
    codes = set(re.findall(r'new Wrong\("(\w+)"', (FILES / "checks.js").read_text(encoding="utf-8")))
    assert codes <= set(field.CODES), codes - set(field.CODES)


def test_what_did_not_change_is_not_sent_again() -> None:
    client = client_of(Service())
    for name in ("words.json", "manifest.webmanifest", "sw.js"):
        first = client.get(f"/ar/field/{name}")
        assert client.get(f"/ar/field/{name}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
