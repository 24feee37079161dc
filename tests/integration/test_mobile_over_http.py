"""The whole node over HTTP: a tablet is certified, takes a decided licence along, hands it over without a network, and
is revoked."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.demo.walk import PHONE, Walk, WalkFailed
from rules import device_keys, offline, release
from rules import licence as licence_rule
from services.gateway.demo import UNIT
from tests.support.days import working_day

KEEPER, MANAGER, RIDER, HEAD = "keeper", "manager", "rider", "renewals-head"
DEVICE = Ed25519PrivateKey.generate()
RENEWAL = {"ground": "limited", "former_licence": "SHL-2021-000123", "months_late": 0, "unchanged": True,
           "shop_name": "ركن القهوة", "shop_area": "الزيتون", "shop_street": "شارع سليم الأول", "area_m2": "45"}
APPLICANT = {"kind": "citizen", "name": "محمود عبد الله حسن", "national_id": "28503150101232", "phone": PHONE,
             "email": None, "language": "ar"}  # fmt: skip


@pytest.fixture(scope="module")
def walk(node: Any) -> Walk:
    made = Walk(node.url, node.peers.pay)
    for name, role in ((KEEPER, "administrator"), (MANAGER, "centre_manager"), (RIDER, "mobile_clerk"),
                       (HEAD, "department_head")):  # fmt: skip
        node.employ(name, role, "licensing")
    return made


@pytest.fixture(scope="module")
def device_id(walk: Walk) -> str:
    public = device_keys.public_text(DEVICE)
    proof = device_keys.sign(device_keys.registration(UNIT, public), DEVICE)
    body = {"unit": UNIT, "label": "لوح 1", "public_key": public, "proof": proof}
    device = walk.post("/devices", body, as_=KEEPER)
    assert (device["state"], device["certificate"]) == ("pending", None)
    with pytest.raises(WalkFailed, match="device_not_certified"):
        walk.post(f"/devices/{device['device_id']}/bundle", {}, as_=RIDER)
    certified = walk.post(f"/devices/{device['device_id']}/certification", {"days": 30}, as_=KEEPER)
    assert certified["state"] == "certified" and certified["certificate"].startswith("SHD1.")
    return str(device["device_id"])


def approved(walk: Walk) -> str:
    """A renewal that waits for its last fee; its number."""
    documents = [{"code": code, "document_id": walk.upload(code)} for code in ("id_copy", "former_licence", "tenure")]
    number = str(walk.post("/requests", {"service_code": "shop-renewal", "unit": UNIT, "applicant": APPLICANT,
                                         "answers": RENEWAL, "documents": documents})["tracking_number"])  # fmt: skip
    for who, action in (("officer", "accept"), (HEAD, "approve")):
        walk.act(who, action, number=number)
    walk.until(lambda: walk.bill(number, "final"), bool)
    return number


def taken_along(walk: Walk, device_id: str, number: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The bundle of the day of a visit, and the ticket of this request in it."""
    headers = {"X-Phone-Last4": walk.last4, "Idempotency-Key": str(uuid.uuid4())}
    order = {"purpose": "renewal", "tracking_number": number, "address": "12 شارع سليم الأول، الزيتون"}
    made = walk.http.post(f"{walk.url}/api/v1/visits", json=order, headers=headers, timeout=30)
    assert made.status_code == 201, made.text
    visit = made.json()["visit_number"]
    day = working_day().isoformat()
    walk.post(f"/visits/{visit}/plan", {"device_id": device_id, "clerk": RIDER, "day": day}, as_=MANAGER)
    bundle = walk.post(f"/devices/{device_id}/bundle", {"day": day}, as_=RIDER)
    ticket = next(one["ticket"] for one in bundle["tickets"]
                  if one["ticket"] and one["ticket"]["tracking_number"] == number)
    return bundle, ticket


def upload(walk: Walk, device_id: str, bundle: dict[str, Any], item: int, body: dict[str, Any]) -> dict[str, Any]:
    told = json.dumps({"bundle_id": bundle["bundle_id"], **body}, ensure_ascii=False)
    item_id, at = str(uuid.uuid4()), datetime.now(UTC).isoformat()
    signature = device_keys.sign(offline.signed_text(item_id, item, "release", at, told), DEVICE)
    return walk.post(f"/devices/{device_id}/items", {
        "item_id": item_id, "number": item, "kind": "release", "device_time": at, "body": told,
        "signature": signature}, as_=RIDER)


def handed_over(ticket: dict[str, Any], receipt: int) -> dict[str, Any]:
    made = release.Release(datetime.now(UTC).replace(microsecond=0), receipt)
    return {"ticket_id": ticket["ticket_id"], "released_at": made.released_at.isoformat(), "receipt_number": receipt,
            "qr": release.release(ticket["ticket"], made, DEVICE)}


def test_handed_over_without_a_network_it_is_the_licence_of_the_register(walk: Walk, device_id: str) -> None:
    number = approved(walk)
    bundle, ticket = taken_along(walk, device_id, number)
    serial = ticket["serial"]
    assert walk.get(f"/licences/{serial}/verification")["status"] == "not_reported_yet"
    body = handed_over(ticket, bundle["next_receipt_number"])
    keys = {key: licence_rule.public_key(text) for key, text in bundle["keys"].items()}
    assert licence_rule.verify(body["qr"], keys).serial == serial, "proved with the keys alone"
    assert upload(walk, device_id, bundle, bundle["next_item_number"], body)["result"] == "applied"
    ended = walk.until(lambda: walk.status(number), lambda answer: answer["state_kind"] == "end")
    assert ended["licence_serial"] == serial
    shown = walk.get(f"/licences/{serial}/verification")
    assert (shown["status"], shown["released_on_the_spot"], shown["qr"]) == ("valid", True, body["qr"])
    bill = walk.bill(number, "final")
    assert bill and bill["state"] == "paid" and datetime.fromisoformat(bill["paid_at"]) == datetime.fromisoformat(
        body["released_at"])
    entry = walk.get(f"/register/{serial}", as_="head")
    assert (entry["released"]["device_id"], entry["released"]["receipt_number"]) == (device_id, body["receipt_number"])
    assert walk.fetch_licence(number).status_code == 200
    page = walk.http.get(f"{walk.url}/ar/verify/{serial}", timeout=30)
    assert "على الطبيعة من الحي المتنقل" in page.text


def test_after_its_revocation_nothing_of_it_counts_and_its_cash_is_held(
        node: Any, walk: Walk, device_id: str) -> None:
    number = approved(walk)
    bundle, ticket = taken_along(walk, device_id, number)
    body = handed_over(ticket, bundle["next_receipt_number"])
    walk.post(f"/devices/{device_id}/revocation", {"reason": "سُرق اللوح، محضر رقم 12"}, as_=KEEPER)
    assert walk.get(f"/licences/{ticket['serial']}/verification")["status"] == "void"
    answer = upload(walk, device_id, bundle, bundle["next_item_number"], body)
    assert answer["result"] == "quarantined"
    walk.until(lambda: node.sql("payments", "SELECT reason, amount FROM review WHERE rail = %s", f"device.{device_id}"),
               lambda rows: [(row.reason, row.amount) for row in rows] == [("release_not_applied", ticket["amount"])])
    assert walk.status(number)["state_kind"] == "payment"
    entry = walk.get(f"/devices/{device_id}", as_=KEEPER)
    assert entry["state"] == "revoked" and {one["state"] for one in entry["tickets"]} == {"used", "void"}
    with pytest.raises(WalkFailed, match="device_not_certified"):
        walk.post(f"/devices/{device_id}/bundle", {}, as_=RIDER)
