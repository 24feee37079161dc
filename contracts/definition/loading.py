"""The one gate for service definitions: parts expanded, defaults filled in, everything checked, all faults told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

from marshmallow import ValidationError

from contracts import reasons
from contracts.definition import checks, parts
from contracts.definition.basics import SOURCED_ITEMS
from contracts.definition.schema import Definition, PartUse
from contracts.problems import describe
from rules.refusal import Fault, Refusal

_DEEPEST = 40  # levels of nesting; the deepest sound definition has about twelve
# What one definition may hold, so that judging it is soon done whatever it says and telling its faults fits an answer.
# The largest of the guide has 1,500 values, 25 in one list.
MOST_VALUES, MOST_ENTRIES, LONGEST_KEY, MOST_FAULTS = 20_000, 200, 200, 1000


def load_definition(data: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with its parts expanded and defaults filled in, as JSON carries it: loading the result again gives
    the same. Refuses with every fault found, each `definition_invalid` with its `field` (`fees/0/amount`), the `rule`
    that found it and what it says in `ar` and `en`. A definition that loads can be executed from its start to every
    one of its ends. Sections whose shape is wrong are judged by shape alone; all others also by what they say."""
    if (vast := _vast(data)) is not None:
        raise Refusal(vast)
    plain, faults = _plain(data, "")
    if not isinstance(plain, dict):
        raise Refusal(invalid(None, "ليس تعريفاً", "not a definition"))
    origins, unsound = _expand(plain, faults)
    try:
        definition = cast(dict[str, Any], Definition().load(plain))
    except ValidationError as error:
        known = {fault.field for fault in faults}  # what could not be read stands as null, and needs no second fault
        told = [(field, text) for field, text in _messages(error.messages) if field not in known]
        faults += [invalid(_written(field, origins), _arabic(text), text) for field, text in told]
        unsound |= {field.partition("/")[0] for field, _ in told}
        definition = cast(dict[str, Any], error.valid_data)
    unsound |= {(fault.field or "").partition("/")[0] for fault in faults}
    _fill_sources(definition, unsound)
    faults += [_told(fault, origins) for fault in checks.check(definition, unsound)]
    if faults:
        raise Refusal(_once(faults))
    return definition


def _expand(plain: dict[str, Any], faults: list[Fault]) -> tuple[list[str] | None, set[str]]:
    """Puts the fields of every part into `plain`; the place where each field of the form was written; faulty sections.
    """
    form = plain.get("form")
    if not isinstance(form, list) or not any(map(parts.is_use, form)):
        return None, set()
    fields: list[Any] = []
    origins: list[str] = []
    before = len(faults)
    for index, item in enumerate(form):
        at = f"form/{index}"
        if not parts.is_use(item):
            fields.append(item)
            origins.append(at)
            continue
        try:
            use = cast(dict[str, Any], PartUse().load(item))
        except ValidationError as error:
            faults += [invalid(f"{at}/{field}", _arabic(text), text) for field, text in _messages(error.messages)]
            continue
        made, more = parts.expand(use, at)
        faults += [_told(fault, None) for fault in more]
        fields += made
        origins += [f"{at}/{field['name']}" for field in made]
    plain["form"] = fields
    return origins, {"form"} if len(faults) > before else set()


def _fill_sources(definition: dict[str, Any], unsound: set[str]) -> None:
    """Each item without a source takes that of its section."""
    sources = definition.get("sources") if "sources" not in unsound else {}
    for section in (*SOURCED_ITEMS, "period"):
        if section in unsound or section not in definition or not (sources or {}).get(section):
            continue
        items = definition[section] if section != "period" else [definition[section]]
        for item in items:
            item.setdefault("source", cast(dict[str, str], sources)[section])


def _written(field: str, origins: list[str] | None) -> str:
    """The place as its author knows it: `form/9/when` is in the part used at `form/2`."""
    if origins is None or not field.startswith("form/"):
        return field
    _, index, *rest = field.split("/")
    if not index.isdigit() or int(index) >= len(origins):
        return field
    return "/".join([origins[int(index)], *rest])


def _vast(data: Any) -> Fault | None:
    """Why a definition is too large to be judged: refused before anything else is said of it."""
    ahead, left = [data], MOST_VALUES
    while ahead:
        value = ahead.pop()
        if isinstance(value, Mapping):
            if any(isinstance(key, str) and len(key) > LONGEST_KEY for key in value):
                return invalid(None, f"مفتاح أطول من {LONGEST_KEY} حرف.", f"A key has more than {LONGEST_KEY} letters.")
            inner: Iterable[Any] = value.values()
        elif isinstance(value, (list, tuple)):
            inner = value
        else:
            continue
        left -= len(value)
        if left < 0 or len(value) > MOST_ENTRIES:
            return invalid(None, f"أكبر من المقبول: {MOST_VALUES} قيمة في التعريف و{MOST_ENTRIES} في القائمة الواحدة.",
                           f"Too large: a definition has at most {MOST_VALUES} values, a list {MOST_ENTRIES}.")
        ahead += inner
    return None


def _plain(value: Any, where: str, depth: int = 0) -> tuple[Any, list[Fault]]:
    """The value in JSON's types. YAML reads an unquoted date as a date, `on:` as true and 2.5 as a float."""
    faults: list[Fault] = []
    if depth > _DEEPEST:
        return None, [invalid(where, "تداخل أعمق من المقبول.", "Nested too deep.")]
    if isinstance(value, Mapping):
        result: Any = {}
        for key, one in value.items():
            at = f"{where}/{key}".lstrip("/")
            if not isinstance(key, str):
                faults.append(invalid(at, "المفتاح ليس نصاً. ضعه بين علامتي تنصيص.", "The key is no text. Quote it."))
                continue
            if UNFIT.search(key):
                faults.append(invalid(where, *_UNFIT_SAID))
                continue
            result[key], more = _plain(one, at, depth + 1)
            faults += more
        return result, faults
    if isinstance(value, (list, tuple)):
        found = [_plain(one, f"{where}/{index}".lstrip("/"), depth + 1) for index, one in enumerate(value)]
        return [part for part, _ in found], [fault for _, more in found for fault in more]
    if isinstance(value, date):
        return value.isoformat(), faults
    if isinstance(value, str) and UNFIT.search(value):
        return None, [invalid(where, *_UNFIT_SAID)]
    if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        return None, [invalid(where, "عدد أكبر من المقبول.", "The number is too large.")]
    if value is None or isinstance(value, (str, bool, int)):
        return value, faults
    return None, [invalid(where, "اكتب الكسر العشري كنص مثل '2.5'.", "Write a fraction as text such as '2.5'.")]


# Control characters but tab and end of line, halves of characters, what XML cannot hold, and characters that turn the
# direction of whatever follows: a fee or a name must not be shown as something else than it is.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_UNFIT_SAID = ("نص فيه رموز تحكم أو رموز تقلب اتجاه ما بعدها. احذفها.",
               "The text has control characters, or ones that turn the direction of text. Remove them.")
LARGEST = 2**63 - 1  # what JSON carries behind every door
_ENTRY = re.compile(r"/workflow/states/[^/]*|/examples/[^/]*/answers/[^/]*|/change/[^/]*(/[^/]*)?")


def _messages(messages: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            # marshmallow wraps a mapping's entries in "key" and "value", and a schema's own faults in "_schema"
            wrapped = key in ("key", "value") and bool(_ENTRY.fullmatch(where))
            step = "" if key == "_schema" or wrapped else f"/{key}"
            yield from _messages(inner, f"{where}{step}")
    elif isinstance(messages, list):
        for one in messages:
            yield from _messages(one, where)
    else:
        yield where.lstrip("/"), str(messages)


def _arabic(message: str) -> str:
    return reasons.arabic(message) or "قيمة غير صحيحة."


def _told(fault: Fault, origins: list[str] | None) -> Fault:
    field = _written(fault.field, origins) if fault.field else None
    return invalid(field, describe(fault, "ar"), describe(fault, "en"), fault.code)


def invalid(field: str | None, ar: str, en: str, rule: str = "schema") -> Fault:
    """A fault of a definition. `rule` keeps the code of the rule that found it; `schema` where it is its shape."""
    return Fault("definition_invalid", field, {"ar": ar, "en": en, "rule": rule})


def _once(faults: list[Fault]) -> list[Fault]:
    """Each fault once; the first MOST_FAULTS and how many more there are."""
    found = list({(fault.field, str(fault.params)): fault for fault in faults}.values())
    if len(found) <= MOST_FAULTS:
        return found
    more = len(found) - MOST_FAULTS
    return [*found[:MOST_FAULTS], invalid(None, f"وعدد آخر من الأخطاء: {more}. صحح ما سبق أولاً.",
                                          f"And {more} more faults. Correct those above first.", "faults_more")]
