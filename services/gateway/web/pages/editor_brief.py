"""Parts of a definition in few words: rows of lists, values in comparisons, formulas, the drawn path."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from rules import arabic
from rules.refusal import Refusal
from services.gateway.web import drafts
from services.gateway.web.pages import editor_conditions, editor_values, formula, shown
from services.gateway.web.pages.editor_options import Options
from services.gateway.web.pages.editor_parts import Part
from services.gateway.web.pages.editor_shapes import ABSENT
from services.gateway.web.pages.editor_words import WORDS

_MOST = 300  # letters of a value in a comparison


def title(part: Part, item: str | None, value: Any, language: str) -> str:
    """What a form is headed with: the part, or the item's own name."""
    if item is None:
        return part.name[0 if language == "ar" else 1]
    for key in ("label", "name"):
        text = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(text, Mapping) and (text.get(language) or text.get("ar") or text.get("en")):
            return str(text.get(language) or text.get("ar") or text.get("en"))
    own = value.get("code") if isinstance(value, Mapping) else None
    return str(own or item)


def brief(part: str, value: Any, options: Options, language: str) -> list[str]:
    """What a row of a list says of its item, thing by thing."""
    if not isinstance(value, Mapping):
        return []
    pick = 0 if language == "ar" else 1
    told: list[str] = []

    def word(source: str, key: str) -> None:
        code = value.get(key)
        if isinstance(code, str) and code in WORDS[source]:
            told.append(WORDS[source][code][pick])

    if part in ("form", "inputs"):
        word("types", "type")
        told += [shown.text("ed.required")] if value.get("required") else []
    elif part == "documents":
        word("presented", "presented")
        told += [] if value.get("required", True) else [shown.text("ed.optional")]
    elif part == "fees":
        word("fee_kinds", "kind")
        if isinstance(value.get("amount"), int):
            told.append(shown.money(value["amount"]))
        told += [name[language] for code, name in options.of("stages") if code == value.get("stage")][:1]
    elif part == "outputs":
        word("output_kinds", "kind")
    elif part == "templates":
        told += [str(block["text"].get(language, ""))[:120] for block in (value.get("blocks") or [])[:1]
                 if isinstance(block, Mapping) and isinstance(block.get("text"), Mapping)]
    elif part == "states":
        told += _state(value, options, language)
    if value.get("when"):
        told.append(condition_words(value["when"], options, language))
    return told


def _state(value: Mapping[str, Any], options: Options, language: str) -> list[str]:
    names = {code: name[language] for code, name in options.states()}
    kind = WORDS["state_kinds"].get(str(value.get("kind")))
    told = [kind[0 if language == "ar" else 1]] if kind else []
    told += [dict(options.of(source)).get(str(value[key]), {}).get(language, str(value[key]))
             for source, key in (("departments", "department"), ("task_roles", "role")) if value.get(key)]
    ways = [(shown.named(one.get("name")), one.get("to")) for one in value.get("actions") or () if isinstance(one,
        Mapping)]
    ways += [(shown.text("ed.way.paid"), value.get("next")), (shown.text("ed.way.expired"), value.get("expired"))]
    ways += [(shown.text(f"ed.way.{key}"), to) for key, to in (value.get("join") or {}).items()] if isinstance(
        value.get("join"), Mapping) else []
    arrow = "←" if language == "ar" else "→"
    return told + [f"{name} {arrow} {names.get(str(to), str(to))}" for name, to in ways if to]


def condition_words(condition: Any, options: Options, language: str) -> str:
    """A condition as a person says it; that there is one, where it is deeper than rows can say."""
    table = editor_conditions.table_of(condition)
    if table is None:
        return shown.text("ed.condition.deep")
    pick = 0 if language == "ar" else 1
    names = {str(one["name"]): shown.named(one.get("label")) for one in options.questions()}
    told = []
    for row in table.rows:
        answers = {value: name[language] for value, name in options.of(f"answer:{row.field}")}
        values = [answers.get(editor_values.shown("bound", one), editor_values.shown("bound",
            one)) for one in row.values]
        test = WORDS["tests"].get(row.test, ("…", "…"))[pick]
        text = f"«{names.get(row.field, row.field)}» {test} {shown.joined(values)}".strip()
        told.append(f"{shown.text('ed.condition.not')} {text}" if row.negated else text)
    link = f" {shown.text('ed.condition.or' if table.join == 'any' else 'ed.condition.and')} "
    return shown.text("ed.condition.if", what=link.join(told)) if told else ""


def formula_words(body: Mapping[str, Any], value: Any) -> str:
    """The formula of a fee in words; nothing where there is none or it cannot be read."""
    text = value.get("formula") if isinstance(value, Mapping) else None
    if not isinstance(text, str) or not text:
        return ""
    form = [one for one in body.get("form") or () if isinstance(one, Mapping) and "name" in one]
    try:
        return formula.in_words(text, form)
    except Refusal:
        return ""


def graph_of(body: Mapping[str, Any], language: str) -> str:
    """The path drawn, as an address of data; nothing where what is written has no shape that could be drawn."""
    drawn = graph_svg(body, language)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode() if drawn else ""


def graph_svg(body: Mapping[str, Any], language: str) -> str:
    """The path drawn as SVG, also of a workflow that is not sound; empty where it cannot be drawn at all."""
    try:
        return drafts.drawn(body, language)
    except Refusal:
        return ""


def in_words(value: Any, language: str) -> str:
    """A value of a definition for a comparison: texts in the page's language, lists with commas, what is large in
    short."""
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, bool):
        return shown.text("yes" if value else "no")
    if isinstance(value, Mapping):
        if set(value) >= {"ar", "en"}:
            return str(value[language])
        for key in ("label", "name"):
            if isinstance(value.get(key), Mapping):
                return in_words(value[key], language)
        return shown.joined(f"{key}: {in_words(one, language)}" for key, one in value.items())[:_MOST]
    if isinstance(value, list):
        return shown.joined(in_words(one, language) for one in value)[:_MOST]
    return arabic.western_digits(str(value))[:_MOST]
