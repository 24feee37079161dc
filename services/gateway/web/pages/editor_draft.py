"""Writing a proposed definition part by part. Every press of a button saves the draft, faulty or not, so that nothing
typed is lost; what somebody else saved meanwhile is shown, never written over in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, g, request, url_for

from rules import definition_paths
from rules.differences import differences
from rules.refusal import Refusal, refuse
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import editor_base as base
from services.gateway.web.pages import editor_brief, editor_compare
from services.gateway.web.pages.editor_base import FORM_BYTES, PROPOSAL, Answer
from services.gateway.web.pages.editor_parts import BY_CODE, PARTS, Part, tidied
from services.gateway.web.pages.editor_places import form_value, forms_of, keys_of, lay, lay_form, value_at
from services.gateway.web.pages.editor_reading import Reader, move, operate
from services.gateway.web.pages.editor_shapes import ABSENT, Group
from services.gateway.web.pages.editor_sheets import codes
from services.gateway.web.pages.editor_view import Builder, under, walk

blueprint = Blueprint("editor_draft", __name__)
_PART, _ITEM = PROPOSAL + "/parts/<part>", PROPOSAL + "/parts/<part>/<item>"
_WRITE = {"permission": "guide.edit", "media_types": FORM, "csrf": True, "limit": FORM_BYTES}
Found = dict[str, Any]
Place = tuple[str, ...]


@door(blueprint, "GET", _PART, permission="proposal.read")
def show_part(proposal_id: Any, part: str) -> Answer:
    """One part: its form, or the list of its items."""
    found, chosen = _definition(proposal_id), _part(part)
    return _sheet(found, chosen, None) if chosen.sheet else _list(found, chosen)


@door(blueprint, "GET", _ITEM, permission="proposal.read")
def show_item(proposal_id: Any, part: str, item: str) -> Answer:
    """One question, document, fee, state …"""
    return _sheet(_definition(proposal_id), _part(part), item)


@door(blueprint, "POST", _PART, **_WRITE)  # type: ignore[arg-type]
def save_part(proposal_id: Any, part: str) -> Answer:
    """Save a part's form, or add, move or remove items of its list."""
    found, chosen = _definition(proposal_id), _part(part)
    return _save(found, chosen, None) if chosen.sheet else _change_list(found, chosen)


@door(blueprint, "POST", _ITEM, **_WRITE)  # type: ignore[arg-type]
def save_item(proposal_id: Any, part: str, item: str) -> Answer:
    return _save(_definition(proposal_id), _part(part), item)


@door(blueprint, "POST", PROPOSAL + "/look/<part>", **_WRITE)  # type: ignore[arg-type]
def look_part(proposal_id: Any, part: str) -> Answer:
    """What the check says of what is typed so far; nothing is saved."""
    return _look(_definition(proposal_id), _part(part), None)


@door(blueprint, "POST", PROPOSAL + "/look/<part>/<item>", **_WRITE)  # type: ignore[arg-type]
def look_item(proposal_id: Any, part: str, item: str) -> Answer:
    return _look(_definition(proposal_id), _part(part), item)


# -- one form --------------------------------------------------------------------------------------------------------


def _sheet(found: Found, part: Part, item: str | None, value: Any = ABSENT, faults: list[Any] | None = None) -> Answer:
    place, group = _place(found["body"], part, item)
    here = form_value(part, found["body"], place) if value is ABSENT else value
    form = Builder(base.options_of(found["body"]), g.language).form(
        group, None if here is ABSENT else here, under(found["faults"], found["body"], place))
    return base.draw(
        "sheet", found=found, part=part, parts=PARTS, item=item, form=form, faults=faults or [],
        was=orjson.dumps({} if here is ABSENT else here).decode(), counts=base.counted(found),
        writable=base.may_write(found), title=editor_brief.title(part, item, here, g.language), walk=walk,
        after=_after(found["body"], part, item), words=editor_brief.formula_words(found["body"], here))


def _save(found: Found, part: Part, item: str | None) -> Answer:
    seen = base.version_shown()
    _demand_writable(found)
    if "mine" in request.form:  # the choice was made, with what the other saved in view
        mine, place = _json("mine"), _place_or_end(found["body"], part, item)
        if seen != found["version"]:
            return _conflict(found, part, item, mine, _json("was"))
    else:
        was = _json("was")
        group = _group(found["body"], part)
        mine = Reader(request.form, base.options_of(found["body"]).types()).read(group, was)
        mine = {} if mine is ABSENT else tidied(part.code, was, mine)
        mine = operate(group, mine, request.form.get("do", ""))
        if seen != found["version"]:
            if form_value(part, found["body"], _place_or_end(found["body"], part, item)) == mine:  # pressed twice
                return base.go(_next(found, part, item, _place_or_end(found["body"], part, item)))
            return _conflict(found, part, item, mine, was)
        place, _ = _place(found["body"], part, item)
    body = lay_form(part, found["body"], place, mine)
    try:
        _amend(found, body)
    except Refusal as refusal:
        if refusal.code == "proposal_changed":
            return _conflict(_definition(found["proposal_id"]), part, item, mine, _json("was"))
        page = _sheet(found, part, item, mine, base.said(refusal))
        return page if isinstance(page, tuple) else (str(page), 422)
    return base.go(_next(found, part, item, place))


def _next(found: Found, part: Part, item: str | None, place: Place) -> str:
    """Where saving leads: back to the form, at what was added or moved; on to the next part; or to the list."""
    wanted = request.form.get("do", "")
    if wanted == "next":
        after = _after(found["body"], part, item)
        return base.place_url(found["proposal_id"], *after) if after else _overview(found)
    if wanted == "list" and item is not None:
        return base.place_url(found["proposal_id"], part.code) + "?saved=1"
    url = base.place_url(found["proposal_id"], part.code, place[-1] if item is not None else None) + "?saved=1"
    path = wanted.partition(":")[2]
    return f"{url}#f-{path.replace('/', '-')}" if path else url


def _overview(found: Found) -> str:
    return url_for("editor_review.show", proposal_id=found["proposal_id"])


def _after(body: Mapping[str, Any], part: Part, item: str | None) -> tuple[str, str | None] | None:
    """The item, or else the part, that comes next."""
    keys = keys_of(part, body) if item is not None else []
    if item in keys[:-1]:
        return part.code, keys[keys.index(item) + 1]
    index = PARTS.index(part) + 1
    return (PARTS[index].code, None) if index < len(PARTS) else None


def _look(found: Found, part: Part, item: str | None) -> Answer:
    was = _json("was")
    mine = Reader(request.form, base.options_of(found["body"]).types()).read(_group(found["body"], part), was)
    place = _place_or_end(found["body"], part, item)
    body = lay_form(part, found["body"], place, {} if mine is ABSENT else mine)
    faults = base.ask("check", kind="definition", body=body, effective_from=found["effective_from"])["faults"]
    judged = {**found, "body": body, "faults": faults}
    return base.draw("_look", found=judged, told=base.faults_with_places(judged),
                     graph=editor_brief.graph_of(body, g.language) if part.code in ("states", "rules") else "",
                     words=editor_brief.formula_words(body, mine), saved=False)


# -- a list of items -------------------------------------------------------------------------------------------------


def _list(found: Found, part: Part, *, typed: Mapping[str, str] | None = None, changed: bool = False,
          faults: list[Any] | None = None) -> Answer:
    body, options = found["body"], base.options_of(found["body"])
    rows = []
    for key in keys_of(part, body):
        place = (*part.path, key)
        rows.append({"key": key, "title": editor_brief.title(part, key, value_at(body, place), g.language),
                     "brief": editor_brief.brief(part.code, value_at(body, place), options, g.language),
                     "faults": len(under(found["faults"], body, place))})
    asks = [(value, name[g.language]) for value, name in options.of(part.asks[2])] if part.asks else []
    page = base.draw("list", found=found, part=part, parts=PARTS, rows=rows, asks=asks, typed=typed or {},
                     changed=changed, counts=base.counted(found), writable=base.may_write(found), faults=faults or [],
                     ordered=part.code != "states", told=_own(found, part))
    return (page, 409) if changed else (page, 422) if faults else page


def _own(found: Found, part: Part) -> list[dict[str, Any]]:
    """The faults of this part."""
    mine = {id(fault) for _, fault in under(found["faults"], found["body"], part.path)}
    told = base.faults_with_places(found)
    return [one for one, fault in zip(told, found["faults"], strict=True) if id(fault) in mine]


def _change_list(found: Found, part: Part) -> Answer:
    seen, wanted = base.version_shown(), request.form.get("do", "")
    _demand_writable(found)
    if seen != found["version"]:
        return _list(found, part, typed=request.form, changed=True)
    operation, _, key = wanted.partition(":")
    items = value_at(found["body"], part.path)
    keys = keys_of(part, found["body"])
    if operation == "add":
        items, key = _with_new(items, part, found["body"])
    elif operation in ("up", "down", "remove") and key in keys:
        if isinstance(items, Mapping):
            items = {code: one for code, one in items.items() if code != key or operation != "remove"}
        else:
            items = list(items)
            move(items, int(key), operation)
    else:
        raise refuse("form_expired")
    try:
        _amend(found, lay(found["body"], part.path, items))
    except Refusal as refusal:
        if refusal.code == "proposal_changed":
            return _list(_definition(found["proposal_id"]), part, typed=request.form, changed=True)
        return _list(found, part, typed=request.form, faults=base.said(refusal))
    if operation == "add":
        return base.go(base.place_url(found["proposal_id"], part.code, key) + "?saved=1")
    return base.go(base.place_url(found["proposal_id"], part.code) + f"?saved=1#row-{key}")


def _with_new(items: Any, part: Part, body: Mapping[str, Any]) -> tuple[Any, str]:
    """The items with a new one at their end, and what it is asked for by."""
    if part.fresh is None:
        raise refuse("not_found")
    given = (request.form.get("ar", "").strip()[:2000], request.form.get("en", "").strip()[:2000],
             request.form.get("kind", "")[:60])
    if part.code == "states":
        states = dict(items) if isinstance(items, Mapping) else {}
        made = part.fresh(*given, set(states))
        code = made.pop("code")
        return {**states, code: made}, code
    kept = list(items) if isinstance(items, list) else []
    key = "name" if part.code in ("form", "inputs") else "code"
    return [*kept, part.fresh(*given, codes(kept, key))], str(len(kept))


# -- somebody else saved meanwhile -----------------------------------------------------------------------------------


def _conflict(found: Found, part: Part, item: str | None, mine: Any, was: Any) -> Answer:
    """What the other did and what was typed here, side by side; whoever typed chooses."""
    moved = _moved(found["body"], part, item, was)
    there = item is None or moved is not None
    theirs = form_value(part, found["body"], _place_or_end(found["body"], part, moved)) if there else ABSENT
    gone = item is not None and (moved is None or theirs is ABSENT)
    end = item if part.code == "states" else str(len(keys_of(part, found["body"])))
    page = base.draw(
        "conflict", found=found, part=part, parts=PARTS, item=moved, target=end if gone else moved, gone=gone,
        mine=orjson.dumps(mine).decode(), was=orjson.dumps(was if gone else theirs if theirs is not ABSENT else {})
        .decode(), own=_told(was, mine, found["body"]),
        others=[] if gone else _told(was, theirs, found["body"]),
        writable=base.may_write(found), counts=base.counted(found),
        title=editor_brief.title(part, item, mine, g.language))
    return page, 409


def _moved(body: Mapping[str, Any], part: Part, item: str | None, was: Any) -> str | None:
    """Where the item stands now that was edited: by its code, wherever it was moved to; None when it is gone."""
    if item is None or part.code == "states":
        return item if item is None or item in keys_of(part, body) else None
    key = definition_paths.key(was)
    items = value_at(body, part.path)
    for index, one in enumerate(items if isinstance(items, list) else ()):
        if definition_paths.key(one) == key and (key is not None or str(index) == item):
            return str(index)
    return None


def _told(before: Any, after: Any, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return []
    options = base.options_of(body)
    return [{**one, "was": editor_compare.value(one["path"].rpartition("/")[2], one["before"], options),
             "now": editor_compare.value(one["path"].rpartition("/")[2], one["after"], options)}
            for one in differences(before, after)]


# -- small things ----------------------------------------------------------------------------------------------------


def _definition(proposal_id: Any) -> Found:
    found = base.proposal_of(proposal_id)
    if found["kind"] != "definition":
        raise refuse("not_found")
    return found


def _part(code: str) -> Part:
    if code not in BY_CODE:
        raise refuse("not_found")
    return BY_CODE[code]


def _group(body: Mapping[str, Any], part: Part) -> Group:
    if part.sheet is not None:
        return part.sheet.group
    if part.item is None:
        raise refuse("not_found")
    return part.item(body)


def _place(body: Mapping[str, Any], part: Part, item: str | None) -> tuple[Place, Group]:
    """Where the form stands. Refuses not_found for an item that is not there."""
    wanted = () if item is None else (*part.path, item)
    if (part.sheet is None) is (item is None):
        raise refuse("not_found")
    for place, group in forms_of(part, body):
        if part.sheet is not None or place == wanted:
            return place, group
    raise refuse("not_found")


def _place_or_end(body: Mapping[str, Any], part: Part, item: str | None) -> Place:
    """Where something is laid in: where it stands, or after the last."""
    if part.sheet is not None and item is None:
        return part.sheet.path
    keys = keys_of(part, body)
    if item is None or part.sheet is not None or (
            item not in keys and part.code != "states" and item != str(len(keys))):
        raise refuse("not_found")
    return (*part.path, item)


def _demand_writable(found: Found) -> None:
    if not base.may_write(found):
        raise refuse("proposal_closed", "proposal_id", state=found["state"])


def _json(name: str) -> Any:
    try:
        value = orjson.loads(request.form.get(name, ""))
        orjson.dumps(value)  # nested deeper than can be sent on, it was never ours
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        raise refuse("form_expired") from None
    if not isinstance(value, dict):
        raise refuse("form_expired")
    return value


def _amend(found: Found, body: Mapping[str, Any]) -> None:
    """Save the draft; what changes nothing is not saved again."""
    if body == found["body"]:
        return
    base.command("amend", "amend", proposal_id=found["proposal_id"], version=found["version"], body=dict(body),
                 effective_from=found["effective_from"], based_on=None)
