"""A document that is the body of its request is handed on while it comes in: bounded memory, refused before it is read
where its length tells enough."""

from __future__ import annotations

import base64
import io
import tracemalloc
from typing import Any

import pytest

from contracts.requests_intake import PIECE_BYTES
from tests.unit.gateway.ground import BILL_ID, Service, client_of

KEY = {"Idempotency-Key": "key-12345"}
MEGABYTE = 1024 * 1024


class Line(io.RawIOBase):
    """A body of so many bytes that is made while it is read, in the crumbs of a slow line, and counts what was read."""

    def __init__(self, size: int, breaks_at: int | None = None) -> None:
        self.size, self.read_so_far, self.breaks_at = size, 0, breaks_at

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        end = self.size if self.breaks_at is None else self.breaks_at
        crumb = min(len(target), 10_000, end - self.read_so_far)
        target[:crumb] = b"x" * crumb
        self.read_so_far += crumb
        return crumb


@pytest.fixture
def service() -> Service:
    made = Service()
    kept = {"document_id": BILL_ID, "size": 1, "sha256": "a" * 64, "media_type": "application/pdf",
            "status": "quarantined"}
    made.answers |= {
        "requests.add_document": kept, "requests.end_upload": kept,
        "requests.begin_upload": {"upload_id": BILL_ID, "piece_bytes": PIECE_BYTES, "pieces": 4},
        "requests.add_piece": {"upload_id": BILL_ID, "piece_bytes": PIECE_BYTES, "missing": []}}
    return made


def send(service: Service, line: Line, length: int | None) -> Any:
    told = {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}
    return client_of(service).post("/api/v1/documents?file_name=plan.pdf", content_type="application/pdf", headers=KEY,
                                   environ_overrides={"wsgi.input": line, **told})


def test_it_goes_on_in_full_pieces_whatever_the_line_does(service: Service) -> None:
    size = 3 * PIECE_BYTES + 5
    answer = send(service, Line(size), size)
    assert answer.status_code == 201, answer.text
    methods = [one.method for one in service.called]
    assert methods == ["requests.begin_upload", *["requests.add_piece"] * 4, "requests.end_upload"]
    sizes = [len(base64.b64decode(one.payload["content"])) for one in service.called
             if one.method == "requests.add_piece"]
    assert sizes == [PIECE_BYTES] * 3 + [5]
    assert service.called[0].payload == {"file_name": "plan.pdf", "size": size}


def test_no_more_of_it_than_a_few_pieces_is_ever_held(service: Service) -> None:
    standing = service.answers["requests.add_piece"]
    sizes: list[int] = []

    def took(payload: dict[str, Any]) -> dict[str, Any]:
        sizes.append(len(payload.pop("content")))  # the service behind keeps it, the gateway does not
        return dict(standing)

    service.answers["requests.add_piece"] = took
    client_of(service).get("/api/v1/openapi.json")  # what is loaded once is no part of it
    tracemalloc.start()
    try:
        assert send(service, Line(5 * MEGABYTE), 5 * MEGABYTE).status_code == 201
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(sizes) == 20
    assert peak < 8 * PIECE_BYTES


@pytest.mark.parametrize(("length", "code", "status"), [
    (5 * MEGABYTE + 1, "document_too_large", 413), (50 * MEGABYTE, "too_large", 413), (0, "document_empty", 422),
    (None, "length_required", 411)])
def test_what_its_length_tells_is_refused_before_a_byte_is_read(
    service: Service, length: int | None, code: str, status: int
) -> None:
    line = Line(50 * MEGABYTE)
    answer = send(service, line, length)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert line.read_so_far == 0
    assert service.called == []


def test_a_body_that_breaks_off_is_no_document(service: Service) -> None:
    size = 3 * PIECE_BYTES
    answer = send(service, Line(size, breaks_at=PIECE_BYTES + 7), size)
    assert answer.json["code"] == "document_cut_off"
    assert "requests.end_upload" not in [one.method for one in service.called]


def test_json_holds_a_megabyte_and_no_more(service: Service) -> None:
    small, large = (base64.b64encode(bytes(size)).decode() for size in (MEGABYTE - 1, MEGABYTE + 8 * 1024))
    for content, status in ((small, 201), (large, 413)):
        answer = client_of(service).post("/api/v1/documents", json={"file_name": "a.pdf", "content": content},
                                         headers=KEY)
        assert answer.status_code == status, answer.text
