"""A licence that takes the place of another: renewed early or late, altered, transferred; who may not, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.errors import Conflict
from contracts import requests_outputs as language
from contracts.definition import load_definition
from rules.refusal import Refusal
from services.requests import licences, quoting, register
from tests.support.requests_ground import HEAD, INSPECTOR, OFFICER, Ground, shop
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

ANOTHER = "29001011234567"
LAST_DAY = datetime(2031, 2, 28, 8, tzinfo=UTC)


def renewal(**changes: Any) -> dict[str, Any]:
    """A renewing service by the shop licence's own path, which asks for nothing but the serial and the delay."""
    base = shop()
    form = [
        {"name": "former", "type": "text", "label": {"ar": "السابقة", "en": "Former"}, "required": True,
         "max_length": 40},
        {"name": "months_late", "type": "integer", "label": {"ar": "تأخير", "en": "Late"}, "required": True,
         "min": 0, "max": 36},
    ]
    late = {"code": "late", "stage": "final", "name": {"ar": "تأخير", "en": "Late"}, "account": "1106",
            "kind": "formula", "formula": "min(months_late, 12) * 5000"}
    renew = {"code": "renewal", "stage": "inspection", "name": {"ar": "تجديد", "en": "Renewal"}, "account": "1102",
             "kind": "fixed", "amount": 50000}
    made = {**base, "code": "shop-renewal", "form": form, "documents": [], "fees": [renew, late],
            "examples": [{"name": {"ar": "مثال", "en": "One"}, "answers": {"former": "1", "months_late": 2}}],
            "overridable": [], "supersedes": {"answer": "former", "as": "renewal", "months_late": "months_late"}}
    made["outputs"] = [{**base["outputs"][0], "fields": []}]
    return load_definition({**made, **changes})


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish({**shop(), "documents": []})
    made.publish(renewal())
    for kind in ("alteration", "transfer"):
        made.publish(renewal(code=f"shop-{kind}", supersedes={"answer": "former", "as": kind, "of": ["shop-licence"]},
                             outputs=[{**renewal()["outputs"][0], "renewal": None}]))
    made.publish(renewal(code="papers", supersedes={**renewal()["supersedes"], "paper": True},
                         outputs=[{**renewal()["outputs"][0], "renewal": None}]))
    yield made
    made.close()


@pytest.fixture
def serial(ground: Ground) -> str:
    found = str(ground.row(ground.issued(documents=[])).licence_serial)
    ground.now = LAST_DAY
    return found


def application(ground: Ground, serial: str, service: str = "shop-renewal", **changes: Any) -> dict[str, Any]:
    return ground.application(papers=(), service_code=service, answers={"former": serial, "months_late": 0}, **changes)


def ask(ground: Ground, serial: str, service: str = "shop-renewal", **changes: Any) -> dict[str, Any]:
    return ground.submit(application(ground, serial, service, **changes))


def decide(ground: Ground, lodged: dict[str, Any]) -> dict[str, Any]:
    """Along the path to the licence; answers what its verification says."""
    ground.pay(lodged)
    ground.do(OFFICER, "accept")
    ground.do(INSPECTOR, "report",
              inputs={"findings": "مطابق"})
    ground.do(HEAD, "approve")
    ground.pay(lodged, "final")
    return verified(ground, str(ground.row(lodged).licence_serial))


def verified(ground: Ground, serial: str) -> dict[str, Any]:
    return licences.verification(ground.unit_of_work(PUBLIC), serial)


def act(ground: Ground, serial: str, name: str) -> None:
    body = load(language.ChangeLicence(), {"serial": serial, "reason": "سبب قانوني"})
    ground.attempt(lambda work: getattr(register, name)(work, body), HEAD)


def faults(refusal: pytest.ExceptionInfo[Refusal]) -> set[tuple[str, str | None]]:
    return {(fault.code, fault.field) for fault in refusal.value.faults}


def test_renewed_early_no_day_is_lost_and_the_former_licence_is_replaced(ground: Ground, serial: str) -> None:
    new = decide(ground, ask(ground, serial))
    assert (new["status"], new["valid_from"], new["valid_until"]) == ("valid", "2031-02-28", "2036-02-29")
    assert new["supersedes"] == serial
    old = verified(ground, serial)
    assert (old["status"], old["successor"]) == ("replaced", new["serial"])
    [row] = ground.rows("SELECT id FROM licence WHERE serial = :s", s=serial)
    events = ground.events(row.id)
    assert [(one.sequence, one.data.get("act")) for one in events] == [(1, None), (2, "renewal")]


def test_renewed_late_the_register_counts_the_months_and_the_fine_follows(ground: Ground, serial: str) -> None:
    ground.wait(days=45)  # the thirteenth of April
    lodged = ask(ground, serial)
    assert {fee["code"]: fee["amount"] for fee in lodged["fees"]} == {"renewal": 50000, "late": 10000}
    assert ground.row(lodged).answers["months_late"] == 2
    new = decide(ground, lodged)
    assert (new["valid_from"], new["valid_until"]) == ("2031-04-14", "2036-04-13")


@pytest.mark.parametrize(("days", "code"), [(-61, "renewal_too_early"), (91, "renewal_too_late")])
def test_outside_its_window_nothing_is_renewed(ground: Ground, serial: str, days: int, code: str) -> None:
    ground.wait(days=days)
    with pytest.raises(Refusal) as refused:
        ask(ground, serial)
    assert faults(refused) == {(code, "answers/former")}
    assert ground.rows("SELECT successor_request FROM licence")[0].successor_request is None


@pytest.mark.parametrize("days", [-60, 90])
def test_the_first_and_the_last_day_of_the_window_count(ground: Ground, serial: str, days: int) -> None:
    ground.wait(days=days)
    assert ask(ground, serial)["tracking_number"]


@pytest.mark.parametrize("name", ["suspend", "cancel"])
def test_what_was_suspended_or_cancelled_is_not_renewed(ground: Ground, serial: str, name: str) -> None:
    act(ground, serial, name)
    with pytest.raises(Refusal) as refused:
        ask(ground, serial)
    assert faults(refused) == {("licence_act_refused", "answers/former")}


@pytest.mark.parametrize(("name", "status", "former"), [("suspend", "suspended", "replaced"),
                                                        ("cancel", "cancelled", "cancelled")])
def test_suspended_or_cancelled_meanwhile_the_successor_is_not_in_force_either(
    ground: Ground, serial: str, name: str, status: str, former: str
) -> None:
    lodged = ask(ground, serial)
    act(ground, serial, name)
    new = decide(ground, lodged)
    assert (new["status"], verified(ground, serial)["status"]) == (status, former)


def test_one_request_at_a_time_about_a_licence(ground: Ground, serial: str) -> None:
    body = application(ground, serial)

    def lodge(_: int) -> str:
        try:
            ground.submit(body)
        except (Refusal, Conflict) as error:
            return str(error)
        return "lodged"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lodge, range(4)))
    assert said.count("lodged") == 1
    with pytest.raises(Refusal) as refused:
        ask(ground, serial)
    assert faults(refused) == {("succession_under_way", "answers/former")}
    ground.rows("UPDATE request SET outcome = 'rejected' WHERE service_code = 'shop-renewal' RETURNING 1")
    assert ask(ground, serial)["tracking_number"]  # the former one came to nothing


def test_nobody_renews_in_his_own_name_what_is_anothers(ground: Ground, serial: str) -> None:
    with pytest.raises(Refusal) as refused:
        ask(ground, serial, applicant__national_id=ANOTHER)
    assert ("licence_of_another", "answers/former") in faults(refused)
    assert ask(ground, serial, "shop-transfer", applicant__national_id=ANOTHER)["tracking_number"]


def test_a_transfer_keeps_the_term_and_ends_the_former_holders_licence(ground: Ground, serial: str) -> None:
    lodged = ask(ground, serial, "shop-transfer", applicant__national_id=ANOTHER, applicant__name="هدى سمير فؤاد")
    new = decide(ground, lodged)
    assert (new["holder"], new["valid_until"]) == ("هدى سمير فؤاد", "2031-02-28")
    assert verified(ground, serial)["status"] == "transferred"


def test_an_alteration_keeps_the_term(ground: Ground, serial: str) -> None:
    new = decide(ground, ask(ground, serial, "shop-alteration"))
    assert (new["valid_until"], verified(ground, serial)["status"]) == ("2031-02-28", "replaced")


def test_what_is_no_licence_of_ours_and_what_this_service_does_not_renew(ground: Ground, serial: str) -> None:
    unknown = str(ground.row(ground.issued(documents=[])).licence_serial)
    ground.rows("DELETE FROM licence WHERE serial = :s RETURNING 1", s=unknown)
    for given, code in (("nonsense", "serial_malformed"), (unknown, "licence_unknown")):
        with pytest.raises(Refusal) as refused:
            ask(ground, given)
        assert faults(refused) == {(code, "answers/former")}
    with pytest.raises(Refusal) as refused:
        ask(ground, serial, "papers")
    assert faults(refused) == {("licence_of_another_service", "answers/former")}


def test_a_licence_on_paper_from_before_the_register_is_looked_at_by_people(ground: Ground) -> None:
    lodged = ask(ground, "SHL-2021-000123", "papers")
    assert ground.row(lodged).answers == {"former": "SHL-2021-000123", "months_late": 0}
    assert decide(ground, lodged)["supersedes"] is None


def test_all_faults_are_told_at_once(ground: Ground, serial: str) -> None:
    ground.wait(days=-100)
    act(ground, serial, "suspend")
    with pytest.raises(Refusal) as refused:
        ask(ground, serial, channel="post_office", applicant__phone="12")
    codes = {code for code, _ in faults(refused)}
    assert {"licence_act_refused", "renewal_too_early", "phone_invalid"} <= codes


def test_neither_the_licence_nor_the_delay_is_swapped_afterwards(ground: Ground, serial: str) -> None:
    ground.wait(days=45)
    other = str(ground.row(ground.issued(documents=[])).licence_serial)
    lodged = ask(ground, serial)
    ground.pay(lodged)
    ground.do(OFFICER, "send_back", reason="البيان غير واضح")
    for answers in ({"months_late": 0}, {"former": other}, {"former": other, "months_late": 1}):
        with pytest.raises(Refusal) as refused:
            ground.resubmit(lodged, answers=answers)
        assert faults(refused) == {("answer_fixed", f"answers/{name}") for name in answers}
    assert ground.row(lodged).answers["months_late"] == 2
    ground.resubmit(lodged)


def test_a_number_on_paper_is_put_right_but_not_into_one_of_the_register(ground: Ground, serial: str) -> None:
    lodged = ask(ground, "SHL-2021-000123", "papers")
    ground.pay(lodged)
    ground.do(OFFICER, "send_back", reason="الرقم غير مقروء")
    with pytest.raises(Refusal, match="answer_fixed"):
        ground.resubmit(lodged, answers={"former": serial})
    ground.resubmit(lodged, answers={"former": "SHL-2021-000124"})
    assert ground.row(lodged).answers["former"] == "SHL-2021-000124"


def test_the_quote_knows_the_fine_before_anything_is_lodged(ground: Ground, serial: str) -> None:
    ground.wait(days=45)
    asked = {"service_code": "shop-renewal", "answers": {"former": serial, "months_late": 0}}
    found = quoting.quote(ground.unit_of_work(PUBLIC), asked)
    assert found["total"] == 60000
