"""How long notifications keeps what names people (`python -m chassis retain notifications`, and daily by itself). A
request's contact goes when requests lets go of its applicant, and says so; one that has not been heard of for longer
than any term goes by the clock. Receipts go by a timer of their own."""

from __future__ import annotations

from chassis.retention import COMMANDS, Rule

TEXTS = Rule(
    "texts and addresses of messages", 365, "text and address; what kind of message it was, when it was sent and what "
    "became of it stay",
    "SELECT id::text FROM message WHERE address IS NOT NULL AND created_at < :before AND expires_at < :before "
    "ORDER BY created_at LIMIT :size",
    ("UPDATE message SET content = NULL, address = NULL, address_lookup = NULL WHERE id = ANY(CAST(:ids AS uuid[]))",),
    setting="MESSAGES_KEPT_DAYS",
)

MESSAGES = Rule(
    "messages", 730, "the whole row and its parts; what was counted of it by day stays",
    "SELECT id::text FROM message WHERE created_at < :before AND expires_at < :before ORDER BY created_at LIMIT :size",
    ("DELETE FROM message WHERE id = ANY(CAST(:ids AS uuid[]))",),
    setting="MESSAGES_COUNTED_DAYS",
)

# An opt-out stands until its citizen ends it, and so does a language.
CHOICES = Rule(
    "choices that ask for nothing any more", 365, "the address, what was chosen for it and when",
    "SELECT id::text FROM preference WHERE opted_out_at IS NULL AND language IS NULL AND changed_at < :before "
    "ORDER BY changed_at LIMIT :size",
    ("DELETE FROM preference WHERE id = ANY(CAST(:ids AS uuid[]))",),
)

# Longer than requests keeps any applicant without a licence in force; who is told of one is heard of again and again.
CONTACTS = Rule(
    "contacts of requests not heard of", 20 * 365, "the contact",
    "SELECT request_id::text FROM recipient WHERE contact IS NOT NULL AND outcome IS NOT NULL AND heard_at < :before "
    "ORDER BY heard_at LIMIT :size",
    ("UPDATE recipient SET contact = NULL WHERE request_id IN (SELECT unnest(CAST(:ids AS uuid[])))",),
)

# The list was given for one campaign. One that never went out is let go of as early as one that did.
_OVER = "a.made_at < :before AND c.changed_at < :before AND c.state NOT IN ('approved', 'running', 'paused')"
_OF_CAMPAIGNS = "FROM audience AS a JOIN campaign AS c ON c.id = a.campaign_id"

_FORGET_MEMBERS = (
    "DELETE FROM audience_member AS m USING unnest(CAST(:ids AS text[])) AS gone (key) "
    "WHERE m.audience_id = split_part(gone.key, '/', 1)::uuid AND m.place = split_part(gone.key, '/', 2)::integer"
)

# By the piece: an audience may have 200,000 members, more than one statement should remove.
MEMBERS = Rule(
    "members of audiences", 90, "whom a campaign named, with which values",
    "SELECT m.audience_id::text || '/' || m.place " + _OF_CAMPAIGNS + " JOIN audience_member AS m "
    "ON m.audience_id = a.id WHERE " + _OVER + " ORDER BY m.audience_id, m.place LIMIT :size",
    (_FORGET_MEMBERS,),
)

AUDIENCES = Rule(
    "audiences of campaigns", 90, "what a list was called, its faults, how it was chosen",
    "SELECT a.id::text " + _OF_CAMPAIGNS + " WHERE " + _OVER + " ORDER BY a.made_at LIMIT :size",
    ("UPDATE campaign SET audience_id = NULL WHERE audience_id = ANY(CAST(:ids AS uuid[]))",
     "DELETE FROM audience WHERE id = ANY(CAST(:ids AS uuid[]))"),
)

UPLOADS = Rule(
    "lists that were never uploaded whole", 1, "the pieces that came",
    "SELECT id::text FROM audience WHERE state = 'receiving' AND made_at < :before ORDER BY made_at LIMIT :size",
    ("DELETE FROM audience WHERE id = ANY(CAST(:ids AS uuid[]))",),
)

CAMPAIGNS = Rule(
    "campaigns", 1825, "the whole row and its counts; its events and audit rows stay",
    "SELECT id::text FROM campaign WHERE changed_at < :before AND state NOT IN ('approved', 'running', 'paused') "
    "ORDER BY changed_at LIMIT :size",
    ("DELETE FROM campaign WHERE id = ANY(CAST(:ids AS uuid[]))",),
)

RULES = (COMMANDS, TEXTS, MESSAGES, CHOICES, CONTACTS, MEMBERS, AUDIENCES, UPLOADS, CAMPAIGNS)
