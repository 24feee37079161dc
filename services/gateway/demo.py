"""Accounts of the demo and of training, one for each part somebody plays. Never loaded in production."""

from __future__ import annotations

from typing import Any

from chassis.config import Mode
from services.gateway import accounts

PASSWORD = "shubbak-demo"  # noqa: S105  (printed by the demo; refused in production)
UNIT = "EG-C-01"  # El Zeitoun, Cairo

# user name, role, display name, department, window
PEOPLE: tuple[tuple[str, str, str, str | None, str | None], ...] = (
    ("clerk", "window_clerk", "منى السيد", None, "3"),
    ("cashier", "cashier", "هاني عادل", None, "5"),
    ("officer", "officer", "سلمى فؤاد", "licensing", None),
    ("inspector", "inspector", "كريم نبيل", "engineering", None),
    ("head", "unit_head", "أحمد رفعت", "leadership", None),
    ("editor", "catalogue_editor", "ليلى حسن", None, None),
    ("reviewer", "catalogue_reviewer", "سامي رزق", None, None),
    ("organiser", "organisation_editor", "نهى فريد", None, None),
    ("council", "council_reviewer", "عادل منصور", None, None),
    ("follow-up", "follow_up_reviewer", "هدى كمال", None, None),
    ("admin", "administrator", "إدارة المنصة", None, None),
)


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
        )
    return [person[0] for person in PEOPLE]
