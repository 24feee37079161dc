"""Tablets over a real database: registered with their key, certified by the node, and revoked at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.answers import load
from contracts import requests_mobile as language
from rules import device_keys
from rules.refusal import Refusal
from services.requests import devices, licences, numbers, serial_blocks
from tests.support.requests_ground import Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)
from tests.support.tablets import ADMINISTRATOR, Tablet


def register(ground: Ground, body: dict[str, Any], actor: Any = ADMINISTRATOR) -> dict[str, Any]:
    loaded = load(language.RegisterDevice(), body)
    answer: dict[str, Any] = ground.attempt(lambda work: devices.register(work, loaded), actor)
    return answer


def show(ground: Ground, tablet: Tablet) -> dict[str, Any]:
    found: dict[str, Any] = ground.attempt(lambda work: devices.show(work, tablet.id), ADMINISTRATOR)
    return found


def test_a_tablet_does_nothing_until_it_is_certified(ground: Ground) -> None:
    tablet = Tablet(ground).registered()
    with pytest.raises(Refusal, match="device_not_certified"):
        devices.certified(ground.unit_of_work(), tablet.id)
    tablet.act("certify", days=30)
    row = devices.certified(ground.unit_of_work(), str(tablet.id))
    assert (row.unit, row.public_key, row.revoked_at) == (tablet.unit, tablet.public_key, None)
    said = device_keys.read(row.certificate, licences.verifying_keys(ground.unit_of_work()))
    assert (said.device_id, said.unit, said.device_key) == (str(tablet.id), tablet.unit, tablet.public_key)
    assert said.valid_until == ground.now + timedelta(days=30)


def test_its_certificate_ends_and_is_renewed(ground: Ground) -> None:
    tablet = Tablet(ground).certified(days=1)
    ground.wait(days=1)
    assert devices.certified(ground.unit_of_work(), tablet.id)
    ground.wait(seconds=1)
    with pytest.raises(Refusal) as refusal:
        devices.certified(ground.unit_of_work(), tablet.id)
    assert refusal.value.faults[0].params["state"] == "expired"
    tablet.act("certify", days=1)
    assert devices.certified(ground.unit_of_work(), tablet.id)


@pytest.mark.parametrize(("changes", "code"), [
    ({"public_key": "AAAA"}, "device_key_malformed"), ({"proof": "YQ=="}, "device_proof_wrong"),
    ({"unit": "EG-GZ-01"}, "unit_unknown"), ({"unit": "EG-C-02"}, "device_proof_wrong")])
def test_what_is_not_shown_to_be_a_tablet_of_the_unit_is_not_registered(
        ground: Ground, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        register(ground, Tablet(ground).registration(**changes), staff("node", "administrator", unit=None))
    assert ground.rows("SELECT 1 FROM device") == []


def test_one_key_is_one_tablet(ground: Ground) -> None:
    tablet = Tablet(ground).registered()
    with pytest.raises(Refusal, match="device_key_known"):
        register(ground, tablet.registration(label="نسخة"))


def test_an_administrator_of_another_unit_is_refused_and_the_attempt_recorded(ground: Ground) -> None:
    tablet = Tablet(ground).certified()
    other = staff("elsewhere", "administrator", unit="EG-C-02")
    body = load(language.ChangeDevice(), {"device_id": str(tablet.id), "reason": "سبب مكتوب"})
    with pytest.raises(Refusal, match="forbidden"):
        ground.attempt(lambda work: devices.revoke(work, body), other)
    with pytest.raises(Refusal, match="forbidden"):
        register(ground, Tablet(ground).registration(), other)
    assert len(ground.rows("SELECT 1 FROM audit WHERE action = 'denied' AND actor_id = 'staff:elsewhere'")) == 2


def test_every_act_is_an_event_and_a_line_of_its_history(ground: Ground) -> None:
    tablet = Tablet(ground).certified()
    tablet.act("suspend", reason="مفقود ويبحث عنه")
    tablet.act("resume")
    tablet.act("revoke")
    acts = ["register", "certify", "suspend", "resume", "revoke"]
    assert [(one.sequence, one.data["act"]) for one in ground.events(tablet.id)] == list(enumerate(acts, 1))
    found = show(ground, tablet)
    assert [one["act"] for one in found["history"]] == acts
    assert found["history"][2]["reason"] == "مفقود ويبحث عنه"
    assert "مفقود" not in ground.rows("SELECT reason FROM device_act WHERE act = 'suspend'")[0].reason
    assert (found["state"], found["revoked_at"]) == ("revoked", ground.now.isoformat())


def test_nothing_brings_a_revoked_tablet_back(ground: Ground) -> None:
    tablet = Tablet(ground).certified()
    tablet.act("revoke")
    for code in ("certify", "suspend", "resume", "revoke"):
        with pytest.raises(Refusal, match="device_act_refused"):
            tablet.act(code)
    assert devices.by_id(ground.unit_of_work(), tablet.id).state == "revoked"


def test_an_unknown_tablet_is_unknown(ground: Ground) -> None:
    with pytest.raises(Refusal, match="device_unknown"):
        devices.certified(ground.unit_of_work(), uuid4())


def test_only_its_own_key_signs_for_it(ground: Ground) -> None:
    tablet, other = Tablet(ground).certified(), Tablet(ground)
    text = "item\n1\nreport\n2026-03-01T08:00:00Z\n{}"
    assert devices.genuine(tablet.row(), text, device_keys.sign(text, tablet.key))
    assert not devices.genuine(tablet.row(), text, device_keys.sign(text, other.key))
    assert not devices.genuine(tablet.row(), text + " ", device_keys.sign(text, tablet.key))


# numbers for the offline intake


def reserve(ground: Ground, tablet: Tablet, how_many: int) -> list[str]:
    found: list[str] = ground.attempt(lambda work: numbers.reserve(work, tablet.id, how_many))
    return found


def lodge(ground: Ground, tablet: Tablet, number: str) -> int:
    """Claim a number and let it be used, as the upload of an offline intake does."""
    def run(work: Any) -> int:
        serial = numbers.claim_reserved(work, tablet.id, number)
        numbers.use(work, serial, uuid4())
        return serial

    return int(ground.attempt(run))


def gaps(ground: Ground) -> dict[str, int]:
    proof = numbers.prove(ground.unit_of_work())
    assert [fault for fault in proof.wrong if "is not there" not in fault] == []
    return dict(proof.gaps)


def test_numbers_that_are_reserved_are_answered_again_until_they_are_used(ground: Ground) -> None:
    tablet = Tablet(ground).certified()
    first = reserve(ground, tablet, 3)
    assert reserve(ground, tablet, 3) == first and len(set(first)) == 3
    lodge(ground, tablet, first[1])
    again = reserve(ground, tablet, 3)
    assert again[:2] == [first[0], first[2]] and again[2] not in first
    assert gaps(ground) == {f"reserved for device {tablet.id}": 3}


def test_a_reserved_number_is_used_once_and_by_its_device_alone(ground: Ground) -> None:
    tablet, other = Tablet(ground).certified(), Tablet(ground).certified()
    [number] = reserve(ground, tablet, 1)
    with pytest.raises(Refusal, match="number_not_reserved"):
        lodge(ground, other, number)
    lodge(ground, tablet, number)
    with pytest.raises(Refusal, match="number_not_reserved"):
        lodge(ground, tablet, number)
    with pytest.raises(Refusal, match="tracking_malformed"):
        lodge(ground, tablet, number[:-1])


def test_what_a_device_does_not_use_is_given_up_with_its_reason(ground: Ground) -> None:
    late, back, stolen = (Tablet(ground).certified(days=300) for _ in range(3))
    held = {tablet: reserve(ground, tablet, 2) for tablet in (late, back, stolen)}
    back.act("return_serials")
    stolen.act("revoke")
    ground.now += numbers.RESERVED_FOR
    while ground.attempt(serial_blocks.sweep):
        pass
    assert gaps(ground) == {"not_used_in_time": 2, "returned_by_device": 2, "device_revoked": 2}
    for tablet, given in held.items():
        with pytest.raises(Refusal, match="number_not_reserved"):
            lodge(ground, tablet, given[0])
    assert not any(row.closed_at is None for row in ground.rows("SELECT closed_at FROM serial_block"))


def test_what_is_asked_for_again_is_held_longer(ground: Ground) -> None:
    tablet = Tablet(ground).certified()
    [number] = reserve(ground, tablet, 1)
    ground.wait(days=13)
    assert reserve(ground, tablet, 1) == [number]
    ground.wait(days=13)
    assert not ground.attempt(serial_blocks.sweep)
    lodge(ground, tablet, number)
