"""What a device of the field app asks of the node beyond its items: to be known without anybody logged in, to be
emptied from afar, to be opened again; windows that go on without a line; what is gathered on the spot; card slips."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any
from uuid import UUID

import pytest
import segno

from chassis.actors import Actor
from chassis.answers import load
from contracts import requests_mobile, requests_visits
from rules import device_keys
from rules.refusal import Refusal
from services.requests import devices, offline, offline_review
from tests.support.offline_ground import *  # noqa: F403  (fixtures)
from tests.support.offline_items import PAPERS, codes, request_of, with_ticket
from tests.support.requests_ground import UNIT, staff
from tests.support.tablet import FieldTablet
from tests.support.visits_ground import ADMINISTRATOR, CLERK, MANAGER, OTHER_CLERK, VisitsGround

DEVICE = Actor(id="device", kind="device", roles=("device",))
WINDOW = staff("mona", "window_clerk")


def picture(text: str) -> bytes:
    drawn = io.BytesIO()
    segno.make(text).save(drawn, kind="png")
    return drawn.getvalue()


SIGNED, PHOTO = picture("signature"), picture("photo")


def contact(
    ground: VisitsGround, tablet: FieldTablet, wiped: list[int] | None = None, **changes: Any
) -> dict[str, Any]:
    at = ground.now.isoformat()
    said = {"public_key": tablet.public_key, "at": at, "wiped": wiped,
            "signature": device_keys.sign(device_keys.contact(tablet.public_key, at, wiped), tablet.key), **changes}
    body = load(requests_mobile.DeviceContact(), said)
    found: dict[str, Any] = ground.attempt(lambda work: devices.contact(work, body), DEVICE)
    return found


def wish_empty(ground: VisitsGround, tablet: FieldTablet, at_once: bool) -> None:
    body = load(requests_mobile.WipeDevice(),
                {"device_id": str(tablet.id), "reason": "يُسلَّم إلى وحدة أخرى", "at_once": at_once})
    ground.attempt(lambda work: devices.wipe(work, body), ADMINISTRATOR)


def shown(ground: VisitsGround, tablet: FieldTablet) -> dict[str, Any]:
    return devices.show(ground.unit_of_work(ADMINISTRATOR), tablet.id)


def unlocking(ground: VisitsGround, tablet: FieldTablet, clerk: Actor) -> str:
    return str(ground.attempt(lambda work: devices.unlock(work, tablet.id), clerk)["secret"])


def window(ground: VisitsGround) -> FieldTablet:
    """A window's device, certified."""
    made = FieldTablet(lambda: ground.now, UNIT)
    body = load(requests_mobile.RegisterDevice(), {**made.registration("شباك 3"), "kind": "window"})
    made.id = UUID(ground.attempt(lambda work: devices.register(work, body), ADMINISTRATOR)["device_id"])
    body = load(requests_mobile.CertifyDevice(), {"device_id": str(made.id)})
    ground.attempt(lambda work: devices.certify(work, body), ADMINISTRATOR)
    return made


# -- contact -----------------------------------------------------------------------------------------------------------


def test_a_device_hears_how_it_stands_by_its_key_alone(ground: VisitsGround, tablet: FieldTablet) -> None:
    told = contact(ground, tablet)
    assert (told["device_id"], told["state"], told["wipe"]) == (str(tablet.id), "certified", None)
    assert shown(ground, tablet)["contacted_at"] == ground.now.isoformat()


def test_nobody_speaks_for_a_device_without_its_key(ground: VisitsGround, tablet: FieldTablet) -> None:
    other = FieldTablet(lambda: ground.now, UNIT)
    with pytest.raises(Refusal, match="device_unknown"):
        contact(ground, other)
    with pytest.raises(Refusal, match="device_proof_wrong"):
        contact(ground, tablet, signature=device_keys.sign("SHD1.contact", tablet.key))
    with pytest.raises(Refusal, match="device_proof_wrong"):  # what it signed as a plain word is no word of an emptying
        at = ground.now.isoformat()
        contact(ground, tablet, [], signature=device_keys.sign(
            device_keys.contact(tablet.public_key, at, None), tablet.key))
    assert shown(ground, tablet)["wiped_at"] is None


@pytest.mark.parametrize(("at_once", "wanted"), [(True, "at_once"), (False, "after_upload")])
def test_a_device_is_emptied_from_afar_and_says_what_was_lost(
    ground: VisitsGround, tablet: FieldTablet, at_once: bool, wanted: str
) -> None:
    wish_empty(ground, tablet, at_once)
    assert contact(ground, tablet)["wipe"] == wanted
    assert contact(ground, tablet, [4, 7])["wipe"] is None
    found = shown(ground, tablet)
    assert (found["wipe"], found["wiped_lost"], found["history"][-1]["act"]) == (None, [4, 7], "wipe")
    assert found["wiped_at"] and len(ground.audited("device.wiped")) == 1
    assert found["state"] == "emptied", "it is certified no more, and nobody certifies it again"
    body = load(requests_mobile.CertifyDevice(), {"device_id": str(tablet.id), "days": 30})
    with pytest.raises(Refusal, match="device_act_refused"):
        ground.attempt(lambda work: devices.certify(work, body), ADMINISTRATOR)
    with pytest.raises(Refusal, match="device_act_refused"):
        ground.of_device(tablet, "suspend")
    contact(ground, tablet, [])  # said again it changes nothing
    assert shown(ground, tablet)["wiped_lost"] == [4, 7] and len(ground.audited("device.wiped")) == 1


def test_a_revoked_device_empties_itself_once_it_uploaded(ground: VisitsGround, tablet: FieldTablet) -> None:
    ground.of_device(tablet, "suspend")
    assert contact(ground, tablet)["wipe"] is None, "it is being looked for, and may be found"
    ground.of_device(tablet, "revoke")
    assert contact(ground, tablet)["wipe"] == "after_upload"
    wish_empty(ground, tablet, at_once=True)
    assert contact(ground, tablet)["wipe"] == "at_once", "it was stolen"


# -- opened again ------------------------------------------------------------------------------------------------------


def test_what_opens_a_clerks_data_is_the_same_each_time_and_nobody_elses(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    first = unlocking(ground, tablet, CLERK)
    assert unlocking(ground, tablet, CLERK) == first != unlocking(ground, tablet, OTHER_CLERK)
    assert unlocking(ground, ground.tablet(), CLERK) != first
    assert len(ground.audited("device.unlock")) == 4


def test_it_is_not_given_once_the_device_is_to_be_emptied_at_once_nor_to_others(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    with pytest.raises(Refusal, match="forbidden"):
        unlocking(ground, tablet, staff("far", "mobile_clerk", unit="EG-C-02"))
    with pytest.raises(Refusal, match="forbidden"):
        unlocking(ground, tablet, WINDOW)
    wish_empty(ground, tablet, at_once=False)
    assert unlocking(ground, tablet, CLERK), "what it holds is to be uploaded first"
    wish_empty(ground, tablet, at_once=True)
    with pytest.raises(Refusal, match="device_wiped"):
        unlocking(ground, tablet, CLERK)


# -- a window without its line -----------------------------------------------------------------------------------------


def test_a_window_takes_applications_without_its_line_as_a_window_does(ground: VisitsGround) -> None:
    device = window(ground)
    device.take_along(ground.line(WINDOW), services=["shop-licence"], numbers=2)
    assert device.taken["visits"] == [] and device.taken["device"]["kind"] == "window"
    kept = device.intake(ground.application(papers=()), PAPERS)
    [answer] = device.upload(ground.line(WINDOW))
    assert answer["result"] == "applied", answer
    lodged = request_of(ground, kept)
    assert (lodged.channel, lodged.taken_by) == ("centre", WINDOW.id)


def test_a_window_does_nothing_else(ground: VisitsGround) -> None:
    device = window(ground)
    device.take_along(ground.line(WINDOW), numbers=1)
    kept = device.delivery("C-2026-000001-T")
    device.upload(ground.line(WINDOW))
    assert codes(kept) == ["item_not_of_device"]
    with pytest.raises(Refusal, match="device_not_for_visits"):
        ground.plan(ground.order_new(), device)


def test_each_works_with_devices_of_their_own_kind(ground: VisitsGround, tablet: FieldTablet) -> None:
    with pytest.raises(Refusal, match="forbidden"):
        tablet.take_along(ground.line(WINDOW))
    with pytest.raises(Refusal, match="forbidden"):
        window(ground).take_along(ground.line(CLERK))


# -- what is gathered --------------------------------------------------------------------------------------------------


def gathered(*papers: bytes, **more: Any) -> dict[str, Any]:
    photo, signature = (hashlib.sha256(one).hexdigest() for one in papers)
    return {"photos": [{"sha256": photo}], "signature": {"sha256": signature, "name": "محمود عبد الله"},
            "place": {"latitude": 30.1, "longitude": 31.3, "accuracy": 12.5, "at": "2026-03-01T08:00:00Z"}, **more}


def reported(ground: VisitsGround, tablet: FieldTablet, evidence: dict[str, Any], papers: dict[str, bytes]) -> Any:
    ground.plan(ground.order_new(), tablet)
    tablet.take_along(ground.line(), numbers=5)
    visit = tablet.visit("intake")
    kept = tablet.keep("report", {"visit_id": visit["visit_id"], "outcome": "done", "note": None, "evidence": evidence},
                       papers=papers)  # fmt: skip
    tablet.upload(ground.line())
    return kept


def by_digest(*papers: bytes) -> dict[str, bytes]:
    return {hashlib.sha256(one).hexdigest(): one for one in papers}


def test_photos_signature_and_place_stay_with_their_item_and_are_opened_by_a_person_on_record(
    ground: VisitsGround, tablet: FieldTablet
) -> None:
    kept = reported(ground, tablet, gathered(PHOTO, SIGNED), by_digest(PHOTO, SIGNED))
    assert kept.answer["result"] == "applied", kept.answer
    item = UUID(kept.signed["item_id"])
    rows = ground.rows("SELECT kept_until FROM document WHERE sha256 = ANY(:d)", d=list(by_digest(PHOTO, SIGNED)))
    assert [row.kept_until.year for row in rows] == [9999, 9999], "they go with the item's body"
    digest = hashlib.sha256(SIGNED).hexdigest()
    with pytest.raises(Refusal, match="document_in_quarantine"):
        ground.attempt(lambda work: offline_review.document(work, item, digest), MANAGER)
    ground.check_documents()
    found = ground.attempt(lambda work: offline_review.document(work, item, digest), MANAGER)
    assert found["media_type"] == "image/png" and len(ground.audited("offline.document")) == 1
    for actor, error in ((CLERK, "forbidden"), (staff("else", "centre_manager", unit="EG-C-02"), "forbidden")):
        with pytest.raises(Refusal, match=error):
            ground.attempt(lambda work: offline_review.document(work, item, digest), actor)


def test_what_was_signed_and_did_not_come_is_asked_for(ground: VisitsGround, tablet: FieldTablet) -> None:
    kept = reported(ground, tablet, gathered(PHOTO, SIGNED), by_digest(PHOTO))
    assert codes(kept) == ["document_unknown"]


# -- a card at a terminal ----------------------------------------------------------------------------------------------


def released(ground: VisitsGround, tablet: FieldTablet, slip: dict[str, str] | None) -> Any:
    _, ticket = with_ticket(ground, tablet)
    kept = tablet.release(ticket)
    tablet.queue.remove(kept)
    body = {**json.loads(kept.signed["body"]), "way": "slip", "slip": slip}
    again = tablet.keep("release", body, number=kept.signed["number"])
    tablet.upload(ground.line())
    return again


SLIP = {"terminal_id": "1000 0001", "batch": "١٢", "approval_code": "a1b2c3", "last4": "4242"}


def told(ground: VisitsGround) -> list[tuple[Any, ...]]:
    rows = ground.rows("SELECT body FROM event_log WHERE type = 'requests.release.reported.v1'")
    return [tuple(json.loads(bytes(row.body))["data"][name] for name in ("way", "slip", "applied")) for row in rows]


def test_payments_is_told_of_the_slip_that_paid(ground: VisitsGround, tablet: FieldTablet) -> None:
    assert released(ground, tablet, SLIP).answer["result"] == "applied"
    assert told(ground) == [("slip", "10000001-12-A1B2C3-4242", True)]


@pytest.mark.parametrize("slip", [None, {**SLIP, "last4": "42"}])
def test_a_slip_that_no_terminal_prints_waits_for_a_person_and_its_money_is_told(
    ground: VisitsGround, tablet: FieldTablet, slip: dict[str, str] | None
) -> None:
    assert set(codes(released(ground, tablet, slip))) == {"slip_field_invalid"}
    assert told(ground) == [("slip", None, False)]


def test_bodies_say_what_they_need() -> None:
    assert requests_visits.BODIES.keys() == set(offline.rule.KINDS)
