"""Numbers in facts that a restored place is given back."""

from __future__ import annotations

from services.gateway.link.recovered import numbers_of


def test_every_kind_of_number_is_found_once():
    moved = {"tracking_number": "01-26-21263991-J", "licence_serial": None}
    facts = [
        ("requests.request.moved.v1", moved),
        ("requests.request.moved.v1", {**moved, "licence_serial": "C-2026-000007-V"}),
        ("requests.licence.issued.v1", {"serial": "C-2026-000007-V"}),
        ("payments.bill.paid.v1", {"bill_number": "B-C-2026-000031-P", "receipt_number": "R-C-2026-000012-M"}),
        ("requests.complaint.changed.v1", {"number": "K-C-2026-000001-T"}),
        ("requests.portalblock.reserved.v1", {"numbers": ["01-26-1", "01-26-2"]}),
        ("requests.rating.given.v1", {"stars": 5}),
        ("payments.treasury.closed.v1", {"number": 9}),
    ]
    assert numbers_of(facts) == {
        "bill": ["B-C-2026-000031-P"], "complaint": ["K-C-2026-000001-T"], "licence": ["C-2026-000007-V"],
        "receipt": ["R-C-2026-000012-M"], "tracking": ["01-26-1", "01-26-2", "01-26-21263991-J"],
    }  # fmt: skip


def test_of_nothing_nothing_is_told():
    assert numbers_of([("requests.rating.given.v1", {"stars": 5})]) == {}
