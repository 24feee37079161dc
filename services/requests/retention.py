# ruff: noqa: S608  (statements are put together from constants of this module)
"""How long requests keeps what names people (`python -m chassis retain requests`, and daily by itself). Drafts and
documents that no request took go by timers of their own (their own end; one day).

What stays after its time is the public course of things: the request with its steps, times and decision, the entry of
the register of licences, the number and fate of letters, of decisions by silence and of complaints. The definition of a
service may set its own term (`retention.years`); it counts from the last step, or from the end of what the request
brought out, whichever is later.
"""

from __future__ import annotations

from chassis.retention import COMMANDS, Rule
from contracts.requests_retention import FORGOTTEN
from services.requests import retention_portal, retention_visits

YEARS = 365
NEVER = "'9999-01-01 00:00:00+00'"  # a document that was let go of is not drawn again

_IDS = "(SELECT unnest(CAST(:ids AS uuid[])))"
_OF = f"request_id IN {_IDS}"
# The term of the request's own edition of its service, where the definition sets one.
_TERM = (
    "coalesce((SELECT CAST(:now AS timestamptz) - make_interval(years => (body -> 'retention' ->> 'years')::int) "
    "FROM definition WHERE code = request.service_code AND version = request.service_version), "
    "CAST(:before AS timestamptz))"
)
# The latest moment at which any edition's term can end. What was lodged after it is passed over without a look at its
# edition, which costs ten times as much as the row: of 100,000 young requests 3 s against 0.2 to 0.4.
_LATEST = (
    "(SELECT greatest(CAST(:before AS timestamptz), max(CAST(:now AS timestamptz) "
    "- make_interval(years => (body -> 'retention' ->> 'years')::int))) FROM definition)"
)

ENDED = Rule(
    "personal data of ended requests", 10 * YEARS,
    "name, numbers, contact, particulars, personal answers, documents, drawn licences and letters, holders, reasons, "
    "texts of complaints, corrections, words to be found by, events; the request, its steps and times and its "
    "decision, the entry in the register and the numbers stay",
    f"SELECT request.id::text FROM request CROSS JOIN LATERAL (SELECT {_TERM} AS ends) AS term "
    f"WHERE outcome IS NOT NULL AND inquiry_key <> ''::bytea AND request.lodged_at < {_LATEST} "
    "AND (SELECT max(at) FROM step WHERE request_id = request.id) < term.ends "
    # A licence that may still be shown, renewed, suspended or looked up keeps its holder.
    "AND NOT EXISTS (SELECT 1 FROM licence WHERE licence.request_id = request.id AND ("
    "state_at >= term.ends OR (state NOT IN ('cancelled', 'replaced', 'transferred') "
    "AND (valid_until IS NULL OR valid_until >= term.ends::date)))) "
    "AND NOT EXISTS (SELECT 1 FROM complaint WHERE complaint.request_id = request.id "
    "AND (state = 'open' OR answered_at >= term.ends)) "
    "AND NOT EXISTS (SELECT 1 FROM reopening WHERE reopening.request_id = request.id AND state = 'asked') "
    "AND NOT EXISTS (SELECT 1 FROM silence_review WHERE silence_review.request_id = request.id "
    "AND decided_at IS NULL) ORDER BY request.id LIMIT :size",
    (
        ("UPDATE request SET name = :gone_name, contact = :gone_contact, national_id = NULL, national_id_key = NULL, "
         "passport = NULL, particulars = NULL, holder = NULL, inquiry_key = ''::bytea, account_id = NULL, "
         "answers = (SELECT "
         "coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(answers) "
         f"WHERE coalesce(value #>> '{{}}', '') NOT LIKE 'v1.%') WHERE id IN {_IDS}"),
        f"UPDATE step SET reason = NULL, inputs = NULL WHERE {_OF}",
        f"DELETE FROM document_piece USING document WHERE document.id = document_id AND document.{_OF}",
        f"DELETE FROM document WHERE {_OF}",
        f"DELETE FROM step_photo WHERE {_OF}",
        f"UPDATE extension SET reason = :gone_extension WHERE {_OF}",
        f"UPDATE taken_back SET reason = NULL WHERE {_OF}",
        f"UPDATE handed_over SET reason = NULL WHERE {_OF}",
        f"UPDATE late_cause SET words = NULL WHERE {_OF}",
        f"UPDATE silence_review SET reason = NULL WHERE {_OF}",
        f"UPDATE rating SET comment = NULL WHERE {_OF}",
        f"DELETE FROM rating_invitation WHERE {_OF}",
        ("UPDATE delivery SET receiver_name = NULL, reference = NULL FROM licence "
         f"WHERE licence.id = licence_id AND {_OF}"),
        f"UPDATE licence_act SET reason = NULL FROM licence WHERE licence.id = licence_id AND {_OF}",
        (f"UPDATE licence SET qr = '', document = NULL, media_type = NULL, render_at = {NEVER}, fields = (SELECT "
         "coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(fields) "
         f"WHERE coalesce(value #>> '{{}}', '') NOT LIKE 'v1.%') WHERE {_OF}"),
        ("UPDATE letter SET document = NULL, media_type = NULL, answer_note = NULL, answer_document = NULL, "
         f"draw_at = {NEVER} WHERE {_OF}"),
        f"UPDATE letter_answer SET note = NULL, box = NULL, remark = NULL WHERE {_OF}",
        f"UPDATE deemed SET signed = '' WHERE {_OF}",
        ("DELETE FROM event_log WHERE subject IN (SELECT release_told.id FROM release_told "
         f"JOIN ticket ON ticket.id = ticket_id WHERE ticket.{_OF})"),
        f"UPDATE ticket SET body = '', qr = NULL WHERE {_OF}",
        f"UPDATE complaint SET text = :gone_text, answer = NULL, inquiry_key = ''::bytea WHERE {_OF}",
        (f"DELETE FROM event_log WHERE subject IN (SELECT id FROM licence WHERE {_OF} UNION ALL SELECT id "
         f"FROM complaint WHERE {_OF} UNION ALL SELECT id FROM reopening WHERE {_OF})"),
        f"DELETE FROM reopening WHERE {_OF}",
        f"DELETE FROM correction WHERE {_OF}",
        f"DELETE FROM party WHERE {_OF}",
        f"DELETE FROM found_by WHERE {_OF}",
        f"DELETE FROM event_log WHERE subject IN {_IDS}",
    ),
    {"gone_extension": ("store", "requests.extension.reason", "—"),
     "gone_name": ("store", "requests.request.name", "—"),
     "gone_text": ("store", "requests.complaint.text", "—"),
     "gone_contact": ("contact", "requests.contact", '{"name": "—", "phone": "", "email": null, "language": "ar"}')},
    FORGOTTEN,
)

STRAY_ANSWERS = Rule(
    "agencies' answers to letters that nobody knows", 365,
    "the agency's words and what was made of them, a year after a person dealt with it; agency, number and day stay",
    "SELECT id::text FROM letter_answer WHERE request_id IS NULL AND coalesce(note, box, remark) IS NOT NULL "
    "AND settled_at < :before ORDER BY id LIMIT :size",
    (f"UPDATE letter_answer SET note = NULL, box = NULL, remark = NULL WHERE id IN {_IDS}",),
)

RULES = (COMMANDS, ENDED, STRAY_ANSWERS, *retention_visits.RULES, *retention_portal.RULES)
