"""The published language of rails' files that are sent over the wire. Days are Cairo dates."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.days import DAYS
from contracts.problem import Problem

PIECE_BYTES = 256 * 1024
"""Size of each piece of a file but its last."""
STATEMENT_MEGABYTES = 32
STATEMENT_BYTES = STATEMENT_MEGABYTES * 1024 * 1024
"""Largest file: about 350,000 lines. A longer one is split by days, or read in by an operator's command."""
COMING, WAITING, READ, REFUSED = "coming", "waiting", "read", "refused"
STATES = (COMING, WAITING, READ, REFUSED)

_RAIL = validate.Regexp(r"[a-z0-9_-]{1,32}\Z")


class BeginStatement(Schema):
    """Command `payments.begin_statement` (finance officer of the node) → {upload_id, piece_bytes, pieces}. Without
    `format` it is the rail's own; without `until` the file is for one day."""

    rail = fields.String(required=True, validate=_RAIL)
    format = fields.String(load_default=None, allow_none=True, validate=_RAIL)
    name = fields.String(required=True, validate=validate.Length(1, 200))
    since = fields.Date(required=True, validate=DAYS)
    until = fields.Date(load_default=None, allow_none=True, validate=DAYS)
    size = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class AddStatementPiece(Schema):
    """Command `payments.add_statement_piece` → {upload_id, number}. `number` counts from 0; content is base64."""

    upload_id = fields.UUID(required=True)
    number = fields.Integer(required=True, strict=True, validate=validate.Range(0, STATEMENT_BYTES // PIECE_BYTES))
    content = fields.String(required=True)


class EndStatement(Schema):
    """Command `payments.end_statement` → what `payments.statement_upload` answers. From now on it is read in, by a
    process of its own."""

    upload_id = fields.UUID(required=True)
    sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))


class GetStatementUpload(Schema):
    """Query `payments.statement_upload` → {upload_id, state, rail, name, since, until, size, came, lines, matched,
    statement_id, faults: [{code, field, params}]}: how far it is. `came` in bytes, `lines` read and `matched` held
    against the books so far."""

    upload_id = fields.UUID(required=True)


PROBLEMS: dict[str, Problem] = {
    "statement_too_large": Problem(422, "الملف أكبر من {limit} ميجابايت. قسّمه بالأيام.",
                                   "The file is larger than {limit} MB. Split it by days."),
    "statement_upload_unknown": Problem(404, "لا يوجد رفع لكشف بهذا الرقم.", "No statement is sent under this number."),
    "statement_piece_wrong": Problem(422, "القطعة {number} حجمها {came} بايت والمطلوب {wanted}.",
                                     "Piece {number} has {came} bytes; {wanted} are wanted."),
    "statement_incomplete": Problem(409, "لم تصل {missing} من قطع الملف. أعد إرساله بالمفتاح نفسه.",
                                    "{missing} pieces of the file have not come. Send it again under the same key."),
    "statement_cut_off": Problem(422, "لم يصل الملف كاملاً أو تغير في الطريق. أعد رفعه.",
                                 "The file did not arrive whole, or was changed on its way. Send it again."),
    "statement_reading_failed": Problem(
        500, "تعذرت قراءة الملف بعد عدة محاولات. أبلغ مدير النظام.",
        "The file could not be read in several tries. Call the operator."),
    "unit_bound": Problem(403, "هذا الإجراء على مستوى المحافظة كلها، وحسابك مقيد بوحدة.",
                          "This concerns the whole governorate, and your account is bound to one unit."),
}
