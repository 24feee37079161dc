"""The workspace's menu: which page somebody of the staff finds where. A page is offered to whoever may open it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from flask import g, request

from services.gateway.web import whose
from services.gateway.web.platform import platform

GROUPS = ("work", "window", "money", "oversight", "guide", "messages", "machinery")


@dataclass(frozen=True, slots=True)
class Item:
    """`text` is the key of its name, `permission` may be several with `|` between: any of them will do."""

    text: str
    endpoint: str
    permission: str
    group: str


@dataclass(frozen=True, slots=True)
class Shown:
    text: str
    endpoint: str
    here: bool


MENU: tuple[Item, ...] = (
    Item("tasks.title", "staff.home", "task.list", "work"),
    Item("window.title", "window.show", "request.submit", "window"),
    Item("window.find", "window_acts.find", "request.find_person", "window"),
    Item("window.act_deliver", "window_acts.show_delivery", "licence.deliver", "window"),
    Item("warnings.title", "desk_late.list_warnings", "warning.list", "work"),
    Item("answers.title", "letter_answers.show_all", "letter.send", "work"),
    Item("follow_ups.title", "desk_register.list_follow_ups", "licence.read", "work"),
    Item("register.title", "desk_register.list_register", "licence.read", "work"),
    Item("find.title", "desk_people.list_requests", "request.find", "work"),
    Item("relations.title", "desk_people.show_relations", "relation.declare", "work"),
    Item("desk.title", "desk_oversight.list_desk", "task.oversee", "oversight"),
    Item("late.title", "desk_late.list_late", "late.read", "oversight"),
    Item("task.extend", "desk_late.show_extension", "request.extend", "oversight"),
    Item("complaints.title", "desk_answers.list_complaints", "complaint.answer", "oversight"),
    Item("reopenings.title", "desk_answers.list_reopenings", "request.reopen", "oversight"),
    Item("silence_review.title", "desk_answers.list_silence", "silence.review", "oversight"),
    Item("questions.title", "desk_register.list_questions", "licence.suspend", "oversight"),
    Item("visits.title", "desk_visits.list_visits", "visit.plan", "oversight"),
    Item("quarantine.title", "desk_visits.list_items", "offline.review", "oversight"),
    Item("portal_review.menu", "portal_review.show_all", "offline.review", "oversight"),
    Item("bind.title", "bindings.show", "citizen.bind", "window"),
    Item("choices.window_title", "choices.show_at_window", "preference.set", "window"),
    Item("queue.kiosk", "queue.kiosk", "queue.take", "window"),
    Item("field.app", "field.app", "offline.work", "window"),
    Item("cashier.title", "cashier.find", "bill.take_cash", "money"),
    Item("shift.title", "counter.show", "bill.take_cash", "money"),
    Item("shift.waiting", "counter.waiting", "shift.approve", "money"),
    Item("finance.bills", "finance.find", "bill.amend|bill.issue", "money"),
    Item("finance.refunds", "finance_waiting.refunds", "refund.read", "money"),
    Item("finance.changes", "finance_waiting.changes", "bill.amend", "money"),
    Item("finance.reviews", "finance_waiting.reviews", "review.settle", "money"),
    Item("finance.statements", "finance_statements.statements", "reconciliation.read", "money"),
    Item("finance.differences", "finance_statements.differences", "reconciliation.read", "money"),
    Item("charges.title", "finance_charges.show", "reconciliation.read", "money"),
    Item("finance.treasury", "finance_statements.treasury", "reconciliation.read", "money"),
    Item("finance.collections", "finance_collections.show", "collections.read", "money"),
    Item("board.title", "boards.show", "board.read", "oversight"),
    Item("ed.title", "editor.home", "proposal.read", "guide"),
    Item("ed.proposals", "editor.proposals", "proposal.read", "guide"),
    Item("files.title", "editor_files.show", "guide.edit", "guide"),
    Item("org.title", "editor_organisation.home", "organisation.read", "guide"),
    Item("messages.title", "messages.dashboard", "message.dashboard", "messages"),
    Item("messages.find", "messages.show_search", "message.read", "messages"),
    Item("campaigns.title", "campaigns.show_all", "campaign.run", "messages"),
    Item("providers.title", "providers.show", "provider.steer", "messages"),
    Item("people.title", "people.search", "account.manage", "machinery"),
    Item("devices.title", "devices.search", "device.manage", "machinery"),
    Item("units.title", "units.show", "account.manage", "machinery"),
    Item("keys.title", "keys.show_all", "key.manage", "machinery"),
    Item("audit.title", "machinery.audit", "audit.read", "machinery"),
    Item("parked.title", "machinery.parked", "parked.manage", "machinery"),
    Item("agencies.title", "agencies.show_all", "agency.read", "machinery"),
    Item("links.title", "links.show_all", "link.read", "machinery"),
    Item("wordings.title", "messages.wordings", "template.read", "messages"),
)


OF_THE_WHOLE = ("agencies.show_all", "finance_charges.show")
"""Pages about the whole place, which are refused to whoever is of one unit."""


def offered() -> Iterator[tuple[str, list[Shown]]]:
    """Group and items that the caller may open, in the order of GROUPS."""
    permits = g.caller.actor.permits
    may = [item for item in MENU if whose.of_this_place(item.endpoint)
           and any(permits(one) for one in item.permission.split("|"))]  # fmt: skip
    if g.caller.actor.unit is not None:
        may = [item for item in may if item.endpoint not in OF_THE_WHOLE]
    if g.caller.actor.channel == "post_office":  # it has no hall, and gives out no tickets
        may = [replace(item, text="window.post_office") if item.endpoint == "window.show" else item
               for item in may if item.endpoint != "queue.kiosk"]  # fmt: skip
    if platform().at_centre:
        may = [replace(item, text="links.title_centre") if item.endpoint == "links.show_all" else item for item in may]
    may.sort(key=lambda item: GROUPS.index(item.group))
    for group, items in groupby(may, key=lambda item: item.group):
        yield group, [Shown(item.text, item.endpoint, request.endpoint == item.endpoint) for item in items]
