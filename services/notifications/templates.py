"""Message templates: what a wording is, the files that are shipped, and how one is rendered. Pure but for the files.

One file a kind in `templates/`, with a version and the Arabic and English wording of SMS and e-mail; marks are those of
wording.py. A file with any fault stops the service at start and not a citizen's message at night. What people write
beside the files lies in the database (template_store.py).
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

from contracts.problems import describe
from rules import sms, strict_yaml
from services.notifications import kinds, wording
from services.notifications.kinds import EMAIL, KINDS, LANGUAGES
from services.notifications.template_check import faults

FOLDER = Path(__file__).parent / "templates"
SHIPPED_MOST = 1000  # versions of files end here, those that people write begin after it

# C0 and C1 controls, line and paragraph separators: none of them belongs into a subject or a text message's value.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# What would turn the direction of the text that follows a value.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")

_NUMBER = re.compile(r"(?=.*\d)[A-Z0-9,.-]{3,30}(?: ج\.م)?|EGP [0-9,.]{1,20}")
_GROUPED = re.compile(r"[0-9][0-9A-Z]*(?:-[0-9A-Z]+)+")


class TemplateError(Exception):
    """A template file is wrong; the text names the file and the fault."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One language of a template. A kind that goes by SMS only has no more than `sms`."""

    sms: str
    subject: str = ""
    body: tuple[str, ...] = ()
    button: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"sms": self.sms, "subject": self.subject, "body": list(self.body), "button": self.button}


@dataclass(frozen=True, slots=True)
class Template:
    code: str
    version: int
    wordings: Mapping[str, Wording]

    def as_dict(self) -> dict[str, Any]:
        """Both languages, as they are kept and shown."""
        return {language: self.wordings[language].as_dict() for language in LANGUAGES}


@dataclass(frozen=True, slots=True)
class EmailText:
    """A rendered e-mail: subject in one line, plain text, and HTML in the direction of its language."""

    subject: str
    plain: str
    html: str


def tidy(value: str) -> str:
    """One line without control characters and without what turns the direction of text."""
    return " ".join(_TURNING.sub("", _CONTROL.sub(" ", value)).split())


def shorten(value: str, length: int) -> str:
    """At most `length` characters, cut at a word ending in three dots (which every phone alphabet holds)."""
    value = tidy(value)
    if len(value) <= length:
        return value
    cut = value[: length - 3]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ،,;.") + "..."


def made(code: str, version: int, given: Mapping[str, Any]) -> Template:
    """A template of a wording without faults (template_check.faults)."""
    return Template(code, version, {language: Wording(
        tidy(given[language]["sms"]), tidy(given[language].get("subject") or ""),
        tuple(tidy(paragraph) for paragraph in given[language].get("body") or ()),
        tidy(given[language].get("button") or "")) for language in LANGUAGES})


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
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= SHIPPED_MOST:
        raise TemplateError(f"{source}: version must be a whole number from 1 to {SHIPPED_MOST}")
    holds = {"sms", "subject", "body", "button"} if EMAIL in KINDS[code].channels else {"sms"}
    for language in LANGUAGES:
        given = document[language]
        if not isinstance(given, dict) or set(given) != holds:
            raise TemplateError(f"{source} ({language}): must hold exactly {', '.join(sorted(holds))}")
    wrong = faults(code, document, source)
    if wrong:
        raise TemplateError("; ".join(f"{fault.field}: {describe(fault, 'en')}" for fault in wrong))
    return made(code, version, document)


@cache
def library(folder: Path = FOLDER) -> Mapping[str, Template]:
    """Every template that is shipped, by its code; TemplateError unless each kind has exactly one file and all that a
    kind's messages may name can be filled from an event."""
    unfilled = kinds.check()
    if unfilled:
        raise TemplateError("; ".join(unfilled))
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
    """The text of one SMS. Refuses wording_value_missing for what it names and was not given."""
    return tidy(wording.render(template.wordings[language].sms, placed(_tidied(values), language)))


def render_email(template: Template, language: str, values: Mapping[str, str], name: str,
                 preferences_link: str | None = None) -> EmailText:
    """Subject, plain text and HTML. Values are escaped, and isolated from the direction of the text around them. Where
    the citizen may choose what comes by e-mail, `preferences_link` leads there. Refuses wording_value_missing."""
    own = template.wordings[language]
    shown = _tidied({**values, "name": name})
    marked = {key: _marked(value) for key, value in shown.items()}
    link = shown.get("link", "")
    shown = placed(shown, language)
    written = [tidy(wording.render(text, shown)) for text in (_GREETING[language], *own.body)]
    closing = [_CLOSING[language], *([f"{_CHOOSE[language]}: {preferences_link}"] if preferences_link else ())]
    calls = [f"{own.button}: {link}"] if link else []
    plain = "\n\n".join([*(text for text in written if text), *calls, *closing]) + "\n"
    subject = tidy(wording.render(own.subject, shown))
    rendered = [tidy(wording.render(html.escape(text, quote=False), marked))
                for text in (_GREETING[language], *own.body)]
    page = _frame().substitute(
        lang=language, dir="rtl" if language == "ar" else "ltr", subject=html.escape(subject), brand=_BRAND[language],
        paragraphs="\n".join(f'<p style="margin:0 0 14px">{text}</p>' for text in rendered if text),
        call=_CALL.format(link=html.escape(link, quote=True), button=html.escape(own.button)) if link else "",
        closing=html.escape(_CLOSING[language]) + (
            f'<br><a href="{html.escape(preferences_link, quote=True)}" style="color:#51636b">{_CHOOSE[language]}</a>'
            if preferences_link else ""),
    )
    return EmailText(subject, plain, page)


def _marked(value: str) -> str:
    """A value in HTML; a number stays on one line, as it is read out and copied."""
    if not value:
        return ""
    kept = ' style="white-space:nowrap"' if _NUMBER.fullmatch(value) else ""
    return f"<bdi{kept}>{html.escape(value)}</bdi>"


def placed(values: Mapping[str, str], language: str) -> dict[str, str]:
    """The values as they stand in plain text. A number that begins with a digit and has hyphens (a tracking number)
    would be shown with its groups the other way round after an Arabic word: a mark of direction before it keeps it as
    it is read out (Unicode annex 9, W2 and W7). In English it needs none."""
    if language != "ar":
        return dict(values)
    return {name: sms.LEFT_TO_RIGHT + value if _GROUPED.fullmatch(value) else value for name, value in values.items()}


def _tidied(values: Mapping[str, str]) -> dict[str, str]:
    return {name: tidy(value) for name, value in values.items()}


_GREETING = {"ar": "السيد/السيدة {name}،", "en": "Dear {name},"}
_CLOSING = {"ar": "هذه رسالة آلية من شُبّاك، فلا ترد عليها.",
            "en": "This is an automatic message from Shubbak; please do not reply."}
_CHOOSE = {"ar": "اختر ما يصلك من رسائل", "en": "Choose which messages you get"}
_BRAND = {"ar": "شُبّاك", "en": "Shubbak · شُبّاك"}
_CALL = ('<p style="margin:22px 0 0"><a class="button" href="{link}" style="display:inline-block;padding:12px 24px;'
         'background:#0b4f5c;color:#ffffff;font-weight:700;text-decoration:none;border-radius:8px">{button}</a></p>')


@cache
def _frame() -> string.Template:
    return string.Template((FOLDER / "frame.html").read_text(encoding="utf-8"))
