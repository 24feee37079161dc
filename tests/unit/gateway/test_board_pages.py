"""The board's page, workbook and paper: what is asked of the services, how figures are told, who is shown what."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from rules.refusal import Fault, Refusal
from services.gateway.web.pages import board_files, board_report
from services.gateway.web.pages.board_tables import COUNT, MEAN, MONEY, SHARE, TEXT, Column, Table, Tile
from services.requests.tables_board import COUNTS
from tests.unit.gateway.ground import Service, client_of, refused

OFFICER, CLERK = "01980c5e-7c00-7000-8000-0000000000a1", "01980c5e-7c00-7000-8000-0000000000a2"


def counts(**given: int) -> dict[str, int]:
    return {**dict.fromkeys(COUNTS, 0), **given}


NOW = counts(lodged=20, approved=9, rejected=1, finished_late=2, executed=9, delivered=5, arrived=30, acted=24,
             acted_late=6, acted_seconds=24 * 7200, finished_seconds=10 * 5 * 86400, rated=4, stars=15, complained=1)
BEFORE = counts(lodged=16, approved=8, finished_late=4)


def board(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    def both(*keys: str) -> list[dict[str, Any]]:
        return [{"key": key, "now": NOW, "before": BEFORE} for key in keys]

    inside = body["unit"] is not None or more.get("unit") is not None
    return {
        "since": body["since"], "until": body["until"],
        "before": {"since": body["before_since"], "until": body["before_until"]},
        "unit": body["unit"], "department": body["department"], "as_of": "2026-11-22T08:00:00+00:00",
        "total": NOW, "before_total": BEFORE,
        "days": [{"day": "2026-11-01", **NOW}, {"day": "2026-11-02", **BEFORE}],
        "sides": {"unit": [] if inside else both("EG-C-01", "EG-C-02"), "department": both("licensing", "engineering"),
                  "person": both(CLERK, OFFICER) if inside else [], "service": both("shop-licence", "building-permit"),
                  "channel": both("centre", "portal")},
        **more}


def lying(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    inside = body["unit"] is not None or more.get("unit") is not None
    service = {"key": "shop-licence", "open": 9, "waiting": 2, "late": 4, "oldest": "2026-10-02"}
    desk = {"unit": "EG-C-01", "department": "licensing", "open": 7, "late": 6, "late_week": 3, "late_month": 1,
            "oldest": "2026-10-02"}
    return {
        "unit": body["unit"], "department": body["department"], "as_of": "2026-11-22T07:59:55+00:00",
        "desks": [{**desk, "account": OFFICER if inside else None}, {**desk, "department": "legal", "account": None}],
        "requests": None if body["department"] else {
            "units": [{**service, "key": "EG-C-01"}], "services": [service],
            "channels": [{**service, "key": "centre"}], "total": {"open": 9, "waiting": 2, "late": 4, "oldest": None}},
        **more}


def collected(body: dict[str, Any]) -> dict[str, Any]:
    key = {"way": "cash", "service": "shop-licence"}[body["by"]]
    other = {"way": "fawry", "service": "building-permit"}[body["by"]]
    return {"rows": [{"key": key, "amount": 12_345_00, "receipts": 7}, {"key": other, "amount": 0, "receipts": 0}],
            "total": 12_345_00, "receipts": 7}


TURNS = {"queues": [
    {"unit": "EG-C-01", "day": "2026-11-01", "queue": "intake", "taken": 10, "served": 8, "missed": 1, "left": 1,
     "waiting": {"count": 8, "mean": 600, "median": 500, "p90": 1200},
     "service": {"count": 8, "mean": 300, "median": 300, "p90": 400}}],
    "visits": [{"unit": "EG-C-01", "requests": 5, "visits": 7, "mean": 1.4, "by_visit": {"1": 3, "2": 2}}]}
CAUSES = {"causes": [{"unit": "EG-C-01", "department": "licensing", "service_code": "shop-licence", "cause": "absence",
                      "measure": "put_first", "requests": 2, "days_late": 9}]}


def stand(role: str = "unit_head", unit: str | None = "EG-C-01", department: str | None = "leadership"
          ) -> tuple[Service, Any]:
    """A board whose services answer as they would to this person."""
    service = Service()
    bound = {} if unit is None else {"unit": unit}
    if role == "department_head":
        bound["department"] = str(department)
    service.answers |= {
        "requests.board": lambda body: board({**body, **bound}, **bound),
        "requests.board_open": lambda body: lying({**body, **bound}, **bound),
        "payments.collections": collected, "requests.turn_figures": TURNS, "requests.late_causes": CAUSES}
    service.names = {OFFICER: "سلمى فؤاد", CLERK: "منى السيد"}
    return service, client_of(service, service.log_in(role, unit=unit, department=department))


def page_of(client: Any, path: str = "/en/staff/board", **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def calls(service: Service) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in service.called:
        found.setdefault(one.method, []).append(one.payload)
    return found


@pytest.mark.parametrize(("lang", "said"), [
    ("ar", ("لوحة المتابعة", "المقدَّمة", "تم التنفيذ", "متأخر الآن عند الإدارات", "إدارة الرخص · سلمى فؤاد", "منى السيد",
            "قبلها: 16، زاد 25%", "غياب الموظف المختص", "تقديم طلب جديد", "12,345.00 ج.م", "ترخيص محل")),
    ("en", ("Board", "Lodged", "Executed", "Late now at the desks", "Licensing department · سلمى فؤاد", "منى السيد",
            "Before: 16, up 25%", "The person in charge was absent", "New application", "EGP 12,345.00"))])
def test_a_head_of_a_unit_is_told_everything_about_it(lang: str, said: tuple[str, ...]) -> None:
    _, client = stand()
    page = page_of(client, f"/{lang}/staff/board")
    assert [one for one in said if one not in page] == []


def test_each_chart_stands_above_its_table_and_is_drawn_from_it() -> None:
    _, client = stand()
    page = page_of(client)
    charts = re.findall(r'<figure class="chart"[^>]*data-table="([\w-]+)"', page)
    assert set(charts) >= {"figures-days", "figures-late", "figures-departments", "figures-people", "figures-services",
                           "figures-channels", "figures-ways", "figures-visits"}
    assert "figures-queues" not in charts  # one row has nothing to be compared with
    for chart in charts:
        assert page.index(f'data-table="{chart}"') < page.index(f'id="{chart}"')
    assert page.count('<canvas role="img" aria-label="Chart: ') == len(charts)
    assert 'data-value="20"' in page and "style=" not in page and "onclick" not in page


def test_this_month_is_held_against_the_same_days_of_the_one_before() -> None:
    service, client = stand()
    page_of(client, "/en/staff/board?period=month&on=2025-03-09")
    [asked] = calls(service)["requests.board"]
    assert asked == {"since": "2025-03-01", "until": "2025-03-31", "before_since": "2025-02-01",
                     "before_until": "2025-02-28", "unit": None, "department": None}
    assert [one["by"] for one in calls(service)["payments.collections"]] == ["way", "way", "service"]


def test_chosen_dates_may_be_typed_in_arabic_digits() -> None:
    service, client = stand()
    page_of(client, "/ar/staff/board?period=dates&on=٢٠٢٥-٠٣-٠١&until=2025-03-10")
    asked = calls(service)["requests.board"][0]
    assert (asked["since"], asked["until"], asked["before_since"], asked["before_until"]) == (
        "2025-03-01", "2025-03-10", "2025-02-19", "2025-02-28")


@pytest.mark.parametrize(("query", "field", "said"), [
    ("on=tomorrow", "on", "Write the day like 2026-03-31."),
    ("period=dates&on=2026-03-02&until=2026-03-01", "until", "The period ends before it begins"),
    ("period=dates&on=2024-01-01&until=2026-03-01", "until", "longer than 366 days")])
def test_what_is_no_period_is_told_at_its_field(query: str, field: str, said: str) -> None:
    service, client = stand()
    answer = client.get(f"/en/staff/board?{query}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and said in page and f'href="#{field}"' in page
    assert "requests.board" not in calls(service)


def test_htmx_gets_the_part_that_changes_and_asks_again_until_it_is_stopped() -> None:
    _, client = stand()
    part = page_of(client, **{"HX-Request": "true"})
    assert part.lstrip().startswith('<div id="board"') and "<html" not in part
    assert 'hx-trigger="every 30s' in part and 'hx-get="/en/staff/board?' in part
    stopped = page_of(client, "/en/staff/board?live=0")
    assert "hx-get" not in stopped and "Refreshing is stopped." in stopped
    assert "Figures as of" in part


def test_a_head_of_a_department_is_told_of_files_and_not_of_money_or_windows() -> None:
    service, client = stand("department_head", department="licensing")
    page = page_of(client)
    assert "Done late" in page and "Collected" not in page and 'name="department"' not in page
    assert set(calls(service)) == {"requests.board", "requests.board_open"}


def test_the_governorate_chooses_a_unit_and_goes_into_it() -> None:
    service, client = stand("governorate_follow_up", unit=None, department=None)
    page = page_of(client, "/en/staff/board?period=month&on=2025-03-01")
    assert "All units" in page and 'name="unit"' in page and "منى السيد" not in page
    assert re.search(r'href="/en/staff/board\?[^"]*unit=EG-C-01[^"]*"', page)
    inside = page_of(client, "/en/staff/board?unit=EG-C-01")
    assert "منى السيد" in inside and 'name="department"' in inside
    assert calls(service)["payments.collections"][-1]["unit"] == "EG-C-01"


def test_what_the_service_denies_is_denied_here() -> None:
    service, client = stand()
    service.answers["requests.board"] = refused("forbidden")
    assert client.get("/en/staff/board?unit=EG-C-02").status_code == 403


def test_nothing_happened_is_said() -> None:
    service, client = stand()
    nothing = counts()
    service.answers["requests.board"] = lambda body: {
        **board({**body, "unit": "EG-C-01"}), "total": nothing, "before_total": nothing, "days": [],
        "sides": {side: [] for side in ("unit", "department", "person", "service", "channel")}}
    service.answers["requests.board_open"] = lambda body: {
        **lying(body), "as_of": None, "desks": [],
        "requests": {"units": [], "services": [], "channels": [], "total": {"open": 0, "late": 0}}}
    service.answers["payments.collections"] = {"rows": [], "total": 0, "receipts": 0}
    service.answers["requests.turn_figures"] = {"queues": [], "visits": []}
    service.answers["requests.late_causes"] = {"causes": []}
    page = page_of(client)
    assert "Nothing in this period." in page and "was not counted yet" in page


# -- to take along -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "right_to_left"), [("ar", True), ("en", False)])
def test_the_workbook_has_typed_cells_and_runs_in_its_languages_direction(lang: str, right_to_left: bool) -> None:
    _, client = stand()
    answer = client.get(f"/{lang}/staff/board.xlsx?period=month&on=2025-03-01")
    assert answer.content_type == board_files.XLSX
    assert answer.headers["Content-Disposition"] == 'attachment; filename="board-EG-C-01-2025-03-01-2025-03-31.xlsx"'
    book = load_workbook(io.BytesIO(answer.data))
    assert all(sheet.sheet_view.rightToLeft is right_to_left for sheet in book.worksheets)
    days, services = (book[{"ar": ar, "en": en}[lang]] for ar, en in (
        ("يوماً بيوم", "Day by day"), ("حسب الخدمة", "By service")))
    assert [cell.value for cell in days[2]][1:] == [20, 10, 9] and days["A2"].value.date() == date(2026, 11, 1)
    on_time = services["F2"]
    assert (on_time.value, on_time.number_format) == (0.8, "0.0%")
    ways = book[{"ar": "المتحصلات حسب وسيلة السداد", "en": "Collections by way of payment"}[lang]]
    assert (ways["B2"].value, ways["B2"].number_format) == (12_345, "#,##0.00")


def test_no_text_of_a_workbook_is_a_formula() -> None:
    table = Table("t", "=1+1/[x]", (Column("=2", TEXT), Column("n", COUNT)), [("=HYPERLINK(1)", 3), ("+44", None)])
    made = board_files.to_xlsx(report_of(table))
    book = load_workbook(io.BytesIO(made))
    sheet = book.worksheets[1]
    assert sheet["A2"].data_type == "s" and sheet["A2"].value == "=HYPERLINK(1)" and sheet["B3"].value is None
    assert not set(sheet.title) & set("[]:*?/\\")


def test_the_paper_is_a_pdf() -> None:
    _, client = stand()
    answer = client.get("/ar/staff/board.pdf")
    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF-") == (answer.content_type == board_files.PDF)
    assert len(answer.data) > 5_000


def test_a_long_table_goes_on_in_the_workbook() -> None:
    rows: list[tuple[Any, ...]] = [(f"row {number}", number) for number in range(board_files.PAPER_ROWS + 7)]
    table = Table("t", "long", (Column("a", TEXT), Column("n", COUNT)), rows)
    page = board_files._environment().get_template("board.html").render(
        report=report_of(table), dir="rtl", most=board_files.PAPER_ROWS)
    assert "7 more" in page and "row 59<" in page and "row 60<" not in page
    assert load_workbook(io.BytesIO(board_files.to_xlsx(report_of(table)))).worksheets[1].max_row == len(rows) + 1


def test_who_would_wait_too_long_for_a_paper_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = stand()
    monkeypatch.setattr(board_report, "_WAIT_SECONDS", 0.01)
    with board_report._DRAWING:
        assert client.get("/ar/staff/board.pdf").status_code == 503
    assert client.get("/ar/staff/board.pdf").status_code == 200


def report_of(*tables: Table) -> board_files.Report:
    return board_files.Report(
        title="لوحة", place="الزيتون", said=["=1"], language="ar", figures=[("=x", MONEY, 150, None)],
        heads=("a", "b", "c", "d"), tables=tables, written=[[[str(value) for value in row] for row in one.rows]
                                                             for one in tables],
        written_figures=[("x", "1", "2")], page=("صفحة", "من"), rest="{count} more", money=" (جنيه)")


@pytest.mark.parametrize(("tile", "change", "mood"), [
    (Tile("t", COUNT, 20, 16, better=True), 0.25, "good"), (Tile("t", COUNT, 8, 16, better=True), -0.5, "bad"),
    (Tile("t", MEAN, 2.0, 4.0, better=False), -0.5, "good"), (Tile("t", COUNT, 5, 0, better=True), None, ""),
    (Tile("t", SHARE, 0.85, 0.80, better=True), 0.05, "good"), (Tile("t", COUNT, 1000, 1001), 0.0, ""),
    (Tile("t", COUNT, 7, compared=False, better=False), None, "")])
def test_a_change_is_told_in_whole_per_cents_and_as_good_or_bad_where_it_is_either(
        tile: Tile, change: float | None, mood: str) -> None:
    assert (tile.change, tile.mood) == (change, mood)


# -- over the API ------------------------------------------------------------------------------------------------------


def over_api(service: Service, path: str) -> Any:
    token = service.log_in("unit_head", department="leadership")
    return client_of(service).get(f"/api/v1/boards{path}", headers={"Authorization": f"Bearer {token}"})


def test_programs_get_the_same_numbers() -> None:
    service, _ = stand()
    found = over_api(service, "?since=2025-03-01&until=2025-03-31&before_since=2025-02-01&before_until=2025-02-28")
    assert found.get_json()["total"]["lodged"] == 20
    assert over_api(service, "/open?department=licensing").get_json()["desks"][0]["late"] == 6
    assert over_api(service, "?until=2025-03-31").status_code == 422


def test_programs_get_the_workbook_and_the_paper_in_the_language_they_ask_for() -> None:
    service, _ = stand()
    book = load_workbook(io.BytesIO(over_api(service, "/board.xlsx?period=week&on=2025-03-03&language=en").data))
    assert "Day by day" in book.sheetnames
    assert over_api(service, "/board.pdf?period=day").data.startswith((b"%PDF-", b"<!doctype"))
    assert over_api(service, "/board.xlsx?period=year").status_code == 422


def test_a_fault_of_a_period_keeps_its_field() -> None:
    service, _ = stand()
    service.answers["requests.board"] = Refusal([Fault("period_reversed", "until")])
    body = over_api(service, "?since=2025-03-02&until=2025-03-01").get_json()
    assert [(one["code"], one["field"]) for one in body["errors"]] == [("period_reversed", "until")]
