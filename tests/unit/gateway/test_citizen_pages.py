"""A citizen's pages and the clerk's binding page: forms, cookies, what stands in an address and what does not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from chassis.actors import Actor
from contracts.requests_own import OwnRequests
from rules.refusal import Refusal, refuse
from services.gateway import citizens
from services.gateway.web.caller import CITIZEN_COOKIE
from services.gateway.web.pages.kept import DRAFTS_COOKIE, FOLLOW_COOKIE
from tests.unit.gateway.applicants import SHOP, Applicant, Keeping
from tests.unit.gateway.ground import NUMBER, TASK_ID, Service, Work, client_of, csrf_of, hidden

NATIONAL_ID, PHONE = "28503150101232", "+201012345678"
CHALLENGE = "01980c5e-7c00-7000-8000-0000000000aa"
SENT = {"challenge_id": CHALLENGE, "expires_at": "2099-01-01T00:00:00+00:00", "resend_at": "2099-01-01T00:00:00+00:00"}
TOKEN = "c." + "t" * 43


class CitizensWork(Work):
    """The same, with the tables of citizens in memory."""

    def first(self, statement: Any, **params: Any) -> Any:
        if statement is citizens._CHALLENGE:
            return self.service.challenges.get((str(params["id"]), params["purpose"]))
        if statement is citizens._KEPT_CHALLENGE:
            kept = (row for (known, _), row in self.service.challenges.items() if known == str(params["id"]))
            return next(kept, None)
        if statement is citizens._BY_TOKEN:
            return self.service.citizens.get(params["token_hash"])
        if statement is citizens._ACCOUNT:
            return None
        return super().first(statement, **params)

    def all(self, statement: Any, **params: Any) -> list[Any]:
        if statement is citizens._SESSIONS:
            return []
        if statement is citizens._BOUND:
            return self.service.bound
        return super().all(statement, **params)

    def write(self, statement: Any, **params: Any) -> None:
        if statement is citizens._ADD_CHALLENGE:
            self.service.challenges[str(params["id"]), params["purpose"]] = SimpleNamespace(**params)
        elif statement is citizens._REVOKE:
            self.service.citizens.clear()
        elif statement not in (citizens._ADD, citizens._OPEN, citizens._DROP_CHALLENGE, citizens._BIND):
            super().write(statement, **params)


class CitizensService(Service):
    def __init__(self) -> None:
        super().__init__()
        self.challenges: dict[Any, Any] = {}
        self.citizens: dict[bytes, Any] = {}
        self.bound: list[Any] = []
        self.answers |= {
            "notifications.send_code": SENT,
            "notifications.check_code": {"phone": PHONE, "purpose": "log_in"},
            "requests.own": {"requests": [], "next": None},
            "requests.own_drafts": {"drafts": []},
        }

    def unit_of_work(self, actor: Actor | None = None) -> Work:
        return CitizensWork(self, actor or Actor("service:gateway", "system", ("system",)))

    def of_citizen(self, *, bound: bool = False) -> None:
        """A session of TOKEN."""
        self.citizens[citizens.hash_of(TOKEN)] = SimpleNamespace(
            session_id=citizens.UUID(TASK_ID), seen_at=datetime.now(UTC), account_id=citizens.UUID(CHALLENGE),
            card="national_id", number=self.privacy.seal(NATIONAL_ID, field=citizens.NUMBER),
            phone=self.privacy.seal(PHONE, field=citizens.PHONE), language="ar",
            bound_at=datetime.now(UTC) if bound else None)  # fmt: skip


@pytest.fixture
def service() -> CitizensService:
    return CitizensService()


def asked(client: FlaskClient, **changes: str) -> Any:
    page = client.get("/ar/my/login").get_data(as_text=True)
    data = {"csrf": csrf_of(client), "once": hidden(page, "once"), "national_id": NATIONAL_ID, "phone": "01012345678"}
    return client.post("/ar/my/login", data={**data, **changes})


def test_log_in_by_two_forms_and_nothing_of_the_person_in_an_address(service: CitizensService) -> None:
    client = client_of(service)
    page = asked(client, national_id="٢٨٥٠٣١٥٠١٠١٢٣٢", next="/ar/services")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert 'autocomplete="one-time-code"' in text and 'inputmode="numeric"' in text and text.count("<script") == 1
    assert NATIONAL_ID not in text and CHALLENGE not in text  # they lie in the form, sealed
    [sent] = service.called
    assert sent.payload == {"purpose": "log_in", "phone": PHONE, "source": "127.0.0.1", "language": "ar"}
    entered = client.post("/ar/my/code", data={
        "csrf": csrf_of(client), "asked": hidden(text, "again"), "next": "/ar/services", "code": "٤٨٢ ٩١٥"})
    assert (entered.status_code, urlsplit(entered.location).path) == (303, "/ar/services")
    assert service.called[-1].payload == {"challenge_id": CHALLENGE, "purpose": "log_in", "code": "482915"}
    cookies = [one for one in entered.headers.getlist("Set-Cookie") if one.startswith(CITIZEN_COOKIE)]
    assert cookies and "HttpOnly" in cookies[0] and "SameSite=Lax" in cookies[0]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/api/v1/x"])
def test_nobody_is_led_elsewhere_after_the_log_in(service: CitizensService, target: str) -> None:
    client = client_of(service)
    text = asked(client, next=target).get_data(as_text=True)
    data = {"csrf": csrf_of(client), "asked": hidden(text, "again"), "next": target, "code": "482915"}
    assert urlsplit(client.post("/ar/my/code", data=data).location).path == "/ar/my"


def test_every_form_wants_its_token(service: CitizensService) -> None:
    client = client_of(service, service.log_in("window_clerk"))
    service.of_citizen()
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    for path in ("/ar/my/login", "/ar/my/code", "/ar/my/logout", f"/ar/my/sessions/{TASK_ID}", "/ar/staff/bindings",
                 "/ar/staff/bindings/code"):
        answer = client.post(path, data={"csrf": "x" * 40})
        assert answer.status_code == 403 and 'data-problem="form_expired"' in answer.get_data(as_text=True), path
    assert service.called == []


@pytest.mark.parametrize(("refusal", "status", "said"), [
    (refuse("too_many_requests", seconds=41), 429, "41"), (refuse("code_wrong", "code"), 422, "الرمز غير صحيح"),
    (refuse("code_expired", "code"), 422, "لم يعد هذا الرمز صالحاً")])  # fmt: skip
def test_a_refused_code_is_said_beside_it_and_can_be_typed_again(
    service: CitizensService, refusal: Refusal, status: int, said: str
) -> None:
    client = client_of(service)
    text = asked(client).get_data(as_text=True)
    service.answers["notifications.check_code"] = refusal
    again = client.post("/ar/my/code", data={"csrf": csrf_of(client), "asked": hidden(text, "again"), "code": "123456"})
    body = again.get_data(as_text=True)
    assert again.status_code == status and said in body and 'id="code"' in body and 'name="again"' in body
    assert again.headers.get("Retry-After") == ("41" if status == 429 else None)


def test_another_code_is_asked_for_without_typing_again_and_the_wait_is_told(service: CitizensService) -> None:
    client = client_of(service)
    text = asked(client).get_data(as_text=True)
    service.answers["notifications.send_code"] = refuse("too_many_requests", seconds=17)
    soon = client.post("/ar/my/login", data={
        "csrf": csrf_of(client), "once": hidden(text, "once"), "again": hidden(text, "again")})
    assert soon.status_code == 429 and soon.headers["Retry-After"] == "17"
    assert 'name="code"' in soon.get_data(as_text=True)  # the code that is on its way still counts
    assert service.called[-1].payload["phone"] == PHONE


def test_faults_of_both_fields_are_told_at_once(service: CitizensService) -> None:
    answer = asked(client_of(service), national_id="12", phone="0223456789")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="national_id-wrong-1"' in text and 'id="phone-wrong-1"' in text
    assert service.called == []


def test_my_requests_are_asked_in_the_own_name_and_by_number_only_when_bound(service: CitizensService) -> None:
    client = client_of(service)
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    for bound in (False, True):
        service.of_citizen(bound=bound)
        page = client.get("/ar/my").get_data(as_text=True)
        assert ("اربط هاتفك" in page) is not bound
        asked_ = [one for one in service.called if one.method == "requests.own"][-1]
        assert asked_.actor.id == CHALLENGE
        assert asked_.payload.get("national_id") == (NATIONAL_ID if bound else None)
        assert OwnRequests().validate({name: value for name, value in asked_.payload.items() if value}) == {}
        assert NATIONAL_ID not in page and PHONE[1:] not in page and "010******78" in page


def own(number: str, kind: str, **more: Any) -> dict[str, Any]:
    name = {"ar": f"خدمة {number}", "en": f"Service {number}"}
    return {"request_id": TASK_ID, "tracking_number": number, "service_code": "shop-licence", "service_name": name,
            "unit": "EG-C-01", "state": kind, "state_kind": kind, "state_name": name, "outcome": None,
            "lodged_at": "2026-02-01T08:00:00+00:00", "due_on": "2025-03-04", "late": False, "lodged_here": True,
            "visit": None, "complaint": None, **more}  # fmt: skip


def test_what_waits_for_me_stands_first_then_what_i_began_then_the_rest(service: CitizensService) -> None:
    client = client_of(service)
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    service.of_citizen()
    visit = {"number": "V-C-2026-000001-R", "state": "planned", "on": "2025-03-05"}
    service.answers["requests.own"] = {"next": None, "requests": [
        own("01-26-00000001-A", "task", visit=visit), own("01-26-00000002-B", "payment"),
        own("01-26-00000003-C", "applicant"), own("01-26-00000004-D", "applicant", outcome="withdrawn")]}
    service.answers["requests.own_drafts"] = {"drafts": [
        {"token": "t" * 20, "service_code": "road-occupancy", "saved_at": "2026-02-01T08:00:00+00:00",
         "ends_at": "2025-03-06T08:00:00+00:00"}]}
    page = client.get("/en/my").get_data(as_text=True)
    order = [page.index(one) for one in ("Waits for you (2)", "Service 01-26-00000002-B", "Service 01-26-00000003-C",
                                         "Begun and not sent", "Service 01-26-00000001-A", "Service 01-26-00000004-D")]
    assert order == sorted(order)
    assert "/en/services/road-occupancy/apply" in page and "t" * 20 not in page
    assert "V-C-2026-000001-R" in page and "Wednesday 5 March 2025" in page and "Tuesday 4 March 2025" in page


def test_from_my_requests_one_press_leads_to_who_looked(service: CitizensService) -> None:
    client = client_of(service)
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    service.of_citizen()
    service.answers["requests.status"] = {"tracking_number": NUMBER}
    led = client.get(f"/ar/my/requests/{NUMBER}?to=reads")
    assert led.location.endswith(f"/ar/follow/{NUMBER}/reads")
    assert client.get(f"/ar/my/requests/{NUMBER}?to=elsewhere").location.endswith(f"/ar/follow/{NUMBER}")


def test_the_page_after_the_log_out_has_the_device_forget(service: CitizensService) -> None:
    page = client_of(service).get("/ar/my/logged-out").get_data(as_text=True)
    assert "data-forget-all" in page and "device.js" in page


def test_who_is_not_logged_in_is_led_to_the_log_in_of_citizens(service: CitizensService) -> None:
    client = client_of(service, service.log_in("window_clerk"))
    for path in ("/ar/my", f"/ar/my/requests/{NUMBER}"):
        answer = client.get(path)
        assert answer.status_code == 303 and urlsplit(answer.location).path == "/ar/my/login"
        assert "next=" in answer.location


def test_staff_and_a_citizen_in_one_browser_are_kept_apart(service: CitizensService) -> None:
    client = client_of(service, service.log_in("officer", department="licensing"))
    service.of_citizen()
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    service.answers["requests.tasks"] = {"tasks": []}
    client.get("/ar/staff")
    client.get("/ar/my")
    seen = [(one.method, one.actor.kind) for one in service.called]
    assert {kind for method, kind in seen if method.startswith("requests.own")} == {"citizen"}
    assert {kind for method, kind in seen if not method.startswith("requests.own")} == {"staff"}


def test_logging_out_ends_the_session_and_takes_the_cookie(service: CitizensService) -> None:
    client = client_of(service)
    service.of_citizen()
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/ar/my").get_data(as_text=True))
    assert token is not None
    answer = client.post("/ar/my/logout", data={"csrf": token[1]})
    assert answer.status_code == 303 and service.citizens == {}
    gone = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith(CITIZEN_COOKIE)]
    assert gone and "Max-Age=0" in gone[0]


def test_logging_out_takes_what_was_opened_while_logged_in(service: CitizensService) -> None:
    """On a telephone that others pick up nobody looks on at the requests of who was there before."""
    client = client_of(service)
    service.of_citizen()
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    service.answers["requests.status"] = {"tracking_number": NUMBER}
    opened = client.get(f"/ar/my/requests/{NUMBER}")
    assert opened.status_code == 303 and client.get_cookie(FOLLOW_COOKIE) is not None
    client.post("/ar/my/logout", data={"csrf": hidden(client.get("/ar/my").text, "csrf")})
    assert client.get_cookie(FOLLOW_COOKIE) is None


def test_a_card_corrected_on_the_way_back_is_never_answered_with_the_code_of_the_one_before(
    service: CitizensService,
) -> None:
    client = client_of(service)
    page = client.get("/ar/my/login").text
    data = {"csrf": csrf_of(client), "once": hidden(page, "once"), "phone": "01012345678"}
    assert client.post("/ar/my/login", data={**data, "national_id": NATIONAL_ID}).status_code == 200
    assert client.post("/ar/my/login", data={**data, "national_id": NATIONAL_ID}).status_code == 200  # pressed twice
    corrected = client.post("/ar/my/login", data={**data, "national_id": "29001011234566"})
    assert corrected.status_code == 422 and 'name="national_id"' in corrected.text
    assert hidden(corrected.text, "once") != data["once"]


def applying(service: CitizensService) -> Applicant:
    """Somebody who is logged in and begins an application."""
    service.answers |= {name: answer for name, answer in Keeping().answers.items() if name not in service.answers}
    service.of_citizen()
    client = client_of(service)
    client.set_cookie(CITIZEN_COOKIE, TOKEN)
    return Applicant(service, client=client)


def test_what_the_account_knows_need_not_be_typed(service: CitizensService) -> None:
    applicant = applying(service)
    assert re.search(r'value="citizen"[^>]*checked', applicant.go("kind").text)
    assert NATIONAL_ID in applicant.go("person").text
    assert 'name="applicant/phone"' in applicant.go("contact").text
    assert re.search(r'id="applicant-phone"[^>]*value="[^"]*1012345678"', applicant.page.text)


def test_a_session_that_ended_before_anything_was_kept_is_said_once(service: CitizensService) -> None:
    """Nothing that was typed is lost, and nothing begins without the account unnoticed."""
    applicant = applying(service)
    applicant.go("kind")
    service.citizens.clear()
    lost = applicant.post({"applicant/kind": "company"})
    assert lost.status_code == 422 and "انتهت مدة دخولك" in lost.text
    assert re.search(r'value="company"[^>]*checked', lost.text)
    applicant.post({"applicant/kind": "company"})
    assert applicant.page.status_code == 200 and applicant.at == "person"


def test_what_was_begun_in_an_account_is_shown_and_sent_in_it_only(service: CitizensService) -> None:
    applicant = applying(service)
    applicant.fill(SHOP, until="place", start="kind")
    sessions = dict(service.citizens)
    service.citizens.clear()
    lost = applicant.post({"unit": "EG-C-01"})
    assert lost.status_code == 401 and "/ar/my/login" in lost.text and "محمود" not in lost.text
    assert applicant.go("person").status_code == 401 and NATIONAL_ID not in applicant.page.text
    service.citizens.update(sessions)
    assert re.search(r'value="EG-C-01" selected', applicant.go("place").text)  # typed when the session had ended


def test_logging_out_leaves_no_draft_in_the_browser(service: CitizensService) -> None:
    applicant = applying(service)
    applicant.fill(SHOP, until="place", start="kind")
    assert applicant.client.get_cookie(DRAFTS_COOKIE)
    applicant.client.post("/ar/my/logout", data={"csrf": hidden(applicant.page.text, "csrf")})
    assert not applicant.client.get_cookie(DRAFTS_COOKIE)


# -- the clerk -------------------------------------------------------------------------------------------------------


def binding(client: FlaskClient, **changes: str) -> Any:
    page = client.get("/ar/staff/bindings").get_data(as_text=True)
    data = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "national_id": NATIONAL_ID,
            "phone": "01012345678", "language": "en"}  # fmt: skip
    return client.post("/ar/staff/bindings", data={**data, **changes})


def test_a_clerk_binds_by_the_code_that_the_citizen_reads_out(service: CitizensService) -> None:
    client = client_of(service, service.log_in("window_clerk"))
    text = binding(client).get_data(as_text=True)
    assert service.called[-1].payload == {
        "purpose": "bind", "phone": PHONE, "source": "account:account:window_clerk", "language": "en"}
    assert NATIONAL_ID not in text
    done = client.post("/ar/staff/bindings/code", data={
        "csrf": hidden(text, "csrf"), "once": hidden(text, "once"), "asked": hidden(text, "asked"), "code": "482915"})
    assert done.status_code == 200 and "رُبط الهاتف" in done.get_data(as_text=True)
    assert "citizen.bound" in service.audited


def test_who_would_give_way_is_said_and_nothing_is_sent(service: CitizensService) -> None:
    client = client_of(service, service.log_in("window_clerk"))
    other = service.privacy.lookup("+201112345678", citizens.PHONE)
    mine = service.privacy.lookup(citizens.number_value("national_id", NATIONAL_ID), citizens.NUMBER)
    service.bound = [SimpleNamespace(id=TASK_ID, number_key=mine, phone_key=other)]
    answer = binding(client)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "مربوط بهاتف آخر" in text and "<details" in text
    assert service.called == []
    assert binding(client, reason="قصير").status_code == 422
    assert service.called == []
    assert binding(client, reason="فقد الشريحة وأبرز البطاقة").status_code == 200


def test_numbers_are_read_with_every_fault_at_once() -> None:
    assert citizens.read({"passport": "a 1234567", "phone": "٠١٠١٢٣٤٥٦٧٨"}) == citizens.Person(
        "passport", "A1234567", PHONE)
    for given, faults in (({}, {"card_one_of", "phone_invalid"}),
                          ({"national_id": NATIONAL_ID, "passport": "A1234567", "phone": PHONE}, {"card_one_of"}),
                          ({"national_id": "3", "phone": "5"}, {"national_id_length", "phone_invalid"})):
        with pytest.raises(Refusal) as refused:
            citizens.read(given)
        assert {fault.code for fault in refused.value.faults} == faults
