"""An application taken in at the window: what is sent of what a clerk typed, what is kept, what is said back."""

from __future__ import annotations

import io
from copy import deepcopy
from typing import Any

import pytest

from rules.refusal import Fault, Refusal
from tests.support import papers
from tests.unit.gateway.ground import NUMBER, hidden
from tests.unit.gateway.window_ground import CARD, DESK, EARLIER, TURN, Window

ANSWERS = {
    "applicant/name": "محمود عبد الله", "applicant/phone": "01012345678", "applicant/kind": "citizen",
    "answers/shop_name": "بقالة", "answers/activity": "retail", "answers/address": "12 شارع سليم",
    "answers/area_m2": "45.5", "answers/workers": "3", "answers/tenure": "leased",
}  # fmt: skip
SHOWN = ["answers/shop_name", "answers/activity", "answers/address", "answers/area_m2", "answers/workers",
         "answers/tenure", "answers/notes", "documents/id_copy"]  # fmt: skip


def lodge(window: Window, form: str, **changes: Any) -> Any:
    return window.post(form, {**ANSWERS, "shown": SHOWN, "lodge": "1", **changes})


def attach(window: Window, form: str, *names: str, **changes: Any) -> Any:
    return window.post(form, {**ANSWERS, "shown": SHOWN, "attach": "1", "scans": scans(*names), **changes},
                       content_type="multipart/form-data")


def scans(*names: str) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(papers.ONE_PAGE + name.encode()), name) for name in names]


def test_an_application_begins_with_card_and_service_and_whoever_was_called_is_served() -> None:
    window = Window()
    form = window.form()
    [served] = window.sent("requests.serve_turn")
    assert served == {"turn_id": TURN["turn_id"], "window": "3"}
    [asked] = window.sent("requests.find")
    assert asked["national_id"] == CARD
    [kept] = window.drafts.values()
    assert kept["service_code"] == "shop-licence" and kept["draft"]["applicant"]["national_id"] == CARD
    assert CARD not in form and "A7" in window.client.get(form).get_data(as_text=True)


def test_pressing_twice_begins_one_application() -> None:
    window = Window()
    page = window.client.get(DESK).get_data(as_text=True)
    data = {"once": hidden(page, "once"), "turn_id": TURN["turn_id"], "card": CARD, "service": "shop-licence"}
    first, second = (window.post(DESK + "/person", data) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(set(window.commands("requests.save_draft"))) == 1


def test_what_the_person_has_lodged_before_is_shown_without_a_name_and_read_once() -> None:
    window = Window(known=[EARLIER])
    form = window.form()
    page = window.client.get(form).get_data(as_text=True)
    assert NUMBER in page and "لهذا المواطن طلب قائم" in page and "م*** ع***" not in page
    window.client.get(form)
    assert len(window.sent("requests.find")) == 1


@pytest.mark.parametrize(("typed", "field", "code"), [
    ({"card": ""}, "card", "field_required"), ({"card": "29913450101232"}, "card", "national_id"),
    ({"service": "zzzz"}, "service", "window_service_unknown"), ({"service": "shop"}, "service", "window_service_open"),
])  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    typed: dict[str, str], field: str, code: str
) -> None:
    window = Window()
    answer = window.begin(**typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and f'id="{field}-wrong-1"' in page, code
    assert not window.drafts and not window.sent("requests.serve_turn")
    assert f'value="{typed[field]}"' in page


def test_of_several_services_the_one_that_was_picked_is_meant() -> None:
    window = Window()
    answer = window.begin(service="shop", service_code="shop-renewal")
    assert answer.status_code == 303
    assert next(iter(window.drafts.values()))["service_code"] == "shop-renewal"


def test_a_post_office_is_offered_what_post_offices_take_in() -> None:
    window = Window(channel="post_office")
    page = window.client.get(DESK).get_data(as_text=True)
    assert "شباك مكتب البريد" in page and not window.sent("requests.turn_desk"), "it calls no tickets of the hall"
    found = window.client.get(DESK + "/services?q=shop").get_data(as_text=True)
    assert 'value="shop-licence"' in found
    guide = {row.code: row.document for row in window.service.definitions}
    elsewhere = next(code for code, body in guide.items() if "post_office" not in body["channels"])
    assert f'value="{elsewhere}"' not in window.client.get(f"{DESK}/services?q={elsewhere}").get_data(as_text=True)


def test_a_whole_application_is_lodged_linked_to_its_turn_and_its_draft_forgotten() -> None:
    window = Window()
    form = window.form()
    attach(window, form, "lease_contract.pdf", "scan1.pdf")
    answer = lodge(window, form)
    assert answer.status_code == 303 and answer.headers["Location"].startswith(f"{DESK}/lodged/{NUMBER}")
    [sent] = window.sent("requests.submit")
    assert (sent["channel"], sent["unit"], sent["applicant"]["national_id"]) == ("centre", "EG-C-01", CARD)
    assert {one["code"] for one in sent["documents"]} == {"id_copy", "lease_contract"}
    assert sent["answers"]["workers"] == 3
    [linked] = window.sent("requests.link_turn")
    assert linked == {"turn_id": TURN["turn_id"], "window": "3", "tracking_number": NUMBER}
    assert "visit=2" in answer.headers["Location"] and not window.drafts


def test_the_same_draft_sent_again_is_the_same_command() -> None:
    window = Window()
    form = window.form()
    attach(window, form, "id_copy.pdf", "lease_contract.pdf")
    [(token, kept)] = deepcopy(list(window.drafts.items()))
    cookie = window.client.get_cookie("shubbak_intakes")
    assert cookie is not None and lodge(window, form).status_code == 303
    window.drafts[token] = kept  # as if all had died after lodging, before the draft was dropped and the page answered
    window.client.set_cookie("shubbak_intakes", cookie.value)
    assert lodge(window, form).status_code == 303
    assert len(window.sent("requests.submit")) == 2 and len(set(window.commands("requests.submit"))) == 1
    assert window.sent("requests.submit")[0] == window.sent("requests.submit")[1]


def test_all_faults_are_told_at_once_and_everything_is_kept() -> None:
    window = Window()
    form = window.form()
    answer = lodge(window, form, **{"applicant/phone": "0101", "answers/area_m2": "many", "answers/shop_name": "النور"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("applicant-phone", "answers-area_m2"):
        assert f'id="{field}-wrong-1"' in page
    assert "مطلوباً" in page and 'value="النور"' in page and 'value="0101"' in page
    assert not window.sent("requests.submit")
    assert next(iter(window.drafts.values()))["draft"]["answers"]["area_m2"] == "many", "kept at the node as typed"


def test_what_an_answer_brings_up_is_asked_before_it_is_sent() -> None:
    window = Window()
    form = window.form()
    attach(window, form, "id_copy.pdf")
    answer = lodge(window, form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200 and "إجاباتك تستدعي" in page and 'id="documents-lease_contract"' in page
    assert not window.sent("requests.submit")


def test_the_fee_follows_the_answers() -> None:
    window = Window()
    form = window.form()
    page = window.post(form, {**ANSWERS, "shown": SHOWN, "look": "1"}).get_data(as_text=True)
    assert "150.00" in page


def test_scanned_files_find_their_kinds_by_name_or_by_what_is_missing_and_may_be_moved() -> None:
    window = Window()
    form = window.form()
    attach(window, form, "lease_contract.pdf", "scan7.pdf", "third.pdf")
    [kept] = window.drafts.values()
    assert {code: one["file_name"] for code, one in kept["draft"]["documents"].items()} == {
        "lease_contract": "lease_contract.pdf", "id_copy": "scan7.pdf"}
    [third] = kept["draft"]["scans"]
    answer = lodge(window, form)
    assert answer.status_code == 422 and "حدد أي مستند هذا الملف" in answer.get_data(as_text=True)
    swap = {f"scan/{third['document_id']}": "id_copy",
            f"scan/{kept['draft']['documents']['id_copy']['document_id']}": "-"}
    answer = lodge(window, form, **swap)
    assert answer.status_code == 303
    [sent] = window.sent("requests.submit")
    assert {one["code"]: one["document_id"] for one in sent["documents"]}["id_copy"] == third["document_id"]


def test_a_draft_of_somebody_else_and_one_that_is_gone_are_not_opened() -> None:
    window = Window()
    form = window.form()
    next(iter(window.drafts.values()))["draft"]["account"] = "staff:somebody-else"
    assert window.client.get(form).status_code == 303
    assert "لم يكتمل" not in window.client.get(DESK).get_data(as_text=True)
    window.drafts.clear()
    assert window.client.get(form).status_code == 303
    assert lodge(window, form).status_code == 403


def test_an_unfinished_application_is_found_on_the_desk_and_dropped_when_unwanted() -> None:
    window = Window()
    form = window.form()
    assert form in window.client.get(DESK).get_data(as_text=True)
    assert window.post(form, {"drop": "1"}).status_code == 303
    assert not window.drafts and form not in window.client.get(DESK).get_data(as_text=True)


def test_refusals_of_requests_are_shown_on_the_form() -> None:
    window = Window()
    form = window.form()
    attach(window, form, "id_copy.pdf", "lease_contract.pdf")
    window.service.answers["requests.submit"] = Refusal(Fault("idempotency_key_reused"))
    answer = lodge(window, form)
    assert answer.status_code == 422 and "سُجّل هذا الطلب من قبل" in answer.get_data(as_text=True)
    assert window.drafts
