"""Telling an address that messages to it were stopped by somebody who did not come by it.

Tracking number and digits prove who lodged a request, and anybody may lodge one and name another's phone or mailbox in
it. So the address hears of it, with the way back, once a day.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date
from services.notifications import messages, preference_links, template_store, templates
from services.notifications.kinds import EMAIL, KINDS
from services.notifications.messages import Draft
from services.notifications.preferences import Address

KIND = "messages_stopped"
_NAMELESS = {"ar": "صاحب هذا العنوان", "en": "owner of this address"}  # the name in the request need not be theirs
_TOLD = Statement(text("SELECT 1 FROM message WHERE cause = :cause AND channel = :channel AND request_id IS NULL"))


def tell(work: UnitOfWork, address: Address, language: str, preference_id: UUID, public_url: str) -> None:
    """Tell the address, unless it was told today."""
    cause = uuid5(preference_id, f"{KIND}/{cairo_date(work.now).isoformat()}")
    if work.first(_TOLD, cause=cause, channel=address.channel) is not None:
        return
    message_id, template, own = uuid7(), template_store.in_force(work, KIND), KINDS[KIND]
    values = {"link": preference_links.page(public_url, language, preference_links.token(work.privacy, message_id))}
    if address.channel == EMAIL:
        said = templates.render_email(template, language, values, _NAMELESS[language])
        content = {"subject": said.subject, "plain": said.plain, "html": said.html}
    else:
        content = {"text": templates.render_sms(template, language, values)}
    messages.create(work, None, cause, [
        Draft(address.channel, address.address, template.code, template.version, language, content, lane=own.lane,
              legal=own.legal, id=message_id)])
