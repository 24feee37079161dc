"""The published language of statements, what does not agree, what the bank received, and periods told to the treasury.
Money is integer piastres, currency EGP; days are Cairo dates."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.days import DAYS
from contracts.events import EventSchema, event
from contracts.problem import Problem
from rules.reconciliation import DECISIONS, FOR_A_PERSON, OF_LINES

_RAIL = validate.Regexp(r"[a-z0-9_-]{1,32}\Z")


class StatementMatched(EventSchema):
    """A rail's statement was held against the books, line by line; what agrees is expected at the bank."""

    statement_id = fields.UUID(required=True)
    rail = fields.String(required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    gross = fields.Integer(required=True)
    returned = fields.Integer(required=True)
    commission = fields.Integer(required=True)
    currency = fields.String(required=True, validate=validate.Equal("EGP"))
    expected_on = fields.Date(required=True)


class TreasuryClosed(EventSchema):
    """A period told to the treasury is closed: its files have these digests (SHA-256, hex) and this signature."""

    period_id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    total = fields.Integer(required=True)
    currency = fields.String(required=True, validate=validate.Equal("EGP"))
    csv_digest = fields.String(required=True)
    xml_digest = fields.String(required=True)
    key_id = fields.String(required=True)
    signature = fields.String(required=True)


STATEMENT_MATCHED = event("payments.statement.matched.v1", StatementMatched)
TREASURY_CLOSED = event("payments.treasury.closed.v1", TreasuryClosed)


class ListStatements(Schema):
    """Query `payments.statements` → {statements: [...], next}: newest first. Each as
    `payments.statement` answers it, without `found`."""

    rail = fields.String(load_default=None, allow_none=True, validate=_RAIL)
    after = fields.UUID(load_default=None, allow_none=True)


class GetStatement(Schema):
    """Query `payments.statement` → {statement_id, rail, name, format, digest, since, until, state, lines, found: {kind:
    {lines, amount}}, gross, returned, commission, agreed_commission, expected, expected_on, received, let_go,
    outstanding, currency}. `expected` is what the rail's file promises, after the commission that it states;
    `agreed_commission` is what the terms with the rail make it."""

    statement_id = fields.UUID(required=True)


class ListLines(Schema):
    """Query `payments.statement_lines` → {lines: [...], next}: lines of one kind by their number."""

    statement_id = fields.UUID(required=True)
    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(OF_LINES))
    after = fields.Integer(load_default=0)


class ListDifferences(Schema):
    """Query `payments.differences` → {differences: [...], next}: what waits for a person, longest first; with `settled`
    what was decided."""

    rail = fields.String(load_default=None, allow_none=True, validate=_RAIL)
    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(FOR_A_PERSON))
    settled = fields.Boolean(load_default=False)
    after = fields.UUID(load_default=None, allow_none=True)


class SettleDifference(Schema):
    """Command `payments.settle_difference` (finance officer) → {difference_id, decision, outcome}. `book`: a payment
    that we never heard of is taken as the rail's report, pays its bill or is held; `hold`: it came twice, the second is
    held; `accept`: the rail's amount counts; `look_again`: it may be in the books by now; `explain`: nothing moves."""

    difference_id = fields.UUID(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(sorted({d for all_ in DECISIONS.values()
                                                                            for d in all_})))
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class SetAside(Schema):
    """Command `payments.set_statement_aside` (finance officer) → the statement. A wrong file: it counts no more, and
    the right one can be read in."""

    statement_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class ReceiveSettlement(Schema):
    """Command `payments.receive_settlement` (finance officer) → the statement. A line of the bank: `reference` is the
    bank's own, `amount` may be below zero where the rail drew money."""

    statement_id = fields.UUID(required=True)
    reference = fields.String(required=True, validate=validate.Regexp(r"[A-Za-z0-9/._-]{1,64}\Z"))
    account = fields.String(required=True, validate=validate.Regexp(r"[A-Za-z0-9._-]{1,40}\Z"))
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(-10**14, 10**14))
    received_on = fields.Date(required=True)


class LetGo(Schema):
    """Command `payments.let_difference_go` (head of finance) → the statement. What the rail still owes for it, or paid
    too much, is booked as a difference; the person is not who read the statement in."""

    statement_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class GetReconciled(Schema):
    """Query `payments.reconciled` → {rail, unit, since, until, currency, rows: [{unit, account, lines, amount}],
    total}: what statements of these days agree with, by unit and account of the books (`revenue:<accounting code>`,
    `held:<rail>`). Who is bound to a unit sees its own."""

    rail = fields.String(load_default=None, allow_none=True, validate=_RAIL)
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[A-Z0-9-]{1,20}\Z"))
    since = fields.Date(required=True)
    until = fields.Date(required=True)


class PrepareTreasury(Schema):
    """Command `payments.prepare_treasury` (finance officer) → the period. From the day after the last closed one;
    `since` is for the first only. Preparing again counts anew."""

    since = fields.Date(load_default=None, allow_none=True, validate=DAYS)
    until = fields.Date(required=True, validate=DAYS)


class CloseTreasury(Schema):
    """Command `payments.close_treasury` (head of finance, not who prepared) → the period, closed for good. `digest` is
    that of the XML file which the person looked at."""

    period_id = fields.UUID(required=True)
    digest = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))


class ListTreasury(Schema):
    """Query `payments.treasury_periods` → {periods: [{period_id, number, since, until, state, total, …}]}."""


class GetTreasury(Schema):
    """Query `payments.treasury_file` → {period, media_type, name, body}: the file as it was told, or as it would be."""

    period_id = fields.UUID(required=True)
    format = fields.String(load_default="xml", validate=validate.OneOf(("xml", "csv")))


PROBLEMS: dict[str, Problem] = {
    "statement_unknown": Problem(404, "لا يوجد كشف بهذا الرقم.", "There is no statement with this number."),
    "statement_known": Problem(
        409, "هذا الملف نفسه استُورد من قبل باسم {name} في {on}.",
        "This very file was read in before, as {name} on {on}."),
    "statement_format_unknown": Problem(422, "صيغة الكشف غير معروفة. الصيغ المعروفة: {known}.",
                                        "The statement's format is not known. Known are: {known}."),
    "statement_heading_unknown": Problem(
        422, "تنقص الملف أعمدة: {columns}. تأكد أنه كشف هذه الوسيلة.",
        "The file lacks columns: {columns}. Check that it is this rail's statement."),
    "statement_unreadable": Problem(422, "تعذر فتح الملف. اطلب من الوسيلة ملفاً سليماً.",
                                    "The file cannot be opened. Ask the rail for a sound one."),
    "statement_heading_doubled": Problem(422, "يتكرر في الملف عمود: {columns}. أبقِ واحداً.",
                                         "The file has columns twice: {columns}. Keep one of each."),
    "statement_encoding_unknown": Problem(422, "الملف بترميز UTF-16. احفظه بترميز UTF-8 ثم أعد رفعه.",
                                          "The file is UTF-16. Save it as UTF-8 and send it again."),
    "statement_unpacks_too_large": Problem(
        422, "يتجاوز الملف {limit} ميجابايت بعد فك ضغطه. احفظه CSV أو قسّمه بالأيام.",
        "The workbook unpacks to more than {limit} MB. Save it as CSV, or split it by days."),
    "statement_fee_above_amount": Problem(422, "العمولة أكبر من المبلغ.", "The commission is larger than the amount."),
    "statement_number_rounded": Problem(
        422, "رقم طويل حُفظ كعدد فضاعت خاناته الأخيرة. اطلب العمود نصاً أو الملف CSV.",
        "A long number was kept as a number and lost its last digits. Ask for the column as text, or for CSV."),
    "statement_too_long": Problem(422, "الملف أطول من {lines} سطر. قسّمه بالأيام.",
                                  "The file has more than {lines} lines. Split it by days."),
    "statement_days_reversed": Problem(422, "نهاية أيام الكشف قبل بدايتها.",
                                       "The statement's days end before they begin."),
    "statement_days_ahead": Problem(422, "أيام الكشف لم تنتهِ بعد.", "The statement's days lie ahead."),
    "statement_line_broken": Problem(422, "سطر لا يطابق عدد الأعمدة أو تالف.",
                                     "The line is damaged or has another number of columns."),
    "statement_text_invalid": Problem(422, "قيمة ناقصة أو أطول من المسموح.", "The value is missing or too long."),
    "statement_amount_invalid": Problem(
        422, "مبلغ غير صحيح ({value}): يجب أن يكون أكبر من صفر وبالقرش الصحيح، والفاصلة العشرية نقطة.",
        "Not an amount ({value}): it must be above zero, in whole piastres, with a point as decimal mark."),
    "statement_currency_unknown": Problem(422, "العملة ليست الجنيه المصري ({currency}).",
                                          "The currency is not the Egyptian pound ({currency})."),
    "statement_time_invalid": Problem(422, "تاريخ أو وقت غير مفهوم.", "The date or time cannot be understood."),
    "statement_kind_unknown": Problem(422, "نوع الحركة غير معروف.", "The kind of movement is not known."),
    "statement_not_matched": Problem(409, "لم تكتمل مطابقة هذا الكشف ({state}).",
                                     "This statement has not been matched, or counts no more ({state})."),
    "statement_in_use": Problem(
        409, "سُجلت على هذا الكشف تحويلات أو قرارات، فلا يُستبعد.",
        "Transfers or decisions were recorded on this statement; it can no longer be set aside."),
    "difference_unknown": Problem(404, "لا يوجد فرق بهذا الرقم.", "There is no difference with this number."),
    "difference_settled": Problem(409, "سُوِّي هذا الفرق من قبل ({decision}).",
                                  "This difference was settled before ({decision})."),
    "difference_decision_impossible": Problem(
        422, "هذا القرار غير ممكن لهذا النوع. الممكن: {possible}.",
        "This cannot be decided of this kind. Possible: {possible}."),
    "difference_booked": Problem(409, "هذه الحركة مقيدة في الدفاتر. اختر إعادة البحث.",
                                 "This is in the books by now. Choose to look again."),
    "difference_remains": Problem(409, "ما زالت الحركة غير موجودة في الدفاتر بهذا المبلغ.",
                                  "It is still not in the books with this amount."),
    "reconciliation_reason_required": Problem(422, "اذكر السبب في عشرة أحرف على الأقل.",
                                              "Give the reason in ten letters or more."),
    "bank_line_known": Problem(409, "سُجل هذا التحويل البنكي من قبل.", "This line of the bank was recorded before."),
    "bank_amount_invalid": Problem(422, "اكتب مبلغ التحويل بالقروش، ولا يكون صفراً.",
                                   "Give the transfer's amount in piastres; it is never zero."),
    "bank_day_ahead": Problem(422, "تاريخ التحويل لم يأتِ بعد.", "The day of the transfer lies ahead."),
    "settlement_complete": Problem(409, "لا فرق في تحويلات هذا الكشف.", "Nothing is outstanding on this statement."),
    "four_eyes": Problem(403, "يجب أن يقوم بهذا شخص آخر غير من أعدّه.",
                         "Someone else than who prepared it has to do this."),
    "treasury_unknown": Problem(404, "لا توجد فترة بهذا الرقم.", "There is no period with this number."),
    "treasury_closed": Problem(409, "أُغلقت هذه الفترة. تُقيد التصحيحات في الفترة التالية.",
                               "This period is closed. Corrections go into the next one."),
    "treasury_since_required": Problem(422, "حدد أول يوم لأول فترة.", "Give the first day of the first period."),
    "treasury_since_fixed": Problem(422, "تبدأ الفترة في {day}، في اليوم التالي لآخر فترة مغلقة.",
                                    "The period begins on {day}, the day after the last closed one."),
    "treasury_days_running": Problem(422, "لا تُعد فترة قبل انتهاء آخر أيامها.",
                                     "A period is prepared when its last day is over."),
    "treasury_moved": Problem(409, "تغيرت الدفاتر منذ الإعداد. أعد الإعداد ثم راجع الملف.",
                              "The books moved since it was prepared. Prepare it again and look at the file."),
    "treasury_file_differs": Problem(409, "الملف الذي راجعته ليس الملف الحالي. راجع الملف ثم أغلق الفترة.",
                                     "The file that you looked at is not the present one. Look again, then close."),
    "treasury_unbalanced": Problem(500, "لا يتوازن ملف الخزانة مع الدفاتر. لا تُغلق الفترة وأبلغ مدير النظام.",
                                   "The file does not balance with the books. Nothing is closed; call the operator."),
}
