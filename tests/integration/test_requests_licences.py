"""Licences over a real database: issued once with the last step, numbered in a row, checked by anybody, drawn once."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest

from chassis.uow import UnitOfWork
from contracts import requests as language
from rules import licence as rule
from rules.refusal import Refusal
from services.requests import document, inquiry, licences
from tests.support.requests_ground import HEAD, MORNING, NAME, Ground, shop
from tests.support.shop_ground import *  # noqa: F403  (fixtures)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn quickly: what the page looks like is held by tests/unit/requests/test_document.py."""
    draw(monkeypatch, lambda shown: shown["qr"].encode())


def draw(monkeypatch: pytest.MonkeyPatch, make: Callable[[dict[str, Any]], bytes]) -> None:
    def render(shown: dict[str, Any], output: dict[str, Any]) -> tuple[bytes, str]:
        return make(shown), document.PDF

    monkeypatch.setattr(document, "render", render)


def serial_of(ground: Ground, lodged: dict[str, Any]) -> str:
    return str(ground.row(lodged).licence_serial)


def verified(ground: Ground, serial: str) -> dict[str, Any]:
    return licences.verification(ground.unit_of_work(), serial)


def fetched(ground: Ground, lodged: dict[str, Any]) -> dict[str, Any]:
    def run(work: UnitOfWork) -> dict[str, Any]:
        body = {"tracking_number": lodged["tracking_number"], "phone_last4": "5678"}
        return licences.document_of(work, inquiry.admitted(work, body).row.licence_serial)

    return run(ground.unit_of_work())


def test_a_licence_is_issued_once_with_the_last_payment(ground: Ground) -> None:
    lodged = ground.issued()
    ground.pay(lodged, "final")
    [row] = ground.rows("SELECT * FROM licence")
    assert (str(row.request_id), row.serial) == (lodged["request_id"], serial_of(ground, lodged))
    [event] = ground.events(row.id)
    assert (event.type, event.sequence) == ("requests.licence.issued.v1", 1)
    assert set(event.data) == set(language.LicenceState().fields)


def test_of_payments_that_arrive_at_once_one_issues_the_licence(ground: Ground) -> None:
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ground.pay(lodged, "final"), range(8)))
    assert ground.rows("SELECT count(*) AS n FROM licence")[0].n == 1
    assert ground.row(lodged).version == 6


def test_serials_count_one_by_one(ground: Ground) -> None:
    serials = [serial_of(ground, ground.issued()) for _ in range(3)]
    numbers = [int(serial.split("-")[2]) for serial in serials]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert all(serial.startswith("C-2026-") for serial in serials)


def test_it_says_who_what_where_and_how_long(ground: Ground) -> None:
    shown = verified(ground, serial_of(ground, ground.issued()))
    assert (shown["holder"], shown["service_name"]["ar"]) == (NAME, "ترخيص محل")
    assert (shown["valid_from"], shown["valid_until"]) == ("2026-03-01", "2031-02-28")
    assert (shown["unit_name"]["ar"], shown["governorate_name"]["ar"]) == ("الزيتون", "القاهرة")
    assert [(line["name"], line["value"]["ar"]) for line in shown["fields"]] == [
        ("shop_name", "بقالة النور"), ("activity", "بيع بالتجزئة"), ("address", "12 شارع النزهة"), ("area_m2", "42.5")]


@pytest.mark.parametrize(("now", "status"), [
    (datetime(2026, 2, 28, 21, 59, tzinfo=UTC), "not_yet_valid"),
    (datetime(2026, 2, 28, 22, 0, tzinfo=UTC), "valid"),  # midnight in Cairo
    (datetime(2031, 2, 28, 21, 59, tzinfo=UTC), "valid"),
    (datetime(2031, 2, 28, 22, 0, tzinfo=UTC), "expired"),
])
def test_validity_is_judged_by_the_cairo_day(ground: Ground, now: datetime, status: str) -> None:
    serial = serial_of(ground, ground.issued())
    ground.now = now
    assert verified(ground, serial)["status"] == status


def test_issued_after_midnight_in_cairo_it_runs_from_the_new_day(ground: Ground) -> None:
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    ground.now = MORNING.replace(month=12, day=31, hour=23, minute=30)
    ground.pay(lodged, "final")
    shown = verified(ground, serial_of(ground, lodged))
    assert (shown["valid_from"], shown["issued_on"]) == ("2027-01-01", "2027-01-01")
    assert shown["serial"].startswith("C-2027-")


def test_a_licence_without_an_end(ground: Ground) -> None:
    definition = {**shop(), "code": "endless"}
    definition["outputs"] = [{**definition["outputs"][0], "validity_months": None}]
    ground.publish(definition)
    serial = serial_of(ground, ground.issued(service_code="endless"))
    ground.wait(days=36_500)
    assert (verified(ground, serial)["status"], verified(ground, serial)["valid_until"]) == ("valid", None)


def test_anybody_checks_the_qr_offline_and_an_altered_one_fails(ground: Ground) -> None:
    shown = verified(ground, serial_of(ground, ground.issued()))
    keys = {key_id: rule.public_key(raw) for key_id, raw in licences.public_keys(ground.unit_of_work()).items()}
    said = rule.verify(shown["qr"], keys)
    assert (said.serial, said.holder, said.valid_until) == (shown["serial"], NAME, date(2031, 2, 28))
    head, payload, signature = shown["qr"].split(".")
    plain = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    for changed in (plain.replace("2031", "2099"), plain.replace("محمود", "محمد"), plain + " "):
        forged = base64.urlsafe_b64encode(changed.encode()).rstrip(b"=").decode()
        with pytest.raises(Refusal, match="licence_forged"):
            rule.verify(f"{head}.{forged}.{signature}", keys)


@pytest.mark.parametrize(("serial", "code"), [("C-2026-000001-X", "serial_malformed"), ("\x00", "serial_malformed"),
                                              ("", "serial_malformed"), ("' OR 1=1", "serial_malformed")])
def test_a_serial_that_is_none(ground: Ground, serial: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        verified(ground, serial)


def test_a_well_formed_serial_that_was_never_issued(ground: Ground) -> None:
    serial = serial_of(ground, ground.issued())
    ground.fresh()
    with pytest.raises(Refusal, match="licence_unknown"):
        verified(ground, serial)


def test_the_holder_is_sealed_in_the_table(ground: Ground) -> None:
    ground.issued()
    assert NAME not in str(ground.rows("SELECT to_jsonb(licence)::text FROM licence"))


def test_the_licence_cannot_be_fetched_before_it_is_rendered(ground: Ground, page: None) -> None:
    early = ground.decided()
    with pytest.raises(Refusal, match="licence_not_ready"):
        fetched(ground, early)
    ground.do(HEAD, "approve")
    ground.pay(early, "final")
    with pytest.raises(Refusal, match="licence_not_ready"):
        fetched(ground, early)
    assert ground.render() is True and ground.render() is False
    got = fetched(ground, early)
    assert base64.b64decode(got["content"]).startswith(b"SHB1.")
    assert got["file_name"] == f"{serial_of(ground, early)}.pdf"


def test_a_rendered_licence_never_changes(
    ground: Ground, page: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lodged = ground.issued()
    ground.render()
    first = fetched(ground, lodged)
    draw(monkeypatch, lambda _: b"another")
    assert ground.render() is False
    assert fetched(ground, lodged) == first
    assert b"SHB1." not in bytes(ground.rows("SELECT document FROM licence")[0].document)  # sealed


def test_of_two_renderers_one_keeps_its_page(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    lodged = ground.issued()

    def slow(shown: dict[str, Any]) -> bytes:
        draw(monkeypatch, lambda _: b"the faster")
        ground.render()  # another process gets there first
        return b"the slower"

    draw(monkeypatch, slow)
    ground.render()
    assert base64.b64decode(fetched(ground, lodged)["content"]) == b"the faster"


def test_one_that_does_not_render_is_put_off_and_holds_up_no_other(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = ground.issued(), ground.issued()
    bad = serial_of(ground, broken)

    def render(shown: dict[str, Any]) -> bytes:
        if shown["serial"] == bad:
            raise ValueError("no such glyph")
        return b"page"

    draw(monkeypatch, render)
    assert [ground.render() for _ in range(3)] == [True, True, False]
    assert fetched(ground, sound)["serial"] == serial_of(ground, sound)
    [row] = ground.rows("SELECT render_attempts, render_at FROM licence WHERE serial = :s", s=bad)
    assert (row.render_attempts, row.render_at) == (1, ground.now + licences.PUT_OFF)

    draw(monkeypatch, lambda _: b"mended")
    assert ground.render() is False  # not yet its time again
    ground.wait(seconds=31)
    assert ground.render() is True
    assert base64.b64decode(fetched(ground, broken)["content"]) == b"mended"
    assert verified(ground, bad)["status"] == "valid"


def test_several_choices_stand_on_a_licence_in_words(ground: Ground) -> None:
    definition = {**shop(), "code": "several"}
    options = [{"value": "sat", "label": {"ar": "السبت", "en": "Saturday"}},
               {"value": "sun", "label": {"ar": "الأحد", "en": "Sunday"}}]
    definition["form"] = [*definition["form"], {"name": "days", "type": "multi_choice", "options": options,
                                                "label": {"ar": "أيام", "en": "Days"}}]
    definition["outputs"] = [{**definition["outputs"][0], "fields": ["days"]}]
    ground.publish(definition)
    serial = serial_of(ground, ground.issued(service_code="several", answers__days=["sat", "sun"]))
    [line] = verified(ground, serial)["fields"]
    assert line["value"] == {"ar": "السبت، الأحد", "en": "Saturday, Sunday"}
