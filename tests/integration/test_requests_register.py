"""The register of licences over a real database: what people do to a licence, and every print of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from chassis.errors import Conflict
from contracts import requests_outputs as language
from rules import licence as rule
from rules.refusal import Refusal
from services.requests import document, inquiry, licences, records, register
from tests.support.requests_ground import CLERK, HEAD, OFFICER, Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

ELSEWHERE = staff("other", "unit_head", "leadership", unit="EG-C-02")
WHY = "مخالفة اشتراطات الحماية المدنية"


@pytest.fixture
def ground(opened: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    opened.fresh()
    monkeypatch.setattr(document, "render", lambda shown, *_: (f"edition {shown['edition']}".encode(), document.PDF))
    return opened


@pytest.fixture
def serial(ground: Ground) -> str:
    return str(ground.row(ground.issued()).licence_serial)


def change(ground: Ground, act: str, serial: str, actor: Actor = HEAD, **more: Any) -> dict[str, Any]:
    body = load(language.ChangeLicence(), {"serial": serial, "reason": WHY, **more})
    answer: dict[str, Any] = ground.attempt(lambda work: getattr(register, act)(work, body), actor)
    return answer


def entry(ground: Ground, serial: str, actor: Actor = HEAD) -> dict[str, Any]:
    found: dict[str, Any] = ground.attempt(lambda work: register.entry(work, serial), actor)
    return found


def verified(ground: Ground, serial: str) -> dict[str, Any]:
    return licences.verification(ground.unit_of_work(PUBLIC), serial)


def test_suspended_resumed_and_cancelled_everybody_can_see_it(ground: Ground, serial: str) -> None:
    seen = [verified(ground, serial)["status"]]
    for act in ("suspend", "resume", "cancel"):
        change(ground, act, serial)
        seen.append(verified(ground, serial)["status"])
    assert seen == ["valid", "suspended", "valid", "cancelled"]
    found = entry(ground, serial)
    assert [(one["act"], one["by"], one["reason"]) for one in found["history"]] == [
        (act, HEAD.id, WHY) for act in ("suspend", "resume", "cancel")]
    assert verified(ground, serial)["since"] == "2026-03-01"


def test_the_holder_is_told_why_a_licence_was_suspended_and_nobody_else(ground: Ground, serial: str) -> None:
    change(ground, "suspend", serial)
    change(ground, "resume", serial)
    suspended, resumed = ground.events(entry(ground, serial)["licence_id"])[-2:]
    assert ground.privacy.open(suspended.data["note"], ring="contact", field=records.NOTE) == WHY
    assert WHY not in str(suspended.data)
    assert resumed.data["note"] is None


def test_each_act_is_an_event_of_the_licence_and_an_audit_row(ground: Ground, serial: str) -> None:
    change(ground, "suspend", serial)
    change(ground, "resume", serial)
    events = ground.events(entry(ground, serial)["licence_id"])
    assert [(one.type, one.sequence) for one in events] == [
        ("requests.licence.issued.v1", 1), ("requests.licence.changed.v1", 2), ("requests.licence.changed.v1", 3)]
    assert [one.data["state"] for one in events[1:]] == ["suspended", "in_force"]
    assert len(ground.audited("licence.suspend")) == 1
    assert WHY not in ground.raw_events()
    assert WHY not in str(ground.rows("SELECT to_jsonb(licence_act)::text FROM licence_act"))


def test_the_printed_code_is_untouched_by_what_the_register_says(ground: Ground, serial: str) -> None:
    before = verified(ground, serial)["qr"]
    change(ground, "cancel", serial)
    keys = {one: rule.public_key(raw) for one, raw in licences.public_keys(ground.unit_of_work()).items()}
    assert verified(ground, serial)["qr"] == before
    assert rule.verify(before, keys).serial == serial


@pytest.mark.parametrize(("acts", "wrong"), [(("cancel",), "resume"), ((), "resume"), (("suspend",), "suspend"),
                                             (("cancel",), "suspend"), (("suspend",), "replace_print")])
def test_what_its_status_does_not_permit_changes_nothing(
    ground: Ground, serial: str, acts: tuple[str, ...], wrong: str
) -> None:
    for act in acts:
        change(ground, act, serial)
    before = entry(ground, serial)
    with pytest.raises(Refusal, match="licence_act_refused"):
        change(ground, wrong, serial)
    assert entry(ground, serial) == before


def test_another_unit_and_a_clerk_are_refused_and_the_attempt_recorded(ground: Ground, serial: str) -> None:
    for actor in (ELSEWHERE, CLERK, OFFICER):
        with pytest.raises(Refusal, match="forbidden"):
            change(ground, "cancel", serial, actor)
    with pytest.raises(Refusal, match="forbidden"):
        entry(ground, serial, ELSEWHERE)
    assert verified(ground, serial)["status"] == "valid"
    assert len(ground.audited("denied")) == 4


def test_of_two_who_act_at_once_one_wins_and_the_other_is_told(ground: Ground, serial: str) -> None:
    def tried(act: str) -> str:
        try:
            change(ground, act, serial, version=1)
        except (Refusal, Conflict) as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(tried, ["suspend", "cancel"] * 3))
    assert said.count("done") == 1
    assert len(entry(ground, serial)["history"]) == 1
    with pytest.raises(Refusal, match="conflict"):
        change(ground, "cancel", serial, version=1)


def test_a_reason_is_not_a_word_too_short_to_be_one(ground: Ground, serial: str) -> None:
    with pytest.raises(Refusal):
        change(ground, "cancel", serial, reason="لا")


def test_a_lost_print_is_replaced_and_the_old_one_is_void(ground: Ground, serial: str) -> None:
    ground.render()
    copy(ground, serial)
    first = verified(ground, serial)
    assert change(ground, "replace_print", serial)["edition"] == 2
    with pytest.raises(Refusal, match="licence_not_ready"):
        copy(ground, serial)
    assert ground.render() is True
    again = copy(ground, serial)
    assert (again["edition"], again["copy"]) == (2, 2)
    found = entry(ground, serial)
    assert [(one["copy"], one["edition"], one["void"]) for one in found["prints"]] == [(1, 1, True), (2, 2, False)]
    now = verified(ground, serial)
    assert (now["serial"], now["qr"], now["status"], now["edition"]) == (serial, first["qr"], "valid", 2)


def copy(ground: Ground, serial: str, actor: Actor = CLERK) -> dict[str, Any]:
    body = load(language.PrintLicence(), {"serial": serial})
    found: dict[str, Any] = ground.attempt(lambda work: register.printed(work, body), actor)
    return found


def test_a_page_drawn_for_the_former_edition_is_not_kept_for_the_new_one(
    ground: Ground, serial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(shown: dict[str, Any], *_: Any) -> tuple[bytes, str]:
        monkeypatch.setattr(document, "render", lambda shown, *_: (f"edition {shown['edition']}".encode(), "x/y"))
        change(ground, "replace_print", serial)
        return b"edition 1", document.PDF

    monkeypatch.setattr(document, "render", slow)
    ground.render()
    ground.render()
    assert copy(ground, serial)["content"] == "ZWRpdGlvbiAy"  # edition 2


def test_every_copy_is_numbered_also_those_fetched_by_the_applicant(ground: Ground) -> None:
    lodged = ground.issued()
    ground.render()
    body = {"tracking_number": lodged["tracking_number"], "phone_last4": "5678"}

    def fetch(_: int) -> int:
        def run(work: Any) -> dict[str, Any]:
            return licences.document_of(work, inquiry.admitted(work, body).row.licence_serial)

        return int(ground.attempt(run, PUBLIC)["copy"])

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(fetch, range(3))) == [1, 2, 3]
    serial = str(ground.row(lodged).licence_serial)
    copy(ground, serial)
    prints = entry(ground, serial)["prints"]
    assert [one["by"] for one in prints] == ["public"] * 3 + [CLERK.id]
    assert {len(one["sha256"]) for one in prints} == {64}


def test_the_register_of_a_unit_is_listed_by_status_a_page_at_a_time(ground: Ground) -> None:
    serials = [str(ground.row(ground.issued()).licence_serial) for _ in range(3)]
    change(ground, "cancel", serials[1])

    def listed(actor: Actor = HEAD, **asked: Any) -> tuple[list[str], str | None]:
        body = load(language.ListLicences(), asked)
        found = ground.attempt(lambda work: register.listed(work, body), actor)
        return [one["serial"] for one in found["licences"]], found["next"]

    assert listed()[0] == serials[::-1]
    assert listed(status="cancelled")[0] == [serials[1]]
    first, after = listed(limit=2)
    assert (first, listed(after=after)[0]) == (serials[:0:-1], serials[:1])
    assert listed(ELSEWHERE)[0] == []
    assert listed(ends_before="2031-02-28")[0] == [] and len(listed(ends_before="2031-03-01")[0]) == 3
    ground.wait(days=365 * 5 + 3)
    assert listed(status="expired")[0] == [serials[2], serials[0]]
