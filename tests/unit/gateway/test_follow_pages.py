"""The page of a followed request: who has it, until when, why the count stands, what is to be done, what comes next."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.unit.gateway.followed import BILL, LODGED, entry, opened, timeline
from tests.unit.gateway.ground import NUMBER, Service, client_of, csrf_of

PAGE = f"/en/follow/{NUMBER}"
HTMX = {"HX-Request": "true"}
STOPPED = {"due_on": None, "clock": "stopped", "days_left": 12}


def shown(found: dict[str, Any], bills: list[dict[str, Any]] | None = None, path: str = PAGE) -> str:
    _, client = opened(found, bills)
    page: str = client.get(path).get_data(as_text=True)
    return " ".join(page.split())


def test_it_says_with_whom_it_is_and_until_which_day_of_the_week() -> None:
    found = timeline(department="survey", due_on="2025-03-04")
    page = shown(found)
    assert "With the Survey department now" in page and "Due by law on Tuesday 4 March 2025" in page
    assert "There is nothing for you to do now" in page
    arabic = shown(found, path=f"/ar/follow/{NUMBER}")
    assert "الطلب الآن عند إدارة المساحة" in arabic and "الثلاثاء 4 مارس 2025" in arabic


@pytest.mark.parametrize(("kind", "state", "more", "why"), [
    ("payment", "awaiting_inspection_fee", {}, "because the fee is not paid yet"),
    ("applicant", "completion", {}, "because we wait for what you were asked to complete"),
    ("task", "decision", {}, "because of the stage:"),
])  # fmt: skip
def test_it_says_since_when_and_why_the_count_stands_still(kind: str, state: str, more: Any, why: str) -> None:
    stands = [{"from": "2025-02-13", "to": None, "clock": "stopped", "why": state}]
    page = shown(timeline(state=state, state_kind=kind, deadline=stands, **STOPPED, **more))
    assert "The count has stood still since Thursday 13 February 2025" in page and why in page
    assert "Left of the legal period: 12 days" in page


def test_a_count_that_runs_again_is_not_said_to_stand() -> None:
    again = [{"from": "2026-02-01", "to": "2026-02-12", "clock": "stopped", "why": "x"},
             {"from": "2026-02-12", "to": None, "clock": "running", "why": "document_review"}]  # fmt: skip
    assert "stood still" not in shown(timeline(deadline=again))


def test_several_departments_at_once_are_all_named_while_they_work() -> None:
    branches = [{"code": code, "name": {"ar": code, "en": code.title()}, "department": code, "body": None,
                 "done": code == "survey"} for code in ("survey", "roads", "health")]  # fmt: skip
    page = shown(timeline(state_kind="parallel", department=None, branches=branches))
    assert "With several departments at once: Roads department, Health inspection department" in page
    assert page.count("at work") >= 2 and "done" in page


def test_what_is_to_be_done_comes_before_what_happened() -> None:
    page = shown(timeline(state="awaiting_inspection_fee", state_kind="payment", department=None, **STOPPED), [BILL])
    assert page.index("What you must do now") < page.index("What happened")
    assert "To pay: EGP" in page or "To pay: 150.00" in page
    assert "There is nothing for you to do now" not in page


def test_the_steps_ahead_are_those_of_the_version_it_was_lodged_under() -> None:
    page = shown(timeline())
    ahead = re.findall(r'<li class="ahead">(?:<em>[^<]+</em>)?<strong>([^<]+)</strong>', page)
    assert len(ahead) >= 3 and "Inspection of the shop" in ahead[0] and "paid" not in ahead
    ended = timeline(state_kind="end", outcome="rejected", clock="ended", due_on=None)
    assert 'class="ahead"' not in shown(ended)


def test_a_long_path_keeps_its_earlier_steps_folded() -> None:
    entries = [entry("document_review", "task", LODGED) for _ in range(9)]
    page = shown(timeline(entries=entries))
    assert "Earlier steps (5)" in page and page.count("<time") == 9


def test_a_complaint_is_shown_with_the_day_of_its_answer() -> None:
    told = {"complaint_number": "K-C-2026-000001-T", "kind": "delay", "state": "open", "made_at": LODGED,
            "due_on": "2025-03-09", "before": "centre_manager", "late": False, "upheld": None}  # fmt: skip
    page = shown(timeline(complaints=[told]))
    assert "K-C-2026-000001-T" in page and "Answer due: Sunday 9 March 2025" in page


def test_what_is_late_says_so_and_where_to_complain() -> None:
    page = shown(timeline(late=True))
    assert "Past its legal date" in page and f"/en/follow/{NUMBER}/complaints" in page


# -- news without a reload -------------------------------------------------------------------------------------------


def poll(client: Any, page: str) -> Any:
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found is not None
    return client.get(found[1].replace("&amp;", "&"), headers=HTMX)


def test_an_open_page_is_answered_only_what_changed() -> None:
    service, client = opened()
    page = client.get(PAGE).get_data(as_text=True)
    assert poll(client, page).status_code == 204
    service.answers["requests.timeline"] = timeline(state="inspection", department="engineering")
    part = poll(client, page)
    text = part.get_data(as_text=True)
    assert part.status_code == 200 and "Engineering department" in text and "<html" not in text
    assert poll(client, text).status_code == 204


def test_it_stops_asking_after_a_while_and_when_all_is_over() -> None:
    service, client = opened()
    long_ago = int(time.time()) - 3600
    stopped = client.get(f"{PAGE}?since={long_ago}&seen=x", headers=HTMX)
    assert stopped.status_code == 286 and "hx-get" not in stopped.get_data(as_text=True)
    service.answers["requests.timeline"] = timeline(state_kind="end", outcome="approved", clock="ended")
    assert "hx-get" not in client.get(PAGE).get_data(as_text=True)


def test_after_the_half_hour_an_open_page_is_told_so_and_shows_nothing() -> None:
    _, client = opened()
    client.delete_cookie("shubbak_follow")
    told = client.get(f"{PAGE}?since=1&seen=x", headers=HTMX)
    text = told.get_data(as_text=True)
    assert told.status_code == 286 and "Half an hour has passed" in text and "Licensing" not in text
    assert client.get(PAGE).status_code == 303


def test_both_empty_fields_of_the_inquiry_are_told_at_once() -> None:
    service = Service()
    client = client_of(service)
    answer = client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": "", "phone_last4": ""})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="tracking_number-wrong-1"' in page and 'id="phone_last4-wrong-1"' in page
    assert service.called == []


def test_what_the_device_may_keep_names_nobody() -> None:
    """number, texts and time stand in data attributes for device.js; nothing else does."""
    page = shown(timeline())
    [kept] = re.findall(r'<div id="now"[^>]*>', page)
    assert set(re.findall(r"data-([\w-]+)=", kept)) == {
        "number", "service", "state", "who", "due", "stopped", "as-of", "at"}
    assert not re.search(r"(?<!\w)5678(?!\w)", page)  # a form's token may have them within
