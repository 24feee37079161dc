"""Answers to a service's form, checked against its fields and cleaned to one shape that JSON carries unharmed.

Cleaned values: text and long_text → str (NFC, outer spaces off), integer → int, decimal → canonical text such as
"12.5" (never a float), choice → the option's value, multi_choice → list of values in the form's order, date → ISO
text, boolean → bool, national_id → 14 digits, mobile → E.164, email → the address with its domain in lower case (these
three say who somebody is, so such a field is always `personal`). A field left empty is absent from the result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2

from rules import conditions, identity
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal

FormField = Mapping[str, Any]

PERSONAL_TYPES = ("national_id", "mobile", "email")
TYPES = ("text", "long_text", "integer", "decimal", "choice", "multi_choice", "date", "boolean", *PERSONAL_TYPES)
TEXT_LIMIT, LONG_TEXT_LIMIT = 200, 4000  # characters, where the form states none
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


def validate(form: Sequence[FormField], answers: Mapping[str, Any], prefix: str = "answers") -> dict[str, Any]:
    """The cleaned answers, in the form's order. Refuses with every fault at once, each at `answers/<name>`:
    field_required, field_unknown, and the answer_* codes. A field whose `when` does not hold is not asked; an answer
    to it is refused (answer_not_applicable) rather than dropped in silence."""
    cleaned: dict[str, Any] = {}
    faults: list[Fault] = []
    known = {field["name"] for field in form}
    for field in form:
        name = field["name"]
        where = f"{prefix}/{name}"
        value = answers.get(name)
        empty = value is None or (isinstance(value, str) and not value.strip()) or value == []
        if not conditions.holds(field.get("when"), cleaned):
            if not empty:
                faults.append(Fault("answer_not_applicable", where))
        elif empty:
            if field.get("required"):
                faults.append(Fault("field_required", where))
        else:
            result = _CLEANERS[field["type"]](field, value)
            if isinstance(result, _Wrong):
                faults.append(Fault(result.code, where, result.params))
            else:
                cleaned[name] = result
    faults += [Fault("field_unknown", f"{prefix}/{name}") for name in answers if name not in known]
    if faults:
        raise Refusal(faults)
    return cleaned


def required_documents(documents: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The documents that this applicant must bring, given cleaned answers."""
    return [document for document in documents
            if document.get("required") and conditions.holds(document.get("when"), answers)]


def accepted_documents(documents: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The documents that this applicant may bring, required ones among them."""
    return [document for document in documents if conditions.holds(document.get("when"), answers)]


def check_documents(documents: Sequence[Mapping[str, Any]], answers: Mapping[str, Any], given: Iterable[str]) -> None:
    """Refuses unless every required document is among the codes given (document_missing at `documents/<code>`, one
    fault each) and every code given belongs to the service (document_not_asked)."""
    codes = set(given)
    accepted = {document["code"] for document in accepted_documents(documents, answers)}
    faults = [Fault("document_missing", f"documents/{document['code']}",
                    {"name_ar": document["name"]["ar"], "name_en": document["name"]["en"]})
              for document in required_documents(documents, answers) if document["code"] not in codes]
    faults += [Fault("document_not_asked", f"documents/{code}") for code in sorted(codes - accepted)]
    if faults:
        raise Refusal(faults)


def check(form: Sequence[FormField], where: str = "form") -> list[Fault]:
    """What is wrong with a form: a name twice, a choice without options, bounds the wrong way round, a pattern that is
    none, a condition that reads a later or unknown field. Empty when sound."""
    faults: list[Fault] = []
    earlier: dict[str, str] = {}
    for index, field in enumerate(form):
        at, name, kind = f"{where}/{index}", field["name"], field["type"]
        if name in earlier:
            faults.append(Fault("form_name_twice", f"{at}/name", {"name": name}))
        if field.get("when") is not None:
            faults += [Fault("condition_unsound", f"{at}/when", {"reason": reason})
                       for reason in conditions.check(field["when"], earlier)]
        values = [option["value"] for option in field.get("options") or ()]
        if kind in ("choice", "multi_choice") and (not values or len(set(values)) != len(values)):
            faults.append(Fault("form_options_unsound", f"{at}/options", {"name": name}))
        if kind not in ("choice", "multi_choice") and values:
            faults.append(Fault("form_options_unsound", f"{at}/options", {"name": name}))
        if kind in PERSONAL_TYPES and not field.get("personal"):
            faults.append(Fault("form_field_not_personal", f"{at}/personal", {"name": name}))
        faults += _check_bounds(field, at)
        earlier[name] = kind
    return faults


def _check_bounds(field: FormField, at: str) -> list[Fault]:
    faults = []
    low, high = field.get("min"), field.get("max")
    reader: Callable[[object], Any] = _day if field["type"] == "date" else conditions.number
    if field["type"] in ("integer", "decimal", "date"):
        read = [reader(bound) for bound in (low, high) if bound is not None]
        if None in read or (len(read) == 2 and read[0] > read[1]):
            faults.append(Fault("form_bounds_unsound", f"{at}/min", {"name": field["name"]}))
    elif low is not None or high is not None:
        faults.append(Fault("form_bounds_unsound", f"{at}/min", {"name": field["name"]}))
    if field.get("pattern") is not None:
        try:
            _pattern(field["pattern"])
        except (re2.error, UnicodeError):
            faults.append(Fault("form_pattern_unsound", f"{at}/pattern", {"name": field["name"]}))
    return faults


@lru_cache(maxsize=512)
def _pattern(text: str) -> Any:
    """A pattern in RE2's language, which knows no look-around and no references back: it is matched in time that grows
    with the answer's length alone, so that no answer to a public form keeps the service busy. Raises re2.error."""
    options = re2.Options()
    options.max_mem, options.log_errors = 1 << 18, False
    return re2.compile(text, options)


class _Wrong:
    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params


def _text(field: FormField, value: object) -> str | _Wrong:
    if not isinstance(value, str):
        return _Wrong("answer_not_text")
    long = field["type"] == "long_text"
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    # Control characters and lone surrogates have no place in a form, and PostgreSQL takes neither.
    if any(unicodedata.category(char) in ("Cc", "Cs") and not (long and char in "\n\t") for char in text):
        return _Wrong("answer_not_text")
    limit = field.get("max_length") or (LONG_TEXT_LIMIT if long else TEXT_LIMIT)
    if len(text) > limit:
        return _Wrong("answer_too_long", limit=limit)
    if field.get("pattern") and not _pattern(field["pattern"]).fullmatch(text):
        return _Wrong("answer_pattern")
    return text


def _integer(field: FormField, value: object) -> int | _Wrong:
    text = western_digits(value).strip() if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not _INTEGER.fullmatch(text):
        return _Wrong("answer_not_integer")
    return _out_of_bounds(field, Decimal(text)) or int(text)


def _decimal(field: FormField, value: object) -> str | _Wrong:
    if isinstance(value, str):
        text = western_digits(value).strip().replace("٫", ".")
    elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
    else:
        text = ""  # a float has lost digits before it came here
    if not _DECIMAL.fullmatch(text):
        return _Wrong("answer_not_decimal")
    exact = Decimal(text)
    whole = exact == exact.to_integral_value()
    canonical = str(int(exact)) if whole else format(exact.normalize(), "f")
    return _out_of_bounds(field, exact) or canonical


def _out_of_bounds(field: FormField, value: Decimal) -> _Wrong | None:
    low, high = conditions.number(field.get("min")), conditions.number(field.get("max"))
    if low is not None and value < low:
        return _Wrong("answer_below", min=field["min"])
    if high is not None and value > high:
        return _Wrong("answer_above", max=field["max"])
    return None


def _choice(field: FormField, value: object) -> str | _Wrong:
    values = [option["value"] for option in field["options"]]
    return value if isinstance(value, str) and value in values else _Wrong("answer_not_choice")


def _multi_choice(field: FormField, value: object) -> list[str] | _Wrong:
    values = [option["value"] for option in field["options"]]
    chosen = [value] if isinstance(value, str) else value  # a browser sends one ticked box as plain text
    if not isinstance(chosen, list) or any(not isinstance(one, str) or one not in values for one in chosen):
        return _Wrong("answer_not_choice")
    return [one for one in values if one in chosen]


def _date(field: FormField, value: object) -> str | _Wrong:
    text = western_digits(value).strip() if isinstance(value, str) else ""
    day = _day(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    if day is None:
        return _Wrong("answer_not_date")
    low, high = _day(field.get("min")), _day(field.get("max"))
    if low is not None and day < low:
        return _Wrong("answer_below", min=low.isoformat())
    if high is not None and day > high:
        return _Wrong("answer_above", max=high.isoformat())
    return day.isoformat()


def _day(value: object) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_BOOLEANS: dict[object, bool] = {"true": True, "false": False, "on": True, "off": False, "yes": True, "no": False}


def _boolean(field: FormField, value: object) -> bool | _Wrong:
    if isinstance(value, bool):
        return value
    read = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    return _Wrong("answer_not_boolean") if read is None else read


def _identity(reader: Callable[[str], str]) -> Callable[[FormField, object], str | _Wrong]:
    def clean(field: FormField, value: object) -> str | _Wrong:
        if not isinstance(value, str):
            return _Wrong("answer_not_text")
        try:
            return reader(value)
        except Refusal as refusal:
            return _Wrong(refusal.code, **refusal.faults[0].params)
    return clean


_CLEANERS: dict[str, Callable[[FormField, object], Any]] = {
    "text": _text, "long_text": _text, "integer": _integer, "decimal": _decimal, "choice": _choice,
    "multi_choice": _multi_choice, "date": _date, "boolean": _boolean,
    "national_id": _identity(lambda value: identity.parse_national_id(value).digits),
    "mobile": _identity(identity.parse_mobile), "email": _identity(identity.parse_email)}
