"""A tablet in the field: its own key, its own count, a queue that outlives a broken line. It knows nothing of the node
but what it took along in a bundle, and tells nothing but signed items, in whatever order the line lets them through."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.ids import uuid7
from rules import device_keys, offline, release


class Line(Protocol):
    """What a tablet reaches of the node when it has a line."""

    def bundle(self, device_id: UUID, **asked: Any) -> dict[str, Any]: ...

    def document(self, content: bytes) -> str: ...

    def item(self, item: Mapping[str, Any]) -> dict[str, Any]: ...


@dataclass
class Kept:
    """An item in the tablet's queue: as it was signed, the bytes of its documents, and the node's answer once it
    came."""

    signed: dict[str, Any]
    papers: dict[str, bytes] = field(default_factory=dict)
    uploaded: dict[str, str] = field(default_factory=dict)
    answer: dict[str, Any] | None = None


class FieldTablet:
    """`clock` is the tablet's own: it may be wrong."""

    def __init__(self, clock: Callable[[], datetime], unit: str) -> None:
        self.clock, self.unit = clock, unit
        self.key = Ed25519PrivateKey.generate()
        self.public_key = device_keys.public_text(self.key)
        self.id = UUID(int=0)
        self.taken: dict[str, Any] = {}
        self.queue: list[Kept] = []
        self._number = self._receipt = 0
        self._given: set[str] = set()

    def registration(self, label: str = "لوح 1") -> dict[str, Any]:
        """What the administrator is shown to make the tablet known."""
        said = device_keys.registration(self.unit, self.public_key)
        return {"unit": self.unit, "label": label, "public_key": self.public_key,
                "proof": device_keys.sign(said, self.key)}  # fmt: skip

    def take_along(self, line: Line, **asked: Any) -> dict[str, Any]:
        """Take the bundle of the day; numbers that were given already are kept out."""
        self.taken = line.bundle(self.id, **asked)
        self._receipt = max(self._receipt, self.taken["next_receipt_number"] - 1)
        self._number = max(self._number, self.taken["next_item_number"] - 1)
        return self.taken

    def visit(self, purpose: str) -> dict[str, Any]:
        return next(one for one in self.taken["visits"] if one["purpose"] == purpose)

    # what is done on the spot

    def intake(self, application: Mapping[str, Any], papers: Mapping[str, bytes] | None = None, **more: Any) -> Kept:
        """Take an application under a number of the bundle; the citizen gets it at once."""
        number = next(one for one in self.taken["tracking_numbers"] if one not in self._given)
        self._given.add(number)
        body = {name: value for name, value in application.items() if name not in ("channel", "documents")}
        return self._with_papers(offline.INTAKE, {**body, "tracking_number": number}, papers or {}, more)

    def completion(self, number: str, last4: str, papers: Mapping[str, bytes] | None = None, *,
                   answers: Mapping[str, Any] | None = None, **more: Any) -> Kept:  # fmt: skip
        body = {"tracking_number": number, "phone_last4": last4, "answers": dict(answers or {})}
        return self._with_papers(offline.COMPLETION, body, papers or {}, more)

    def release(self, ticket: Mapping[str, Any], **more: Any) -> Kept:
        """Take the fee in cash and print the licence, under the tablet's own receipt number."""
        self._receipt += 1
        made = release.Release(self.clock().replace(microsecond=0), self._receipt)
        return self.keep(offline.RELEASE, {
            "ticket_id": ticket["ticket_id"], "released_at": made.released_at.isoformat(),
            "receipt_number": made.receipt_number, "qr": release.release(ticket["ticket"], made, self.key)}, **more)

    def delivery(self, serial: str, **more: Any) -> Kept:
        return self.keep(offline.DELIVERY, {"serial": serial, "how": "window", "receiver": "holder",
                                            "identity": "national_id"}, **more)  # fmt: skip

    def report(self, visit: Mapping[str, Any], outcome: str = "done", note: str | None = None, **more: Any) -> Kept:
        return self.keep(offline.REPORT, {"outcome": outcome, "note": note, "visit_id": visit["visit_id"]}, **more)

    def keep(self, kind: str, body: Mapping[str, Any] | str, *, after: Kept | None = None, number: int | None = None,
             device_time: str | None = None, papers: Mapping[str, bytes] | None = None,
             item_id: UUID | None = None) -> Kept:  # fmt: skip
        """Sign something and put it into the queue."""
        self._number += 1
        text = body if isinstance(body, str) else json.dumps(
            {"bundle_id": self.taken.get("bundle_id"), **body}, ensure_ascii=False)
        said = {
            "device_id": str(self.id), "item_id": str(item_id or uuid7()), "number": number or self._number,
            "kind": kind, "device_time": device_time or self.clock().isoformat(), "body": text,
            "after": after.signed["item_id"] if after else None,
        }  # fmt: skip
        kept = Kept(self.sign(said), dict(papers or {}))
        self.queue.append(kept)
        return kept

    def sign(self, said: Mapping[str, Any]) -> dict[str, Any]:
        text = offline.signed_text(said["item_id"], said["number"], said["kind"], said["device_time"], said["body"])
        return {**said, "signature": device_keys.sign(text, self.key)}

    # when there is a line again

    def upload(self, line: Line, order: list[Kept] | None = None) -> list[dict[str, Any]]:
        """Send what has no answer yet, documents before their item, and keep the answers."""
        waiting = [kept for kept in order or self.queue if kept.answer is None]
        for kept in waiting:
            self.send(line, kept)
        return [kept.answer for kept in waiting if kept.answer is not None]

    def send(self, line: Line, kept: Kept) -> dict[str, Any]:
        """Send one item, whether or not it was answered before."""
        for digest, content in kept.papers.items():
            if digest not in kept.uploaded:
                kept.uploaded[digest] = line.document(content)
        documents = [{"sha256": digest, "document_id": where} for digest, where in kept.uploaded.items()]
        kept.answer = line.item({**kept.signed, "documents": documents})
        return kept.answer

    def _with_papers(self, kind: str, body: dict[str, Any], papers: Mapping[str, bytes], more: dict[str, Any]) -> Kept:
        signed = [{"code": code, "sha256": hashlib.sha256(content).hexdigest()} for code, content in papers.items()]
        bytes_of = {one["sha256"]: papers[one["code"]] for one in signed}
        return self.keep(kind, {**body, "documents": signed}, papers=bytes_of, **more)
