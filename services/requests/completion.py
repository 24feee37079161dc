"""What a file is sent back with: a list of what is missing, chosen from what the definition asks for, and the
officer's words; written as the applicant reads it, in the applicant's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.refusal import Fault, Refusal
from services.requests.guide import Definition

_HEAD = {"ar": "المطلوب استكماله:", "en": "To be completed:"}
_DOCUMENT = {"ar": "مستند: {name}", "en": "Document: {name}"}
_ANSWER = {"ar": "بيان: {name}", "en": "Answer: {name}"}


def said(definition: Definition, missing: Mapping[str, list[str]] | None, words: str | None, language: str) -> str:
    """The text that the applicant reads: one line for each missing thing, then the words. Refuses missing_unknown."""
    lines = _named(definition, missing, language)
    parts = ["\n".join([_HEAD[language], *(f"- {line}" for line in lines)])] if lines else []
    if words and words.strip():
        parts.append(words.strip())
    return "\n\n".join(parts)


def _named(definition: Definition, missing: Mapping[str, list[str]] | None, language: str) -> list[str]:
    wanted = missing or {"documents": [], "answers": []}
    documents = {one["code"]: one["name"] for one in definition.body["documents"]}
    answers = {one["name"]: one for one in definition.body["form"]}
    faults = [Fault("missing_unknown", f"missing/{kind}", {"name": code})
              for kind, known in (("documents", documents), ("answers", answers))
              for code in wanted[kind] if code not in known]
    if faults:
        raise Refusal(faults)
    lines = [_DOCUMENT[language].format(name=documents[code][language]) for code in dict.fromkeys(wanted["documents"])]
    return lines + [_ANSWER[language].format(name=_question(answers[name], language))
                    for name in dict.fromkeys(wanted["answers"])]


def _question(field: Mapping[str, Any], language: str) -> str:
    """What a question is called away from its group: two parts of a form may ask the same."""
    part = field.get("part")
    label = str(field["label"][language])
    return f"{part['name'][language]}: {label}" if part else label
