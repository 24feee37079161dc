"""Boxes that only their receiver opens, and the keys that the whole country shares."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nacl.public import PrivateKey

from chassis import boxes, country_keys
from chassis.config import Mode, Settings, decode_key
from chassis.errors import ConfigurationError
from tests.unit.gateway.ground import settings as made


def settings(mode: Mode = Mode.DEMO, **environ: str) -> Settings:
    found = made()
    return replace(found, mode=mode, environ={**found.environ, **{f"SHUBBAK_{k}": v for k, v in environ.items()}})


def test_a_box_opens_to_its_receiver_and_to_nobody_else() -> None:
    ours, others = (boxes.private_keys(settings(LINK_BOX_KEY=key)) for key in ("sample-a", "sample-b"))
    public = boxes.public_keys(settings(LINK_BOXES=f"EG-C={boxes.public_of(ours[0])}"))
    sealed = boxes.seal(b"secret", public["EG-C"])
    assert sealed != boxes.seal(b"secret", public["EG-C"])
    assert boxes.open_box(sealed, ours) == b"secret"
    for keys, box in ((others, sealed), ((), sealed), (ours, "not base64 ~"), (ours, sealed[:-8]), (ours, "")):
        with pytest.raises(boxes.Sealed):
            boxes.open_box(box, keys)


def test_an_older_key_still_opens() -> None:
    old = PrivateKey(decode_key("sample-old"))
    keys = boxes.private_keys(settings(LINK_BOX_KEY="b2:sample-new,b1:sample-old"))
    assert len(keys) == 2 and boxes.open_box(boxes.seal(b"x", old.public_key), keys) == b"x"


def test_without_settings_there_are_no_keys() -> None:
    assert boxes.private_keys(settings()) == () and boxes.public_keys(settings()) == {}
    assert country_keys.inquiry_keys(settings()) == ()


@pytest.mark.parametrize("told", ["EG-C", "EG-C=AAAA", "EG-C=~~~", "EG-C=" + "A" * 44])
def test_what_is_no_public_key_is_said_at_start(told: str) -> None:
    with pytest.raises(ConfigurationError, match="LINK_BOXES"):
        boxes.public_keys(settings(LINK_BOXES=told))


def test_samples_are_refused_in_production() -> None:
    assert len(country_keys.inquiry_keys(settings(KEY_INQUIRY="sample-a,sample-b"))) == 2
    with pytest.raises(ConfigurationError, match="KEY_INQUIRY is a sample"):
        country_keys.inquiry_keys(settings(Mode.PRODUCTION, KEY_INQUIRY="sample-a"))
    with pytest.raises(ConfigurationError, match="LINK_BOX_KEY is a sample"):
        boxes.private_keys(settings(Mode.PRODUCTION, LINK_BOX_KEY="sample-a"))
