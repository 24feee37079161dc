"""Devices of the field app for administrators: found, certified, suspended, revoked, and told to empty themselves."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, render_template, request

from rules import devices as rule
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.desk import STAFF, ask, asked, done, names, next_page, said_here, token, written
from services.gateway.web.platform import platform

blueprint = Blueprint("devices", __name__)
MANAGE = "device.manage"
_DEVICES = STAFF + "/devices"
_ONE = _DEVICES + "/<uuid:device_id>"
_COMMANDS = {
    "certify": "requests.certify_device", "suspend": "requests.suspend_device", "resume": "requests.resume_device",
    "revoke": "requests.revoke_device", "wipe": "requests.wipe_device", "return_serials": "requests.return_serials",
}  # fmt: skip
CERTIFIED_DAYS, MOST_DAYS = 180, 366


@door(blueprint, "GET", _DEVICES, permission=MANAGE)
def search() -> str:
    """Devices of a unit, or of the whole node, with how each stands and when it was last heard."""
    known, today, node = platform().organisation.known(), platform().today(), platform().settings.node
    units = sorted((unit.code, shown.named(unit.name)) for unit in known.units(today) if unit.governorate == node)
    unit = asked("unit", 20)
    found = ask("requests.devices", {"unit": unit, "after": _after()})
    return render_template(
        "staff/devices.html", devices=found["devices"], units=units, unit=unit, standings=_both(rule.NAMES),
        kinds=_kinds(), next=next_page("devices.search", found["next"], unit=unit))


@door(blueprint, "GET", _ONE, permission=MANAGE)
def show(device_id: UUID) -> str:
    """One device: its certificate, what it holds, when it was heard, and everything that was done to it."""
    return _one(device_id, [], {})


@door(blueprint, "POST", _ONE + f"/<any({','.join(_COMMANDS)}):change>", permission=MANAGE, media_types=FORM,
      csrf=True)
def act(device_id: UUID, change: str) -> Response | tuple[str, int]:
    """Certify it for so many days, or do to it what a reason is given for."""
    given = {"change": change, **{name: written(name) for name in ("reason", "days", "at_once")}}
    try:
        ask(_COMMANDS[change], {"device_id": str(device_id), **_read(change, given)}, command_id=kept.once(change))
    except Refusal as refusal:
        return _one(device_id, said_here(refusal), given), 422
    return done("devices.show", f"device_{change}", device_id=device_id)


def _one(device_id: UUID, faults: list[Fault], given: dict[str, str]) -> str:
    found = ask("requests.device", {"device_id": str(device_id)})
    # The key went with all else that an emptied device kept: it can only be made known anew.
    permitted = [code for code, one in rule.ACTS.items()
                 if found["state"] in one.standings]
    return render_template(
        "staff/device.html", one=found, faults=faults, given=given, once=token, done=asked("done"), permitted=permitted,
        people=names([found["registered_by"], found["certified_by"], *(row["by"] for row in found["history"])]),
        standings=_both(rule.NAMES), kinds=_kinds(), days=CERTIFIED_DAYS,
        acts={code: shown.named(one.name) for code, one in rule.ACTS.items()})


def _read(change: str, given: dict[str, str]) -> dict[str, Any]:
    """What the form of a change says, beside the device. Refuses days_malformed and field_required, all at once."""
    if change == "certify":
        if not re.fullmatch("[0-9]{1,3}", given["days"]) or not 1 <= int(given["days"]) <= MOST_DAYS:
            raise Refusal([Fault("days_malformed", "days", {"most": MOST_DAYS})])
        return {"days": int(given["days"])}
    faults = []
    if change == "wipe" and given["at_once"] not in ("yes", "no"):
        faults.append(Fault("field_required", "at_once"))
    if not given["reason"]:
        faults.append(Fault("field_required", "reason"))
    if faults:
        raise Refusal(faults)
    return {"reason": given["reason"], **({"at_once": given["at_once"] == "yes"} if change == "wipe" else {})}


def _after() -> str | None:
    given = request.args.get("after", "")
    try:
        return str(UUID(given)) if given else None
    except ValueError:
        return None


def _kinds() -> dict[str, str]:
    return {code: shown.named(kind.name) for code, kind in rule.KINDS.items()}


def _both(pairs: Any) -> dict[str, str]:
    return {code: both[0 if g.language == "ar" else 1] for code, both in pairs.items()}
