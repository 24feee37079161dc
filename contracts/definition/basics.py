"""What all shapes of a definition are made of: the words they may use, texts in two languages, questions."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, fields, validate
from marshmallow import Schema as _Schema

from contracts.definition.values import Bound, Condition, Flag, Whole
from rules import forms, places
from rules.deadlines import CALENDAR, WORKING

SOURCES = ("law", "public", "unverified")
UNIT_KINDS = tuple(places.UNIT_KINDS)
MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png")
MAX_DOCUMENT_BYTES = 10 * 1024 * 1024
PRESENTED = ("copy", "original", "original_and_copy")
BLOCK_KINDS = ("heading", "paragraph", "clause")
OUTPUT_KINDS = ("licence", "certificate", "letter")
DELIVERIES = ("window", "digital", "post")
SILENCES = ("none", "approval", "rejection")
DAY_KINDS = (CALENDAR, WORKING)
# Sections whose items carry a `source` of their own, and sections that have one for the whole.
SOURCED_ITEMS = ("form", "documents", "fees", "outputs", "external_bodies", "stage_periods", "follow_up")
SOURCED_WHOLE = ("applicants", "channels", "unit_kinds", "workflow", "eligibility")
SOURCED = (*SOURCED_WHOLE, *SOURCED_ITEMS, "period")

CODE = validate.Regexp(r"^[a-z][a-z0-9_-]{0,59}\Z", error="Must be small Latin letters, digits, - and _.")
NAME = validate.Regexp(r"^[a-z][a-z0-9_]{0,59}\Z", error="Must be small Latin letters, digits and _.")
SERVICE = validate.Regexp(r"^[a-z][a-z0-9-]{0,59}\Z", error="Must be small Latin letters, digits and -.")
ACCOUNT = validate.Regexp(r"^[A-Za-z0-9._-]{1,64}\Z", error="Must be an accounting code.")
PATH = validate.Regexp(r"^[a-z][a-z0-9_-]*(/[a-z0-9_-]+)*\Z", error="Must be a path such as fees/permit/amount.")
FILLED = validate.Length(min=1, max=2000)
AT_LEAST_ONE = validate.Length(min=1)
MISSING, NO_PLACE = "Missing data for required field.", "Has no place here."


class Schema(_Schema):
    """Unknown keys are refused, and the JSON Schema says so."""

    class Meta:
        unknown = RAISE


def source_of(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(SOURCES), **kwargs)


class Text(Schema):
    """A text in both languages; Arabic first."""

    ar = fields.String(required=True, validate=FILLED)
    en = fields.String(required=True, validate=FILLED)


class LegalBasis(Text):
    """A law or decree that the service rests on."""

    source = source_of(required=True)


class Option(Schema):
    """One value that may be chosen."""

    value = fields.String(required=True, validate=NAME)
    label = fields.Nested(Text, required=True)


class PartOf(Schema):
    """Which reusable part a field came from, so that a screen can show the part's fields together."""

    code = fields.String(required=True, validate=NAME)
    prefix = fields.String(load_default=None, allow_none=True, validate=NAME)
    name = fields.Nested(Text, required=True)


class FormField(Schema):
    """One question of a form; also one input of a workflow's action. Checked further by rules.forms.check.
    `personal`: the answer is sealed at rest and no department sees it, so no fee and no output may use it."""

    name = fields.String(required=True, validate=NAME)
    type = fields.String(required=True, validate=validate.OneOf(forms.TYPES))
    label = fields.Nested(Text, required=True)
    help = fields.Nested(Text)
    required = Flag(load_default=False)
    min = Bound()
    max = Bound()
    max_length = Whole(validate=validate.Range(1, 10000))
    pattern = fields.String(validate=validate.Length(min=1, max=200))
    options = fields.List(fields.Nested(Option))
    when = Condition()
    personal = Flag()
    part = fields.Nested(PartOf)
    source = source_of()
