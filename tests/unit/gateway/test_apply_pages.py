"""Applying page by page: what is asked when, what is kept, what is said, what is sent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules.refusal import Fault, Refusal
from services.gateway.web.caller import STAFF_COOKIE
from tests.unit.gateway.applicants import CITIZEN, SHOP, Applicant, Keeping
from tests.unit.gateway.ground import NUMBER, client_of, hidden

WAY = ["kind", "person", "contact", "place", "q-shop_name", "q-activity", "q-address", "q-area_m2", "q-workers",
       "q-tenure", "q-notes", "d-id_copy", "d-lease_contract", "d-engineering_drawing"]  # fmt: skip


def test_a_citizen_is_asked_one_thing_a_page_checks_and_sends() -> None:
    service = Keeping()
    applicant = Applicant(service)
    assert "/apply/kind" in applicant.page.text and "لم يبدأ" in applicant.page.text
    assert applicant.fill(SHOP) == WAY
    for told in ("محمود حسن", "28503150101232", "بقالة", "id.pdf", "lease.pdf", "150.00", "لم يُرفع"):
        assert told in applicant.page.text, told
    sent = applicant.send()
    assert sent.status_code == 303 and sent.location.endswith(f"/follow/{NUMBER}/received")
    [body] = service.sent("requests.submit")
    assert body["unit"] == "EG-C-01" and body["channel"] == "portal" and body["applicant"]["kind"] == "citizen"
    assert body["answers"] == {"shop_name": "بقالة", "activity": "retail", "address": "12 شارع", "area_m2": "45",
                               "workers": 3, "tenure": "leased"}  # fmt: skip
    assert [one["code"] for one in body["documents"]] == ["id_copy", "lease_contract"]
    assert service.drafts == {}  # lodged, so nothing is kept beside it


def test_a_question_comes_and_goes_with_the_answer_that_it_hangs_on() -> None:
    service = Keeping()
    applicant = Applicant(service)
    cafe = {**SHOP, "answers/activity": "cafe", "answers/shisha": "true"}
    assert "q-shisha" in applicant.fill(cafe)
    assert "2,500.00" in applicant.page.text  # the fee of the shisha permit, before anything is lodged
    applicant.go("q-activity?from=check")
    applicant.post({"answers/activity": "retail"})
    assert applicant.at == "check" and "2,500.00" not in applicant.page.text
    applicant.send()
    assert "shisha" not in service.sent("requests.submit")[0]["answers"]


def test_a_changed_answer_leads_to_what_it_newly_asks_for_and_then_back_to_the_check() -> None:
    applicant = Applicant(Keeping())
    applicant.fill(SHOP)
    applicant.go("q-tenure?from=check")
    assert "/apply/check" in re.search(r'class="back" href="([^"]+)"', applicant.page.text)[1]  # type: ignore[index]
    applicant.post({"answers/tenure": "owned"})
    assert applicant.at == "d-ownership_contract"
    applicant.post({"documents/ownership_contract": "deed.pdf"})
    assert applicant.at == "check" and "deed.pdf" in applicant.page.text and "lease.pdf" not in applicant.page.text


def test_nothing_is_checked_before_everything_was_asked() -> None:
    applicant = Applicant(Keeping())
    applicant.fill(SHOP, until="q-workers")
    applicant.go("check")
    assert applicant.at == "apply" and "بعد إكمال ما سبق" in applicant.page.text
    assert "/apply/q-workers" in applicant.page.text


def test_faults_come_all_at_once_with_a_summary_and_what_was_typed_stays() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP, until="contact")
    refused = applicant.post({"applicant/phone": "123", "applicant/email": "nobody"})
    assert refused.status_code == 422
    links = re.findall(r'<li><a href="#([\w-]+)">', refused.text)
    assert links == ["applicant-phone", "applicant-email"]
    assert all(f'id="{link}"' in refused.text for link in links)
    assert 'value="123"' in refused.text and refused.text.count('aria-invalid="true"') == 2
    assert "تصحيح:" in re.search(r"<title>(.*?)</title>", refused.text, re.S)[1]  # type: ignore[index]
    again = applicant.go("contact")  # the page was closed, and is opened again
    assert 'value="123"' in again.text and 'value="nobody"' in again.text
    assert "يحتاج تصحيحاً" in applicant.go("").text


@pytest.mark.parametrize(("kind", "values", "pages", "sent"), [
    ("company", {"applicant/company/name": "شركة النور", "applicant/company/commercial_register": "1234",
                 "applicant/company/tax_number": "331-105-268"}, ["company"],
     {"company": {"name": "شركة النور", "commercial_register": "1234", "tax_number": "331-105-268"}}),
    ("attorney", {"applicant/power_of_attorney/number": "12 أ", "applicant/power_of_attorney/office": "توثيق الزيتون",
                  "applicant/power_of_attorney/year": "٢٠٢٤", "applicant/principal/name": "سمير فهمي",
                  "applicant/principal/passport": "A1234567"}, ["power_of_attorney", "principal"],
     {"power_of_attorney": {"number": "12 أ", "office": "توثيق الزيتون", "year": 2024},
      "principal": {"name": "سمير فهمي", "national_id": None, "passport": "A1234567", "commercial_register": None}}),
    ("heirs", {"applicant/deceased/name": "حسن علي", "applicant/deceased/died_on": "2024-05-01",
               "applicant/inheritance/number": "77", "applicant/inheritance/court": "محكمة الزيتون",
               "applicant/inheritance/year": "2024", "applicant/heirs/0/name": "محمود حسن",
               "applicant/heirs/1/name": "هدى ، حسن", "applicant/heirs/1/national_id": "29001011234567"},
     ["deceased", "inheritance", "heirs"],
     {"deceased": {"name": "حسن علي", "died_on": "2024-05-01"},
      "inheritance": {"number": "77", "court": "محكمة الزيتون", "year": 2024},
      "heirs": [{"name": "محمود حسن", "national_id": None}, {"name": "هدى حسن", "national_id": "29001011234567"}]}),
    ("foreigner", {"applicant/passport": "P7654321", "applicant/nationality": "SD"}, [],
     {"passport": "P7654321", "nationality": "SD"}),
])  # fmt: skip
def test_each_kind_of_applicant_is_asked_what_concerns_it(
    kind: str, values: dict[str, str], pages: list[str], sent: dict[str, Any]
) -> None:
    service = Keeping()
    applicant = Applicant(service)
    passed = applicant.fill({**SHOP, **values, "applicant/kind": kind})
    assert passed[: 3 + len(pages)] == ["kind", "person", *pages, "contact"]
    applicant.send()
    lodged = service.sent("requests.submit")[0]["applicant"]
    assert lodged["kind"] == kind and {name: lodged[name] for name in sent} == sent
    assert ("national_id" in lodged) is (kind != "foreigner")


def test_heirs_are_named_one_by_one_and_as_many_as_there_are() -> None:
    service = Keeping()
    applicant = Applicant(service)
    deed = {"applicant/deceased/name": "حسن علي", "applicant/inheritance/number": "77",
            "applicant/inheritance/year": "2024", "applicant/inheritance/court": "محكمة الزيتون"}  # fmt: skip
    applicant.fill({**SHOP, **deed, "applicant/kind": "heirs"}, until="heirs")
    nobody = applicant.post({})
    assert nobody.status_code == 422 and 'href="#applicant-heirs"' in nobody.text
    first = {"applicant/heirs/0/name": "محمود حسن", "applicant/heirs/1/name": "هدى حسن"}
    applicant.post(first, more="1")
    assert applicant.at == "heirs" and "applicant/heirs/3/name" in applicant.names(), applicant.page.text
    assert 'value="هدى حسن"' in applicant.page.text
    wrong = {**first, "applicant/heirs/1/national_id": "29001011", "applicant/heirs/2/national_id": "29001011234567"}
    refused = applicant.post(wrong)
    assert refused.status_code == 422
    assert re.findall(r'<li><a href="#([\w-]+)">', refused.text) == [
        "applicant-heirs-1-national_id", "applicant-heirs-2-name"]
    assert "وارث 2: الرقم القومي" in refused.text and 'value="29001011"' in refused.text
    applicant.post({**first, "applicant/heirs/3/name": "سعاد حسن"})
    assert applicant.at == "contact"
    lines = next(iter(service.drafts.values()))["draft"]["applicant"]["heirs"].splitlines()
    assert lines == ["محمود حسن", "هدى حسن", "سعاد حسن"]


def test_what_is_wrong_with_a_document_is_said_on_its_page() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP, until="d-id_copy")
    missing = applicant.post({})
    assert missing.status_code == 422 and "documents-id_copy" in missing.text
    service.answers["requests.add_document"] = Refusal(Fault("document_type_refused", "content"))
    refused = applicant.post({"documents/id_copy": "letter.docx"})
    assert refused.status_code == 422 and 'href="#documents-id_copy"' in refused.text


def test_a_document_can_be_taken_away_again_and_replaced() -> None:
    applicant = Applicant(Keeping())
    applicant.fill(SHOP)
    applicant.go("d-id_copy")
    assert "id.pdf" in applicant.page.text
    applicant.post({}, remove="1")
    assert applicant.at == "d-id_copy" and "id.pdf" not in applicant.page.text
    applicant.post({"documents/id_copy": "other.pdf"})
    assert "other.pdf" in applicant.go("check").text


def test_a_document_asks_for_the_types_that_the_service_takes_and_for_a_photo_where_one_is_taken() -> None:
    service = Keeping()
    [one] = [found for found in service.definitions if found.code == "shop-licence"]
    first, *others = one.document["documents"]
    one.document = {**one.document, "documents": [{**first, "accepts": ["application/pdf"]}, *others]}
    applicant = Applicant(service)
    page = applicant.go(f"d-{first['code']}").text
    assert f'name="documents/{first["code"]}" type="file" accept="application/pdf"' in page and "capture" not in page
    page = applicant.go("d-engineering_drawing").text
    assert 'name="photo" type="file" accept="image/*" capture="environment"' in page


def test_sending_twice_is_one_command_and_the_digits_stay_out_of_the_address() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP)
    first, second = applicant.send(), applicant.send()
    assert first.location == second.location and "5678" not in first.location
    lodged = [call for call in service.called if call.method == "requests.submit"]
    assert lodged[0].command_id == lodged[1].command_id and lodged[0].payload == lodged[1].payload
    service.answers["requests.timeline"] = {"tracking_number": NUMBER}
    applicant.client.get(f"/ar/follow/{NUMBER}")
    assert service.called[-1].payload["phone_last4"] == "5678"


def test_what_is_refused_at_the_last_is_said_on_the_check_and_leads_to_its_page() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP)
    service.answers["requests.submit"] = Refusal([Fault("document_infected", "documents/id_copy")])
    refused = applicant.send()
    assert refused.status_code == 422 and 'href="#documents-id_copy"' in refused.text
    row = re.search(r'<div id="documents-id_copy".*?</div>', refused.text, re.S)
    assert row is not None and "/apply/d-id_copy?from=check" in row[0]
    service.answers["requests.submit"] = {"tracking_number": NUMBER}
    applicant.page = refused
    assert applicant.send().status_code == 303


def test_what_renews_a_licence_costs_what_the_register_says_and_an_unknown_licence_is_said_before_sending() -> None:
    service = Keeping()
    renewal = next(row.document for row in service.definitions if row.code == "shop-renewal")
    values = {**CITIZEN, **{f"answers/{name}": str(value) for name, value in renewal["examples"][0]["answers"].items()},
              **{f"documents/{one['code']}": "paper.pdf" for one in renewal["documents"]}}  # fmt: skip
    charge = {"code": "late", "name": {"ar": "رسم تأخير", "en": "Late"}, "account": "1", "amount": 12300}
    service.answers["requests.quote"] = {"complete": True, "total": 12300, "stages": [
        {"stage": "final", "name": {"ar": "الرسوم", "en": "Fees"}, "charges": [charge], "total": 12300, "missing": []}]}
    applicant = Applicant(service, "shop-renewal")
    applicant.fill(values)
    assert "رسم تأخير" in applicant.page.text and "123.00" in applicant.page.text
    field = f"answers/{renewal['supersedes']['answer']}"
    service.answers["requests.quote"] = Refusal([Fault("licence_unknown", field)])
    refused = applicant.go("check").text
    assert f'href="#{field.replace("/", "-")}"' in refused and "/apply/send" not in refused


def test_a_changed_or_foreign_checked_draft_is_not_sent() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP)
    for draft in ("v1.AAAA", "", hidden(applicant.page.text, "csrf")):
        answer = applicant.client.post(applicant.path + "/send", data={
            "csrf": hidden(applicant.page.text, "csrf"), "draft": draft})  # fmt: skip
        assert answer.status_code == 303 and answer.location.endswith("/apply/check")
    other = applicant.path.replace("shop-licence", "shop-renewal")
    sealed = {"csrf": hidden(applicant.page.text, "csrf"), "draft": hidden(applicant.page.text, "draft")}
    assert applicant.client.post(other + "/send", data=sealed).location.endswith("/apply/check")
    assert service.sent("requests.submit") == []


# -- the draft ---------------------------------------------------------------------------------------------------------


def test_the_browser_is_closed_and_the_draft_is_as_it_was_left() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP, until="q-workers")
    again = Applicant(service, client=applicant.client)  # the cookie is all that is left
    assert "محفوظ حتى" in again.page.text and "أكمل من حيث توقفت" in again.page.text
    assert again.fill(SHOP, start="q-workers") == WAY[WAY.index("q-workers"):]
    stranger = Applicant(service)
    assert "محفوظ حتى" not in stranger.page.text and "بقالة" not in stranger.go("q-shop_name").text
    stranger.fill(SHOP, until="q-workers")
    assert len(service.drafts) == 2


def test_the_first_page_pressed_twice_begins_one_draft() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.go("kind")
    data = {"csrf": hidden(applicant.page.text, "csrf"), "once": hidden(applicant.page.text, "once"),
            "applicant/kind": "citizen"}  # fmt: skip
    other = client_of(service)
    for cookie in applicant.client._cookies.values():
        other.set_cookie(cookie.key, cookie.value)
    for client in (applicant.client, other):
        assert client.post(f"{applicant.path}/kind", data=data).status_code == 303
    commands = [one.command_id for one in service.called if one.method == "requests.save_draft"]
    assert len(commands) == 2 and len(set(commands)) == 1


def test_saved_for_later_it_is_taken_up_on_another_device_by_its_code() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP, until="contact")
    applicant.post({"applicant/phone": "12"}, save="1")  # not even sound yet
    assert applicant.at == "saved" and applicant.page.status_code == 200
    [token] = service.drafts
    assert token in applicant.page.text
    elsewhere = client_of(service)
    page = elsewhere.get("/ar/drafts").text
    data = {"csrf": hidden(page, "csrf"), "token": token.lower()}
    opened = elsewhere.post("/ar/drafts", data=data)
    assert opened.status_code == 303 and token not in opened.location
    there = Applicant(service, client=elsewhere)
    assert 'value="12"' in there.go("contact").text
    wrong = elsewhere.post("/ar/drafts", data={**data, "token": "nothing"})
    assert wrong.status_code == 422 and 'href="#token"' in wrong.text


def test_begun_anew_nothing_is_left() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP, until="place")
    page = applicant.go("").text
    answer = applicant.client.post(applicant.path + "/anew", data={"csrf": hidden(page, "csrf")})
    assert answer.status_code == 303 and service.drafts == {}
    assert "محمود حسن" not in applicant.go("person").text


def test_a_draft_whose_time_is_over_begins_anew() -> None:
    service = Keeping()
    applicant = Applicant(service)
    applicant.fill(SHOP, until="place")
    service.drafts.clear()
    assert "محفوظ حتى" not in applicant.go("").text
    assert applicant.go("person").status_code == 200 and "محمود حسن" not in applicant.page.text


def test_a_clerk_applies_for_the_own_unit_and_the_next_person_does_not_see_it() -> None:
    service = Keeping()
    clerk = Applicant(service, client=client_of(service, service.log_in("window_clerk")))
    assert '<option value="EG-C-01" selected>' in clerk.go("place").text
    clerk.fill(SHOP)
    clerk.client.delete_cookie(STAFF_COOKIE)
    for step in ("", "person", "check"):
        assert clerk.go(step).status_code == 401 and "محمود" not in clerk.page.text
        assert "/staff/login" in clerk.page.text
    clerk.client.set_cookie(STAFF_COOKIE, service.log_in("window_clerk"))
    clerk.go("check")
    assert clerk.send().status_code == 303
    [lodged] = [one for one in service.called if one.method == "requests.submit"]
    assert lodged.payload["channel"] == "centre" and lodged.actor.roles == ("window_clerk",)


def test_a_step_that_is_not_asked_leads_to_the_list() -> None:
    applicant = Applicant(Keeping())
    for step in ("q-shisha", "company", "nonsense"):
        assert applicant.go(step).status_code == 200 and applicant.at == "apply"


def test_in_english_all_is_said_in_english() -> None:
    applicant = Applicant(Keeping(), lang="en")
    applicant.fill({**SHOP, **CITIZEN})
    text = re.sub(r"<[^>]*>", " ", applicant.page.text)
    for told in ("Check before you send", "Trade name of the shop", "Not uploaded", "Inspection fee"):
        assert told in text
