"""What may be written into a message and what had better not be. Pure.

`faults` is held against every wording, of a file and of a person, before it can be used; `notes` are hints on tone
and length that hold up nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from rules import sms
from rules.refusal import Fault
from services.notifications import wording
from services.notifications.kinds import EMAIL, KINDS, LANGUAGES, NAME_SAMPLE

MOST_PARTS = 6  # of an SMS with sample values; beyond it a text belongs into an e-mail
MANY_PARTS = 3
MOST_SUBJECT, MOST_TEXT, MOST_PARAGRAPHS, MOST_BUTTON = 150, 1500, 20, 40
LONG_SENTENCE = 25  # words; most readers lose the thread of a longer one

# Values of any length: an SMS has their first words in another placeholder.
LONG = frozenset({"missing", "note"})

# Marks that Arabic text is written with: joiners, and marks of direction of one character.
_MARKS = frozenset("\u200c\u200d\u200e\u200f\u061c\n")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_MARKUP = re.compile(r"<\s*[a-z/!?][^<]{0,20}|(?:java|vb)script\s*:|data\s*:\s*[a-z]+/[a-z]+", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"،؛]+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|ly|me|info|eg|io|co)"
                   r"(?:/[^\s،؛]*)?\b", re.IGNORECASE)
_SHOUT = re.compile(r"(?<![\w-])[A-Z]{4,}(?:\s+[A-Z]{2,})*(?![\w-])")
_SENTENCE = re.compile(r"[.!?؟]+(?:\s+|$)|\n+")


class Note(Fault):
    """A hint: of the same shape as a fault, with its text in contracts.notifications_templates.NOTES."""

    __slots__ = ()


def faults(code: str, given: Mapping[str, Any], field: str = "wording") -> list[Fault]:
    """Everything that keeps a wording of this kind from being used: {ar, en}, each {sms, subject, body: [...], button}
    (of a kind that goes by SMS only, `sms`). Each fault names its field, as `wording/ar/body/1`."""
    found: list[Fault] = []
    for language in LANGUAGES:
        texts = given.get(language)
        if not isinstance(texts, Mapping):
            found.append(Fault("wording_language_missing", f"{field}/{language}", {"language": language}))
            continue
        found += _language(code, language, texts, f"{field}/{language}")
    return found


def _language(code: str, language: str, texts: Mapping[str, Any], field: str) -> list[Fault]:
    kind = KINDS[code]
    short = kind.placeholders - LONG
    found = _text(texts.get("sms"), short, f"{field}/sms")
    if not found:
        found += _sms_length(texts["sms"], kind.sample[language], kind.optional, f"{field}/sms")
    if EMAIL not in kind.channels:
        return found + [Fault("wording_no_email", f"{field}/{name}") for name in ("subject", "body", "button")
                        if texts.get(name)]
    found += _text(texts.get("subject"), short, f"{field}/subject", MOST_SUBJECT)
    body = texts.get("body")
    if not isinstance(body, list | tuple) or not body:
        found.append(Fault(wording.EMPTY, f"{field}/body"))
    else:
        if len(body) > MOST_PARAGRAPHS:
            found.append(_too_long(f"{field}/body", len(body), MOST_PARAGRAPHS, ("فقرة", "paragraphs")))
        for at, paragraph in enumerate(body[:MOST_PARAGRAPHS]):
            found += _text(paragraph, kind.placeholders | {"name"}, f"{field}/body/{at}")
    return found + _text(texts.get("button"), frozenset(), f"{field}/button", MOST_BUTTON)


def _text(text: Any, allowed: frozenset[str], field: str, most: int = MOST_TEXT) -> list[Fault]:
    if not isinstance(text, str):
        return [Fault(wording.EMPTY, field)]
    found = list(unclean(text, field))
    if len(text) > most:
        found.append(_too_long(field, len(text), most, ("حرفاً", "characters")))
    return found + [Fault("wording_placeholder_long", field, {"name": fault.params["name"]})
                    if fault.code == wording.UNKNOWN and fault.params["name"] in LONG else fault
                    for fault in wording.check(text, allowed, field)]


def _too_long(field: str, given: int, most: int, what: tuple[str, str]) -> Fault:
    return Fault("wording_too_long", field, {"given": given, "most": most, "what_ar": what[0], "what_en": what[1]})


def unclean(text: str, field: str | None = None) -> Iterator[Fault]:
    """Markup, links that run something, and characters that are not seen or turn the text around."""
    hidden = sorted({char for char in text if unicodedata.category(char) in _HIDDEN and char not in _MARKS})
    if hidden:
        yield Fault("wording_control", field, {"characters": ", ".join(f"U+{ord(char):04X}" for char in hidden)})
    # Full-width signs and the like are brought to plain ones first, and what is hidden cannot part a word.
    plain = unicodedata.normalize("NFKC", "".join(char for char in text if char not in hidden))
    markup = _MARKUP.search(plain)
    if markup:
        yield Fault("wording_markup", field, {"near": markup.group()[:24]})


def _sms_length(text: str, sample: Mapping[str, str], optional: frozenset[str], field: str) -> list[Fault]:
    shortest = wording.render(text, {**sample, **dict.fromkeys(optional, "")})
    if not shortest.strip():
        return [Fault(wording.EMPTY, field)]
    parts = sms.segments(_one_line(wording.render(text, sample))).count
    if parts > MOST_PARTS:
        return [Fault("wording_too_many_parts", field, {"parts": parts, "most": MOST_PARTS})]
    return []


def notes(code: str, given: Mapping[str, Any], public_url: str, field: str = "wording") -> list[Note]:
    """Hints on a wording without faults, by field: too many parts, a part that look-alike characters would save,
    shouting, exclamation marks, links that are not ours, long sentences, optional values that are named without asking
    whether they are there, placeholders that only one language has."""
    found: list[Note] = []
    used: dict[str, frozenset[str]] = {}
    for language in LANGUAGES:
        texts, at = given[language], f"{field}/{language}"
        used[language] = wording.placeholders(texts["sms"])
        found += _sms_notes(texts["sms"], KINDS[code].sample[language], f"{at}/sms")
        for name, text in _all_texts(texts):
            found += _tone(code, text, language, public_url, f"{at}/{name}")
    only = sorted(used["ar"] ^ used["en"])
    if only:
        found.append(Note("note_one_language", field, {"names": ", ".join(only)}))
    return found


def _sms_notes(text: str, sample: Mapping[str, str], field: str) -> Iterator[Note]:
    shown = _one_line(wording.render(text, sample))
    parts = sms.segments(shown).count
    if parts > MANY_PARTS:
        yield Note("note_many_parts", field, {"parts": parts, "most": MANY_PARTS})
    saved = parts - sms.segments(sms.fold(shown)).count
    if saved > 0:
        yield Note("note_fold_saves", field, {"parts": saved})


def _all_texts(texts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "sms", texts["sms"]
    for name in ("subject", "button"):
        if texts.get(name):
            yield name, texts[name]
    for at, paragraph in enumerate(texts.get("body") or ()):
        yield f"body/{at}", paragraph


def _tone(code: str, text: str, language: str, public_url: str, field: str) -> Iterator[Note]:
    kind = KINDS[code]
    yield from tone(text, wording.render(text, {**kind.sample[language], "name": NAME_SAMPLE[language]}), public_url,
                    field)
    for name in sorted(wording.bare(text) & kind.optional):
        yield Note("note_unasked", field, {"name": name})


def tone(text: str, shown: str, public_url: str, field: str) -> Iterator[Note]:
    """Hints on one text, of which `shown` is what a citizen reads: exclamation marks, shouting, links that are not
    ours, long sentences."""
    if text.count("!") + text.count("؟!") > 1 or "!!" in text:
        yield Note("note_exclamations", field)
    shout = _SHOUT.search(re.sub(r"\{[a-z0-9_]*\}", "", text))
    if shout:
        yield Note("note_shouting", field, {"near": shout.group()[:24]})
    own = urlsplit(public_url).hostname or ""
    for link in _LINK.findall(text):
        host = urlsplit(link if "//" in link else f"//{link}").hostname or ""
        if host != own:
            yield Note("note_foreign_link", field, {"link": link[:60]})
    longest = reading(shown)["longest"]
    if longest > LONG_SENTENCE:
        yield Note("note_long_sentence", field, {"words": longest, "most": LONG_SENTENCE})


def reading(text: str) -> dict[str, int]:
    """How much there is to read: {sentences, words, longest}, the longest sentence in words."""
    lengths = [len(sentence.split()) for sentence in _SENTENCE.split(text) if sentence.strip()]
    return {"sentences": len(lengths), "words": sum(lengths), "longest": max(lengths, default=0)}


def _one_line(text: str) -> str:
    return " ".join(text.split())
