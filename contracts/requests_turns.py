"""The published language of turns at the windows: taken, called, served, ended, missed, sent on, and what they tell of
crowding. A turn names nobody; its label (`A7`) is what stands on the ticket."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem
from rules.turns import QUEUES

FIGURE_DAYS = 93
"""Longest stretch of days that figures are asked for at once."""

_UNIT = validate.Regexp(r"[A-Z0-9-]{1,20}\Z")
_QUEUE = validate.OneOf(tuple(QUEUES))
_WINDOW = [validate.Length(1, 10), validate.Regexp(r"[^\W_]+\Z")]


def _unit() -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=_UNIT)


def _window() -> fields.String:
    return fields.String(required=True, validate=_WINDOW)


class TakeTurn(Schema):
    """Command `requests.take_turn` → the turn, with `ahead`: how many are called before it as things stand. Of the
    actor's unit; who has none names one. `priority` is for who goes first by law: the elderly, people with a
    disability."""

    unit = _unit()
    queue = fields.String(required=True, validate=_QUEUE)
    priority = fields.Boolean(load_default=False)


class CallTurn(Schema):
    """Command `requests.call_turn` → {turn|null}: the next of these queues comes to this window; or the one of
    `turn_id`, which waits or had not come when it was called, out of the order; that is recorded. Refuses
    turn_at_window while the window has another."""

    window = _window()
    queues = fields.List(fields.String(validate=_QUEUE), required=True, validate=validate.Length(1, len(QUEUES)))
    turn_id = fields.UUID(load_default=None, allow_none=True)


class ActOnTurn(Schema):
    """Commands `requests.recall_turn` (call once more), `requests.serve_turn` (the person is there),
    `requests.end_turn`, `requests.miss_turn` (nobody came) → {turn}. Refuses turn_unknown,
    turn_elsewhere, turn_not_possible."""

    turn_id = fields.UUID(required=True)
    window = _window()


class MoveTurn(ActOnTurn):
    """Command `requests.move_turn` → {turn}: it goes on to another queue and waits there under the same number."""

    queue = fields.String(required=True, validate=_QUEUE)


class LinkTurn(ActOnTurn):
    """Command `requests.link_turn` → {turn_id, tracking_number, visit}: somebody came about this request, and which
    visit of it this is. A turn may be about several requests."""

    tracking_number = fields.String(required=True, validate=validate.Length(max=40))


class TurnDesk(Schema):
    """Query `requests.turn_desk` → {turn|null, queues: [{queue, name, waiting, since}], missed: [turn], requests:
    [{tracking_number, visit}]}: what a window has before it, who waits, who had not come today, and about what the turn
    is."""

    window = _window()


class TurnOfLabel(Schema):
    """Query `requests.turn_of_label` → {turn|null, requests: [{tracking_number, visit}]}: today's turn of what
    stands on a ticket, and about which requests its holder came. Null where it is no label or nobody took it."""

    label = fields.String(required=True, validate=validate.Length(max=20))


class TurnDisplay(Schema):
    """Query `requests.turn_display` → {unit, unit_name, day, called: [{label, window, state, called_at, calls}],
    waiting: [{queue, name, waiting}]}: what hangs in the hall. The latest call stands first."""

    unit = fields.String(required=True, validate=_UNIT)


class TurnFigures(Schema):
    """Query `requests.turn_figures` → {queues: [{unit, day, queue, taken, served, missed, left, waiting, service}],
    visits: [{unit, requests, visits, mean, by_visit}]}. `waiting` and `service` are {count, mean, median, p90} in whole
    seconds, by nearest rank; `mean` of visits has two places; `by_visit` counts requests by the number of their latest
    visit, `"4"` for four and more. Of the actor's unit; who has none sees all, or the one of `unit`."""

    unit = _unit()
    since = fields.Date(required=True)
    until = fields.Date(required=True)


PROBLEMS: dict[str, Problem] = {
    "turn_unknown": Problem(404, "لا يوجد دور بهذا الرقم اليوم في هذه الوحدة.", "There is no such turn here today."),
    "turn_not_possible": Problem(409, "حالة هذا الدور «{state_ar}»، فلا يمكن هذا الإجراء.",
                                 "This turn is “{state_en}”, so this cannot be done."),
    "turn_elsewhere": Problem(409, "هذا الدور أمام شباك {window}.", "This turn is at window {window}."),
    "turn_at_window": Problem(409, "أمام هذا الشباك دور آخر: {label}. أنهِه أولاً.",
                              "This window has another turn: {label}. End it first."),
    "tickets_too_many": Problem(429, "خرجت {count} تذكرة خلال دقيقة. انتظر {seconds} ثانية ثم اضغط مرة واحدة.",
                                "{count} tickets came out within a minute. Wait {seconds} seconds, then press once."),
    "turn_unit_missing": Problem(422, "حدد الوحدة.", "Say which unit."),
    "turn_figures_range": Problem(422, "اختر مدة تبدأ قبل نهايتها ولا تزيد على {days} يوماً.",
                                  "Choose a stretch that begins before it ends and is no longer than {days} days."),
}
