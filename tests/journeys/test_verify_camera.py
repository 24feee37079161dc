"""Anybody reads a licence's code with the camera of a telephone, or from a photo, and learns whether it is genuine."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, ViewportSize, expect

from tests.journeys.conftest import CHROMIUM, Visitor, walking, watched
from tests.journeys.following import licensed
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey
WIDTH, HEIGHT, FRAMES = 960, 720, 10


def picture_of(text: str) -> list[bytes]:
    """The rows of a grey picture with the code in its middle, as a camera sees a printed one."""
    modules = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    scale = (HEIGHT - 80) // (len(modules) + 8)
    margin = (WIDTH - scale * len(modules)) // 2, (HEIGHT - scale * len(modules)) // 2
    rows = [b"\xe6" * WIDTH for _ in range(HEIGHT)]
    for at, row in enumerate(modules):
        dark = b"".join((b"\x1e" if module else b"\xe6") * scale for module in row)
        whole = b"\xe6" * margin[0] + dark
        for line in range(scale):
            rows[margin[1] + at * scale + line] = whole.ljust(WIDTH, b"\xe6")
    return rows


def film_of(text: str, path: Path) -> None:
    """What the camera sees, as Chromium takes it: YUV4MPEG2, grey."""
    frame = b"FRAME\n" + b"".join(picture_of(text)) + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * FRAMES)


def photo_of(text: str) -> bytes:
    """The same as a PNG."""
    rows = b"".join(b"\x00" + row for row in picture_of(text))
    kept = io.BytesIO(b"")
    kept.write(b"\x89PNG\r\n\x1a\n")
    for kind, content in ((b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)),
                          (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):  # fmt: skip
        kept.write(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content)))
    return kept.getvalue()


@contextmanager
def in_front_of_a_camera(browser: Browser, url: str, film: Path, device: str, lang: str) -> Iterator[Visitor]:
    """Somebody with another browser, whose camera shows the film."""
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=[
        "--no-sandbox", "--disable-background-networking", "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"])  # fmt: skip
    size: ViewportSize = {"width": 360, "height": 740} if device == "phone" else {"width": 1280, "height": 800}
    context = chromium.new_context(viewport=size, is_mobile=device == "phone", permissions=["camera"])
    try:
        yield Visitor(watched(context), url, device, [], lang)
    finally:
        chromium.close()


@pytest.fixture(scope="module")
def code(url: str) -> str:
    """The signed text of a licence that was issued."""
    walk = walking(url)
    _, serial = licensed(walk)
    return str(walk.get(f"/licences/{serial}/verification")["qr"])


@pytest.mark.parametrize(("device", "lang"), [("phone", "ar"), ("desktop", "en")])
@pytest.mark.parametrize("genuine", [True, False])
def test_the_camera_reads_the_code_and_its_signature_decides(
    browser: Browser, url: str, code: str, tmp_path: Path, device: str, lang: str, genuine: bool
) -> None:
    shown = code if genuine else code[:-8] + "AAAAAAAA"
    film_of(shown, tmp_path / "camera.y4m")
    with in_front_of_a_camera(browser, url, tmp_path / "camera.y4m", device, lang) as stranger:
        stranger.go("/verify")
        stranger.press(stranger.t("scan.start"))
        page = stranger.page
        if genuine:
            expect(page.locator(".state.approved")).to_contain_text(stranger.t("verify.valid"), timeout=90_000)
        else:
            expect(page.locator("#faults")).to_be_visible(timeout=90_000)
            expect(page.locator(".state.approved")).to_have_count(0)
        stranger.see(f"scan-{'genuine' if genuine else 'forged'}")


@WAYS
def test_a_photo_of_the_code_does_as_well(visit: Callable[..., Visitor], code: str, device: str, lang: str) -> None:
    stranger = visit(device, lang)
    stranger.go("/verify")
    page = stranger.page
    stranger.see("scan-01-ways")
    nothing = {"name": "wall.png", "mimeType": "image/png", "buffer": photo_of("x")[:200]}
    page.locator("#photo").set_input_files(nothing)  # type: ignore[arg-type]
    expect(page.locator(".scan [role=status]")).to_have_text(stranger.t("scan.unread"))
    taken = {"name": "licence.png", "mimeType": "image/png", "buffer": photo_of(code)}
    page.locator("#photo").set_input_files(taken)  # type: ignore[arg-type]
    expect(page.locator(".state.approved")).to_contain_text(stranger.t("verify.valid"))
    stranger.see("scan-02-genuine")


def test_whose_camera_is_refused_is_told_what_else_to_do(visit: Callable[..., Visitor]) -> None:
    stranger = visit("phone", "ar")
    stranger.go("/verify")
    stranger.press(stranger.t("scan.start"))
    said = stranger.page.locator(".scan [role=status]")
    expect(said).to_contain_text("اختر صورة للرمز")
    stranger.see("scan-03-no-camera")
