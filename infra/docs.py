"""`python -m infra.docs`: the reference pages of docs/, written from the code. A test keeps the two equal."""

from __future__ import annotations

# isort: off
import chassis.patched  # noqa: F401  (before the services bring in what it patches)
# isort: on

import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import marshmallow
from marshmallow import fields, validate

from contracts import (
    asyncapi,
    event_schemas,
    problems,
)
from contracts.definition import authoring, json_schema, load_definition
from contracts.events import REGISTRY, EventType
from contracts.routes import CONSUMERS
from infra import docs_demo, docs_messages, docs_sandbox
from infra.database import SERVICES
from rules import payment_states, roles, workflow

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs"
GUIDE = ROOT / "services/catalog/guide"
COMMAND = "make docs"
RECORD = "event-schemas.json"

_TYPES: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.UUID, "UUID"),
    (fields.AwareDateTime, "moment, UTC"),
    (fields.Date, "date"),
    (fields.Integer, "integer"),
    (fields.Boolean, "true or false"),
    (fields.Dict, "object"),
    (fields.String, "text"),
)


def pages() -> dict[str, str]:
    """Every generated page by its file name in docs/."""
    return {
        "errors.md": _errors(),
        "events.md": _events(),
        "workflows.md": _workflows(),
        "permissions.md": _permissions(),
        "payment-states.md": _payment_states(),
        "demo-accounts.md": docs_demo.page(_page, _table),
        "payments-sandbox.md": _page("Sandbox of the rails · بيئة تجربة السداد", docs_sandbox.SOURCE,
                                     *docs_sandbox.sections(_table)),
        "messages-sandbox.md": _page("Sandbox of messages · بيئة تجربة الرسائل", docs_messages.SOURCE,
                                     *docs_messages.sections(_table)),
        "definition.schema.json": _json(json_schema.document()),
        "asyncapi.json": _json(asyncapi.document()),
        RECORD: schemas(),
    }


def write() -> None:
    """Write them all."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


class BrokenSchema(Exception):
    """An event that was published would change in a way that its readers or a replay fail on."""


def schemas() -> str:
    """The record of the schemas of all events, as it becomes. Raises BrokenSchema where something that stands in it
    would be broken (contracts/event_schemas.py has the rule)."""
    found = event_schemas.record()
    if broken := event_schemas.broken(_recorded(), found):
        raise BrokenSchema("; ".join(broken))
    return _json(found)


def _recorded() -> dict[str, Any]:
    path = FOLDER / RECORD
    recorded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return recorded


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _page(title: str, source: str, *parts: str) -> str:
    note = f"Written by `{COMMAND}` from {source}; do not edit here."
    return "\n\n".join([f"# {title}", note, *(part.strip("\n") for part in parts)]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
                     for row in lines)


# -- errors ----------------------------------------------------------------------------------------------------------

def _errors() -> str:
    lead = (
        "An error is an RFC 9457 problem (`application/problem+json`): `type` (`urn:shubbak:problem:<code>`), "
        "`status`, `code`, `title` and `detail` in the language of `Accept-Language`, `title_ar` and `title_en`, and "
        "`errors`, one entry for each fault with its `field`. A code is stable; its texts may be improved. `{name}` "
        "stands for a value of the fault. With 503 and 429 the header `Retry-After` says when to try again."
    )
    sections = []
    for owner, owned in problems.OWNERS:
        if owned:
            rows = [(f"`{code}`", str(found.status), found.ar, found.en) for code, found in owned.items()]
            sections.append(f"## {owner}\n\n" + _table(("code", "HTTP", "العربية", "English"), rows))
    return _page("Errors · رسائل الخطأ", "`contracts/*.py` (`PROBLEMS`)", lead, *sections)


# -- events and RPCs -------------------------------------------------------------------------------------------------


def _events() -> str:
    lead = (
        "The published language of the node: [events](#events), which are facts, and "
        "[commands and queries](#commands-and-queries), which only the gateway sends.\n\n"
        "An event is CloudEvents 1.0 in structured mode (`application/cloudevents+json`). `type` is also the routing "
        "key on the exchange `events`; `subject` is the aggregate's id; `sequence` counts the aggregate's events from "
        "1 without a gap; `source` is `urn:shubbak:<node>:<service>:<epoch>`; `correlationid` is the thread from the "
        "HTTP request on. Events change by addition; a breaking change is a new type. Personal data in an event is "
        "sealed."
    )
    declared = subscriptions()
    found = [_event(REGISTRY[name], declared) for name in sorted(CONSUMERS)]
    return _page("Events, commands, queries · الأحداث والأوامر", "`contracts/*.py` and the services' doors", lead,
                 "## Events", *found, "## Commands and queries", _rpcs())


def _event(event_type: EventType, declared: Mapping[tuple[str, str], str]) -> str:
    taken = [f"{service} (`{declared[service, event_type.name]}`)" for service in CONSUMERS[event_type.name]]
    consumers = ", ".join(taken) or "nobody yet; it stays in the event log"
    rows = [
        (f"`{name}`", _kind(field), "" if field.required else "may be null or absent", _choices(field))
        for name, field in event_type.schema().fields.items()
    ]
    return "\n\n".join([
        f"### `{event_type.name}`",
        f"From {event_type.service}, about one {event_type.aggregate.partition('.')[2]}. Taken by: {consumers}.",
        _doc(event_type.schema),
        _table(("field", "type", "", "values"), rows),
    ])


def _kind(field: fields.Field[Any]) -> str:
    if isinstance(field, fields.List):
        return f"list of {_kind(field.inner)}"
    return next((name for kind, name in _TYPES if isinstance(field, kind)), type(field).__name__.lower())


def _choices(field: fields.Field[Any]) -> str:
    found: list[str] = []
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            found += [f"`{choice}`" for choice in rule.choices]
        elif isinstance(rule, validate.Equal):
            found.append(f"`{rule.comparable}`")
    return ", ".join(found)


def _doc(schema: type[marshmallow.Schema]) -> str:
    return " ".join((schema.__doc__ or "").split())


def _service_class(service: str) -> Any:
    module = importlib.import_module(f"services.{service}.service")
    return next(found for found in vars(module).values()
                if isinstance(found, type) and vars(found).get("name") == service)


def _doors(service: type) -> list[Any]:
    """What stands in the class and in the parts that it is put together from."""
    return [door for part in service.__mro__ for door in vars(part).values()]


def subscriptions() -> dict[tuple[str, str], str]:
    """The way in which each service takes each type of event that it subscribes to."""
    found: dict[tuple[str, str], str] = {}
    for service in SERVICES:
        for door in _doors(_service_class(service)):
            _, types, way = getattr(door, "subscription", ("", (), ""))
            found.update({(service, event_type.name): way for event_type in types})
    return found


def _rpcs() -> str:
    rows = []
    for service in SERVICES:
        for door in _doors(_service_class(service)):
            for entrypoint in getattr(door, "nameko_entrypoints", ()):
                said = getattr(entrypoint, "declared", None)
                if said is not None:
                    rows.append((f"`{said.method}`", "command" if said.changes else "query", f"`{said.permission}`",
                                 _doc(type(said.schema))))
    return _table(("method", "kind", "permission", "what is promised"), sorted(rows))


# -- workflows -------------------------------------------------------------------------------------------------------

_SILENCE = {"none": "means nothing · لا أثر", "approval": "means approval · قبول", "rejection": "means rejection · رفض"}


# Drawn here for whoever wants to see what a path looks like; the others are drawn where they are asked for.
_DRAWN = ("shop-licence", "building-permit-new")


def _workflows() -> str:
    guide = {path.stem: load_definition(authoring.read_file(path)) for path in authoring.files(GUIDE)}
    lead = (
        f"{len(guide)} services. Any workflow is drawn by a running node at `/api/v1/services/CODE/graph.svg` (for "
        "people) and `graph.mmd` (Mermaid); what a service asks, costs and means stands on its page. Two stand below."
    )
    rows = [(f"`{code}`", one["name"]["ar"], one["name"]["en"], _period(one["period"]),
             str(len(one["workflow"]["states"]))) for code, one in guide.items()]
    return _page("Services and their workflows · الخدمات ومساراتها", "`services/catalog/guide/*.yaml`", lead,
                 _table(("code", "العربية", "English", "period (source) · silence", "states"), rows),
                 *(_drawn(guide[code]) for code in _DRAWN))


def _drawn(definition: Mapping[str, Any]) -> str:
    parsed = workflow.Workflow.parse(definition["workflow"])
    return "\n\n".join([
        f"## {definition['name']['ar']} · {definition['name']['en']}",
        _table(("state", "العربية", "kind", "department · role", "clock", "ways out"),
               [_state(state) for state in parsed.states.values()]),
        *(f"```mermaid\n{workflow.mermaid(parsed, language)}```" for language in ("ar", "en")),
    ])


def _period(period: Mapping[str, Any]) -> str:
    return f"{period['days']} {period['kind']} days ({period['source']}) · {_SILENCE[period['silence']]}"


def _state(state: workflow.State) -> tuple[str, ...]:
    held = "; ".join(_held(holder) for holder in (state.branches or [state]))
    ends = state.outcome or ""
    return (f"`{state.code}`", state.name["ar"], state.kind, held, "" if state.outcome else state.clock,
            ", ".join(f"`{way.code}` → `{way.to}`" for way in state.exits) or f"outcome `{ends}`")


def _held(holder: workflow.State | workflow.Branch) -> str:
    """Who does it: for several departments at once, each with its name."""
    if holder.role is None:
        return ""
    held = f"{holder.department} · {holder.role}"
    if isinstance(holder, workflow.Branch):
        held = f"`{holder.code}`: {held}"
    if holder.body:
        held += f", asks `{holder.body}`"
    if holder.target:
        held += f", target {holder.target['days']} {holder.target['kind']} days"
    return held


# -- roles, bills ----------------------------------------------------------------------------------------------------


def _permissions() -> str:
    known = roles.load()
    who = _table(("role", "العربية", "English", "staff"), [
        (f"`{role.code}`", role.name["ar"], role.name["en"], "yes" if role.staff else "")
        for role in known.roles.values()])
    head = ("permission", "العربية", *(f"`{code}`" for code in known.roles))
    may = _table(head, [
        (f"`{permission}`", name["ar"], *("✓" if permission in role.may else "" for role in known.roles.values()))
        for permission, name in known.permissions.items()])
    departments = _table(("department", "العربية", "English"), [
        (f"`{code}`", name["ar"], name["en"]) for code, name in known.departments.items()])
    lead = ("What is not ticked is denied. The gateway checks a route's permission, and the service checks the signed "
            "actor again. `public` is whoever is not logged in, `rail` a rail's signed callback, `system` a service's "
            "own timers and subscriptions.")
    return _page("Roles and permissions · الأدوار والصلاحيات", "`rules/roles.yaml`", lead, "## Roles", who,
                 "## Permissions", may, "## Departments that hold tasks", departments)


def _payment_states() -> str:
    texts = importlib.import_module("services.gateway.web.pages.texts").TEXTS
    names = _table(("state", "العربية", "English"), [
        (f"`{state}`", *texts[f"bill.state.{state}"]) for state in payment_states.STATES])
    lead = ("A step that is not in the table is refused `bill_not_payable`. Effects: `receipt` posts the revenue and "
            "gives a receipt number; `hold` posts the money to the rail's held account and lays it before a person; "
            "`release` posts held money as revenue with a receipt; `give_back` returns it.")
    return _page("The life of a bill · حياة المطالبة", "`rules/payment_states.py`", lead, names,
                 f"```mermaid\n{payment_states.mermaid()}```", f"```\n{payment_states.table()}```")


if __name__ == "__main__":
    write()
