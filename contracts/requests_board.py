"""The published language of the boards: what heads, managers and the governorate see of requests, counted by day and
never anew."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

SIDES = ("unit", "department", "person", "service", "channel")
_UNIT = validate.Regexp(r"[A-Z0-9-]{1,20}\Z")
_DEPARTMENT = validate.Regexp(r"[a-z_]{1,40}\Z")


class Board(Schema):
    """Query `requests.board` → {since, until, before: {since, until}, unit, department, as_of, total, before_total,
    days: [{day, …}], sides: {side: [{key, now: {…}, before: {…}}]}}: what happened on the Cairo days from `since` to
    `until`, both included, and from `before_since` to `before_until`, to be held against it. Counts are those of
    `services.requests.tables_board.COUNTS`; seconds are sums, `stars` is the sum of the stars of all ratings. `person`
    is an account, told inside one unit only. Who is bound to a unit or department sees that; others the whole node, or
    what is asked for."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    before_since = fields.Date(load_default=None, allow_none=True)
    before_until = fields.Date(load_default=None, allow_none=True)
    unit = fields.String(load_default=None, allow_none=True, validate=_UNIT)
    department = fields.String(load_default=None, allow_none=True, validate=_DEPARTMENT)


class BoardOpen(Schema):
    """Query `requests.board_open` → {unit, department, as_of, desks: [{unit, department, account, open, late,
    late_week, late_month, oldest}], requests: {units, services, channels: [{key, open, waiting, late, oldest}],
    total}}: what lies open now. `account` is in whose hand tasks are, null where nobody's; it is told inside one unit
    only. `late_week` and `late_month` of the late ones are so by more than 7 and 30 days, `oldest` is the date due that
    passed first. `requests` is null where a department is asked for: requests belong to none.
    `as_of` is null before the first look."""

    unit = fields.String(load_default=None, allow_none=True, validate=_UNIT)
    department = fields.String(load_default=None, allow_none=True, validate=_DEPARTMENT)


PROBLEMS: dict[str, Problem] = {
    "period_too_early": Problem(422, "لا توجد أرقام قبل عام {year}. اختر تاريخاً بعده.",
                                "There are no figures before {year}. Choose a later date."),
    "board_day_malformed": Problem(422, "اكتب اليوم هكذا: 2026-03-31.", "Write the day like 2026-03-31."),
    "department_needs_unit": Problem(422, "اختر الوحدة المحلية قبل الإدارة.",
                                     "Choose the unit before its department."),
}
