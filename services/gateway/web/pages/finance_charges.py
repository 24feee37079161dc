"""The centre's page of what its rails took for bills of governorates: sums by governorate and day, each charge and how
it stands, the same as files, and refunds of which only the rail's statement can tell."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for

from chassis.offload import offload
from contracts.payments_centre import CHARGE_STANDS, MOST_DAYS
from rules import places
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from services.gateway import links
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import board_files, board_report, shown
from services.gateway.web.pages import finance_forms as forms
from services.gateway.web.pages.board_files import Report
from services.gateway.web.pages.board_tables import COUNT, DATE, MONEY, TEXT, Column, Table
from services.gateway.web.pages.finance_forms import Answer
from services.gateway.web.pages.finance_statements import RAILS
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("finance_charges", __name__)
_PAGE = LANG + "/staff/finance/charges"
_REFUND = _PAGE + "/refunds/<uuid:refund_id>"
DAYS = 7
ON_A_PAGE, IN_A_FILE = 50, 10_000
SHOWN = 4  # digits of the rail's reference that a file shows
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page or a file is asked for; empty where nothing is."""

    since: date
    until: date
    node: str | None
    stands: str | None

    @property
    def given(self) -> dict[str, str]:
        """The address of it."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), "node": self.node or "",
                "stands": self.stands or ""}

    @property
    def days(self) -> dict[str, Any]:
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), "node": self.node}


@door(blueprint, "GET", _PAGE, permission="reconciliation.read")
def show() -> Answer:
    """The charges of some days, of one governorate or of all."""
    try:
        asked = _asked()
    except Refusal as refusal:
        return forms.render("staff/finance/charges.html", faults=refusal.faults, given=request.args, table=None,
                            **_choices()), 422
    found = forms.ask("payments.charges_by_day", asked.days)
    page = forms.ask("payments.charges", {**_wanted(asked), "before": request.args.get("before") or None,
                                          "limit": ON_A_PAGE})
    done = request.args.get("done", "")
    return forms.render(
        "staff/finance/charges.html", faults=[], given=asked.given, table=_by_day(found["days"]),
        total=_total(found["days"]), charges=page["charges"], next=page["next"], in_doubt=found["in_doubt"],
        in_doubt_more=found["in_doubt_more"], in_a_file=IN_A_FILE,
        write=board_report.written, done=done if done in ("done", "refused") else "", name=governorate,
        first=not request.args.get("before"), **_choices())


@door(blueprint, "GET", _PAGE + ".xlsx", permission="reconciliation.read")
def workbook() -> Response:
    """The sums and the charges as a workbook, which says where it has not every charge; references are masked."""
    asked = _asked()
    found, (every, cut) = forms.ask("payments.charges_by_day", asked.days)["days"], _all(asked)
    tables = [_by_day(found), _listed(every)]
    total, arabic, now = _total(found), shown.language() == "ar", platform().now().isoformat()
    report = Report(
        title=shown.text("charges.title"),
        place=governorate(asked.node) if asked.node else shown.text("charges.all"),
        said=[shown.text("board.from_to", since=shown.day(asked.since), until=shown.day(asked.until)),
              shown.text("board.paper.by", name=caller().actor.name, moment=shown.moment(now)),
              *([_cut()] if cut else [])],
        language=shown.language(),
        figures=[(shown.text("charges.came"), MONEY, total["came"], None),
                 (shown.text("charges.given_back"), MONEY, total["given_back"], None),
                 (shown.text("charges.count"), COUNT, total["charges"], None)],
        heads=(shown.text("board.figures"), shown.text("board.period"), shown.text("board.earlier"),
               shown.text("board.figures")),
        tables=tables, written=[], written_figures=[], page=("", ""), rest="", money=" (جنيه)" if arabic else " (EGP)")
    return _file(offload(board_files.to_xlsx, report), board_files.XLSX, asked, "xlsx")


@door(blueprint, "GET", _PAGE + ".csv", permission="reconciliation.read")
def lines() -> Response:
    """The charges as lines, amounts in piastres; references are masked. A last line says so where more were asked for
    than a file has."""
    asked = _asked()
    every, cut = _all(asked)
    return _file(offload(_csv, _listed(every), _cut() if cut else ""), "text/csv; charset=utf-8", asked, "csv")


@door(blueprint, "GET", _REFUND, permission="refund.approve")
def show_refund(refund_id: Any) -> Answer:
    return _refund_page(refund_id)([], {})


@door(blueprint, "POST", _REFUND, permission="refund.approve", media_types=FORM, csrf=True)
def settle_refund(refund_id: Any) -> Answer:
    """Say what the rail's statement shows."""
    page, found = _refund_page(refund_id), request.form.get("given_back", "")
    if found not in ("yes", "no"):
        return forms.refused(page, [Fault("field_required", "given_back")])
    payload = {"refund_id": str(refund_id), "given_back": found == "yes", "reason": forms.reason(),
               "reference": request.form.get("reference", "").strip()[:60] or None,
               "rail": request.form.get("rail", "")[:30] or None}
    return forms.send("payments.settle_charge_refund", payload, page,
                      lambda one: url_for("finance_charges.show", done=one["state"]),
                      fields=("reason", "given_back", "reference", "rail"))


def _refund_page(refund_id: Any) -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        today = platform().today().isoformat()
        waiting = forms.ask("payments.charges_by_day", {"since": today, "until": today})["in_doubt"]
        one = next((one for one in waiting if one["refund_id"] == str(refund_id)), None)
        if one is None:
            raise refuse("charge_refund_unknown", "refund_id")
        return forms.render("staff/finance/charge_refund.html", one=one, faults=faults, given=given, name=governorate,
                            rails=[(code, forms.label("rail", code)) for code in RAILS if code != "pos"],
                            once=forms.once())

    return page


def governorate(code: str) -> str:
    """`القاهرة` for EG-C; the code itself where nobody knows it."""
    found = places.governorate(code)
    return shown.named(found.name) if found else code


def _asked() -> Asked:
    """Refuses board_day_malformed, charge_days_wrong."""
    today = platform().today()
    faults: list[Fault] = []
    until = _day("until", faults) or today
    since = _day("since", faults) or until - timedelta(days=DAYS - 1)
    if not faults and not timedelta(0) <= until - since < timedelta(days=MOST_DAYS):
        faults.append(Fault("charge_days_wrong", "until", {"most": MOST_DAYS}))
    if faults:
        raise Refusal(faults)
    node, stands = request.args.get("node", ""), request.args.get("stands", "")
    return Asked(since, until, node if places.governorate(node) else None, stands if stands in CHARGE_STANDS else None)


def _day(name: str, faults: list[Fault]) -> date | None:
    typed = western_digits(request.args.get(name, "")).strip()
    try:
        found = date.fromisoformat(typed) if typed else None
    except ValueError:
        found = date.min
    if found is not None and not 2000 <= found.year <= 2999:
        faults.append(Fault("board_day_malformed", name))
        return None
    return found


def _wanted(asked: Asked) -> dict[str, Any]:
    return {**asked.days, "stands": asked.stands, "arrived": platform().run(links.receipted, caller().actor)}


def _all(asked: Asked) -> tuple[list[dict[str, Any]], bool]:
    """Every charge that was asked for, the newest IN_A_FILE at most, and whether there are more."""
    found: list[dict[str, Any]] = []
    before, wanted = None, _wanted(asked)
    while len(found) < IN_A_FILE:
        page = forms.ask("payments.charges", {**wanted, "before": before, "limit": 1000})
        found += page["charges"]
        before = page["next"]
        if before is None:
            break
    return found[:IN_A_FILE], before is not None or len(found) > IN_A_FILE


def _cut() -> str:
    """What a file says that has not every charge."""
    return shown.text("charges.file_cut", most=shown.number(IN_A_FILE))


def _total(days: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(one[name] for one in days) for name in ("charges", "came", "given_back")}


def _by_day(days: list[dict[str, Any]]) -> Table:
    columns = (Column(shown.text("charges.day"), DATE), Column(shown.text("charges.node"), TEXT),
               Column(shown.text("charges.came"), MONEY), Column(shown.text("charges.given_back"), MONEY),
               Column(shown.text("charges.left"), MONEY), Column(shown.text("charges.count"), COUNT))
    return Table("charges-by-day", shown.text("charges.by_day"), columns, [
        (date.fromisoformat(str(one["day"])), governorate(one["node"]), one["came"], one["given_back"],
         one["came"] - one["given_back"], one["charges"]) for one in days])


def _listed(charges: list[dict[str, Any]]) -> Table:
    """The charges for a file. What would lead a stranger to the payment at the rail is masked."""
    columns = tuple(Column(shown.text(f"charges.{name}"), kind) for name, kind in (
        ("bill", TEXT), ("node", TEXT), ("rail", TEXT), ("stands", TEXT), ("asked", MONEY), ("came", MONEY),
        ("given_back", MONEY), ("paid_at", TEXT), ("wished_at", TEXT), ("reference", TEXT)))
    return Table("charges", shown.text("charges.each"), columns, [
        (one["bill_number"], governorate(one["node"]), forms.label("rail", one["rail"]),
         shown.text(f"charges.stands.{one['stands']}"), one["amount"], one["paid_amount"], one["given_back"],
         shown.moment(one["paid_at"]) if one["paid_at"] else None, shown.moment(one["wished_at"]),
         masked(one["reference"])) for one in charges])


def masked(reference: str | None) -> str | None:
    """`…3210` of a rail's number."""
    return None if not reference else "…" + reference[-SHOWN:]


def _csv(table: Table, last: str) -> bytes:
    """With the mark by which Excel knows UTF-8; no cell is taken for a formula. `last` is a line of its own."""
    written = io.StringIO()
    lines_ = csv.writer(written)
    lines_.writerow([column.title for column in table.columns])
    for row in table.rows:
        lines_.writerow([f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
                         for value in row])
    if last:
        lines_.writerow([last])
    return written.getvalue().encode("utf-8-sig")


def _file(made: bytes, media_type: str, asked: Asked, extension: str) -> Response:
    response = Response(made, content_type=media_type)
    name = f"charges-{asked.node or 'all'}-{asked.since}-{asked.until}.{extension}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _choices() -> dict[str, Any]:
    """What the form offers."""
    known = sorted(((code, governorate(code)) for code in places.governorates()), key=lambda one: one[1])
    return {"nodes": known, "stands": [(one, shown.text(f"charges.stands.{one}")) for one in CHARGE_STANDS]}
