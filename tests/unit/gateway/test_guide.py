"""The guide is found whatever way its words are written, and by the day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.errors import Unavailable
from services.gateway import guide
from services.gateway.guide import Guide
from tests.unit.gateway.ground import Service, client_of, definitions


def guide_of(rows: list[Any], now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)) -> Guide:
    def read(statement: Any) -> list[Any]:
        return [(len(rows), len(rows))] if statement is guide._STAMP else rows

    return Guide(read, lambda: now)


@pytest.mark.parametrize(
    "query", ["ترخيص محل", "تَرخِيص مَحَلّ", "ترخـــيص  محل", "محل ترخيص", "SHOP Licence", "دكان", "كافية"]
)
def test_a_shop_licence_is_found_however_it_is_written(query: str) -> None:
    assert [entry.code for entry in guide_of(definitions()).search(query)][:1] == ["shop-licence"]


def test_all_words_must_occur_and_names_come_before_keywords() -> None:
    held = guide_of(definitions())
    assert held.search("ترخيص مريخ") == []
    assert {entry.code for entry in held.search("")} == {"building-permit", "road-occupancy", "shop-licence"}


def version(number: int, day: date, name: str) -> Any:
    return SimpleNamespace(code="lift", version=number, effective_from=day, document={"name": {"ar": name, "en": name}})


def test_the_version_in_force_is_the_newest_whose_cairo_day_has_come() -> None:
    rows = [
        version(3, date(2026, 12, 1), "later"),
        version(1, date(2026, 1, 1), "old"),
        version(2, date(2026, 11, 22), "new"),
    ]
    before_midnight = guide_of(rows, datetime(2026, 11, 21, 21, 59, tzinfo=UTC))  # 23:59 in Cairo
    after_midnight = guide_of(rows, datetime(2026, 11, 21, 22, 0, tzinfo=UTC))
    assert before_midnight.get("lift").version == 1  # type: ignore[union-attr]
    assert after_midnight.get("lift").version == 2  # type: ignore[union-attr]
    assert after_midnight.version("lift", 1).document["name"]["en"] == "old"  # type: ignore[union-attr]


def test_a_service_not_yet_in_force_is_not_offered() -> None:
    held = guide_of([version(1, date(2027, 1, 1), "later")])
    assert held.get("lift") is None and held.search("later") == []


def test_a_guide_once_read_is_shown_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "FRESH_SECONDS", 0.0)
    rows, away = definitions(), False

    def read(statement: Any) -> list[Any]:
        if away:
            raise Unavailable("database unreachable")
        return [(1, 1)] if statement is guide._STAMP else rows

    held = Guide(read, lambda: datetime(2026, 11, 21, tzinfo=UTC))
    away = True
    with pytest.raises(Unavailable):
        held.search("")
    away = False
    assert len(held.search("")) == len(rows)
    away = True
    assert len(held.search("")) == len(rows)


def test_reading_the_guide_asks_no_other_service() -> None:
    service = Service()
    client = client_of(service)
    found = client.get("/api/v1/services?q=رخصة محل").get_json()["services"]
    shown = client.get(f"/api/v1/services/{found[0]['code']}").get_json()
    assert shown["definition"]["period"]["days"] == 60
    assert client.get("/ar/services/shop-licence").status_code == 200
    assert service.called == []
