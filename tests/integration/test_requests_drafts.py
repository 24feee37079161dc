"""Drafts over a real database: saved, resumed by the code alone, forgotten in time."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from chassis.ids import uuid7
from contracts import requests_intake as language
from rules.refusal import Refusal
from services.requests import documents, drafts
from tests.support.requests_ground import CLERK, NAME, PHONE, Ground
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

DRAFT = {"unit": "EG-C-01", "applicant": {"kind": "citizen", "name": NAME, "phone": PHONE}, "answers": {"workers": 3}}


def save(ground: Ground, actor: Actor = PUBLIC, **body: Any) -> dict[str, Any]:
    loaded = load(language.SaveDraft(), {"service_code": "shop-licence", "draft": DRAFT, **body})
    answer: dict[str, Any] = ground.attempt(lambda work: drafts.save(work, loaded), actor)
    return answer


def resume(ground: Ground, token: str, actor: Actor = PUBLIC) -> dict[str, Any]:
    return drafts.resume(ground.unit_of_work(actor), {"token": token})


def unknown(ground: Ground, token: str) -> bool:
    with pytest.raises(Refusal) as refusal:
        resume(ground, token)
    return refusal.value.code == "draft_unknown"


def test_whoever_holds_the_code_goes_on_with_the_draft(ground: Ground) -> None:
    at_home, at_the_window = save(ground), save(ground, CLERK)
    assert resume(ground, at_home["token"], CLERK)["draft"] == DRAFT
    assert resume(ground, at_the_window["token"])["draft"] == DRAFT
    assert at_home["token"] != at_the_window["token"]


def test_a_code_is_found_as_people_type_it(ground: Ground) -> None:
    token = save(ground)["token"]
    assert resume(ground, token.lower().replace("-", " "))["draft"] == DRAFT
    assert unknown(ground, token[:-1] + ("A" if token[-1] != "A" else "B")) and unknown(ground, "")


def test_saved_again_it_stays_one_draft_and_lives_longer(ground: Ground) -> None:
    first = save(ground)
    ground.wait(days=13)
    again = save(ground, token=first["token"], draft={**DRAFT, "answers": {"workers": 4}})
    assert again["token"] == first["token"] and again["ends_at"] > first["ends_at"]
    ground.wait(days=13)
    assert resume(ground, first["token"])["draft"]["answers"] == {"workers": 4}
    assert len(ground.rows("SELECT 1 FROM draft")) == 1


def test_after_its_time_it_is_unknown_and_then_gone(ground: Ground) -> None:
    token = save(ground)["token"]
    ground.wait(days=14)
    assert unknown(ground, token)
    with pytest.raises(Refusal, match="draft_unknown"):
        save(ground, token=token)
    ground.attempt(drafts.purge)
    assert not ground.rows("SELECT 1 FROM draft")


def test_a_dropped_draft_is_gone_and_dropping_it_again_is_no_fault(ground: Ground) -> None:
    token = save(ground)["token"]
    for _ in range(2):
        ground.attempt(lambda work: drafts.drop(work, {"token": token}), PUBLIC)
    assert unknown(ground, token)


def test_neither_code_nor_content_is_kept_in_the_clear(ground: Ground) -> None:
    body = load(language.SaveDraft(), {"service_code": "shop-licence", "draft": DRAFT})
    token = ground.command(lambda work: drafts.save(work, body), PUBLIC, uuid7())["token"]
    dump = "".join(str(row.line) for table in ("draft", "command", "audit")
                   for row in ground.rows(f"SELECT to_jsonb(one)::text AS line FROM {table} AS one"))
    for secret in (token, drafts.normal(token), NAME, PHONE):
        assert secret not in dump


def test_the_documents_of_a_draft_wait_as_long_as_it_does_and_can_then_be_lodged(ground: Ground) -> None:
    body = ground.application()
    papers = [one["document_id"] for one in body["documents"]]
    other = ground.upload()
    save(ground, documents=papers)
    ground.wait(days=5)
    ground.attempt(lambda work: documents.purge(work, work.now.replace(hour=0)))
    left = {str(row.id) for row in ground.rows("SELECT id FROM document")}
    assert left == set(papers) and other not in left
    assert ground.submit(body)["state"] == "awaiting_inspection_fee"


def test_a_draft_of_any_size_is_not_kept(ground: Ground) -> None:
    with pytest.raises(Refusal, match="draft_too_large"):
        save(ground, draft={"answers": "x" * drafts.LARGEST})
    with pytest.raises(Refusal, match="service_unknown"):
        save(ground, service_code="../etc")


# -- of an account -----------------------------------------------------------------------------------------------------

AMAL, SAMIR = (Actor(f"01980c5e-7c00-7000-8000-0000000000{number}", "citizen", ("citizen",)) for number in ("a1", "a2"))


def own(ground: Ground, actor: Actor, *services: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = drafts.own(ground.unit_of_work(actor), {"services": list(services)})["drafts"]
    return found


def test_an_account_finds_what_was_begun_in_it_and_nobody_elses(ground: Ground) -> None:
    token = save(ground, AMAL)["token"]
    assert [one["token"] for one in own(ground, AMAL, "shop-licence", "road-occupancy")] == [token]
    assert own(ground, SAMIR, "shop-licence") == [] == own(ground, AMAL, "road-occupancy")
    assert resume(ground, token)["draft"] == DRAFT  # whoever was given the code goes on as with any other
    assert save(ground, SAMIR)["token"] != token


def test_an_account_has_one_draft_a_service(ground: Ground) -> None:
    first = save(ground, AMAL)
    again = save(ground, AMAL, draft={**DRAFT, "answers": {"workers": 9}})
    assert again["token"] == first["token"] and len(ground.rows("SELECT 1 FROM draft")) == 1
    assert resume(ground, first["token"])["draft"]["answers"] == {"workers": 9}


def test_what_is_over_or_dropped_is_not_found_by_the_account(ground: Ground) -> None:
    token = save(ground, AMAL)["token"]
    ground.attempt(lambda work: drafts.drop(work, {"token": token}), AMAL)
    assert own(ground, AMAL, "shop-licence") == []
    save(ground, AMAL)
    ground.wait(days=14)
    assert own(ground, AMAL, "shop-licence") == []
    assert save(ground, AMAL)["token"] == token and own(ground, AMAL, "shop-licence")
