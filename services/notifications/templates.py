"""Message templates: data files, checked as a whole when the service starts.

One file a kind in `templates/`, with a version and the Arabic and English wording of SMS and e-mail. A placeholder is
`{name}` and nothing more: no attributes, indexes or formats. A file that names an unknown placeholder, or lacks a
language, stops the service at start and not a citizen's message at night.
"""

from __future__ import annotations

import html
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rules import strict_yaml
from services.notifications.kinds import KINDS, LANGUAGES

FOLDER = Path(__file__).parent / "templates"

# C0 and C1 controls, line and paragraph separators: none of them belongs into a subject or a text message's value.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class TemplateError(Exception):
    """A template file is wrong; the text names the file and the fault."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One language of a template."""

    sms: str
    subject: str
    body: tuple[str, ...]
    button: str


@dataclass(frozen=True, slots=True)
class Template:
    code: str
    version: int
    wordings: Mapping[str, Wording]


@dataclass(frozen=True, slots=True)
class EmailText:
    """A rendered e-mail: subject in one line, plain text, and HTML in the direction of its language."""

    subject: str
    plain: str
    html: str


def tidy(value: str) -> str:
    """One line without control characters."""
    return " ".join(_CONTROL.sub(" ", value).split())


def shorten(value: str, length: int) -> str:
    """At most `length` characters, cut at a word ending in three dots (which every phone alphabet holds)."""
    value = tidy(value)
    if len(value) <= length:
        return value
    cut = value[: length - 3]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ،,;.") + "..."


def parse(source: str, text: str) -> Template:
    """A template from the text of its file, or TemplateError with `source` named."""
    try:
        document = strict_yaml.load(text)
    except yaml.YAMLError as error:
        raise TemplateError(f"{source}: not YAML: {error}") from error
    if not isinstance(document, dict) or set(document) != {"code", "version", *LANGUAGES}:
        raise TemplateError(f"{source}: must hold exactly code, version, ar and en")
    code, version = document["code"], document["version"]
    if code not in KINDS:
        raise TemplateError(f"{source}: no message is of the kind {code}")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise TemplateError(f"{source}: version must be a whole number from 1")
    return Template(code, version, {lang: _wording(source, code, lang, document[lang]) for lang in LANGUAGES})


@cache
def library(folder: Path = FOLDER) -> Mapping[str, Template]:
    """Every template by its code; TemplateError unless each kind has exactly one file."""
    found: dict[str, Template] = {}
    for path in sorted(folder.glob("*.yaml")):
        template = parse(path.name, path.read_text(encoding="utf-8"))
        if template.code in found:
            raise TemplateError(f"{path.name}: {template.code} has two files")
        found[template.code] = template
    missing = sorted(set(KINDS) - set(found))
    if missing:
        raise TemplateError(f"no template for {', '.join(missing)}")
    return found


def render_sms(template: Template, language: str, values: Mapping[str, str]) -> str:
    """The text of one SMS."""
    return tidy(template.wordings[language].sms.format_map({name: tidy(value) for name, value in values.items()}))


def render_email(template: Template, language: str, values: Mapping[str, str], name: str) -> EmailText:
    """Subject, plain text and HTML. Values are escaped, and isolated from the direction of the text around them."""
    wording = template.wordings[language]
    shown = {key: tidy(value) for key, value in {**values, "name": name}.items()}
    marked = {key: f"<bdi>{html.escape(value)}</bdi>" for key, value in shown.items()}
    greeting, closing = _GREETING[language], _CLOSING[language]
    link = values["link"]
    plain = "\n\n".join([greeting.format_map(shown), *(p.format_map(shown) for p in wording.body),
                         f"{wording.button}: {link}", closing]) + "\n"
    paragraphs = [greeting.format_map(marked), *(html.escape(p, quote=False).format_map(marked) for p in wording.body)]
    page = _frame().substitute(
        lang=language,
        dir="rtl" if language == "ar" else "ltr",
        subject=html.escape(wording.subject.format_map(shown)),
        paragraphs="\n".join(f"<p>{p}</p>" for p in paragraphs),
        link=html.escape(link, quote=True),
        button=html.escape(wording.button),
        closing=html.escape(closing),
    )
    return EmailText(wording.subject.format_map(shown), plain, page)


_GREETING = {"ar": "السيد/السيدة {name}،", "en": "Dear {name},"}
_CLOSING = {"ar": "هذه رسالة آلية من شُبّاك، فلا ترد عليها.",
            "en": "This is an automatic message from Shubbak; please do not reply."}


@cache
def _frame() -> string.Template:
    return string.Template((FOLDER / "frame.html").read_text(encoding="utf-8"))


def _wording(source: str, code: str, language: str, given: Any) -> Wording:
    where = f"{source} ({language})"
    if not isinstance(given, dict) or set(given) != {"sms", "subject", "body", "button"}:
        raise TemplateError(f"{where}: must hold exactly sms, subject, body and button")
    body = given["body"]
    if not isinstance(body, list) or not body:
        raise TemplateError(f"{where}: body must be a list of paragraphs")
    allowed = KINDS[code].placeholders
    for text, names in ((given["sms"], allowed), (given["subject"], allowed), (given["button"], frozenset[str]()),
                        *((paragraph, allowed | {"name"}) for paragraph in body)):
        _check(where, text, names)
    return Wording(tidy(given["sms"]), tidy(given["subject"]), tuple(tidy(p) for p in body), tidy(given["button"]))


def _check(where: str, text: Any, allowed: frozenset[str]) -> None:
    if not isinstance(text, str) or not text.strip():
        raise TemplateError(f"{where}: an empty text")
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise TemplateError(f"{where}: {error} in: {text}") from error
    for _, name, spec, conversion in pieces:
        if name is None:
            continue
        if name not in allowed or spec or conversion:
            raise TemplateError(f"{where}: {{{name}}} may not be used here")
