"""Which wording is previewed, with which prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.uow import UnitOfWork
from rules.refusal import Refusal
from services.notifications import preference_links, template_check, template_preview, template_store, templates
from services.notifications.kinds import KINDS, SAMPLE_URL, SMS
from services.notifications.settings import NotificationSettings
from services.notifications.template_preview import Price
from services.notifications.template_review import kind_of, noted


def preview(work: UnitOfWork, body: Mapping[str, Any], loaded: NotificationSettings) -> dict[str, Any]:
    """The wording that is given, the version that is named, or the one in force. A given wording is refused with all
    its faults, as it would be when written."""
    code = kind_of(body["code"])
    if body["wording"] is not None:
        wrong = template_check.faults(code, body["wording"])
        if wrong:
            raise Refusal(wrong)
        template = templates.made(code, 0, body["wording"])
    elif body["version"] is not None:
        template = template_store.version(work, code, body["version"])
    else:
        template = template_store.in_force(work, code)
    # A link is as long as this node's address makes it.
    link = KINDS[code].sample[body["language"]].get("link")
    own = {"link": link.replace(SAMPLE_URL, loaded.public_url)} if link else {}
    choose = preference_links.page(loaded.public_url, body["language"], preference_links.SAMPLE)
    shown = template_preview.preview(template, body["language"], {**own, **(body["values"] or {})}, body["name"],
                                     prices(loaded), choose, loaded.sms_fold)
    return {**shown, "notes": noted(template_check.notes(code, template.as_dict(), loaded.public_url))}


def prices(loaded: NotificationSettings) -> list[Price]:
    """What a part costs with each provider of text messages."""
    return [Price(one.name, one.price) for one in loaded.of(SMS)]
