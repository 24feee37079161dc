"""Accounts of the demo and of training, one for each part somebody plays. Never loaded in production.

PEOPLE walk a shop licence and look after the platform; DESKS are the other desks that services of the guide need (a
test holds them against the guide), so that any service can be walked by hand. docs/demo-accounts.md lists both.
"""

from __future__ import annotations

from typing import Any

from chassis.config import Mode, Role
from rules import roles
from services.gateway import accounts

PASSWORD = "shubbak-demo"  # noqa: S105  (printed by the demo; refused in production)
UNIT = "EG-C-01"  # El Zeitoun, Cairo
CHANNELS = {"mobile_clerk": "mobile_district"}  # of roles that do not sit at the centre
# Of PEOPLE, those who have work at the national centre too: the guide, the wordings, the organisation, the platform.
NATIONAL = ("editor", "reviewer", "organiser", "council", "follow-up", "wording", "admin")

# user name, role, display name, department, window
PEOPLE: tuple[tuple[str, str, str, str | None, str | None], ...] = (
    ("clerk", "window_clerk", "منى السيد", None, "3"),
    ("cashier", "cashier", "هاني عادل", None, "5"),
    ("field", "mobile_clerk", "ياسر حلمي", None, None),
    ("accounts", "finance_officer", "مروة شوقي", None, None),
    ("accounts-chief", "finance_officer", "عصام بدوي", None, None),
    ("officer", "officer", "سلمى فؤاد", "licensing", None),
    ("inspector", "inspector", "كريم نبيل", "engineering", None),
    ("head", "unit_head", "أحمد رفعت", "leadership", None),
    ("editor", "catalogue_editor", "ليلى حسن", None, None),
    ("reviewer", "catalogue_reviewer", "سامي رزق", None, None),
    ("organiser", "organisation_editor", "نهى فريد", None, None),
    ("council", "council_reviewer", "عادل منصور", None, None),
    ("follow-up", "follow_up_reviewer", "هدى كمال", None, None),
    ("wording", "message_editor", "دينا فتحي", None, None),
    ("admin", "administrator", "إدارة المنصة", None, None),
)


# Every other desk of El Zeitoun at which some service of the guide has a task, by department: role and part of the user
# name. The account of a desk is called <department>-<part>.
_PARTS: dict[str, tuple[str, str]] = {
    "officer": ("officer", "موظف"), "inspector": ("inspector", "مفتش"), "department_head": ("head", "مدير")}
_DESKS: dict[str, tuple[str, ...]] = {
    "licensing": ("inspector", "department_head"),
    "engineering": ("officer",),
    "planning": ("officer", "department_head"),
    "property": ("officer", "inspector", "department_head"),
    "survey": ("inspector", "department_head"),
    "occupancy": ("officer", "inspector", "department_head"),
    "advertising": ("officer", "inspector", "department_head"),
    "utilities": ("officer", "inspector"),
    "environment": ("officer", "inspector", "department_head"),
    "health": ("officer", "inspector"),
    "legal": ("officer",),
    "finance": ("officer",),
    "industrial_safety": ("inspector",),
    "roads": ("officer", "inspector"),
    "citizens_service": ("officer",),
}
SECOND = "EG-C-02"
ABOVE = "EG-C-DW"  # Cairo's diwan, which decides where nobody of the district may

# user name, role, display name, unit, department
DESKS: tuple[tuple[str, str, str, str | None, str | None], ...] = (
    *((f"{department.replace('_', '-')}-{_PARTS[role][0]}", role,
       f"{_PARTS[role][1]} {roles.load().departments[department]['ar']}", UNIT, department)
      for department, held in _DESKS.items() for role in held),
    ("manager", "centre_manager", "مدير المركز التكنولوجي", UNIT, None),
    ("post-clerk", "window_clerk", "موظفة مكتب بريد الزيتون", UNIT, None),
    ("post-cashier", "cashier", "محصل مكتب بريد الزيتون", UNIT, None),
    ("kiosk", "kiosk", "شاشة أرقام الزيتون", UNIT, None),
    # Of no unit: statements of rails and what the treasury is told are the whole governorate's.
    ("finance", "finance_officer", "مسؤول حسابات المحافظة", None, None),
    ("finance-head", "finance_head", "مدير حسابات المحافظة", None, None),
    ("platform", "administrator", "مدير منصة المحافظة", None, None),
    ("governorate", "governorate_follow_up", "متابعة محافظة القاهرة", None, None),
    # A second district, where two officers share a desk: a head can hand a file from one to the other.
    ("second-officer", "officer", "هالة نصر", SECOND, "licensing"),
    ("second-colleague", "officer", "طارق سعد", SECOND, "licensing"),
    ("second-head", "unit_head", "ماجدة عمر", SECOND, "leadership"),
    ("second-cashier", "cashier", "محصل الحي الثاني", SECOND, None),
    ("diwan-head", "unit_head", "رئاسة ديوان المحافظة", ABOVE, "leadership"),
)


# Of the desks that are no desk of the centre: through which channel they take applications in, at which window.
AT: dict[str, tuple[str, str | None]] = {"post-clerk": ("post_office", "P1"), "post-cashier": ("post_office", "P2")}


def load_desk_accounts(work: Any) -> list[str]:
    """Create those accounts of DESKS that are not there yet; answers the user names created. Refuses to work in
    production."""
    if work.settings.mode is Mode.PRODUCTION:
        raise RuntimeError("demo accounts are not for production")
    missing = [desk for desk in DESKS if not accounts.exists(work, desk[0])]
    for username, role, name, unit, department in missing:
        channel, window = AT.get(username, ("centre", None))
        accounts.create(work, username=username, password=PASSWORD, display_name=name, roles=(role,), unit=unit,
                        department=department, channel=channel, window=window)
    return [desk[0] for desk in missing]


def load_demo_accounts(work: Any) -> list[str]:
    """Create the demo's accounts when there is no account yet; answers the user names created. In another governorate
    they sit in the unit of the same number, at the national centre those of NATIONAL in none. Refuses to work in
    production, where a known password would open the door."""
    if work.settings.mode is Mode.PRODUCTION:
        raise RuntimeError("demo accounts are not for production")
    if accounts.count(work):
        return []
    national = work.settings.role is Role.CENTRE
    created = [person for person in PEOPLE if not national or person[0] in NATIONAL]
    for username, role, name, department, window in created:
        accounts.create(
            work,
            username=username,
            password=PASSWORD,
            display_name=name,
            roles=(role,),
            unit=None if national else f"{work.settings.node}-{UNIT.rpartition('-')[2]}",
            department=department,
            window=window,
            channel=CHANNELS.get(role, "centre"),
        )
    return [person[0] for person in created]
