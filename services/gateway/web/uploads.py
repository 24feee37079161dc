"""Documents on their way in. The door bounds their size; what kind of file it is, requests judges by content.

A form's file lies in a temporary file from half a megabyte on (Werkzeug); a document of more than one piece is handed
on piece by piece, so that no process holds more of it than that at a time.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from typing import IO, Any
from uuid import UUID, uuid5

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import ClientDisconnected

from contracts.requests_intake import PIECE_BYTES
from rules.refusal import refuse
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

DOCUMENT_MEGABYTES = 5
DOCUMENT_BYTES = DOCUMENT_MEGABYTES * 1024 * 1024


def take_upload(file: FileStorage | None, field: str, command_id: UUID) -> tuple[str, dict[str, Any]]:
    """Hand an uploaded file to requests: its name, and {document_id, sha256, size, media_type, status}. Refuses one
    that is missing, empty or too large before anything of it is kept."""
    if file is None or not file.filename:
        raise refuse("document_empty", field)
    name = file.filename[:200]
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    _check_size(size, field)
    if size <= PIECE_BYTES:
        return name, upload(name, file.stream.read(), command_id)
    return name, _in_pieces(name, file.stream, size, command_id)


def take_stream(name: str, stream: IO[bytes], size: int | None, command_id: UUID) -> dict[str, Any]:
    """Hand a body on to requests while it comes in, a piece at a time: {document_id, sha256, size, media_type, status}.
    Refuses length_required where its length was not told, document_empty and document_too_large before anything is
    read, and document_cut_off where the sender stopped early; what came stays, and the same again goes on there."""
    if size is None:
        raise refuse("length_required", "Content-Length")
    _check_size(size, "content")
    if size <= PIECE_BYTES:
        return upload(name, _whole(stream, size, size), command_id)
    return _in_pieces(name, _Filled(stream, size), size, command_id)


class _Filled:
    """A body of a known length, read in full pieces however the line delivers it."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = self._size = size

    def read(self, most: int) -> bytes:
        piece = _whole(self._stream, min(most, self._left), self._size)
        self._left -= len(piece)
        return piece


def pieces(stream: IO[bytes], size: int, most: int) -> Iterator[bytes]:
    """A body of a told length in full pieces of `most` bytes, the last what is left. Refuses document_cut_off where the
    sender stops early."""
    filled = _Filled(stream, size)
    while piece := filled.read(most):
        yield piece


def _whole(stream: IO[bytes], wanted: int, size: int) -> bytes:
    found = bytearray()
    while len(found) < wanted:
        try:
            came = stream.read(wanted - len(found))
        except ClientDisconnected:  # how Werkzeug tells that a body ends before its length
            came = b""
        if not came:
            raise refuse("document_cut_off", "content", size=size)
        found += came
    return bytes(found)


def digest(file: FileStorage) -> str:
    """The SHA-256 of an uploaded file, read piece by piece; the file is at its beginning again."""
    found = hashlib.sha256()
    while piece := file.stream.read(PIECE_BYTES):
        found.update(piece)
    file.stream.seek(0)
    return found.hexdigest()


def upload(file_name: str, content: bytes, command_id: UUID) -> dict[str, Any]:
    """Hand a document that is held in memory to requests: {document_id, sha256, size, media_type, status}."""
    _check_size(len(content), "content")
    payload = {"file_name": file_name, "content": base64.b64encode(content).decode()}
    return platform().call(
        "requests.add_document", payload, caller().actor, command_id=command_id, timeout=UPLOAD_SECONDS
    )


def _in_pieces(name: str, stream: IO[bytes] | _Filled, size: int, command_id: UUID) -> dict[str, Any]:
    """Each step has a command id of its own made of the upload's: the same file again under the same key goes on where
    it stopped and ends as the same document."""

    def call(method: str, payload: dict[str, Any], step: str) -> dict[str, Any]:
        return platform().call(
            method, payload, caller().actor, command_id=uuid5(command_id, step), timeout=UPLOAD_SECONDS
        )

    begun = call("requests.begin_upload", {"file_name": name, "size": size}, "begin")
    whole = hashlib.sha256()
    number = 0
    while piece := stream.read(PIECE_BYTES):
        whole.update(piece)
        content = base64.b64encode(piece).decode()
        call("requests.add_piece", {"upload_id": begun["upload_id"], "number": number, "content": content},
             f"piece {number}")
        number += 1
    return call("requests.end_upload", {"upload_id": begun["upload_id"], "sha256": whole.hexdigest()}, "end")


def _check_size(size: int, field: str) -> None:
    if not size:
        raise refuse("document_empty", field)
    if size > DOCUMENT_BYTES:
        raise refuse("document_too_large", field, limit=DOCUMENT_MEGABYTES)
