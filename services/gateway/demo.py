"""Accounts of the demo and of training, one for each part somebody plays. Never loaded in production.

PEOPLE walk a shop licence and look after the platform; DESKS are the other desks that services of the guide need (a
test holds them against the guide), so that any service can be walked by hand. docs/demo-accounts.md lists both.
"""

from __future__ import annotations

from typing import Any

from chassis.config import Mode
from rules import roles
from services.gateway import accounts

PASSWORD = "shubbak-demo"  # noqa: S105  (printed by the demo; refused in production)
UNIT = "EG-C-01"  # El Zeitoun, Cairo
CHANNELS = {"mobile_clerk": "mobile_district"}  # of roles that do not sit at the centre

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
ABOVE = "EG-C-DW"  # Cairo's diwan, which decides where nobody of the district may

# user name, role, display name, unit, department
DESKS: tuple[tuple[str, str, str, str | None, str | None], ...] = (
    *((f"{department.replace('_', '-')}-{_PARTS[role][0]}", role,
       f"{_PARTS[role][1]} {roles.load().departments[department]['ar']}", UNIT, department)
      for department, held in _DESKS.items() for role in held),
    ("manager", "centre_manager", "مدير المركز التكنولوجي", UNIT, None),
    ("post-cashier", "cashier", "محصل مكتب بريد الزيتون", UNIT, None),
    # Of no unit: statements of rails and what the treasury is told are the whole governorate's.
    ("finance", "finance_officer", "مسؤول حسابات المحافظة", None, None),
    ("finance-head", "finance_head", "مدير حسابات المحافظة", None, None),
    ("diwan-head", "unit_head", "رئاسة ديوان المحافظة", ABOVE, "leadership"),
)


def load_desk_accounts(work: Any) -> list[str]:
    """Create those accounts of DESKS that are not there yet; answers the user names created. Refuses to work in
    production."""
    if work.settings.mode is Mode.PRODUCTION:
        raise RuntimeError("demo accounts are not for production")
    missing = [desk for desk in DESKS if not accounts.exists(work, desk[0])]
    for username, role, name, unit, department in missing:
        accounts.create(work, username=username, password=PASSWORD, display_name=name, roles=(role,), unit=unit,
                        department=department)
    return [desk[0] for desk in missing]


def load_demo_accounts(work: Any) -> list[str]:
    """Create the demo's accounts when there is no account yet; answers the user names created. Refuses to work in
    production, where a known password would open the door."""
    if work.settings.mode is Mode.PRODUCTION:
        raise RuntimeError("demo accounts are not for production")
    if accounts.count(work):
        return []
    for username, role, name, department, window in PEOPLE:
        accounts.create(
            work,
            username=username,
            password=PASSWORD,
            display_name=name,
            roles=(role,),
            unit=UNIT,
            department=department,
            window=window,
            channel=CHANNELS.get(role, "centre"),
        )
    return [person[0] for person in PEOPLE]
