"""The published language of a citizen's own requests."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.requests_finding import MOST


class OwnRequests(Schema):
    """Query `requests.own` → {requests: [{request_id, tracking_number, service_code, service_name, unit, state,
    state_kind, state_name, outcome, lodged_at, due_on, late, lodged_here, visit, complaint}], next}: `visit` and
    `complaint` are what is still open of each, {number, state, on}, or null. It is what was lodged from the account
    that asks (`lodged_here`), the newest first. With the number of the person's card, which takes request.own_person,
    also everything else whose applicant has this number. `after` is the `next` of the page before."""

    national_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    passport = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MOST))
