"""The guide as requests needs it: every published version, each parsed once."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules import fees, follow_ups
from rules.refusal import refuse
from rules.workflow import State, Workflow

_REMEMBERED = 512
_CODE = re.compile(r"[a-z][a-z0-9-]{0,59}")

_KEEP = Statement(
    text(
        "INSERT INTO definition (code, version, effective_from, body) "
        "VALUES (:code, :version, :effective_from, CAST(:body AS jsonb)) ON CONFLICT DO NOTHING"
    )
)
_READ = Statement(text("SELECT body FROM definition WHERE code = :code AND version = :version"))
_RETIRE = Statement(
    text(
        "INSERT INTO retirement (code, retired_from, reason) "
        "VALUES (:code, :retired_from, CAST(:reason AS jsonb)) ON CONFLICT DO NOTHING"
    )
)
# The version of a day, and from when on it is no longer offered: the rule of rules.editions, as SQL.
IN_FORCE = (
    "(SELECT d.version, (SELECT max(retired_from) FROM retirement AS r WHERE r.code = d.code "
    "AND r.retired_from <= :today AND r.retired_from > d.effective_from) AS retired_from "
    "FROM definition AS d WHERE d.code = :code AND d.effective_from <= :today ORDER BY d.version DESC LIMIT 1)"
)


@dataclass(frozen=True)
class Definition:
    """One version of a service. It never changes, so it is parsed once and kept."""

    code: str
    version: int
    body: dict[str, Any]

    @cached_property
    def workflow(self) -> Workflow:
        return Workflow.parse(self.body["workflow"])

    @cached_property
    def _follow_ups(self) -> dict[str, State]:
        return {state.code: state for state in follow_ups.states(self.body)}

    def desk(self, code: str) -> State:
        """The state in which a task lies: one of the workflow, or an inspection after the issue."""
        return self._follow_ups.get(code) or self.workflow.state(code)

    def is_follow_up(self, code: str) -> bool:
        """Whether a task in this state is an inspection after the issue."""
        return code in self._follow_ups

    @cached_property
    def fee_inputs(self) -> list[str]:
        return fees.inputs(self.body["fees"])

    @cached_property
    def personal_fields(self) -> frozenset[str]:
        return frozenset(field["name"] for field in self.body["form"] if field.get("personal"))

    @property
    def name(self) -> dict[str, str]:
        return dict(self.body["name"])

    def body_name(self, code: str | None) -> dict[str, str] | None:
        """What the external body of this code is called; None without one."""
        bodies = self.body.get("external_bodies") or ()
        return next((dict(body["name"]) for body in bodies if body["code"] == code), None)

    def output(self, code: str) -> dict[str, Any]:
        return next(output for output in self.body["outputs"] if output["code"] == code)


_kept: OrderedDict[tuple[str, str, int], Definition] = OrderedDict()


def keep(work: UnitOfWork, event: Event) -> None:
    """Keep a version that catalog published."""
    work.write(
        _KEEP,
        code=event.data["code"],
        version=event.data["version"],
        effective_from=date.fromisoformat(event.data["effective_from"]),
        body=orjson.dumps(event.data["definition"]).decode(),
    )


def retire(work: UnitOfWork, event: Event) -> None:
    """Keep from when on a service is no longer offered. Requests that are under way go on."""
    data = event.data
    work.write(
        _RETIRE,
        code=data["code"],
        retired_from=date.fromisoformat(data["retired_from"]),
        reason=orjson.dumps(data.get("reason")).decode(),
    )


def code_asked(code: str) -> str:
    """The code, when it can be that of a service at all (a text column takes not every text). Refuses
    service_unknown."""
    if not _CODE.fullmatch(code):
        raise refuse("service_unknown", "service_code", code=code)
    return code


def definition(work: UnitOfWork, code: str, version: int | None) -> Definition:
    """A version of a service. Refuses service_unknown."""
    if version is None:
        raise refuse("service_unknown", "service_code", code=code)
    key = (work.settings.database_url, code, version)
    found = _kept.get(key)
    if found is None:
        body = work.scalar(_READ, code=code, version=version)
        if body is None:
            raise refuse("service_unknown", "service_code", code=code)
        found = _kept[key] = Definition(code, version, body)
        while len(_kept) > _REMEMBERED:
            _kept.popitem(last=False)
    return found
