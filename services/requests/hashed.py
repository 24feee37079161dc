"""What requests keeps as keyed hashes, and how each is computed again under a new look-up key (`python -m chassis
rekey requests`). Going through the requests also puts those into the index of words that were lodged before it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from chassis.database import Statement
from chassis.rekeying import Hashed, Lasting, Passing, Rehashed
from chassis.uow import UnitOfWork
from services.requests import corrections, finding, guide, parties, relations, visits
from services.requests.intake import NATIONAL_ID, inquiry_key, lets_in, look_up_key

# Requests whose time is over (retention) are found by nothing any more.
_REQUESTS = Statement(
    text(
        "SELECT id::text AS key, xmin::text AS stamp, id, unit, tracking_number, service_code, service_version, "
        "applicant_kind, name, national_id, national_id_key, passport, contact, inquiry_key, language, particulars, "
        "answers, (SELECT coalesce(array_agg(person_key), '{}') FROM party WHERE request_id = request.id) AS persons, "
        "(SELECT coalesce(array_agg(found_by.key), '{}') FROM found_by WHERE request_id = request.id) AS words "
        "FROM request WHERE inquiry_key <> ''::bytea AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) "
        "ORDER BY id LIMIT :size"
    )
)
_REQUEST = Statement(
    text(
        "UPDATE request SET national_id_key = :national_id_key, inquiry_key = :inquiry_key "
        "WHERE id = :request_id AND xmin::text = :stamp"
    )
)
_FORGET_PERSONS = Statement(text("DELETE FROM party WHERE request_id = :request_id AND person_key = ANY(:keys)"))
_PERSON = Statement(
    text("INSERT INTO party (request_id, person_key) VALUES (:request_id, :person_key) ON CONFLICT DO NOTHING")
)
_FORGET_WORDS = Statement(
    text("DELETE FROM found_by WHERE request_id = :request_id AND key = ANY(:keys)"
         ).bindparams(bindparam("keys", type_=ARRAY(BIGINT)))
)
# Complaints and visits keep no phone: whoever made one knew the digits that their request then had.
_COMPLAINTS = Statement(
    text(
        "SELECT complaint.id::text AS key, complaint.id, number, complaint.inquiry_key, contact FROM complaint "
        "JOIN request ON request.id = request_id WHERE complaint.inquiry_key <> ''::bytea "
        "AND (CAST(:after AS uuid) IS NULL OR complaint.id > CAST(:after AS uuid)) ORDER BY complaint.id LIMIT :size"
    )
)
_COMPLAINT = Statement(
    text("UPDATE complaint SET inquiry_key = :new WHERE id = :complaint_id AND inquiry_key = :old")
)
_VISITS = Statement(
    text(
        "SELECT visit.id::text AS key, visit.id, visit.number, visit.inquiry_key, person_key, visit.service_code, "
        "visit.contact AS own, coalesce(visit.contact, request.contact) AS contact "
        "FROM visit LEFT JOIN request ON request.id = request_id WHERE visit.inquiry_key <> ''::bytea "
        "AND coalesce(visit.contact, request.contact) IS NOT NULL "
        "AND (CAST(:after AS uuid) IS NULL OR visit.id > CAST(:after AS uuid)) ORDER BY visit.id LIMIT :size"
    )
)
_VISIT = Statement(text("UPDATE visit SET inquiry_key = :new WHERE id = :visit_id AND inquiry_key = :old"))
_VISITOR = Statement(
    text("UPDATE visit SET person_key = :new WHERE id = :visit_id AND person_key = :old")
)
_RELATIONS = Statement(
    text(
        "SELECT id::text AS key, id, kind, number, person_key FROM declared_relation WHERE number IS NOT NULL "
        "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :size"
    )
)
_RELATION = Statement(
    text("UPDATE declared_relation SET person_key = :new WHERE id = :relation_id AND person_key = :old")
)
_NUMBERLESS = Statement(
    text("SELECT count(*) FROM declared_relation WHERE withdrawn_at IS NULL AND number IS NULL")
)


def of_request(work: UnitOfWork, row: Any) -> bool:
    """The hashes of one request, its persons and its words, as they would be written now."""
    definition = guide.definition(work, row.service_code, row.service_version)
    applicant = corrections.applicant_of(work, SimpleNamespace(row=row))
    own = look_up_key(work, applicant["national_id"], NATIONAL_ID)
    opens = inquiry_key(work, row.tracking_number, applicant["phone"][-4:])
    persons, words = parties.keys_of(work, applicant), finding.person_keys(work, applicant)
    words |= finding.address_keys(work, definition, row.answers)
    there, found = {bytes(one) for one in row.persons}, set(row.words)
    same = own == (bytes(row.national_id_key) if row.national_id_key else None) and opens == bytes(row.inquiry_key)
    if same and persons == there and words == found:
        return False
    # Demanded in any case: whoever corrects the request meanwhile changes its persons and words too.
    work.write(_REQUEST, expect=1, request_id=row.id, stamp=row.stamp, national_id_key=own, inquiry_key=opens)
    if gone := sorted(there - persons):
        work.write(_FORGET_PERSONS, request_id=row.id, keys=gone)
    for one in sorted(persons - there):
        work.write(_PERSON, request_id=row.id, person_key=one)
    if lost := sorted(found - words):
        work.write(_FORGET_WORDS, request_id=row.id, keys=lost)
    finding.keep(work, row.id, row.unit, words - found)
    return True


def of_complaint(work: UnitOfWork, row: Any) -> bool:
    """The hash that lets the complainant in."""
    return _lets_in_again(work, row, _COMPLAINT, "complaint_id")


def of_visit(work: UnitOfWork, row: Any) -> bool:
    """The hash that lets in whoever ordered the visit, and the one by which a person has one visit open at a time."""
    changed = _lets_in_again(work, row, _VISIT, "visit_id")
    if row.person_key is None or row.own is None:
        return changed
    phone, old = corrections.phone_of(work, row.own), bytes(row.person_key)
    new = work.privacy.lookup(f"{phone}/{row.service_code}", visits.PERSON)
    if new != old:
        work.write(_VISITOR, expect=1, visit_id=row.id, new=new, old=old)
    return changed or new != old


def of_relation(work: UnitOfWork, row: Any) -> bool:
    """The hash of the person somebody is related to. It is brought under the newest key after the requests are: they
    are found under both then."""
    new = work.privacy.lookup(relations.number_of(work, row), parties.NUMBERS[row.kind][0])
    if new == bytes(row.person_key):
        return False
    work.write(_RELATION, expect=1, relation_id=row.id, new=new, old=bytes(row.person_key))
    return True


def _lets_in_again(work: UnitOfWork, row: Any, change: Statement, name: str) -> bool:
    last4 = corrections.phone_of(work, row.contact)[-4:]
    new = inquiry_key(work, row.number, last4)
    if new == bytes(row.inquiry_key) or not lets_in(work, row, row.number, last4):
        return False  # under the newest key already, or made under a phone that was corrected since
    work.write(change, expect=1, new=new, old=bytes(row.inquiry_key), **{name: row.id})
    return True


REQUESTS = Rehashed(
    "request", ("request.national_id_key", "request.inquiry_key", "party.person_key", "found_by.key"), _REQUESTS,
    of_request)
HASHED: tuple[Hashed, ...] = (
    REQUESTS,
    Rehashed("complaint", ("complaint.inquiry_key",), _COMPLAINTS, of_complaint),
    Rehashed("visit", ("visit.inquiry_key", "visit.person_key"), _VISITS, of_visit),
    Passing(("draft.token_key",), 14, "a draft lives so long; its code is kept nowhere"),
    Passing(("command.request_hash",), 30, "a command may be repeated so long"),
    Rehashed("declared_relation", ("declared_relation.person_key",), _RELATIONS, of_relation),
    Lasting(("declared_relation.person_key",), "declared before the number was kept; withdraw and declare again",
            _NUMBERLESS),
)
