"""What there is to choose from in a form of the editor: the language's words, and what the definition itself has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contracts.requests import CHANNELS
from contracts.requests_intake import APPLICANT_KINDS
from rules import definition_paths, guide_words, places, roles
from rules.difference_words import WORDS as KEYS
from services.gateway.web.pages.editor_words import WORDS
from services.gateway.web.pages.texts import TEXTS

Body = Mapping[str, Any]
Option = tuple[str, Mapping[str, str]]


class Options:
    """The options of one definition. `services`: code and name of what the guide has, for what refers to another
    service."""

    def __init__(self, body: Body, services: Iterable[Option] = ()) -> None:
        self._body, self._services = body, tuple(services)

    def of(self, source: str) -> list[Option]:
        """Values with their names in both languages, in the order in which they are offered."""
        if source in WORDS:
            return [(value, _pair(*pair)) for value, pair in WORDS[source].items()]
        if source.startswith("answer:"):
            return self._answers(source.partition(":")[2])
        return _SOURCES[source](self)

    def questions(self) -> list[Mapping[str, Any]]:
        """The questions of the application form that have a name."""
        return [one for one in _items(self._body.get("form")) if isinstance(one.get("name"), str)]

    def types(self) -> dict[str, str]:
        """The type of each question."""
        return {str(one["name"]): str(one.get("type", "")) for one in self.questions()}

    def states(self) -> list[Option]:
        return [(code, _named(state, code)) for code, state in _states(self._body).items()]

    def stages(self) -> list[Option]:
        """The stages at which fees are paid: the states in which the applicant pays."""
        return [(str(state["stage"]), _named(state, str(state["stage"]))) for state in _states(self._body).values()
                if isinstance(state, Mapping) and state.get("kind") == "payment" and state.get("stage")]

    def inputs(self) -> list[Option]:
        workflow = self._body.get("workflow")
        written = _items(workflow.get("inputs")) if isinstance(workflow, Mapping) else []
        own = [(str(one.get("name")), _named(one, str(one.get("name")), "label")) for one in written]
        return [("reason", _pair("سبب يكتبه من يقوم بالإجراء", "A reason in words")),
                ("legal_reason", _pair("سبب قانوني من القائمة", "A legal ground of the list")), *own]

    def numbers(self) -> list[Option]:
        return [(str(one["name"]), _named(one, str(one["name"]), "label")) for one in self.questions()
                if one.get("type") in ("integer", "decimal")]

    def coded(self, section: str) -> list[Option]:
        return [(str(one["code"]), _named(one, str(one["code"]))) for one in _items(self._body.get(section))
                if isinstance(one.get("code"), str)]

    def paths(self) -> list[Option]:
        """The single values that a governorate could be allowed to set."""
        return list(_paths(self._body))

    def _answers(self, name: str) -> list[Option]:
        field = next((one for one in self.questions() if one["name"] == name), {})
        if field.get("type") == "boolean":
            return [("true", _pair("نعم", "Yes")), ("false", _pair("لا", "No"))]
        return [(str(one.get("value")), _named(one, str(one.get("value")), "label"))
                for one in _items(field.get("options"))]


def _of_text(prefix: str, codes: Iterable[str]) -> list[Option]:
    return [(code, _pair(*TEXTS[f"{prefix}.{code}"])) for code in codes]


_SOURCES: Mapping[str, Callable[[Options], list[Option]]] = {
    "applicants": lambda _: _of_text("kind", APPLICANT_KINDS),
    "channels": lambda _: _of_text("channel", CHANNELS),
    "unit_kinds": lambda _: list(places.UNIT_KINDS.items()),
    "sectors": lambda _: list(guide_words.load().sectors.items()),
    "life_events": lambda _: [(code, event.name) for code, event in guide_words.load().life_events.items()],
    "departments": lambda _: list(roles.load().departments.items()),
    "task_roles": lambda _: [(code, role.name) for code, role in roles.load().roles.items()
                                   if code in roles.task_roles()],
    "staff_roles": lambda _: [(code, role.name) for code, role in roles.load().roles.items() if role.staff],
    "states": Options.states, "stages": Options.stages, "inputs": Options.inputs, "numbers": Options.numbers,
    "questions": lambda options: [(str(one["name"]), _named(one, str(one["name"]), "label"))
                                  for one in options.questions()],
    "fees": lambda options: options.coded("fees"), "outputs": lambda options: options.coded("outputs"),
    "bodies": lambda options: options.coded("external_bodies"),
    "templates": lambda options: [(code, _pair(code, code)) for code, _ in options.coded("templates")],
    "services": lambda options: list(options._services), "paths": Options.paths}


def _paths(body: Body) -> Iterable[Option]:
    """Values of fees, targets and periods: what is listed in the guide as a governorate's own, and the like of it."""
    for fee in _items(body.get("fees")):
        for key in ("amount", "percent", "min_amount", "max_amount"):
            if key in fee:
                yield _path(body, f"fees/{fee.get('code')}/{key}", fee, key)
    for code, state in _states(body).items():
        if isinstance(state, Mapping) and isinstance(state.get("target"), Mapping):
            yield _path(body, f"workflow/states/{code}/target/days", state, "target")
        for branch in _items(state.get("branches")) if isinstance(state, Mapping) else ():
            if isinstance(branch.get("target"), Mapping):
                yield _path(body, f"workflow/states/{code}/branches/{branch.get('code')}/target/days", branch, "target")
    for output in _items(body.get("outputs")):
        yield _path(body, f"outputs/{output.get('code')}/validity_months", output, "validity_months")
    for follow_up in _items(body.get("follow_up")):
        for key in ("after_days", "every_months"):
            yield _path(body, f"follow_up/{follow_up.get('code')}/{key}", follow_up, key)
    for document in _items(body.get("documents")):
        yield _path(body, f"documents/{document.get('code')}/required", document, "required")
    for field in _items(body.get("form")):
        if field.get("type") == "text":
            yield _path(body, f"form/{field.get('name')}/max_length", field, "max_length")


def _path(body: Body, path: str, around: Mapping[str, Any], key: str) -> Option:
    name, word = _named(around, path, "name" if "name" in around else "label"), KEYS.get(key, {})
    return path, {language: f"{name[language]} – {word.get(language, key)}" for language in ("ar", "en")}


def path_words(body: Body, path: str, language: str) -> str:
    """A path of a definition as people say it."""
    words, here = [], body
    for step in path.split("/"):
        here = definition_paths.find(here, step) if isinstance(here, (Mapping, list)) else None
        named = _named(here, "") if isinstance(here, Mapping) else {}
        words.append(named.get(language) or KEYS.get(step, {}).get(language) or step)
    return " – ".join(words)


def _states(body: Body) -> Mapping[str, Any]:
    workflow = body.get("workflow")
    states = workflow.get("states") if isinstance(workflow, Mapping) else None
    return states if isinstance(states, Mapping) else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _named(item: Any, otherwise: str, key: str = "name") -> Mapping[str, str]:
    """What an item is called in both languages; in the other one where one is missing, and its code where both are."""
    around: Mapping[str, Any] = item if isinstance(item, Mapping) else {}
    found = next((text for text in (around.get(key), around.get("label")) if isinstance(text, Mapping)), {})
    ar, en = (str(found.get(language) or "") for language in ("ar", "en"))
    return _pair(ar or en or otherwise, en or ar or otherwise)


def _pair(ar: str, en: str) -> Mapping[str, str]:
    return {"ar": ar, "en": en}
