"""How long requests keeps what names people (`python -m chassis retain requests`). Drafts and documents that no request
took go by timers of their own (their own end; one day)."""

from __future__ import annotations

from chassis.retention import COMMANDS, Rule

YEARS = 365

ENDED = Rule(
    "personal data of ended requests", 10 * YEARS,
    "name, numbers, contact, particulars, personal answers, documents, reasons, corrections, words to be found by, "
    "events; the request, its steps and times and its decision stay. A request that brought out a licence, a letter or "
    "a decision by silence, or was complained about, stays whole.",
    "SELECT request.id::text FROM request WHERE outcome IS NOT NULL AND inquiry_key <> ''::bytea "
    "AND (SELECT max(at) FROM step WHERE request_id = request.id) < :before "
    "AND NOT EXISTS (SELECT 1 FROM licence WHERE licence.request_id = request.id) "
    "AND NOT EXISTS (SELECT 1 FROM letter WHERE letter.request_id = request.id) "
    "AND NOT EXISTS (SELECT 1 FROM deemed WHERE deemed.request_id = request.id) "
    "AND NOT EXISTS (SELECT 1 FROM complaint WHERE complaint.request_id = request.id) ORDER BY request.id LIMIT :size",
    (
        ("UPDATE request SET name = :gone_name, contact = :gone_contact, national_id = NULL, national_id_key = NULL, "
         "passport = NULL, particulars = NULL, holder = NULL, inquiry_key = ''::bytea, answers = (SELECT "
         "coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(answers) "
         "WHERE coalesce(value #>> '{}', '') NOT LIKE 'v1.%') WHERE id = ANY(CAST(:ids AS uuid[]))"),
        "UPDATE step SET reason = NULL, inputs = NULL WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        ("DELETE FROM document_piece USING document WHERE document.id = document_id "
         "AND document.request_id = ANY(CAST(:ids AS uuid[]))"),
        "DELETE FROM document WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "DELETE FROM step_photo WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "UPDATE extension SET reason = :gone_extension WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "UPDATE taken_back SET reason = NULL WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "UPDATE silence_review SET reason = NULL WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "UPDATE rating SET comment = NULL WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "DELETE FROM reopening WHERE request_id = ANY(CAST(:ids AS uuid[])) AND state <> 'asked'",
        "DELETE FROM correction WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "DELETE FROM party WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "DELETE FROM found_by WHERE request_id = ANY(CAST(:ids AS uuid[]))",
        "DELETE FROM event_log WHERE subject = ANY(CAST(:ids AS uuid[]))",
    ),
    {"gone_extension": ("store", "requests.extension.reason", "—"),
     "gone_name": ("store", "requests.request.name", "—"),
     "gone_contact": ("contact", "requests.contact", '{"name": "—", "phone": "", "email": null, "language": "ar"}')},
)

RULES = (COMMANDS, ENDED)
