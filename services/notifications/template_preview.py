"""What a message looks like and costs before anybody gets it. Pure: a wording and values in, all that is to be seen
out. Nothing is sent and nothing kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules import sms
from rules.refusal import Fault, Refusal
from services.notifications import template_check, templates, wording
from services.notifications.kinds import EMAIL, KINDS, NAME_SAMPLE
from services.notifications.templates import Template

_FITS = {(sms.GSM7, True): 160, (sms.GSM7, False): 153, (sms.UCS2, True): 70, (sms.UCS2, False): 67}


@dataclass(frozen=True, slots=True)
class Price:
    """What one part costs with a provider, in millièmes (1/1000 EGP)."""

    provider: str
    per_part: int


def preview(template: Template, language: str, values: Mapping[str, str], name: str | None, prices: Sequence[Price],
            preferences_link: str | None = None, folds: bool = True) -> dict[str, Any]:
    """{sms, email, reading}. `values` replace samples of the kind. Refuses, all at once, a value of a name that the
    kind does not have (wording_placeholder_unknown) and one that is given empty though it is always there
    (wording_value_missing). `folds`: whether this node sends SMS folded."""
    kind = KINDS[template.code]
    wrong = [Fault(wording.UNKNOWN, f"values/{given}",
                   {"name": given, "allowed": ", ".join(sorted(kind.placeholders)) or "—"})
             for given in values if given not in kind.placeholders]
    wrong += [Fault(wording.MISSING, f"values/{given}", {"name": given}) for given, value in values.items()
              if given in kind.placeholders - kind.optional and not templates.tidy(value)]
    if wrong:
        raise Refusal(wrong)
    shown = {**kind.sample[language], **values}
    text = templates.render_sms(template, language, shown)
    email = None
    if EMAIL in kind.channels:
        mail = templates.render_email(template, language, shown, name or NAME_SAMPLE[language], preferences_link)
        email = {"subject": mail.subject, "plain": mail.plain, "html": mail.html}
    return {"code": template.code, "version": template.version or None, "language": language,
            "sms": measured(text, prices, folds), "email": email, "reading": template_check.reading(text)}


def measured(text: str, prices: Sequence[Price], folds: bool = True) -> dict[str, Any]:
    """One SMS as the network will cut and charge it, and the same with look-alike characters exchanged where that saves
    a part (null where it saves none); `sent` says whether that is what goes out."""
    own = _cut(text, prices)
    folded = sms.fold(text)
    cut = _cut(folded, prices)
    saved = own["parts"] - cut["parts"]
    return {**own, "folded": {**cut, "saves_parts": saved, "sent": folds} if saved > 0 else None}


def _cut(text: str, prices: Sequence[Price]) -> dict[str, Any]:
    cut = sms.segments(text)
    taken = sum(_places(char, cut.encoding) for char in cut.parts[-1])
    return {"text": text, "encoding": cut.encoding, "characters": len(text), "parts": cut.count,
            "part_texts": list(cut.parts), "room": _FITS[cut.encoding, cut.count == 1] - taken,
            "prices": [{"provider": price.provider, "per_part": price.per_part, "total": price.per_part * cut.count}
                       for price in prices]}


def _places(char: str, encoding: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1 if encoding == sms.UCS2 else sms.width(char)
