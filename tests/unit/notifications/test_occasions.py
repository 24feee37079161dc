"""Which steps are told, and that one thing is told once."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts import payments, requests, requests_deadlines, requests_engine, requests_intake, requests_visits
from contracts.events import Event
from services.notifications import aftermath, occasions
from services.notifications.kinds import KINDS
from services.notifications.occasions import Told

REQUEST = UUID(int=1)
TOLD = Told("ABC-123", {"ar": "ترخيص محل", "en": "Shop licence"}, "ar", department="licensing")
URL = "https://node.example"


def event(event_type, data, sequence=1, number=7):
    return Event(
        UUID(int=number), event_type.name, "urn:test", REQUEST, sequence, datetime(2026, 1, 1, tzinfo=UTC), "c", data
    )


def moved(**data):
    return event(
        requests.MOVED,
        {
            "state_kind": "task",
            "department": "licensing",
            "outcome": None,
            "note": None,
            "state_name": {"ar": "مراجعة", "en": "Review"},
            **data,
        },
    )


def bill(event_type, number=7, **data):
    return event(
        event_type,
        {"total": 125_050, "bill_number": "B1", "reference": None, "receipt_number": None, **data},
        number=number,
    )


@pytest.mark.parametrize(
    "given, expected",
    [
        (
            event(requests.SUBMITTED, {"state_kind": "task", "department": "licensing", "state_name": {"ar": "ا"}}),
            "request_received",
        ),
        (moved(), None),
        (moved(department="engineering"), "moved"),
        (moved(state_kind="payment", department=None), None),
        (moved(state_kind="external"), "moved"),
        (moved(state_kind="parallel", department=None, branch=None), "moved"),
        (moved(state_kind="parallel", department=None, branch="health", verdict="favourable"), None),
        (moved(state_kind="applicant", department=None, branch="health"), "completion_needed"),
        (moved(state_kind="task", department="leadership", branch="health", joined="joined"), "moved"),
        (moved(state_kind="applicant", department=None), "completion_needed"),
        (moved(state_kind="end", department=None, outcome="approved"), "approved"),
        (moved(state_kind="end", department=None, outcome="rejected"), "rejected"),
        (moved(state_kind="end", department=None, outcome="withdrawn"), "withdrawn"),
        (moved(state_kind="end", department=None, outcome="lapsed"), "lapsed"),
    ],
)
def test_a_step_of_the_request(given, expected):
    occasion = occasions.of_request(given, TOLD, URL)
    assert (occasion.template if occasion else None) == expected


def test_an_outcome_is_told_once():
    told = Told("ABC-123", TOLD.service_name, "ar", outcome="approved")
    assert occasions.of_request(moved(state_kind="end", department=None, outcome="approved"), told, URL) is None


@pytest.mark.parametrize(
    "given, expected",
    [
        (bill(payments.ISSUED), "payment_needed"),
        (bill(payments.PENDING), None),
        (bill(payments.PENDING, reference="931"), "payment_reference"),
        (bill(payments.PAID, receipt_number="R1"), "payment_received"),
        (bill(payments.CHANGED, state="expired"), None),
        (bill(payments.CHANGED, state="created"), "payment_needed"),  # amended: another amount
        (bill(payments.CHANGED, state="refunded"), None),
    ],
)
def test_a_step_of_a_bill(given, expected):
    occasion = occasions.of_bill(given, TOLD, URL)
    assert (occasion.template if occasion else None) == expected


def test_two_events_with_the_same_reference_have_one_cause_and_another_reference_another():
    def cause(number, reference):
        return occasions.of_bill(bill(payments.PENDING, number=number, reference=reference), TOLD, URL).cause

    assert cause(1, "931") == cause(2, "931")
    assert cause(1, "931") != cause(1, "932")


@pytest.mark.parametrize("language, amount", [("ar", "1,250.50 ج.م"), ("en", "EGP 1,250.50")])
def test_amounts_are_written_in_the_citizens_language(language, amount):
    told = Told("ABC-123", TOLD.service_name, language)
    assert occasions.of_bill(bill(payments.ISSUED), told, URL).values["amount"] == amount


def test_what_is_missing_is_short_in_sms_and_whole_in_email():
    note = "صورة عقد الإيجار موثقة من الشهر العقاري، وشهادة من الحماية المدنية سارية، وصورة السجل التجاري"
    values = occasions.of_request(moved(state_kind="applicant", note=note), TOLD, URL).values
    assert values["missing"] == note
    assert len(values["missing_short"]) <= occasions.SHORT


def test_every_occasion_gives_its_template_all_that_it_may_name():
    given = [
        occasions.of_request(event(requests.SUBMITTED, moved().data), TOLD, URL),
        occasions.of_request(moved(department="engineering"), TOLD, URL),
        occasions.of_request(moved(state_kind="applicant"), TOLD, URL),
        occasions.of_request(moved(state_kind="applicant", applicant_until="2026-03-31"), TOLD, URL),
        occasions.of_reminder(event(requests_engine.REMINDED, {"until": "2026-03-31"}), TOLD, URL),
        *(occasions.of_request(moved(state_kind="end", outcome=outcome), TOLD, URL) for outcome in occasions.OUTCOMES),
        occasions.of_bill(bill(payments.ISSUED), TOLD, URL),
        occasions.of_bill(bill(payments.PENDING, reference="9"), TOLD, URL),
        occasions.of_bill(bill(payments.PAID), TOLD, URL),
        occasions.of_licence(event(requests.LICENCE_ISSUED, {"serial": "S"}), TOLD, URL),
        *(occasions.of_request(event(requests_deadlines.DUE_CHANGED, {
            **moved().data, "due_on": "2026-03-15", "due_before": None, "why": why,
            "applicant_until": "2026-03-31"}), TOLD, URL)
          for why in requests_deadlines.WHY_MOVED),
        occasions.of_correction(TOLD, URL),
        occasions.of_rating(moved(state_kind="end", outcome="approved"), "abc", TOLD, URL),
        occasions.of_document(event(requests_intake.DOCUMENT_REFUSED, {
            "name": {"ar": "عقد", "en": "Contract"}, "reason": "document_unreadable"}), TOLD, URL),
        *(occasions.of_deemed(event(requests_deadlines.DEEMED_ISSUED, {"kind": kind, "number": "D"}), TOLD, URL)
          for kind in requests_deadlines.DEEMED_KINDS),
    ]
    visits = {f"visit_{change}" for change in requests_visits.TOLD_CHANGES}  # test_visit_occasions.py
    # test_notifications_codes.py, test_notifications_preferences.py
    by_nobody_s_event = {"login_code", "binding_code", "phone_unbound", "messages_stopped"}
    assert {one.template for one in given} == set(KINDS) - aftermath.TEMPLATES - visits - by_nobody_s_event
    for one in given:
        assert set(one.values) == KINDS[one.template].placeholders


def test_a_tracking_number_cannot_leave_its_place_in_the_link():
    assert occasions.status_link(URL, "ar", "../../x?y") == "https://node.example/ar/follow/..%2F..%2Fx%3Fy"


def test_the_link_to_rate_carries_the_token_and_no_number():
    values = occasions.of_rating(moved(state_kind="end", outcome="approved"), "a-b_c", TOLD, URL).values
    assert values["link"] == "https://node.example/ar/rate/a-b_c"
