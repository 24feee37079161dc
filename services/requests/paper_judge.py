"""Judges papers by their content, in a process of its own: run by path, with no environment and little memory.

A file from outside is taken apart by libraries written in C. Should one of them crash, loop or ask for all the memory
there is, this process dies with it and the service goes on. Nothing of the platform is imported here, no key is known.

In: each paper on the standard input as eight bytes of length (big end first) and its content. Out: one line a paper,
the media type of a good one or `!` and the code of what is wrong with it, in the same order.
"""

from __future__ import annotations

import io
import resource
import struct
import sys
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

MEMORY = 1024 * 1024 * 1024  # bytes of address space
PROCESSOR_SECONDS = 20  # for all papers together
MOST_PIXELS = 60_000_000  # an A3 sheet at 400 dots an inch is 31 million
LONGEST_SIDE = 20_000
MOST_PAGES = 500
MOST_OBJECTS = 200_000
# Names that make a PDF act, or carry files in it: a paper only shows.
_ACTIVE = ("/JS", "/JavaScript", "/Launch", "/XFA", "/RichMedia", "/SubmitForm", "/ImportData")
_CARRYING = ("/EmbeddedFiles", "/EmbeddedFile", "/FileAttachment", "/AF")


class Wrong(Exception):
    """Why a paper is refused, as a code."""


def judge(content: bytes) -> str:
    """The media type. Raises Wrong: type_refused (neither PDF, JPEG nor PNG), unreadable, image_too_large,
    pdf_encrypted, pdf_active, pdf_carries_files, pdf_without_pages, pdf_too_long."""
    for signature, look in _LOOKS:
        if content.startswith(signature):
            try:
                return look(content)
            except Wrong:
                raise
            except Exception:  # noqa: BLE001  whatever a library stumbles over, the paper cannot be read
                raise Wrong("unreadable") from None
    raise Wrong("type_refused")


def _image(format_: str, media_type: str) -> Callable[[bytes], str]:
    def look(content: bytes) -> str:
        from PIL import Image, ImageFile

        ImageFile.LOAD_TRUNCATED_IMAGES = False
        Image.MAX_IMAGE_PIXELS = None  # our own bound is asked before anything is decoded
        with Image.open(io.BytesIO(content), formats=(format_,)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
                raise Wrong("image_too_large")
            image.verify()
        with Image.open(io.BytesIO(content), formats=(format_,)) as image:
            image.draft("RGB", (256, 256))  # a photograph is decoded small; every byte is read all the same
            image.load()
        return media_type

    return look


def _pdf(content: bytes) -> str:
    import pikepdf

    try:
        pdf = pikepdf.open(io.BytesIO(content))
    except pikepdf.PasswordError:
        raise Wrong("pdf_encrypted") from None
    with pdf:
        if pdf.is_encrypted:
            raise Wrong("pdf_encrypted")
        pages = len(pdf.pages)
        if pages == 0:
            raise Wrong("pdf_without_pages")
        if pages > MOST_PAGES or len(pdf.objects) > MOST_OBJECTS:
            raise Wrong("pdf_too_long")
        for one in (*pdf.objects, pdf.trailer):
            _look_into(pikepdf, one)
    return "application/pdf"


def _look_into(pikepdf: Any, one: Any) -> None:
    """Refuse an object that acts or carries a file, and what stands directly in it. What it refers to is an object of
    its own and is looked into in its turn."""
    waiting = [(one, True)]
    while waiting:
        here, outermost = waiting.pop()
        if not isinstance(here, pikepdf.Object) or (not outermost and here.is_indirect):
            continue
        if isinstance(here, (pikepdf.Dictionary, pikepdf.Stream)):
            for name, value in here.items():
                said = str(value) if isinstance(value, pikepdf.Name) else ""
                if name in _ACTIVE or (name in ("/S", "/Subtype") and said in _ACTIVE):
                    raise Wrong("pdf_active")
                if name in _CARRYING or said in _CARRYING:
                    raise Wrong("pdf_carries_files")
                waiting.append((value, False))
        elif isinstance(here, pikepdf.Array):
            waiting += [(value, False) for value in here]


_LOOKS = (
    (b"%PDF-", _pdf),
    (b"\xff\xd8\xff", _image("JPEG", "image/jpeg")),
    (b"\x89PNG\r\n\x1a\n", _image("PNG", "image/png")),
)


def papers(stream: BinaryIO) -> list[bytes]:
    """The papers of a stream, each behind its `head`."""
    found = []
    while length := stream.read(8):
        found.append(stream.read(struct.unpack(">Q", length)[0]))
    return found


def head(content: bytes) -> bytes:
    """What goes before a paper."""
    return struct.pack(">Q", len(content))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    warnings.simplefilter("ignore")
    for content in papers(sys.stdin.buffer):
        try:
            said = judge(content)
        except Wrong as wrong:
            said = f"!{wrong}"
        except MemoryError:
            said = "!unreadable"
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
