"""What a campaign says: checked against what its audience can fill in, rendered for one recipient, and weighed.

`name` is the recipient's and may be missing, so that it stands in conditional parts or in the greeting of an e-mail.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rules import sms
from rules.refusal import Fault
from services.notifications import kinds, template_check, templates, wording
from services.notifications.templates import Template, Wording

MOST_PARTS = 6  # of an SMS to thousands
TEMPLATE = kinds.CAMPAIGN
LANGUAGES = ("ar", "en")
_NAMED = re.compile(r"[a-z][a-z0-9_]*")  # whatever may be a name: a superset
_MARKS = re.compile(r"\{[a-z0-9_]+\}|\[\[!?[a-z0-9_]*[?؟]|\]\]")
_BUTTON = {"ar": "بوابة الخدمات", "en": "Services portal"}
_NAMELESS = {"ar": "المواطن", "en": "citizen"}


@dataclass(frozen=True, slots=True)
class Weight:
    """What one message costs to send: characters as a person counts them, and parts (an e-mail has one)."""

    characters: int
    parts: int


def texts(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of a campaign's wording with its field."""
    for language, text in given.get("sms", {}).items():
        yield f"wording/sms/{language}", text
    for language, mail in given.get("email", {}).items():
        yield f"wording/email/{language}/subject", mail["subject"]
        for number, paragraph in enumerate(mail["body"]):
            yield f"wording/email/{language}/body/{number}", paragraph


def check(given: Mapping[str, Any], known: Collection[str]) -> list[Fault]:
    """Every fault of every text: its marks, markup, hidden characters. `known` are the placeholders that the audience
    fills in."""
    return [fault for field, text in texts(given)
            for fault in (*template_check.unclean(text, field), *wording.check(text, known, field))]


def names(given: Mapping[str, Any]) -> frozenset[str]:
    """Every placeholder that the texts name, for who only wants to know whether their marks are right."""
    return frozenset(found for _, text in texts(given) for found in _NAMED.findall(text))


def notes(given: Mapping[str, Any], public_url: str) -> list[Fault]:
    """Hints on tone that hold up nobody: shouting, exclamation marks, links that are not ours, long sentences."""
    return [note for field, text in texts(given)
            for note in template_check.tone(text, _MARKS.sub("…", text), public_url, field)]


def used(given: Mapping[str, Any], channel: str, language: str) -> frozenset[str]:
    """The placeholders of one channel and language."""
    found: frozenset[str] = frozenset()
    for field, text in texts(given):
        if field.startswith(f"wording/{channel}/{language}"):
            found |= wording.placeholders(text)
    return found


def render(given: Mapping[str, Any], channel: str, language: str, values: Mapping[str, str],
           public_url: str, preferences_link: str | None = None) -> dict[str, str]:
    """A message's content as `messages.create` takes it: {text}, or {subject, plain, html}. Refuses
    wording_value_missing. Where `preferences_link` leads, a citizen chooses what comes by e-mail."""
    if channel == "sms":
        tidied = {name: templates.tidy(one) for name, one in values.items()}
        text = wording.render(given["sms"][language], templates.placed(tidied, language))
        return {"text": templates.tidy(text)}
    mail = given["email"][language]
    template = Template(TEMPLATE, 1, {language: Wording("", mail["subject"], tuple(mail["body"]), _BUTTON[language])})
    shown = templates.render_email(template, language, {**values, "link": f"{public_url}/{language}/"},
                                   values.get("name") or _NAMELESS[language], preferences_link)
    return {"subject": shown.subject, "plain": shown.plain, "html": shown.html}


def weigh(channel: str, content: Mapping[str, str]) -> Weight:
    """What the network will charge for this content."""
    if channel == "sms":
        return Weight(len(content["text"]), sms.segments(content["text"]).count)
    return Weight(len(content["plain"]), 1)
