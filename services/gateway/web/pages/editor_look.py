"""Looking at a draft otherwise than through its forms: the drawn path, the page as a citizen will see it with a trial
of its fees, and the whole text for what no form covers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
import yaml
from flask import Blueprint, Response, g, request, url_for

from chassis.offload import offload
from contracts.definition import load_definition
from contracts.definition.schema import Definition
from rules import fees, forms, strict_yaml
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import definition, editor_brief, shown
from services.gateway.web.pages import editor_base as base
from services.gateway.web.pages import service as service_page
from services.gateway.web.pages.editor_base import FORM_BYTES, PROPOSAL, Answer
from services.gateway.web.pages.editor_parts import PARTS

blueprint = Blueprint("editor_look", __name__)
_KEYS = [field.data_key or name for name, field in Definition().fields.items()]
_LINE = re.compile(r"line (\d+), column (\d+)")
MOST_TEXT = 600_000


@door(blueprint, "GET", PROPOSAL + "/graph.svg", permission="proposal.read")
def graph(proposal_id: Any) -> Response:
    """The path of the draft, drawn as far as it can be."""
    drawn = editor_brief.graph_svg(base.proposal_of(proposal_id)["body"], g.language)
    text = shown.text("ed.no_graph")
    nothing = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 60" width="360" height="60">'
               f'<text x="180" y="35" text-anchor="middle" font-size="15">{text}</text></svg>')
    return Response(drawn or nothing, content_type="image/svg+xml")


# -- as a citizen sees it --------------------------------------------------------------------------------------------


@door(blueprint, "GET", PROPOSAL + "/preview", permission="proposal.read")
def preview(proposal_id: Any) -> Answer:
    """The page of the service and its form as they will be, and what a sample applicant would pay."""
    found = base.proposal_of(proposal_id)
    body, faults = _loaded(found["body"])
    about = service_page.about(body) if body else None
    trial = _trial(body, request.args) if body else None
    return base.draw("preview", found=found, body=body, about=about, trial=trial, parts=PARTS, part=None,
                     counts=base.counted(found), previewed=True, told=base.faults_with_places(found) if faults else [],
                     groups=definition.grouped(definition.form(body)) if body else [])


def _loaded(body: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[Fault]]:
    try:
        return load_definition(dict(body)), []
    except Refusal as refusal:
        return None, refusal.faults


def _trial(body: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Charges for the answers that fees and their conditions read; those of the first sample until some are given."""
    wanted = _asked(body)
    examples = body.get("examples") or ()
    start = examples[0]["answers"] if examples and not any(name in given for name in wanted) else {}
    answers = {name: given.get(name, start.get(name, "")) for name in wanted}
    fields = [one for one in body["form"] if one["name"] in wanted]
    typed = {name: value for name, value in answers.items() if value not in ("", None, [])}
    try:
        cleaned = forms.validate([{**one, "required": False, "when": None} for one in fields], _plain(fields, typed))
        charges = fees.compute(body["fees"], cleaned)
    except Refusal as refusal:
        return {"fields": fields, "answers": answers, "charges": None, "faults": refusal.faults, "total": 0}
    stages = [(definition.stage_name(stage, body), [one for one in charges if _stage_of(body, one.code) == stage])
              for stage in dict.fromkeys(line["stage"] for line in body["fees"])]
    return {"fields": fields, "answers": answers, "faults": [], "total": fees.total(charges),
            "charges": [(name, ones) for name, ones in stages if ones]}


def _asked(body: Mapping[str, Any]) -> list[str]:
    """The questions that the fees read, in the form's order."""
    used = set(fees.inputs(body["fees"]))
    return [one["name"] for one in body["form"] if one["name"] in used]


def _plain(fields: list[Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Yes and no as the form takes them; everything else as it was typed."""
    kinds = {one["name"]: one["type"] for one in fields}
    return {name: {"true": True, "false": False}.get(str(value).lower(), value) if kinds[name] == "boolean" else value
            for name, value in typed.items()}


def _stage_of(body: Mapping[str, Any], code: str) -> str:
    return next((str(line["stage"]) for line in body["fees"] if line["code"] == code), "")


# -- the whole text --------------------------------------------------------------------------------------------------


@door(blueprint, "GET", PROPOSAL + "/raw", permission="proposal.read")
def raw(proposal_id: Any) -> Answer:
    """The definition as one YAML text."""
    found = base.proposal_of(proposal_id)
    return _raw(found, offload(_written, found["body"]), [])


@door(blueprint, "POST", PROPOSAL + "/raw", permission="guide.edit", media_types=FORM, csrf=True, limit=FORM_BYTES)
def save_raw(proposal_id: Any) -> Answer:
    """Save the whole text. What does not parse is kept in the page and told by line."""
    found, text = base.proposal_of(proposal_id), request.form.get("text", "")
    body, problem = offload(_read, text)
    if problem is None:
        try:
            if not base.may_write(found):
                raise Refusal(Fault("proposal_closed", "proposal_id", {"state": found["state"]}))
            if body != found["body"] or base.version_shown() != found["version"]:
                base.command("amend", "raw", proposal_id=str(proposal_id), version=base.version_shown(), body=body,
                             effective_from=found["effective_from"], based_on=None)
            return base.go(url_for("editor_look.raw", proposal_id=proposal_id) + "?saved=1")
        except Refusal as refusal:
            if refusal.code in ("forbidden", "form_expired", "unauthenticated"):
                raise
            return _raw(found, text, base.said(refusal)), 409 if refusal.code == "proposal_changed" else 422
    return _raw(found, text, [{"text": shown.text("ed.raw_broken", why=problem), "url": "#text"}]), 422


def _raw(found: dict[str, Any], text: str, faults: list[Any]) -> str:
    return base.draw("raw", found=found, text=text, faults=faults, parts=PARTS, part=None, raw=True,
                     counts=base.counted(found), told=base.faults_with_places(found), writable=base.may_write(found),
                     most=MOST_TEXT)


class _Dumper(yaml.SafeDumper):
    """Lists under their key are indented, and nothing is an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _written(body: Mapping[str, Any]) -> str:
    """The definition as YAML, its sections in the order of the language."""
    ordered = {key: body[key] for key in [*_KEYS, *sorted(set(body) - set(_KEYS))] if key in body}
    text: str = yaml.dump(ordered, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return text


def _read(text: str) -> tuple[dict[str, Any] | None, str | None]:
    """The mapping that a text is, or why it is none, with its line."""
    if len(text) > MOST_TEXT:
        return None, f"> {MOST_TEXT}"
    try:
        value = strict_yaml.load(text)
        orjson.dumps(value)  # what JSON does not carry (keys that are no texts, bytes, 65 bits) is not sent on
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        place = _LINE.findall(str(error))
        return None, (f"{place[-1][0]}:{place[-1][1]} " if place else "") + " ".join(str(error).split())[:300]
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return None, "not a mapping · ليس مجموعة بيانات بمفاتيح"
    return value, None
