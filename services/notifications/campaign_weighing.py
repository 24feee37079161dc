"""What a campaign will cost, worked out before anybody approves it: for texts that are the same for everybody at once,
for others by going through the audience in the background."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, text, update
from sqlalchemy.dialects.postgresql import JSONB

from chassis.database import Statement
from chassis.service import Platform
from chassis.uow import UnitOfWork
from rules.refusal import Refusal
from services.notifications import audience_members as members
from services.notifications import campaign_texts as texts
from services.notifications import folding
from services.notifications.settings import NotificationSettings
from services.notifications.tables_campaigns import campaign

AT_ONCE = 500

_NEXT = Statement(text(
    "SELECT c.id, c.version, c.wording, c.estimate, a.id AS audience_id, a.tally, a.members, a.columns "
    "FROM campaign AS c JOIN audience AS a ON a.id = c.audience_id WHERE c.state = 'draft' AND a.state = 'ready' "
    "AND (c.estimate IS NULL OR NOT (c.estimate->>'done')::boolean) ORDER BY c.changed_at LIMIT 1"))
_KEEP = Statement(
    update(campaign)
    .where(campaign.c.id == bindparam("key"), campaign.c.version == bindparam("seen"),
           campaign.c.state == "draft", campaign.c.audience_id == bindparam("audience"))
    .values(estimate=bindparam("estimate", type_=JSONB)))


def step(platform: Platform, settings: NotificationSettings) -> bool:
    """Weigh a stretch of the oldest campaign that wants it. True when there may be more."""
    row = platform.unit_of_work().first(_NEXT)
    if row is None:
        return False
    platform.attempt(lambda work: _weigh(work, row, settings))
    return True


def _weigh(work: UnitOfWork, row: Any, settings: NotificationSettings) -> None:
    estimate = row.estimate or _begin(work, row, settings)
    varying = {key for key, one in estimate["by"].items() if one["varies"]}
    after = estimate["reached"]
    stretch = members.following(work, row.audience_id, after, AT_ONCE) if varying else []
    for one in members.opened(work, [member for member in stretch if _key(member) in varying]):
        if one.reason is None:
            _add(work, estimate, one, row.wording, settings.public_url)
    estimate["reached"] = stretch[-1].place if stretch else row.members
    if estimate["reached"] >= row.members:
        _finish(estimate, row, settings)
    work.write(_KEEP, expect=1, key=row.id, seen=row.version, audience=row.audience_id, estimate=estimate)


def _begin(work: UnitOfWork, row: Any, settings: NotificationSettings) -> dict[str, Any]:
    """By channel and language: how many, and what one weighs where all weigh the same."""
    found: dict[str, dict[str, Any]] = {}
    for channel, language, count in _wanted(row):
        varies = bool(texts.used(row.wording, channel, language))
        one = {"channel": channel, "language": language, "recipients": count, "varies": varies, "characters": 0,
               "parts": 0, "most_parts": 0}
        if not varies:
            content = texts.render(row.wording, channel, language, {}, settings.public_url)
            weight = texts.weigh(channel, folding.content(work.settings, channel, content))
            one |= {"characters": weight.characters, "parts": weight.parts * count, "most_parts": weight.parts}
        found[f"{channel} {language}"] = one
    return {"done": False, "reached": 0, "missing": 0, "missing_line": None, "by": found}


def _wanted(row: Any) -> Iterator[tuple[str, str, int]]:
    for channel in sorted(row.wording):
        for language, count in sorted(row.tally.get(channel, {}).items()):
            yield channel, language, count


def _key(member: Any) -> str:
    return f"{member.channel} {member.language}"


def _add(work: UnitOfWork, estimate: dict[str, Any], one: members.Opened, wording: Mapping[str, Any],
         public_url: str) -> None:
    try:
        content = texts.render(wording, one.row.channel, one.row.language, one.values, public_url)
    except Refusal:  # a value is missing, or a mark is wrong, which `submit` says
        estimate["missing"] += 1
        estimate["missing_line"] = estimate["missing_line"] or one.row.line or one.row.place
        return
    weight = texts.weigh(one.row.channel, folding.content(work.settings, one.row.channel, content))
    of = estimate["by"][_key(one.row)]
    of["characters"] = max(of["characters"], weight.characters)
    of["parts"] += weight.parts
    of["most_parts"] = max(of["most_parts"], weight.parts)


def _finish(estimate: dict[str, Any], row: Any, settings: NotificationSettings) -> None:
    """The whole of it. The price is that of the dearest provider of each channel, in millièmes: never more is spent."""
    dearest = {channel: max((one.price for one in settings.of(channel)), default=0) for channel in row.wording}
    for one in estimate["by"].values():
        one["price"] = one["parts"] * dearest[one["channel"]]
    estimate |= {"done": True, **{name: sum(one[name] for one in estimate["by"].values())
                                  for name in ("recipients", "parts", "price")}}
