"""The gateway's own copy of the guide: by the day, by what was published and retired, confirmed by its tag."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.errors import Unavailable
from rules.refusal import Refusal
from rules.search import Filters
from services.gateway import guide
from services.gateway.guide import Guide
from tests.support import guides
from tests.unit.gateway.ground import Service, client_of, definitions

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Copy:
    """The gateway's tables, played; counts what is read."""

    def __init__(self, rows: list[Any], retirements: list[Any] | None = None) -> None:
        self.rows, self.retirements = rows, retirements or []
        self.away, self.documents_read, self.now = False, 0, NOON

    def read(self, statement: Any, **params: Any) -> list[Any]:
        if self.away:
            raise Unavailable("database unreachable")
        if statement is guide._STAMP:
            return [(len(self.rows), len(self.retirements))]
        if statement is guide._KEYS:
            return self.rows
        if statement is guide._RETIREMENTS:
            return self.retirements
        assert statement is guide._DOCUMENTS
        found = [row for row in self.rows if row.code in params["codes"]]
        self.documents_read += len(found)
        return found

    def guide(self) -> Guide:
        return Guide(self.read, lambda: self.now)


@pytest.fixture(autouse=True)
def looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "FRESH_SECONDS", 0.0)


def version(number: int, day: date, name: str = "lift", code: str = "lift") -> Any:
    return SimpleNamespace(
        code=code, version=number, effective_from=day,
        document={"code": code, "name": {"ar": name, "en": name}, "unit_kinds": [], "channels": []},
    )  # fmt: skip


def retired(day: date, code: str = "lift") -> Any:
    return SimpleNamespace(code=code, retired_from=day)


def in_force(rows: list[Any], retirements: list[Any] | None = None, now: datetime = NOON) -> list[tuple[str, int]]:
    copy = Copy(rows, retirements)
    copy.now = now
    return [(entry.code, entry.version) for entry in copy.guide().in_force()]


@pytest.mark.parametrize("query", ["ترخيص محل", "تَرخِيص مَحَلّ", "محل ترخيص", "SHOP Licence", "دكان", "ترخصي محل"])
def test_a_shop_licence_is_found_however_it_is_written(query: str) -> None:
    assert next(iter(Copy(definitions()).guide().search(query))).code == "shop-licence"


def test_the_version_in_force_is_the_newest_whose_cairo_day_has_come() -> None:
    rows = [version(3, date(2026, 12, 1)), version(1, date(2026, 1, 1), "old"), version(2, date(2026, 11, 22))]
    assert in_force(rows, now=datetime(2026, 11, 21, 21, 59, tzinfo=UTC)) == [("lift", 1)]  # 23:59 in Cairo
    assert in_force(rows, now=datetime(2026, 11, 21, 22, 0, tzinfo=UTC)) == [("lift", 2)]
    held = Copy(rows).guide()
    found = held.version("lift", 1)
    assert found is not None and found.document["name"]["en"] == "old"
    assert held.version("lift", 9) is None


def test_a_service_not_yet_in_force_is_not_offered() -> None:
    held = Copy([version(1, date(2027, 1, 1), "later")]).guide()
    assert held.get("lift") is None and list(held.search("later")) == []


def test_a_retired_service_is_offered_until_its_day_and_its_versions_stay_readable() -> None:
    rows = [version(1, date(2026, 1, 1))]
    assert in_force(rows, [retired(date(2026, 11, 22))]) == [("lift", 1)]
    assert in_force(rows, [retired(date(2026, 11, 21))]) == []
    held = Copy(rows, [retired(date(2026, 11, 21))]).guide()
    assert held.version("lift", 1) is not None


def test_a_version_that_takes_effect_on_or_after_a_retirement_brings_the_service_back() -> None:
    retirements = [retired(date(2026, 3, 1))]
    rows = [version(1, date(2026, 1, 1)), version(2, date(2026, 3, 1))]
    assert in_force(rows, retirements) == [("lift", 2)]
    assert in_force([rows[0], version(2, date(2027, 1, 1))], retirements) == []


def test_only_what_is_new_is_read() -> None:
    copy = Copy([version(1, date(2026, 1, 1), code=code) for code in ("a", "b", "c")])
    held = copy.guide()
    first = held.edition()
    assert held.edition() is first and copy.documents_read == 3
    copy.rows = [*copy.rows, version(1, date(2026, 1, 1), code="d")]
    assert [entry.code for entry in held.in_force()] == ["a", "b", "c", "d"] and copy.documents_read == 4


def test_the_tag_changes_with_the_content_and_the_day_and_with_nothing_else() -> None:
    rows = [version(1, date(2026, 1, 1)), version(1, date(2026, 1, 1), code="sign")]
    tag = Copy(rows).guide().edition().tag
    assert Copy(list(reversed(rows))).guide().edition().tag == tag
    assert Copy([*rows, version(2, date(2027, 1, 1))]).guide().edition().tag == tag
    others = [
        Copy([version(1, date(2026, 1, 1), "other"), rows[1]]),
        Copy([version(2, date(2026, 1, 1)), rows[1]]),
        Copy(rows, [retired(date(2026, 2, 1))]),
        Copy(rows),
    ]
    others[-1].now = datetime(2026, 11, 21, 22, tzinfo=UTC)
    tags = [copy.guide().edition().tag for copy in others]
    assert len({tag, *tags}) == 1 + len(others)


def test_a_running_process_passes_to_the_next_day_at_midnight_in_cairo() -> None:
    copy = Copy([version(1, date(2026, 1, 1)), version(2, date(2026, 11, 22))])
    held = copy.guide()
    assert held.get("lift").version == 1  # type: ignore[union-attr]
    copy.now, copy.away = datetime(2026, 11, 21, 22, tzinfo=UTC), True
    assert held.get("lift").version == 2  # type: ignore[union-attr]


def test_a_guide_once_read_is_shown_while_the_database_is_away() -> None:
    copy = Copy(definitions())
    held = copy.guide()
    copy.away = True
    with pytest.raises(Unavailable):
        held.search("")
    copy.away = False
    assert len(held.search("")) == len(copy.rows)
    copy.away = True
    assert len(held.search("")) == len(copy.rows)


def rows_of(count: int) -> list[Any]:
    return [SimpleNamespace(code=one["code"], version=1, effective_from=date(2026, 1, 1), document=one)
            for one in guides.definitions(count)]  # fmt: skip


@pytest.mark.parametrize("query", ["", "ترخيص", "licence"])
def test_pages_of_a_search_put_together_are_the_search(query: str) -> None:
    edition = Copy(rows_of(250)).guide().edition()
    every = [entry.code for entry in edition.find(query, Filters()).entries]
    walked, after = [], None
    while True:
        page = edition.find(query, Filters(), after=after, limit=7)
        walked += [entry.code for entry in page.entries]
        assert page.total == len(every)
        if page.next is None:
            break
        after = page.next
    assert walked == every and len(every) > 7


@pytest.mark.parametrize("cursor", ["x", "1.2", "-1.0.a", "1.٢.a", "0.99999999999.a", "..", "0.0."])
def test_a_cursor_of_nobodys_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal, match="cursor_invalid"):
        Copy(rows_of(3)).guide().edition().find("", Filters(), after=cursor)


# -- the API ---------------------------------------------------------------------------------------------------------


def test_reading_the_guide_asks_no_other_service() -> None:
    service = Service()
    client = client_of(service)
    found = client.get("/api/v1/services?q=رخصة محل").get_json()["services"]
    shown = client.get(f"/api/v1/services/{found[0]['code']}").get_json()
    assert shown["definition"]["period"]["days"] == 60
    assert client.get("/ar/services/shop-licence").status_code == 200
    assert service.called == []


def test_filters_and_facets_of_the_api() -> None:
    client = client_of(Service())
    every = client.get("/api/v1/services").get_json()
    assert every["total"] == len(every["services"]) and every["next"] is None
    sector = every["facets"]["sector"][0]
    assert set(sector) == {"code", "name", "count"} and set(sector["name"]) == {"ar", "en"}
    narrowed = client.get("/api/v1/services", query_string={"sector": sector["code"]}).get_json()
    assert narrowed["total"] == sector["count"]
    assert {one["sector"] for one in narrowed["services"]} == {sector["code"]}
    district = client.get("/api/v1/services?unit=EG-C-01").get_json()
    assert district["services"] == client.get("/api/v1/services?unit_kind=district").get_json()["services"]


@pytest.mark.parametrize(("query", "field"), [
    ("unit=EG-ZZ-99", "unit"), ("unit=EG-C-01&unit_kind=village", "unit"), ("channel=pigeon", "channel"),
    ("sector=astronomy", "sector"), ("life_event=waking-up", "life_event"), ("unit_kind=planet", "unit_kind"),
    ("limit=0", "limit"), ("limit=501", "limit"), ("after=x", "after"), ("q=" + "م" * 201, "q"),
])  # fmt: skip
def test_what_no_filter_takes_is_refused_with_its_field(query: str, field: str) -> None:
    answer = client_of(Service()).get(f"/api/v1/services?{query}")
    assert answer.status_code == 422 and answer.mimetype == "application/problem+json"
    assert field in [error["field"] for error in answer.get_json()["errors"]]


@pytest.mark.parametrize("path", ["/api/v1/services?q=محل", "/api/v1/services/shop-licence"])
def test_what_a_client_holds_is_confirmed_without_a_body(path: str) -> None:
    client = client_of(Service())
    first = client.get(path)
    tag = first.headers["ETag"]
    assert tag.startswith('"') and "public" in first.headers["Cache-Control"]
    again = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).data == first.data


def test_another_guide_is_not_confirmed_with_the_old_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    client = client_of(service)
    tag = client.get("/api/v1/services").headers["ETag"]
    service.retirements = [SimpleNamespace(code="shop-licence", retired_from=date(2026, 2, 1))]
    answer = client.get("/api/v1/services", headers={"If-None-Match": tag})
    assert answer.status_code == 200 and answer.headers["ETag"] != tag
    assert "shop-licence" not in [one["code"] for one in answer.get_json()["services"]]
    assert client.get("/api/v1/services/shop-licence").status_code == 404
