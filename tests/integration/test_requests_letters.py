"""Letters to bodies outside over a real database: written when the file comes to them, sent, answered, gone on."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.errors import Conflict
from contracts import requests_outputs as language
from contracts.definition import load_definition
from contracts.requests_intake import Withdraw
from rules import licence as rule
from rules import numbering
from rules.refusal import Refusal
from services.requests import document, inquiry, letters, licences
from tests.support.branching import CODE, DESKS, REVIEWER, branching
from tests.support.requests_ground import HEAD, LAST4, NAME, Ground

TEXT = {"ar": "إلى {body}: {applicant} يطلب {shop_name}، رقمنا {number}.", "en": "{body} {applicant} {number}"}


def written() -> dict[str, Any]:
    """The branching service, without papers, its letter with a text of its own that names the applicant."""
    base = branching()
    body = {**base["external_bodies"][0], "letter": "ask"}
    return load_definition({**base, "documents": [], "external_bodies": [body],
                            "templates": [*base["templates"], {"code": "ask", "blocks": [{"text": TEXT}]}]})


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish({**branching(), "documents": []})
    made.publish({**written(), "code": "written"})
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    opened.fresh()
    said: list[dict[str, Any]] = []

    def render(shown: dict[str, Any], output: dict[str, Any]) -> tuple[bytes, str]:
        said.append(shown)
        return shown["blocks"][0]["text"]["ar"].encode(), document.HTML

    monkeypatch.setattr(document, "render", render)
    opened.drawn = said  # type: ignore[attr-defined]
    return opened


def asked(ground: Ground, service: str = CODE) -> dict[str, Any]:
    """A request that came to the body outside; answers the task of whoever writes to it."""
    ground.submit(ground.application(papers=(), service_code=service))
    ground.do(REVIEWER, "send_out")
    for actor in DESKS.values():
        ground.do(actor, "agree", inputs={"opinion": "لا مانع"})
    task = ground.next(REVIEWER)
    assert task is not None
    return task


def draw(ground: Ground) -> bool:
    return bool(ground.attempt(letters.draw_next))


def letter(ground: Ground, task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ground.attempt(lambda work: letters.of_task(work, UUID(task["task_id"])), REVIEWER)
    return found


def send(ground: Ground, task: dict[str, Any], actor: Any = REVIEWER, **more: Any) -> dict[str, Any]:
    body = load(language.SendLetter(), {"task_id": task["task_id"], "how": "hand", **more})
    answer: dict[str, Any] = ground.attempt(lambda work: letters.send(work, body), actor)
    return answer


def answer(ground: Ground, task: dict[str, Any], on: str = "2026-03-04", action: str = "answered",
           **more: Any) -> dict[str, Any]:
    body = load(language.AnswerLetter(), {
        "task_id": task["task_id"], "answered_on": on, "act": {"task_id": task["task_id"], "action": action}, **more})
    found: dict[str, Any] = ground.attempt(lambda work: letters.answer(work, body), REVIEWER)
    return found


def test_the_letter_is_numbered_signed_and_opened_by_who_holds_the_task(ground: Ground) -> None:
    task = asked(ground)
    with pytest.raises(Refusal, match="letter_not_ready"):
        letter(ground, task)
    assert (draw(ground), draw(ground)) == (True, False)
    found = letter(ground, task)
    assert found["number"].startswith("L-C-2026-")
    said = base64.b64decode(found["content"]).decode()
    assert "الحماية المدنية" in said and found["number"] in said and NAME not in said
    qr = ground.drawn[0]["qr"]  # type: ignore[attr-defined]
    keys = {one: rule.public_key(raw) for one, raw in licences.public_keys(ground.unit_of_work()).items()}
    assert rule.verify(qr, keys).serial == found["number"]
    assert len(ground.audited("letter.read")) == 1
    with pytest.raises(Refusal, match="task_unknown"):
        ground.attempt(lambda work: letters.of_task(work, UUID(task["task_id"])), HEAD)


def test_a_text_that_names_the_applicant_is_an_unmasking_when_opened(ground: Ground) -> None:
    task = asked(ground, "written")
    draw(ground)
    assert NAME in base64.b64decode(letter(ground, task)["content"]).decode()
    assert len(ground.audited("letter.unmask")) == 1
    assert NAME not in str(ground.rows("SELECT to_jsonb(letter)::text FROM letter"))


def test_the_answer_is_recorded_with_its_date_and_paper_and_takes_the_request_on(ground: Ground) -> None:
    task = asked(ground)
    draw(ground)
    send(ground, task, reference="صادر 118")
    ground.wait(days=3)
    paper = ground.upload()
    moved = answer(ground, task, document_id=paper, reference="وارد 31", note="لا مانع لديهم")
    assert (moved["state"], moved["letter"]["status"], moved["letter"]["answered_on"]) == (
        "decision", "answered", "2026-03-04")
    [row] = ground.rows("SELECT * FROM letter")
    assert (row.sent_on, row.answered_on, str(row.answer_document)) == (date(2026, 3, 1), date(2026, 3, 4), paper)
    [kept] = ground.rows("SELECT request_id, code FROM document")
    assert (kept.request_id, kept.code) == (row.request_id, "answer-civil-defence")
    assert [(event.sequence, event.data["status"]) for event in ground.events(row.id)] == [
        (1, "drafted"), (2, "sent"), (3, "answered")]
    assert "لا مانع لديهم" not in str(row)


@pytest.mark.parametrize(("on", "code"), [("2026-02-28", "letter_date_unsound"), ("2026-03-05", "letter_date_unsound")])
def test_an_answer_from_before_the_letter_or_from_tomorrow_changes_nothing(ground: Ground, on: str, code: str) -> None:
    task = asked(ground)
    draw(ground)
    send(ground, task)
    ground.wait(days=3)
    before = ground.counts()
    with pytest.raises(Refusal, match=code):
        answer(ground, task, on=on)
    assert ground.counts() == before


def test_no_answer_before_the_letter_went_out_and_none_sent_twice(ground: Ground) -> None:
    task = asked(ground)
    with pytest.raises(Refusal, match="letter_not_ready"):
        send(ground, task)
    draw(ground)
    with pytest.raises(Refusal, match="letter_not_sent"):
        answer(ground, task, on="2026-03-01")
    send(ground, task)
    with pytest.raises(Refusal, match="letter_sent_before"):
        send(ground, task)


def test_a_wrong_action_leaves_the_letter_as_it_was(ground: Ground) -> None:
    task = asked(ground)
    draw(ground)
    send(ground, task)
    with pytest.raises(Refusal, match="action_unknown"):
        answer(ground, task, on="2026-03-01", action="nonsense")
    with pytest.raises(Refusal, match="document_unknown"):
        answer(ground, task, on="2026-03-01", document_id="01980c5e-7c00-7000-8000-000000000009")
    assert ground.rows("SELECT status FROM letter")[0].status == "sent"


def test_of_two_who_send_at_once_one_is_recorded(ground: Ground) -> None:
    task = asked(ground)
    draw(ground)

    def tried(_: int) -> bool:
        try:
            send(ground, task)
        except (Refusal, Conflict):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tried, range(4))) == 1


def test_a_task_that_asks_nobody_has_no_letter(ground: Ground) -> None:
    ground.submit(ground.application(papers=(), service_code=CODE))
    task = ground.next(REVIEWER)
    assert task is not None
    with pytest.raises(Refusal, match="letter_unknown"):
        send(ground, task)


def test_what_cannot_be_drawn_is_put_off(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(ground)
    drawn = document.render
    monkeypatch.setattr(document, "render", lambda *_: (_ for _ in ()).throw(ValueError("no such glyph")))
    assert (draw(ground), draw(ground)) == (True, False)
    monkeypatch.setattr(document, "render", drawn)
    ground.wait(seconds=31)
    assert draw(ground) is True
    assert ground.rows("SELECT number FROM letter")[0].number


def verified(ground: Ground, number: str) -> dict[str, Any]:
    found: dict[str, Any] = letters.verification(ground.unit_of_work(PUBLIC), number)
    return found


def test_anybody_verifies_a_letter_by_its_number_and_learns_nobodys_name(ground: Ground) -> None:
    task = asked(ground, "written")
    draw(ground)
    number = ground.rows("SELECT number FROM letter")[0].number
    waiting = verified(ground, number.lower().replace("-", " "))
    assert (waiting["number"], waiting["status"], waiting["sent_on"]) == (number, "valid", None)
    request = ground.rows("SELECT id, tracking_number FROM request")[0]
    for hidden in (NAME, str(request.id), request.tracking_number):
        assert hidden not in str(waiting)
    send(ground, task)
    assert verified(ground, number)["sent_on"] == "2026-03-01"
    ground.wait(days=3)
    answer(ground, task)
    assert (verified(ground, number)["status"], verified(ground, number)["answered_on"]) == ("answered", "2026-03-04")


def test_a_letter_of_a_request_that_was_taken_back_says_so(ground: Ground) -> None:
    asked(ground)
    draw(ground)
    row = ground.rows("SELECT number, tracking_number FROM letter JOIN request ON request.id = request_id")[0]
    body = load(Withdraw(), {"tracking_number": row.tracking_number, "phone_last4": LAST4})
    ground.attempt(lambda work: inquiry.withdraw(work, body), PUBLIC)
    assert verified(ground, row.number)["status"] == "withdrawn"


def test_a_request_that_went_on_without_an_answer_no_longer_awaits_one(ground: Ground) -> None:
    task = asked(ground)
    draw(ground)
    number = ground.rows("SELECT number FROM letter")[0].number
    assert verified(ground, number)["status"] == "valid"
    ground.act(REVIEWER, task, "answered")
    assert verified(ground, number)["status"] == "closed"


@pytest.mark.parametrize(("number", "code"), [
    ("L-C-2026-000001-0", "letter_number_malformed"), ("nonsense", "letter_number_malformed"),
    (numbering.letter_number("EG-C", 2026, 999_999), "letter_number_unknown")])
def test_what_is_no_letter_is_refused(ground: Ground, number: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        verified(ground, number)


def test_the_printed_code_leads_to_the_public_page_and_proves_itself_without_it(ground: Ground) -> None:
    ground.settings.environ["SHUBBAK_PUBLIC_URL"] = "https://node.example/"  # type: ignore[index]
    try:
        asked(ground)
        draw(ground)
    finally:
        del ground.settings.environ["SHUBBAK_PUBLIC_URL"]  # type: ignore[attr-defined]
    link, _, signed = ground.drawn[-1]["link"].partition("#")  # type: ignore[attr-defined]
    number = ground.rows("SELECT number FROM letter")[0].number
    assert link == f"https://node.example/verify/{number}"
    keys = licences.verifying_keys(ground.unit_of_work())
    assert rule.verify(signed, keys).serial == number
