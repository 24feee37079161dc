"""The pages of the guide's editor, with catalog played: what is typed is saved, faulty or not; nobody's work is written
over; what is wrong is told where it stands."""

from __future__ import annotations

import copy
import html
import re
from typing import Any

import orjson
import pytest

from contracts.definition import load_definition
from contracts.problems import describe
from rules.differences import differences
from rules.refusal import Refusal
from services.gateway import colleagues
from services.gateway.web.pages import editor_words
from services.gateway.web.pages.editor_parts import PARTS
from services.gateway.web.pages.editor_sheets import STATE
from services.gateway.web.pages.editor_units import KINDS_NAMES, LABELS
from tests.unit.gateway.ground import TASK_ID, Service, client_of, definitions, hidden, refused

EDITOR, REVIEWER = "catalogue_editor", "catalogue_reviewer"
ROOT = f"/ar/staff/guide/proposals/{TASK_ID}"


class Catalog:
    """One proposal as catalog keeps it: a draft that may be faulty, its version, what is wrong with it."""

    def __init__(self, body: dict[str, Any], state: str = "draft", author: str = f"account:{EDITOR}") -> None:
        self.body, self.state, self.author, self.version = body, state, author, 1
        self.national = copy.deepcopy(body)
        self.amended: list[dict[str, Any]] = []

    def faults(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            load_definition(body)
        except Refusal as refusal:
            return [{**one.as_dict(), "ar": describe(one, "ar"), "en": describe(one, "en")} for one in refusal.faults]
        return []

    def show(self, _: Any) -> dict[str, Any]:
        moment = "2026-11-22T10:00:00+00:00"
        return {"proposal_id": TASK_ID, "version": self.version, "kind": "definition", "subject": self.body["code"],
                "state": self.state, "effective_from": None, "based_on": 1, "author": self.author, "editors": [],
                "created_at": moment, "changed_at": moment, "decided_at": None, "remark": None,
                "body": copy.deepcopy(self.body), "faults": self.faults(self.body),
                "difference": differences(self.national, self.body), "approvals": [],
                "approvals_needed": ["guide.review"]}

    def amend(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["version"] != self.version:
            raise refused("proposal_changed", "version")
        self.amended.append(asked)
        self.body, self.version = asked["body"], self.version + 1
        return {"proposal_id": TASK_ID, "version": self.version, "state": self.state, "faults": self.faults(self.body)}

    def answers(self) -> dict[str, Any]:
        return {
            "catalog.proposal": self.show, "catalog.amend": self.amend,
            "catalog.check": lambda asked: {"faults": self.faults(asked["body"])},
            "requests.open_of_service": {"code": self.body["code"], "open": [{"version": 1, "count": 41}]},
            "catalog.versions": {"versions": [{"version": 1}]}, "catalog.get": {"definition": self.national}}


class Editor:
    """Somebody with a role before the pages of one proposal."""

    def __init__(self, catalog: Catalog, role: str = EDITOR) -> None:
        self.catalog, self.service = catalog, Service()
        self.service.answers |= catalog.answers()
        self.client = client_of(self.service, self.service.log_in(role))

    def open(self, path: str) -> str:
        answer = self.client.get(f"{ROOT}{path}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def save(self, path: str, page: str | None = None, **typed: Any) -> Any:
        """Press a button of a form that was shown, with these fields typed into."""
        page = page or self.open(path)
        form = fields_of(page) | {"do": "save"} | typed
        return self.client.post(f"{ROOT}{path}", data=form)


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the first form of `main`, untouched."""
    form = page[page.index("<form", page.index("<main")):]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(html.unescape(name[1]), []).append(html.unescape(value[1]) if value else "")
    for name, text in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = [html.unescape(text)]
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', options) or re.search(r'value="([^"]*)"', options)
        found[name] = [html.unescape(chosen[1]) if chosen else ""]
    return found


def shop(**changes: Any) -> dict[str, Any]:
    body = next(row.document for row in definitions() if row.code == "shop-licence")
    return {**copy.deepcopy(dict(body)), **changes}


@pytest.mark.parametrize("part", [part.code for part in PARTS])
@pytest.mark.parametrize("code", ["shop-licence", "building-permit-new"])
def test_a_form_sent_as_it_was_shown_changes_nothing(part: str, code: str) -> None:
    """Through the page itself: what the browser sends back is the part as it was."""
    body = copy.deepcopy(dict(next(row.document for row in definitions() if row.code == code)))
    editor = Editor(Catalog(copy.deepcopy(body)))
    page = editor.open(f"/parts/{part}")
    paths = [f"/parts/{part}", *(html.unescape(one) for one in re.findall(rf'href="{ROOT}(/parts/{part}/[^"#]+)"',
        page))]
    is_list = next(one for one in PARTS if one.code == part).sheet is None
    for path in paths[1:] if is_list else paths[:1]:
        assert editor.save(path).status_code == 303
    assert editor.catalog.body == body
    assert editor.catalog.amended == []  # and what changes nothing is not saved again


def test_a_changed_amount_is_saved_at_once_with_the_rest_as_it_was() -> None:
    editor = Editor(Catalog(shop()))
    answer = editor.save("/parts/fees/2", amount="25")
    assert answer.status_code == 303
    wanted = shop()
    wanted["fees"][2]["amount"] = 2500
    assert editor.catalog.body == wanted


def test_what_is_no_amount_is_kept_and_told_at_its_field_and_above() -> None:
    editor = Editor(Catalog(shop()))
    editor.save("/parts/fees/2", amount="عشرون")
    page = editor.open("/parts/fees/2")
    assert 'value="عشرون"' in page
    assert re.search(r'<a href="#f-amount">[^<]+</a>', page)
    assert re.search(r'id="f-amount"[^>]* aria-invalid="true"', page)
    whole = editor.open("")
    assert f"{ROOT}/parts/fees/2#f-amount" in whole
    assert "اكتب مبلغاً بالجنيه" in page


def test_a_question_is_added_moved_and_removed() -> None:
    editor = Editor(Catalog(shop()))
    answer = editor.client.post(f"{ROOT}/parts/form", data=fields_of(editor.open("/parts/form")) | {
        "do": "add", "ar": "عدد الأبواب", "en": "Number of doors", "kind": "integer"})
    assert answer.headers["Location"].startswith(f"{ROOT}/parts/form/8")
    assert editor.catalog.body["form"][8] == {
        "name": "number_of_doors", "type": "integer", "label": {"ar": "عدد الأبواب", "en": "Number of doors"},
        "required": False, "source": "unverified"}
    editor.save("/parts/form", do="up:8")
    assert [one["name"] for one in editor.catalog.body["form"]][-2:] == ["number_of_doors", "notes"]
    editor.save("/parts/form", do="remove:7")
    assert editor.catalog.body == shop()


def test_a_new_state_has_a_code_of_its_own_and_stands_in_the_list() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/parts/states")
    answer = editor.client.post(f"{ROOT}/parts/states", data=fields_of(page) | {
        "do": "add", "ar": "نظر القانونية", "en": "Inspection", "kind": "task"})
    assert answer.headers["Location"].startswith(f"{ROOT}/parts/states/inspection_2")
    assert editor.catalog.body["workflow"]["states"]["inspection_2"]["kind"] == "task"
    assert "نظر القانونية" in editor.open("/parts/states")


def test_rows_inside_a_form_are_added_without_losing_what_was_typed() -> None:
    editor = Editor(Catalog(shop()))
    answer = editor.save("/parts/fees/0", **{"do": "add:tiers", "name/ar": "رسم معاينة"})
    assert answer.headers["Location"].endswith("#f-tiers")
    fee = editor.catalog.body["fees"][0]
    assert (fee["name"]["ar"], len(fee["tiers"])) == ("رسم معاينة", 4)


def test_what_another_saved_meanwhile_is_shown_and_not_written_over() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/parts/fees/2")
    theirs = shop()
    theirs["fees"][2]["amount"] = 7700
    editor.catalog.amend({"version": 1, "body": theirs})
    answer = editor.save("/parts/fees/2", page, amount="25")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert editor.catalog.body["fees"][2]["amount"] == 7700
    assert "77.00" in text and "25.00" in text  # what the other wrote, and what was typed
    kept = fields_of(text)
    answer = editor.client.post(f"{ROOT}/parts/fees/2", data=kept)
    assert answer.status_code == 303
    assert editor.catalog.body["fees"][2]["amount"] == 2500


def test_a_change_of_another_part_collides_with_nothing_and_stays() -> None:
    """The names and the form lie in one mapping; whoever saves the names says nothing of the form."""
    editor = Editor(Catalog(shop()))
    page = editor.open("/parts/names")
    theirs = shop()
    theirs["fees"][2]["amount"] = 7700
    editor.catalog.amend({"version": 1, "body": theirs})
    answer = editor.save("/parts/names", page, **{"name/ar": "رخصة محل"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "غيّر جزءاً آخر" in text and "رخصة محل" in text
    assert editor.client.post(f"{ROOT}/parts/names", data=fields_of(text)).status_code == 303
    assert editor.catalog.body == {**theirs, "name": {**theirs["name"], "ar": "رخصة محل"}}


def test_pressing_twice_saves_once() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/parts/fees/2")
    assert [editor.save("/parts/fees/2", page, amount="25").status_code for _ in range(2)] == [303, 303]
    assert len(editor.catalog.amended) == 1


def test_what_was_typed_follows_its_question_to_where_the_other_moved_it() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/parts/form/3")
    theirs = shop()
    theirs["form"].insert(0, theirs["form"].pop(3))
    editor.catalog.amend({"version": 1, "body": theirs})
    answer = editor.save("/parts/form/3", page, max="6000")
    target = re.search(rf'action="({ROOT}/parts/form/\d+)"', answer.get_data(as_text=True))
    assert target is not None and target[1].endswith("/form/0")
    editor.client.post(target[1], data=fields_of(answer.get_data(as_text=True)))
    assert editor.catalog.body["form"][0]["max"] == 6000
    assert len(editor.catalog.body["form"]) == 8


def test_what_was_typed_into_something_removed_can_be_added_again() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/parts/form/3")
    theirs = shop()
    gone = theirs["form"].pop(3)
    editor.catalog.amend({"version": 1, "body": theirs})
    answer = editor.save("/parts/form/3", page, max="6000")
    text = answer.get_data(as_text=True)
    target = re.search(rf'action="({ROOT}/parts/form/\d+)"', text)
    assert target is not None
    assert editor.client.post(target[1], data=fields_of(text)).status_code == 303
    assert editor.catalog.body["form"][-1] == {**gone, "max": 6000}


def test_a_list_that_changed_meanwhile_is_shown_as_it_stands_and_keeps_what_was_typed() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/parts/form")
    editor.catalog.version += 1
    answer = editor.client.post(f"{ROOT}/parts/form", data=fields_of(page) | {"do": "add", "ar": "سؤال",
        "en": "Question"})
    assert answer.status_code == 409
    assert 'value="سؤال"' in answer.get_data(as_text=True)
    assert editor.catalog.amended == []


def test_what_is_typed_is_checked_and_drawn_without_being_saved() -> None:
    editor = Editor(Catalog(shop()))
    form = fields_of(editor.open("/parts/states/decision")) | {"actions/0/to": ""}
    answer = editor.client.post(f"{ROOT}/look/states/decision", data=form)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "data:image/svg+xml;base64," in text and "notice bad" in text
    assert editor.catalog.amended == []


def test_the_whole_text_is_saved() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/raw")
    text = fields_of(page)["text"][0].replace("max_length: 120", "max_length: 100")
    answer = editor.client.post(f"{ROOT}/raw", data=fields_of(page) | {"text": text})
    assert answer.status_code == 303
    wanted = shop()
    wanted["form"][0]["max_length"] = 100
    assert editor.catalog.body == wanted


@pytest.mark.parametrize("text", ["code: [a\nb: }", "- a\n- b", "code: x\n1: 2", "code: !!binary aGVsbG8=",
    "code: " + "9" * 30,
                                  "a: " + "[" * 400 + "]" * 400, "a: 1\na: 2"])
def test_a_text_that_cannot_be_read_is_kept_in_the_page_and_not_saved(text: str) -> None:
    editor = Editor(Catalog(shop()))
    broken = editor.client.post(f"{ROOT}/raw", data=fields_of(editor.open("/raw")) | {"text": text})
    assert broken.status_code == 422
    assert text in html.unescape(broken.get_data(as_text=True))
    assert editor.catalog.body == shop()


@pytest.mark.parametrize("was", ["", "[]", "{", '{"a":' * 300 + "1" + "}" * 300])
def test_a_form_that_is_none_of_ours_saves_nothing(was: str) -> None:
    editor = Editor(Catalog(shop()))
    answer = editor.save("/parts/fees/2", was=was)
    assert answer.status_code == 403  # as of a form that is no longer good
    assert editor.catalog.amended == []


def test_a_draft_is_seen_as_a_citizen_will_see_it_and_its_fees_are_tried() -> None:
    editor = Editor(Catalog(shop()))
    page = editor.open("/preview?area_m2=80&workers=5&shisha=false")
    assert "سند الحيازة" in page
    # inspection 250, licence 2000, workers 5 x 10, development 2.5 % of the last two
    assert "2,351.25" in page


def test_a_faulty_draft_says_so_instead_of_a_preview() -> None:
    body = shop()
    body["fees"][0]["tiers"] = []
    assert "ed-preview" not in Editor(Catalog(body)).open("/preview")


def test_nobody_writes_what_is_in_review_and_its_author_does_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colleagues, "names", lambda *_: {})
    editor = Editor(Catalog(shop(), "in_review"))
    page = editor.open("/parts/fees/2")
    assert hidden_is_absent(page, "version")
    refused_ = editor.client.post(f"{ROOT}/parts/fees/2", data={
        "version": "1", "was": orjson.dumps({}).decode(), "once": "x" * 24, "do": "save", "csrf": csrf(editor)})
    assert refused_.status_code == 409
    assert 'id="decision"' not in editor.open("")


def test_a_second_person_decides_and_must_say_why_it_is_returned() -> None:
    catalog = Catalog(shop(), "in_review")
    reviewer = Editor(catalog, REVIEWER)
    decided: list[dict[str, Any]] = []

    def decide(asked: dict[str, Any]) -> dict[str, Any]:
        if asked["decision"] == "return" and not asked["remark"]:
            raise refused("remark_required", "remark")
        decided.append(asked)
        return {"proposal_id": TASK_ID, "version": 2, "state": "approved", "applied": {}}

    reviewer.service.answers["catalog.decide"] = decide
    form = {"csrf": csrf(reviewer), "once": "x" * 24, "version": "1"}
    silent = reviewer.client.post(f"{ROOT}/decision", data=form | {"decision": "return", "remark": " "})
    assert silent.status_code == 422
    assert 'id="remark-wrong-1"' in silent.get_data(as_text=True)
    assert reviewer.client.post(f"{ROOT}/decision", data=form | {"decision": "approve"}).status_code == 303
    assert [(one["decision"], one["version"]) for one in decided] == [("approve", 1)]


def test_a_change_says_how_many_requests_go_on_as_they_are() -> None:
    body = shop()
    body["fees"][2]["amount"] = 1200
    catalog = Catalog(shop())
    catalog.body = body
    page = Editor(catalog).open("")
    assert "نسخة 1: 41" in page and "12.00" in page


def test_what_is_new_is_told_in_words_and_not_in_codes() -> None:
    catalog = Catalog(shop())
    catalog.national = {}
    editor = Editor(catalog)
    editor.service.answers["catalog.versions"] = refused("service_unknown", "code")
    page = editor.open("")
    table = page[page.index('class="ed-changes"'):]
    assert "مواطن، شركة" in table and "المركز التكنولوجي" in table and "غير مؤكد: توضيحي تحدده المحافظة" in table
    assert "citizen" not in table and "post_office" not in table and "unverified" not in table


def test_programs_get_the_path_and_the_effect_of_a_draft() -> None:
    catalog = Catalog(shop())
    catalog.body["period"]["days"] = 45
    editor = Editor(catalog)
    token = {"Authorization": f"Bearer {editor.service.log_in(EDITOR)}"}
    drawn = client_of(editor.service).get(f"/api/v1/catalog/proposals/{TASK_ID}/graph.svg?language=en", headers=token)
    assert drawn.mimetype == "image/svg+xml" and b"Inspection of the shop" in drawn.data
    effect = client_of(editor.service).get(f"/api/v1/catalog/proposals/{TASK_ID}/effect", headers=token)
    assert effect.get_json()["difference"]["days"] == -15


@pytest.mark.parametrize("path", ["/parts/nothing", "/parts/form/99", "/parts/states/nowhere", "/parts/names/0"])
def test_what_is_not_there_is_said_to_be_not_there(path: str) -> None:
    assert Editor(Catalog(shop())).client.get(f"{ROOT}{path}").status_code == 404


def test_every_word_of_the_forms_is_in_both_languages() -> None:
    pairs = [pair for words in editor_words.WORDS.values() for pair in words.values()]
    pairs += [*LABELS.values(), *KINDS_NAMES.values(), *(pair for part in PARTS for pair in (part.name, part.hint))]
    pairs += [child.label for child in STATE.children if child.label]
    assert [pair for pair in pairs if not re.search("[\u0600-\u06ff]|JPEG|PNG|PDF", pair[0])
            or not re.search("[A-Za-z]", pair[1])] == []


def csrf(editor: Editor) -> str:
    return hidden(editor.client.get("/ar/staff/login").get_data(as_text=True), "csrf")


def hidden_is_absent(page: str, name: str) -> bool:
    return re.search(rf'name="{name}" value=', page) is None
