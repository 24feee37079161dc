import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import withdrawal
from rules.drawing import svg
from rules.workflow import Workflow
from tests.unit.rules.sample_service import branch, service

NAMES = "{http://www.w3.org/2000/svg}"
KIOSK = service()["workflow"]
PARALLEL = {**KIOSK, "states": {**KIOSK["states"], "inspection": {
    "kind": "parallel", "name": {"ar": "آراء", "en": "Opinions"},
    "join": {"favourable": "decision", "unfavourable": "rejected"},
    "branches": [branch("engineering", department="engineering"), branch("health", body="health-directorate")]}}}


class Picture:
    """What can be measured of a drawing: the cards by state, its words with their places, its lines."""

    def __init__(self, text):
        self.root = ElementTree.fromstring(text)
        self.words = [(one.text or "", float(one.get("x")), float(one.get("y")))
                      for one in self.root.iter(f"{NAMES}text")]
        self.cards = {group.get("data-state"): box(group.find(f"{NAMES}rect")) for group in self.root.iter(f"{NAMES}g")}
        self.lines = [[tuple(map(float, point.split(","))) for point in one.get("points").split()]
                      for one in self.root.iter(f"{NAMES}polyline")]
        self.width, self.height = (float(self.root.get(name)) for name in ("width", "height"))


def box(rect):
    x, y, wide, high = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + wide, y + high


def drawn(workflow, language="ar", **more):
    return Picture(svg(Workflow.parse(workflow), language, **more))


def inside(card, x, y):
    return card[0] <= x <= card[2] and card[1] <= y <= card[3]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_state_and_every_way_out_is_named_in_the_language(language):
    words = " ".join(text for text, *_ in drawn(PARALLEL, language).words)
    for state in Workflow.parse(PARALLEL).states.values():
        assert state.name[language] in words
        assert all(exit_.name[language] in words for exit_ in state.exits)
        assert all(part.name[language] in words for part in state.branches)


def test_who_holds_a_state_and_for_how_long_is_told():
    words = [text for text, *_ in drawn(KIOSK, "en").words]
    assert "target: 7 working days" in words and "Engineering department – Inspector" in words
    words = [text for text, *_ in drawn(PARALLEL, bodies={"health-directorate": {"ar": "مديرية الصحة"}}).words]
    assert "مديرية الصحة" in words and "الإدارة الهندسية" in words


@pytest.mark.parametrize("workflow", [KIOSK, PARALLEL])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_card_lies_on_another_and_no_word_outside_its_card(workflow, language):
    picture = drawn(workflow, language)
    cards = list(picture.cards.values())
    assert all(above[3] < below[1] for above, below in pairwise(cards))
    for text, x, y in picture.words:
        assert sum(inside(card, x, y) for card in cards) == 1, text


@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_line_crosses_a_card_and_all_stay_in_the_picture(language):
    picture = drawn(PARALLEL, language)
    for line in picture.lines:
        assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in line)
        for (x, y), (to_x, to_y) in pairwise(line):
            middle = ((x + to_x) / 2, (y + to_y) / 2)
            assert not any(card[0] < middle[0] < card[2] and card[1] < middle[1] < card[3]
                           for card in picture.cards.values())


@pytest.mark.parametrize("language", ["ar", "en"])
def test_ways_to_different_states_never_run_over_each_other(language):
    picture = drawn(PARALLEL, language)
    running = [(line[1][0], *sorted((line[1][1], line[2][1])), line[-1][1]) for line in picture.lines if len(line) == 4]
    assert running
    for x, low, high, end in running:
        for other_x, other_low, other_high, other_end in running:
            assert end == other_end or x != other_x or high < other_low or low > other_high


def ends_of_lines(picture):
    """The state at which each line ends."""
    near = [[code for code, card in picture.cards.items()
             if card[0] - 1 <= line[-1][0] <= card[2] + 1 and card[1] - 1 <= line[-1][1] <= card[3] + 1]
            for line in picture.lines]
    assert all(len(codes) == 1 for codes in near)
    return [codes[0] for codes in near]


def test_every_way_out_has_a_line_that_ends_at_its_state():
    parsed = Workflow.parse(KIOSK)
    reached = ends_of_lines(drawn(KIOSK))
    for code, state in parsed.states.items():
        into = [exit_ for other in parsed.states.values() for exit_ in other.exits if exit_.to == code]
        assert reached.count(code) == len(into) + (code == parsed.initial), state.code


def test_arabic_is_drawn_from_the_right():
    arabic, english = drawn(KIOSK, "ar"), drawn(KIOSK, "en")
    assert arabic.root.get("direction") == "rtl" and english.root.get("direction") is None
    assert all(x > arabic.width / 2 for _, x, _ in arabic.words)
    assert all(x < english.width / 2 for _, x, _ in english.words)


def test_the_picture_is_no_wider_than_a_phone_can_show_legibly():
    picture = drawn(PARALLEL)
    assert picture.width <= 480 and picture.root.get("viewBox") == f"0 0 {picture.width:g} {picture.height:g}"


def test_the_current_state_is_marked():
    assert "◆ الطلب هنا الآن" in [text for text, *_ in drawn(KIOSK, current="review").words]
    assert svg(Workflow.parse(KIOSK), "ar", "nowhere") == svg(Workflow.parse(KIOSK), "ar")


HOSTILE = '</text><script>alert(1)</script>"\'&\x00\u202e\ud800<image href="http://x"/>'


def test_names_cannot_break_out_and_nothing_is_fetched_or_run():
    states = {"a\"b": {"kind": "task", "name": {"ar": HOSTILE, "en": HOSTILE}, "department": HOSTILE, "role": HOSTILE,
                       "actions": [{"code": "x", "name": {"ar": HOSTILE, "en": HOSTILE}, "to": "end"}]},
              "end": {"kind": "end", "name": {"ar": "نهاية", "en": "End"}, "outcome": HOSTILE}}
    text = svg(Workflow.parse({"initial": "a\"b", "states": states}))
    root = ElementTree.fromstring(text)
    assert {one.tag.removeprefix(NAMES) for one in root.iter()} == {
        "svg", "title", "rect", "circle", "polyline", "polygon", "g", "text"}
    assert text.encode().decode() == text and not {"\x00", "\u202e"} & set(text)


names = st.fixed_dictionaries({"ar": st.text(min_size=1, max_size=60), "en": st.text(min_size=1, max_size=60)})
codes = st.sampled_from("abcdef")
outs = st.lists(st.fixed_dictionaries({"code": codes, "name": names, "to": codes}), max_size=3)
some_states = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["task", "applicant", "external"]), "name": names, "actions": outs}),
    st.fixed_dictionaries({"kind": st.just("payment"), "name": names, "next": codes, "expired": codes}),
    st.fixed_dictionaries({"kind": st.just("end"), "name": names,
                           "outcome": st.sampled_from(["approved", "rejected"])}),
    st.fixed_dictionaries({"kind": st.just("parallel"), "name": names, "join": st.fixed_dictionaries(
        {"favourable": codes}), "branches": st.lists(st.fixed_dictionaries(
            {"code": codes, "name": names, "actions": outs}), min_size=1, max_size=3)}))


@given(st.dictionaries(codes, some_states, max_size=6), codes, st.sampled_from(["ar", "en"]))
def test_any_workflow_even_an_unsound_one_is_drawn_whole(states, initial, language):
    workflow = Workflow.parse({"initial": initial, "states": states})
    picture = drawn({"initial": initial, "states": states}, language)
    assert picture.cards.keys() == states.keys()
    ways = [exit_.to for state in workflow.states.values() for exit_ in state.exits if exit_.to in states]
    assert {*ends_of_lines(picture)} == {*ways, *({initial} & states.keys())}


def test_a_way_that_is_open_everywhere_is_drawn_where_the_request_stands():
    workflow = Workflow.parse(KIOSK)
    here = "inspection"
    way = withdrawal.way(workflow, here)
    assert way is not None
    plain, with_way = Picture(svg(workflow, "en", here)), Picture(svg(workflow, "en", here, beside={here: way}))
    said = [text for text, *_ in with_way.words]
    before = [text for text, *_ in plain.words]
    assert said.count("• Withdraw the request") == 1 + before.count("• Withdraw the request")
    assert len(with_way.lines) > len(plain.lines)


def test_how_long_a_wait_lasts_is_told():
    assert "time: 30 days" in [text for text, *_ in drawn(KIOSK, "en").words]
