"""The published language of answers that agencies give to letters through the platform: they reach the letter by
themselves, and those that fit none lie before a person."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT

RECORDED, ASIDE, SEEN = "recorded", "aside", "seen"
STATES = (RECORDED, ASIDE, SEEN)
WHY = ("letter_unknown", "body_differs", "answered_before", "withdrawn", "closed", "note_unreadable")
"""Why an answer lies before a person: no letter of that number, a letter to another body, one that was answered
before, a request that was taken back or went on without it; or a note that this node's key does not open."""


class ListLetterAnswers(Schema):
    """Query `requests.letter_answers` → {answers: [{answer_id, number, body, agency, agency_name, opinion, answered_on,
    reference, has_note, given_at, arrived_at, state, why, tracking_number, letter_number, settled_at, settled_by}],
    next}: answers of agencies about letters of the actor's unit and about letters that nobody knows, newest first.
    `number` is as the agency quoted it, `letter_number` that of the letter which it belongs to."""

    state = fields.String(load_default=ASIDE, validate=validate.OneOf(STATES))
    before = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ReadLetterAnswer(Schema):
    """Query `requests.letter_answer` → as the list, and `note`, the agency's own words, and `candidates`: [{number,
    tracking_number, sent_on}], the newest letters to the same body that wait for an answer, of the actor's unit, while
    it lies before a person. That it was read is recorded."""

    answer_id = fields.UUID(required=True)


class SettleLetterAnswer(Schema):
    """Command `requests.settle_letter_answer` → {answer_id, state}: a person has dealt with an answer that fitted no
    letter, and says how."""

    answer_id = fields.UUID(required=True)
    remark = fields.String(required=True, validate=[validate.Length(min=10, max=1000), *PLAIN_TEXT])


class AttachLetterAnswer(Schema):
    """Command `requests.attach_letter_answer` → {answer_id, state, number}: a person found the letter that an answer
    belongs to, which was quoted wrongly; it is recorded there as if it had come with that number, and why is kept."""

    answer_id = fields.UUID(required=True)
    number = fields.String(required=True, validate=validate.Length(min=1, max=40))
    remark = fields.String(required=True, validate=[validate.Length(min=10, max=1000), *PLAIN_TEXT])


PROBLEMS: dict[str, Problem] = {
    "letter_answer_unknown": Problem(404, "لا يوجد رد بهذا الرقم في وحدتك.",
                                     "Your unit has no answer with this number."),
    "letter_answer_settled": Problem(409, "لا ينتظر هذا الرد أحداً. حدّث القائمة.",
                                     "This answer waits for nobody. Refresh the list."),
    "letter_to_attach_unknown": Problem(404, "لا يوجد خطاب بهذا الرقم في وحدتك.",
                                        "Your unit has no letter with this number."),
    "letter_to_attach_differs": Problem(409, "هذا الخطاب موجه إلى جهة أخرى غير التي ردت.",
                                        "This letter was written to another body than the one that answered."),
    "letter_to_attach_waits_not": Problem(
        409, "هذا الخطاب لا ينتظر رداً: سُجل رده، أو سُحب الطلب، أو مضى دون انتظار. اختر غيره، أو سجل ما فعلت بالرد.",
        "This letter waits for no answer: it was answered, or its request was taken back or went on. Choose another, "
        "or say what you did about the answer."),
    "letter_answered_by_agency": Problem(
        409, "وصل رد الجهة على هذا الخطاب في {on}. اطلع عليه ثم اتخذ الإجراء.",
        "The body's answer to this letter came on {on}. Read it, then act on the task."),
}
