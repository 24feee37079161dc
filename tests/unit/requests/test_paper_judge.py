"""Papers judged by their content: what a file is, whether it opens, and that it only shows."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from services.requests import paper_judge, quarantine
from tests.support.papers import ONE_PAGE


def picture(format_: str, size: tuple[int, int] = (40, 30)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(stream, format_)
    return stream.getvalue()


def pdf(change: Callable[[pikepdf.Pdf], None] | None = None, **options: object) -> bytes:
    made = pikepdf.new()
    made.add_blank_page()
    if change:
        change(made)
    stream = io.BytesIO()
    made.save(stream, **options)
    return stream.getvalue()


def with_script(made: pikepdf.Pdf) -> None:
    made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def with_script_deep_inside(made: pikepdf.Pdf) -> None:
    field = pikepdf.Dictionary(Subtype=pikepdf.Name.Widget, Rect=[0, 0, 1, 1],
                               AA=pikepdf.Dictionary(E=pikepdf.Dictionary(S=pikepdf.Name.JavaScript)))
    made.pages[0].Annots = pikepdf.Array([made.make_indirect(field)])


def with_launch(made: pikepdf.Pdf) -> None:
    link = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 1, 1],
                              A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("cmd.exe")))
    made.pages[0].Annots = pikepdf.Array([link])


def with_attachment(made: pikepdf.Pdf) -> None:
    made.attachments["payload.exe"] = b"MZ"


def without_pages(made: pikepdf.Pdf) -> None:
    del made.pages[0]


LOCKED = pikepdf.Encryption(owner="owner", user="user")
OWNER_ONLY = pikepdf.Encryption(owner="owner", user="")


@pytest.mark.parametrize(("content", "media_type"), [
    (ONE_PAGE, "application/pdf"), (pdf(), "application/pdf"),
    (pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate), "application/pdf"),
    (picture("JPEG"), "image/jpeg"), (picture("PNG"), "image/png")])
def test_a_good_paper_is_what_its_content_says(content: bytes, media_type: str) -> None:
    assert paper_judge.judge(content) == media_type


@pytest.mark.parametrize(("content", "code"), [
    (b"MZ\x90\x00", "type_refused"), (b"", "type_refused"), (picture("GIF"), "type_refused"),
    (b"%PDF-1.7 a paper", "unreadable"), (ONE_PAGE[:80], "unreadable"),
    (picture("PNG")[:60], "unreadable"), (picture("JPEG", (400, 300))[:-900], "unreadable"),
    (b"\xff\xd8\xff" + ONE_PAGE, "unreadable"), (b"\x89PNG\r\n\x1a\n" + bytes(2000), "unreadable"),
    (picture("PNG", (20_001, 1)), "image_too_large"),
    (pdf(encryption=LOCKED), "pdf_encrypted"), (pdf(encryption=OWNER_ONLY), "pdf_encrypted"),
    (pdf(with_script), "pdf_active"), (pdf(with_script_deep_inside), "pdf_active"), (pdf(with_launch), "pdf_active"),
    (pdf(with_script, object_stream_mode=pikepdf.ObjectStreamMode.generate), "pdf_active"),
    (pdf(with_attachment), "pdf_carries_files"), (pdf(without_pages), "pdf_without_pages")])
def test_each_bad_paper_is_refused_for_its_own_reason(content: bytes, code: str) -> None:
    with pytest.raises(paper_judge.Wrong) as wrong:
        paper_judge.judge(content)
    assert str(wrong.value) == code


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded() -> None:
    """Half a megabyte that claims 19,000 x 19,000 points."""
    head = picture("PNG", (19_000, 1))
    size = (19_000).to_bytes(4, "big") * 2 + head[24:29]
    claimed = head[:16] + size + zlib.crc32(b"IHDR" + size).to_bytes(4, "big") + head[33:]
    with pytest.raises(paper_judge.Wrong, match="image_too_large"):
        paper_judge.judge(claimed)


def test_several_are_judged_in_one_process_and_answered_in_order() -> None:
    assert quarantine.judged([ONE_PAGE, b"MZ", picture("PNG")]) == ["application/pdf", "!type_refused", "image/png"]


def test_the_paper_that_kills_its_judge_is_refused_and_those_behind_it_wait(
        monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The judge's own file is run with a line before it that dies at a certain paper, as a fault in C would."""
    deadly = tmp_path_factory.mktemp("judge") / "paper_judge.py"
    source = Path(paper_judge.__file__).read_text(encoding="utf-8")
    deadly.write_text(source.replace('    for signature, look in _LOOKS:',
                                     '    if content == b"deadly": __import__("os").abort()\n'
                                     '    for signature, look in _LOOKS:', 1), encoding="utf-8")
    monkeypatch.setattr(paper_judge, "__file__", str(deadly))
    assert quarantine.judged([ONE_PAGE, b"deadly", ONE_PAGE]) == ["application/pdf", "!unreadable", None]
