"""Applications of the national portal as they come down to a node's requests, part by part."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import pytest
from nacl.public import PrivateKey, PublicKey
from sqlalchemy import text

from chassis import boxes
from chassis.answers import load
from chassis.config import decode_key
from chassis.events import decode
from chassis.ids import uuid7
from chassis.uow import Context
from contracts import gateway_national as down
from contracts import requests_portal as language
from contracts.events import REGISTRY, Event
from contracts.requests_intake import PIECE_BYTES
from services.requests import portal_applications, portal_numbers, portal_review
from tests.support import papers
from tests.support.requests_ground import Ground, shop, staff

__all__ = ["ground", "opened"]  # what a module of tests takes by *

BOX = "sample-box"
HEAD = staff("manager", "centre_manager")
KEY = "sample-inquiry"
LARGE = papers.ONE_PAGE + b"\n%" + random.Random(7).randbytes(PIECE_BYTES + 1000).hex().encode()  # three pieces


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    linked = {**made.settings.environ, "SHUBBAK_LINK_BOX_KEY": BOX, "SHUBBAK_KEY_INQUIRY": KEY,
              "SHUBBAK_PORTAL_NUMBERS": "6"}
    made.settings = replace(made.settings, environ=linked)
    made.context = Context(made.settings, made.database, made.privacy, lambda: made.now)
    made.publish(shop())
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground) -> Ground:
    opened.fresh()
    with opened.database.transaction() as connection:
        connection.execute(text("TRUNCATE portal_application, portal_part"))
    return opened


def numbers_of(ground: Ground) -> list[str]:
    """The numbers that the centre was told of, in the order of its hearing."""
    rows = ground.rows("SELECT body FROM event_log WHERE type = 'requests.portalblock.reserved.v1' ORDER BY 1")
    return [number for row in rows for number in decode(bytes(row.body)).data["numbers"]]


def public() -> PublicKey:
    return PrivateKey(decode_key(BOX)).public_key


@dataclass
class Application:
    """An application as it comes down: `events` are its parts and itself."""

    id: UUID
    number: str
    events: list[Event]


def event(kind: str, subject: UUID, sequence: int, data: dict[str, Any], ground: Ground) -> Event:
    plain = orjson.loads(orjson.dumps(data))
    assert not REGISTRY[kind].schema().validate(plain)
    return Event(uuid7(), kind, "urn:test", subject, sequence, ground.now, "test", plain)


def application(ground: Ground, number: str, contents: tuple[bytes, ...] = (papers.ONE_PAGE, LARGE),
                key: PublicKey | None = None, **changes: Any) -> Application:
    box, application_id = key or public(), uuid7()
    body = ground.application(papers=(), **changes)
    documents: list[dict[str, Any]] = []
    parts: list[Event] = []
    for code, content in zip(("id_copy", "lease_contract"), contents, strict=False):
        document_id = uuid7()
        cut = [content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES)]
        documents.append({"document_id": str(document_id), "file_name": "paper.pdf", "size": len(content),
                          "media_type": "application/pdf", "sha256": hashlib.sha256(content).hexdigest(),
                          "parts": len(cut)})
        body["documents"].append({"code": code, "document_id": str(document_id)})
        for place, piece in enumerate(cut):
            data = {"application_id": application_id, "governorate": "EG-C", "document_id": document_id,
                    "number": place, "sealed": boxes.seal(piece, box)}
            parts.append(event(down.PART_RECEIVED.name, application_id, len(parts) + 2, data, ground))
    body.pop("channel")
    sealed = boxes.seal(orjson.dumps({"submission": body, "documents": documents}), box)
    data = {"application_id": application_id, "governorate": "EG-C", "unit": body["unit"],
            "service_code": body["service_code"], "tracking_number": number, "lodged_at": ground.now,
            "parts": len(parts), "sealed": sealed}
    whole = event(down.RECEIVED.name, application_id, 1, data, ground)
    return Application(application_id, number, [whole, *parts])


def hear(ground: Ground, *events: Event) -> None:
    """Each comes by itself, in this order."""
    for one in events:
        handle = portal_applications.take if one.type == down.RECEIVED.name else portal_applications.take_part
        ground.attempt(partial(handle, event=one))


def sweep(ground: Ground) -> None:
    while ground.attempt(lambda work: portal_applications.go_on(work, {})):
        pass


def reserve(ground: Ground) -> list[str]:
    ground.attempt(portal_numbers.top_up)
    return numbers_of(ground)


def standing(ground: Ground, one: Application) -> Any:
    return ground.rows("SELECT * FROM portal_application WHERE id = :id", id=one.id)[0]


def told(ground: Ground, one: Application) -> list[str]:
    return [event.data["state"] for event in ground.events(one.id)]


def retry(ground: Ground, one: Application, **more: Any) -> dict[str, Any]:
    body = load(language.RetryPortalApplication(), {"application_id": str(one.id), **more})
    answer: dict[str, Any] = ground.attempt(lambda work: portal_review.retry(work, body), HEAD)
    return answer


def unknown(ground: Ground, register: str | None = "restored") -> str:
    """A number that the centre holds of this node, which was restored from a backup that is older than its block; the
    jump left it out, or did not come as far (no `register`)."""
    number = reserve(ground)[0]
    with ground.database.transaction() as connection:
        connection.execute(text("TRUNCATE reserved_serial, serial_block"))
        connection.execute(text("UPDATE number_register SET reason = :reason") if register
                           else text("DELETE FROM number_register WHERE CAST(:reason AS text) IS NULL"),
                           {"reason": register})  # fmt: skip
    return number
