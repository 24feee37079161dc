"""Services of the guide from the first question to the licence in hand, on a phone in Arabic and one at a desk in
English. Which ones, the guide itself says: of each sector the one with the shortest way, and the longest form of all,
a building permit's, so that its inquiry is among them. Citizens sit at the screen; departments act over the API."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from contracts.definition import authoring, load_definition
from infra.demo.walk import Walk
from services.gateway import demo
from tests.journeys.applicant import NAME, PHONE, fill, inquire, pay, send, values
from tests.journeys.conftest import PATIENCE, Visitor, reads
from tests.support.guide_walks import GUIDE, Step, usual

pytestmark = pytest.mark.journey

COUNT = 8
KINDS = ("citizen", "company", "attorney", "heirs", "foreigner")
DEFINITIONS = {code: load_definition(raw) for code, raw in authoring.read_folder(GUIDE).items()}


def can_be_walked(definition: dict[str, Any]) -> bool:
    """Offered on phones by districts, and needing no licence from before; on the usual way nothing is asked of the
    applicant but money."""
    states = definition["workflow"]["states"]
    on_the_way = {states[step.state]["kind"] for step in usual(definition)[0]}
    return ("mobile" in definition["channels"] and "district" in definition["unit_kinds"]
            and not definition.get("supersedes") and "applicant" not in on_the_way)  # fmt: skip


def chosen() -> list[str]:
    """The codes of the services that are walked."""
    able = [definition for definition in DEFINITIONS.values() if can_be_walked(definition)]
    longest = max(able, key=lambda one: (len(one["form"]), one["code"]))
    short = sorted(able, key=lambda one: (len(usual(one)[0]), len(one["form"]), one["code"]))
    first: dict[str, dict[str, Any]] = {longest["sector"]: longest}
    for one in short:
        first.setdefault(one["sector"], one)
    return [one["code"] for one in first.values()][:COUNT]


def kind_of(code: str) -> str:
    """As what the service is asked for: each kind of applicant comes up among those that take it."""
    order = KINDS[chosen().index(code) % len(KINDS) :] + KINDS
    return next(kind for kind in order if kind in DEFINITIONS[code]["applicants"])


def sitting_at(role: str, department: str | None) -> str:
    """The demo's account at a desk of El Zeitoun."""
    for username, its_role, _, its_department, _ in demo.PEOPLE:
        if (its_role, its_department) == (role, department):
            return username
    return next(username for username, its_role, _, unit, its_department in demo.DESKS
                if (its_role, its_department) == (role, department) and unit == demo.UNIT)  # fmt: skip


def departments_act(walk: Walk, definition: dict[str, Any], number: str, steps: list[Step]) -> None:
    """Everybody who has to do with the file now does what the usual way wants."""
    for step in steps:
        state = definition["workflow"]["states"][step.state]
        desk = next((one for one in state.get("branches") or () if one["code"] == step.branch), state)
        walk.act(sitting_at(desk["role"], desk["department"]), step.action, number=number)


def left(state: str) -> Callable[[dict[str, Any]], bool]:
    """Whether the request is no longer in this state."""
    return lambda answer: answer["state"] != state


def to_the_end(owner: Visitor, walk: Walk, definition: dict[str, Any], number: str) -> dict[str, Any]:
    """Pay when it is time to pay, let the departments act in between; answers the request at its end."""
    way: dict[str, list[Step]] = {}
    for step in usual(definition)[0]:
        way.setdefault(step.state, []).append(step)
    status = walk.status(number)
    while status["state_kind"] != "end":
        here = status["state"]
        if status["state_kind"] == "payment":
            owner.page.reload()
            pay(owner)
        else:
            departments_act(walk, definition, number, way[here])
        status = walk.until(lambda: walk.status(number), left(here))
    return status


def take_home(owner: Visitor) -> bytes:
    """Download the licence from the request's page, once its document is drawn."""
    page = owner.page
    page.reload()
    link = page.get_by_role("link", name=owner.t("status.licence_button"))
    address = owner.url + (link.get_attribute("href") or "")
    ends = time.monotonic() + PATIENCE
    while (answer := page.request.get(address)).headers["content-type"] != "application/pdf":
        assert time.monotonic() < ends, "the licence's document was not made"
        page.wait_for_timeout(100)
    return answer.body()


def from_question_to_licence(owner: Visitor, other: Visitor, walk: Walk, code: str) -> None:
    """The whole case. On the phone screens are looked at for the longest form only: others differ in their words."""
    definition = DEFINITIONS[code]
    looks = code == chosen()[0] or owner.device == "desktop"
    owner.go(f"/services/{code}")
    owner.press(owner.page.get_by_role("link", name=owner.t("service.apply")).first)
    owner.press(owner.page.get_by_role("link", name=owner.t("apply.start")))
    asked = fill(owner, values(definition["examples"][0]["answers"], kind_of(code)))
    assert len(asked) >= len(definition["applicants"][:2]) + 3
    reads(owner.page, NAME, PHONE)
    if looks:
        owner.see("90-check")
    number = send(owner)
    inquire(other, number)  # somebody at another telephone who holds the number and the digits
    reads(other.page, definition["name"][owner.lang])
    if looks:
        other.see("91-inquiry")
    status = to_the_end(other, walk, definition, number)
    assert status["outcome"] == "approved"
    assert take_home(other).startswith(b"%PDF-")
    if looks:
        other.see("92-taken-home")


def test_eight_services_of_eight_sectors_are_chosen_and_a_building_permit_is_among_them() -> None:
    assert len({DEFINITIONS[code]["sector"] for code in chosen()}) == len(chosen()) == COUNT
    assert any(DEFINITIONS[code]["sector"] == "building" and len(DEFINITIONS[code]["form"]) > 20 for code in chosen())
    assert {kind_of(code) for code in chosen()} == set(KINDS)


@pytest.mark.parametrize("code", chosen())
def test_a_service_is_had_on_a_phone(visit: Callable[..., Visitor], walk: Walk, code: str) -> None:
    from_question_to_licence(visit("phone", "ar"), visit("phone", "ar"), walk, code)


def test_a_service_is_had_at_a_desk_in_english(visit: Callable[..., Visitor], walk: Walk) -> None:
    from_question_to_licence(visit("desktop", "en"), visit("desktop", "en"), walk, min(chosen()))
