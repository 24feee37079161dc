"""Look-alike characters in text messages: what is kept is what is sent, and a node may leave texts as they are."""

from __future__ import annotations

import json

import pytest

from chassis.ids import uuid7
from rules import sms
from services.notifications import messages
from services.notifications.messages import Draft
from services.notifications.packing import pack_sms
from tests.support import messages_ground

ONE_PART_MORE = "The licence “C-12” is ready – fetch it. " * 3


@pytest.mark.parametrize("setting, parts", [("on", 1), ("off", 2)])
def test_a_text_is_folded_when_it_is_made_and_goes_out_as_it_is_kept(database_url, monkeypatch, setting, parts) -> None:
    monkeypatch.setitem(messages_ground.KEYS, "SHUBBAK_SMS_FOLD", setting)
    with messages_ground.ground(database_url("notifications")) as node:
        made = node.message(says=ONE_PART_MORE)
        kept = json.loads(node.context.privacy.open(node.row(made).content, field=messages.CONTENT))["text"]
        [taken] = node.transact(lambda work: messages.claim(work, "sms", "one", 10, messages_ground.LEASE, pack_sms))
    assert kept == (sms.fold(ONE_PART_MORE) if setting == "on" else ONE_PART_MORE)
    assert ("".join(part.text for part in taken.parts), len(taken.parts)) == (kept, parts)


def test_an_e_mail_keeps_its_letters(database_url) -> None:
    with messages_ground.ground(database_url("notifications")) as node:
        content = {"subject": ONE_PART_MORE, "plain": ONE_PART_MORE, "html": ONE_PART_MORE}
        draft = Draft("email", "mona@example.org", "moved", 1, "en", content, id=uuid7())
        node.transact(lambda work: messages.create(work, None, uuid7(), [draft]))
        kept = node.context.privacy.open(node.row(draft.id).content, field=messages.CONTENT)
    assert json.loads(kept) == content
