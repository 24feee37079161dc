"""A tablet's line to a node over HTTP: cut and mended at will, with the session of the clerk who holds the tablet."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import requests

from infra.demo.walk import API, Walk
from tests.support.tablet import FieldTablet


class LineDown(Exception):
    """There is no line, or it broke before the answer came."""


class HttpLine:
    """What `FieldTablet` asks of a line. Documents go in pieces, as over a line that may break."""

    def __init__(self, walk: Walk, username: str) -> None:
        self.walk, self.username, self.up, self.calls = walk, username, True, 0

    def bundle(self, device_id: UUID, **asked: Any) -> dict[str, Any]:
        return self._post(f"/devices/{device_id}/bundle", asked)

    def document(self, content: bytes) -> str:
        begun = self._post("/uploads", {"file_name": "paper.pdf", "size": len(content)})
        size = begun["piece_bytes"]
        for number in range(begun["pieces"]):
            piece = content[number * size : (number + 1) * size]
            answer = self._reach("PUT", f"/uploads/{begun['upload_id']}/pieces/{number}", data=piece,
                                 headers={"Content-Type": "application/octet-stream"})
            if answer.status_code >= 500:
                raise LineDown(answer.text)
            assert answer.status_code == 200, answer.text
        digest = hashlib.sha256(content).hexdigest()
        return str(self._post(f"/uploads/{begun['upload_id']}/document", {"sha256": digest})["document_id"])

    def item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        sent = {name: value for name, value in item.items() if name != "device_id"}
        answer = self.offer(item["device_id"], sent)
        if answer.status_code >= 500:
            raise LineDown(answer.text)
        assert answer.status_code in (200, 202), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def offer(self, device_id: str, sent: Mapping[str, Any], key: str | None = None) -> requests.Response:
        """Upload an item as it is, whatever the answer."""
        return self._reach("POST", f"/devices/{device_id}/items", json=sent,
                           headers={"Idempotency-Key": key or str(sent.get("item_id", uuid.uuid4()))})

    def standing(self, tablet: FieldTablet) -> dict[str, Any]:
        return self.walk.get(f"/devices/{tablet.id}/items", as_=self.username)

    def _post(self, path: str, body: Any) -> dict[str, Any]:
        answer = self._reach("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
        if answer.status_code >= 500:
            raise LineDown(answer.text)
        assert answer.status_code < 400, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _reach(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> requests.Response:
        if not self.up:
            raise LineDown("no network")
        self.calls += 1
        token = {"Authorization": f"Bearer {self.walk.token(self.username)}"}
        try:
            return requests.request(method, f"{self.walk.url}{API}{path}", headers={**headers, **token}, timeout=30,
                                    **more)
        except requests.RequestException as error:
            raise LineDown(str(error)) from error


def equip(node: Any, walk: Walk, clock: Any, unit: str) -> FieldTablet:
    """A tablet that the administrator registered and certified over HTTP."""
    tablet = FieldTablet(clock, unit)
    made = walk.post("/devices", tablet.registration(), as_="admin")
    tablet.id = UUID(made["device_id"])
    walk.post(f"/devices/{tablet.id}/certification", {"days": 30}, as_="admin")
    return tablet
