"""The text of a document from its template in the definition, and a preview of it before anything is issued."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any

from chassis.offload import offload
from chassis.uow import UnitOfWork
from contracts.definition import load_definition
from rules import arabic, conditions, places, wording
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import document, guide
from services.requests.answers import value_name
from services.requests.guide import Definition

LANGUAGES = ("ar", "en")
_NOBODY = {"ar": "اسم صاحب الشأن", "en": "Name of the person"}


def template(definition: Definition, code: str | None) -> Mapping[str, Any] | None:
    """The template of this code; None without one."""
    return next((one for one in definition.body.get("templates") or () if one["code"] == code), None)


def kept(definition: Definition, output: Mapping[str, Any]) -> list[str]:
    """The answers that an output keeps: those it shows, then those its template speaks of or depends on."""
    names = list(output.get("fields", ()))
    chosen = template(definition, output.get("template"))
    if chosen is not None:
        form = {field["name"] for field in definition.body["form"]}
        spoken: set[str] = set()
        for block in chosen["blocks"]:
            spoken |= wording.names(block["text"]["ar"]) | wording.names(block["text"]["en"])
            spoken |= conditions.fields(block.get("when"))
        names += sorted((spoken & form) - set(names))
    return names


def blocks(
    definition: Definition, code: str | None, answers: Mapping[str, Any], facts: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The blocks of a template that apply, filled in, in both languages. `facts` are the values of placeholders that
    are no answers, by language."""
    chosen = template(definition, code)
    if chosen is None:
        return []
    form = {field["name"]: field for field in definition.body["form"]}
    values: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        values[language] = {
            name: (value_name(form[name], value) or {}).get(language, str(value))
            for name, value in answers.items() if name in form and value is not None
        } | dict(facts[language])  # fmt: skip
    return filled([block for block in chosen["blocks"] if conditions.holds(block.get("when"), answers)], values)


def filled(said: list[Any], values: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Blocks with their placeholders filled in, in both languages."""
    return [
        {"kind": block["kind"],
         "text": {language: wording.fill(block["text"][language], values[language]) for language in LANGUAGES}}
        for block in said
    ]  # fmt: skip


def facts_of(shown: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What the text of an output may say beside answers (rules.wording.OUTPUT_FACTS), from what is shown of it."""
    return {
        language: {
            "serial": shown["serial"],
            "holder": shown["holder"],
            "service": shown["service_name"][language],
            "unit": shown["unit_name"][language],
            "governorate": shown["governorate_name"][language],
            **{name: _day(shown[name], language) for name in ("issued_on", "valid_from", "valid_until")},
        }
        for language in LANGUAGES
    }


def preview(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """An output as it would look, of a published version or of a draft, with the answers of one of its sample
    applicants. It says that it is a preview, carries no number and no signature, and keeps nothing."""
    if body["definition"] is not None:
        loaded = load_definition(body["definition"])
        definition = Definition(loaded["code"], 0, loaded)
    else:
        definition = guide.definition(work, guide.code_asked(body["service_code"] or ""), body["version"])
    output = next((one for one in definition.body["outputs"] if one["code"] == body["output"]), None)
    if output is None:
        raise refuse("output_unknown", "output")
    examples = definition.body["examples"]
    if body["example"] >= max(len(examples), 1):
        raise refuse("output_unknown", "example")
    answers = examples[body["example"]]["answers"] if examples else {}
    governorate = places.governorates()[work.settings.node].name
    today = cairo_date(work.now).isoformat()
    form = {field["name"]: field for field in definition.body["form"]}
    shown: dict[str, Any] = {
        "serial": "0000-0000", "holder": _NOBODY["ar"], "service_name": definition.name, "unit_name": governorate,
        "governorate_name": governorate, "issued_on": today, "valid_from": today, "valid_until": None,
        "qr": "PREVIEW", "key_id": "—", "specimen": True, "edition": 1,
        "fields": [
            {"name": name, "label": form[name]["label"],
             "value": value_name(form[name], answers[name]) or dict.fromkeys(LANGUAGES, str(answers[name]))}
            for name in output["fields"] if name in answers
        ],
    }  # fmt: skip
    shown["blocks"] = blocks(definition, output["template"], answers, facts_of(shown))
    content, media_type = offload(document.render, shown, output)
    return {"media_type": media_type, "content": base64.b64encode(content).decode(),
            "file_name": f"preview-{definition.code}-{output['code']}"}  # fmt: skip


def _day(value: str | None, language: str) -> str:
    if value is None:
        return "بلا نهاية" if language == "ar" else "without end"
    return arabic.long_date(date.fromisoformat(value), language)
